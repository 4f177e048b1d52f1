"""Clocks: how long a global round takes on the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import FloatArray, check_count, check_object
from channels.channel_state import CellChannel
from fl_models.aggregation.aggregator import UplinkPlan
from fl_models.failed_round import EndlessRound, told
from fl_models.history import RoundCost
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from latency_opt.cell.cell_round import CellRound, CellWorkload, cell_round
from latency_opt.cell.multiple_access import MultipleAccess


def uplink_parameters(model: Model) -> int:
    """Values that a client sends in an edge round: what the model says itself, else all its parameters."""
    return int(getattr(model, "uplink_parameters", model.num_parameters))


class Clock(Protocol):
    """From the drawn channels and what is done over them to what it costs."""

    def round(
        self,
        channels: Sequence[CellChannel],
        *,
        models: Sequence[Model],
        plans: Sequence[UplinkPlan],
        schedule: Schedule,
    ) -> RoundCost:
        """The cost of a global round in which cell j trains `models[j]` over `channels[j]` with the uplinks `plans[j]`."""
        ...


@dataclass(frozen=True, kw_only=True)
class NetworkClock:
    """The physical network's time: the cloud waits for the last cell, an edge server for its last client.

    Attributes:
        access: how the clients of a cell share the uplink.
        bits_per_parameter: what a value counts as in traffic; as many as an access such as `OFDMA` sends.
    """

    access: MultipleAccess
    bits_per_parameter: int = 32

    def __post_init__(self) -> None:
        check_object("access", self.access, method="uplink", example="AirComp()")
        check_count("bits_per_parameter", self.bits_per_parameter)
        timed = getattr(self.access, "bits_per_parameter", self.bits_per_parameter)
        if timed != self.bits_per_parameter:
            raise ValueError(
                f"bits_per_parameter: got {self.bits_per_parameter} with an access that sends {timed}; give both the same"
            )

    def cell_round(self, channel: CellChannel, *, model: Model, plan: UplinkPlan, schedule: Schedule) -> CellRound:
        """The global round of one cell."""
        workload = CellWorkload(
            num_parameters=model.num_parameters,
            flops=schedule.flops(model),
            uplink_parameters=uplink_parameters(model),
        )
        return cell_round(channel, workload, access=self.access, active=plan.active, power_fraction=plan.power_fraction)

    def round(
        self,
        channels: Sequence[CellChannel],
        *,
        models: Sequence[Model],
        plans: Sequence[UplinkPlan],
        schedule: Schedule,
    ) -> RoundCost:
        rounds = []
        for cell, (channel, model, plan) in enumerate(zip(channels, models, plans, strict=True)):
            _check_heard(channel, plan, cell=cell)
            with told(f"cell {cell}"):
                spent = self.cell_round(channel, model=model, plan=plan, schedule=schedule)
            _check_ends(spent, channel, plan, cell=cell)
            rounds.append(spent)
        last = max(rounds, key=lambda cell: cell.latency_s)
        sent_bits = [
            self.bits_per_parameter * uplink_parameters(model) * plan.active.sum(axis=0)
            for model, plan in zip(models, plans, strict=True)
        ]
        return RoundCost(
            downlink_s=float(last.downlink_s.sum()),
            compute_s=float(last.compute_s.sum()),
            uplink_s=float(last.uplink_s.sum()),
            backhaul_s=last.backhaul_s,
            energy_j=_mean([cell.energy_j for cell in rounds]),
            uplink_bits=_mean(sent_bits),
            participation=_mean([plan.active.mean(axis=0) for plan in plans]),
        )


def _check_heard(channel: CellChannel, plan: UplinkPlan, *, cell: int) -> None:
    """An EndlessRound if somebody is to send over no channel at all, whatever is sent and how."""
    silent = plan.active & (channel.power_gain == 0.0)
    if silent.any():
        client = int(np.argwhere(silent)[0, -1])
        raise EndlessRound("has an update to send but no channel, its power gain is 0; leave it out", cell=cell, client=client)


def _check_ends(spent: CellRound, channel: CellChannel, plan: UplinkPlan, *, cell: int) -> None:
    """An EndlessRound that names what does not end and for whom, if something does not: of several the one heard worst."""
    heard = channel.broadcast_power_gain / channel.client_noise_psd_w_per_hz
    for what, endless, gain in (
        ("downlink", ~np.isfinite(np.broadcast_to(spent.downlink_s[:, None], heard.shape)), heard),
        ("uplink", plan.active & ~np.isfinite(spent.finish_s), channel.power_gain),
    ):
        if endless.any():
            worst = np.where(endless, gain, np.inf)
            client = int(np.unravel_index(np.argmin(worst), worst.shape)[-1])
            least = channel.power_gain[..., client].min()
            why = f"its {what} never ends, with a power gain of {least:g}; leave it out, or give more power"
            raise EndlessRound(why, cell=cell, client=client)
    endless = ~np.isfinite(spent.energy_j)
    if endless.any():
        client = int(np.argmax(endless))
        raise EndlessRound(f"its energy is {spent.energy_j[client]:g} J, no finite number", cell=cell, client=client)


def _mean(per_client: Sequence[FloatArray]) -> float:
    return float(np.concatenate(per_client).mean())
