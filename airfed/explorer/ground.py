"""How long a global round of a scenario would take, and how near the air would come to the sum, in another setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aircomp import ChannelInversion, FullPower, OptimalPowerControl, Transceiver
from airfed.experiment import Experiment
from airfed.explorer.outlook import Outlook, Setting
from airfed.scenario import Scenario
from channels import CellChannel, Network, dbm_to_watt, linear_to_db, watt_to_dbm
from channels.arrays import FloatArray
from fl_models import Ideal, Model, NetworkClock, PartitionableModel, Schedule, Stream, Streams, partition_problem
from latency_opt import (
    OFDMA,
    AirComp,
    EqualBandwidth,
    OptimalBandwidth,
    PartitionProblem,
    minimize_round_latency,
    whole_neurons,
)

EDGE_ROUNDS = 100
"""Drawn in all, if that makes enough global rounds."""
FEWEST_ROUNDS = 8
SNR_SHIFTS_DB = np.arange(-20.0, 21.0, 5.0)
EQUAL_BANDS = NetworkClock(access=OFDMA(policy=EqualBandwidth()))
OPTIMAL_BANDS = NetworkClock(access=OFDMA(policy=OptimalBandwidth()))
OVER_THE_AIR = NetworkClock(access=AirComp())
MAX_IMBALANCE = 0.5
"""χ² of the optimal partition, as in the default scenario."""
TRANSCEIVERS: Mapping[str, Transceiver] = {
    "full power": FullPower(),
    "channel inversion": ChannelInversion(),
    "optimal power control": OptimalPowerControl(),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What stays as the sliders move: the scenario, what a client trains, and the draws.

    Attributes:
        scenario: what everything else is taken from.
        model: what is trained.
        schedule: how often.
        network: as the scenario has it.

    >>> ground = Ground.of(Scenario())
    >>> stronger = replace(ground.setting, client_power_dbm=30.0)
    >>> found = [ground.outlook(setting).round_s["whole model, equal bands"] for setting in (ground.setting, stronger)]
    >>> [float(np.median(seconds).round(1)) for seconds in found]
    [28.6, 9.1]
    """

    scenario: Scenario
    model: Model
    schedule: Schedule
    network: Network

    @classmethod
    def of(cls, scenario: Scenario) -> Ground:
        """The ground of a scenario, whose data are read once for the size of its model.

        Raises:
            ScenarioError: if the scenario cannot be met.
        """
        experiment = Experiment.prepare(scenario.model_copy(update={"schemes": scenario.schemes[:1]}))
        return cls(
            scenario=scenario,
            model=experiment.task.model,
            schedule=scenario.learning.schedule,
            network=experiment.network,
        )

    @property
    def setting(self) -> Setting:
        """That of the scenario itself."""
        spec = self.scenario.network
        return Setting(
            bandwidth_hz=float(self.network.bandwidth_hz.mean()),
            client_power_dbm=float(watt_to_dbm(self.network.client_power_w.max())),
            num_cells=getattr(spec, "num_cells", None),
            clients_per_cell=getattr(spec, "clients_per_cell", None),
        )

    def network_at(self, setting: Setting) -> Network:
        """The scenario's network in another setting.

        Raises:
            ValueError: if the scenario's kind of network does not have so many cells or clients.
        """
        network, own = self.network, self.setting
        if (setting.num_cells, setting.clients_per_cell) != (own.num_cells, own.clients_per_cell):
            network = self._built(setting)
        return replace(
            network,
            bandwidth_hz=network.bandwidth_hz * (setting.bandwidth_hz / network.bandwidth_hz.mean()),
            client_power_w=network.client_power_w * (dbm_to_watt(setting.client_power_dbm) / network.client_power_w.max()),
            noise_psd_w_per_hz=network.noise_psd_w_per_hz * 10.0 ** (-setting.snr_shift_db / 10.0),
        )

    def outlook(self, setting: Setting) -> Outlook:
        """The outlook in a setting. Draws are the same whatever the setting, so that what moves, moves because of it."""
        network, streams = self.network_at(setting), Streams(seed=self.scenario.seed)
        num_rounds = max(FEWEST_ROUNDS, EDGE_ROUNDS // self.schedule.edge_rounds)
        edge_rounds = self.schedule.edge_rounds
        cells = network.draw(num_rounds * edge_rounds, rng=streams.rng(Stream.PLANNING), run_length=edge_rounds).cells
        everybody = [self.model] * len(cells)
        round_s = {
            "whole model, equal bands": self._round_s(cells, everybody, EQUAL_BANDS),
            "whole model, optimal bands": self._round_s(cells, everybody, OPTIMAL_BANDS),
        }
        fraction, parts = None, everybody
        if isinstance(self.model, PartitionableModel) and len(cells) <= min(self.model.partition_sizes):
            problem = partition_problem(
                self.model,
                network=network,
                aggregator=Ideal(),
                clock=OPTIMAL_BANDS,
                schedule=self.schedule,
                rng=streams.rng(Stream.PLANNING),
                num_draws=num_rounds,
            )
            fraction = minimize_round_latency(problem, max_imbalance=MAX_IMBALANCE).fraction
            equal, parts = (_dealt_out(self.model, shares, problem) for shares in (problem.weights, fraction))
            round_s["HIST, equal sub-models"] = self._round_s(cells, equal, OPTIMAL_BANDS)
            round_s["HIST, optimal partition"] = self._round_s(cells, parts, OPTIMAL_BANDS)
        name = "whole model" if fraction is None else "HIST, optimal partition"
        round_s[f"{name}, over the air"] = self._round_s(cells, parts, OVER_THE_AIR)
        snr_db = linear_to_db(network.mean_snr)
        return Outlook(
            setting=setting,
            snr_db=snr_db,
            round_s=round_s,
            fraction=fraction,
            median_snr_db=np.median(snr_db) + SNR_SHIFTS_DB,
            error={name: _errors(cells, transceiver) for name, transceiver in TRANSCEIVERS.items()},
        )

    def _round_s(self, cells: Sequence[CellChannel], models: Sequence[Model], clock: NetworkClock) -> FloatArray:
        """(D,) lengths of the global rounds in which everybody takes part and cell j trains `models[j]`."""
        rounds = [
            clock.cell_round(cell, model=model, plan=Ideal().plan(cell), schedule=self.schedule)
            for cell, model in zip(cells, models, strict=True)
        ]
        return np.max([cell.latencies_s(self.schedule.edge_rounds) for cell in rounds], axis=0)

    def _built(self, setting: Setting) -> Network:
        spec = self.scenario.network
        keys = {name: getattr(setting, name) for name in ("num_cells", "clients_per_cell") if hasattr(spec, name)}
        wanted = spec.model_dump() | keys
        if isinstance(wanted.get("cell_load"), (tuple, list)):  # cells beyond those of the scenario are as the first ones again
            wanted["cell_load"] = tuple(np.resize(wanted["cell_load"], wanted["num_cells"]).tolist())
        return type(spec).model_validate(wanted).build(Streams(seed=self.scenario.seed))


def _dealt_out(model: PartitionableModel, fraction: FloatArray, problem: PartitionProblem) -> list[Model]:
    """What each cell trains: whole neurons that come nearest to its share, in every layer that is dealt out."""
    delays = {"fixed_latency_s": problem.fixed_latency_s, "slope_s": problem.slope_s}
    counts = [whole_neurons(fraction, num_neurons=size, **delays) for size in model.partition_sizes]
    return [model.with_hidden([int(count) for count in of_cell]) for of_cell in np.transpose(counts)]


def _errors(cells: Sequence[CellChannel], transceiver: Transceiver) -> FloatArray:
    """(D', S) mean-square error of the mean of a cell's clients, over draws and cells, at every shift of the SNR.

    Of several antennas and subcarriers the flat channel stands for all that carries as many bits.
    """
    found = []
    for cell in cells:
        noise_w = cell.noise_power_w * 10.0 ** (-SNR_SHIFTS_DB / 10.0)
        plan = transceiver.plan(cell.gain, power_w=cell.client_power_w, noise_power_w=noise_w[:, None])
        found.append(plan.mse.T / cell.num_clients**2)
    return np.concatenate(found)
