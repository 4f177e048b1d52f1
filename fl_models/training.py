"""The loop: channels are drawn, plans made, a round is trained and its cost counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from channels.arrays import FloatArray, check_object
from channels.network import Network
from channels.summary import shown_by
from fl_models.aggregation.aggregator import Aggregator
from fl_models.algorithms.algorithm import Algorithm, TrainingState, cell_models, initial_state, round_models
from fl_models.cell_work import CellWork, RoundWork
from fl_models.clock import Clock
from fl_models.history import History, RoundRecord
from fl_models.local.workers import Workers, single_threaded_algebra
from fl_models.models.model import Model
from fl_models.selection import Everybody, Selection
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


class DivergedTraining(ArithmeticError):
    """The model left the range of numbers; the message names the round and the step size."""


@shown_by("algorithm", "task", "network", "aggregator", "clock", "selection", "workers")
@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """An algorithm on a task over a network.

    The same drawn channels give each round its distortion, through the aggregator, and its length, through the clock.

    Attributes:
        algorithm: how models are trained and merged.
        task: what is learnt.
        network: what it is learnt over.
        aggregator: what the radio does to the updates.
        clock: how long it takes.
        streams: source of everything drawn.
        selection: who takes part in a global round.
        workers: threads that clients are trained on; results do not depend on them.
    """

    algorithm: Algorithm
    task: FederatedTask
    network: Network
    aggregator: Aggregator
    clock: Clock
    streams: Streams
    selection: Selection = field(default_factory=Everybody)
    workers: Workers = field(default_factory=Workers)

    def __post_init__(self) -> None:
        check_object("algorithm", self.algorithm, method="round", example="HierarchicalFedAvg(schedule=Schedule())")
        check_object("aggregator", self.aggregator, method="plan", example="Ideal()")
        check_object("clock", self.clock, method="round", example="NetworkClock(access=AirComp())")
        check_object("selection", self.selection, method="draw", example="Everybody()")
        if not np.array_equal(self.task.serving_cell, self.network.layout.serving_cell):
            raise ValueError(
                f"task.serving_cell: got {len(self.task.serving_cell)} clients in {self.task.num_cells} cells for a network of "
                f"{self.network.num_clients} in {self.network.num_cells}; needed is network.layout.serving_cell"
            )
        sent, counted = (getattr(each, "bits_per_parameter", None) for each in (self.aggregator, self.clock))
        if sent is not None and counted is not None and sent != counted:
            raise ValueError(
                f"aggregator: got one that sends {sent} bits a value, with a clock that counts {counted}; give both, and the "
                f"clock's access, bits_per_parameter={sent}"
            )

    @property
    def cell_models(self) -> tuple[Model, ...]:
        """What a client of each cell trains and sends."""
        return cell_models(self.algorithm, self.task)

    def history(self, scheme: str, *, num_rounds: int) -> History:
        """All records, under the name of a scheme, as figures and tables take them."""
        return History(
            scheme=scheme,
            cell_parameters=tuple(model.num_parameters for model in self.cell_models),
            records=tuple(self.rounds(num_rounds)),
            accuracy_label=self.task.accuracy_label,
        )

    def rounds(self, num_rounds: int) -> Iterator[RoundRecord]:
        """The record of the initial model, then one after each global round."""
        return (record for _, record in self.states(num_rounds))

    def states(self, num_rounds: int) -> Iterator[tuple[TrainingState, RoundRecord]]:
        """The initial model and its record, then both after each global round: the last state has the trained parameters."""
        state, record = self.start()
        yield state, record
        for _ in range(num_rounds):
            state, record = self.round(state, record)
            yield state, record

    def start(self) -> tuple[TrainingState, RoundRecord]:
        """The initial model and its record."""
        parameters = self.task.model.init(rng=self.streams.rng(Stream.MODEL))
        accuracy, loss = self._evaluate(parameters)
        record = RoundRecord(round=0, test_accuracy=accuracy, test_loss=loss)
        return initial_state(self.algorithm, self.task, parameters), record

    def round(self, state: TrainingState, before: RoundRecord) -> tuple[TrainingState, RoundRecord]:
        """One more global round: the new state and its record."""
        schedule = self.algorithm.schedule
        channel = self.network.draw(
            schedule.edge_rounds,
            rng=self.streams.rng(Stream.FADING, state.round_index),
            first=state.round_index * schedule.edge_rounds,
            course=self.streams.rng(Stream.FADING),
        )
        rng = self.streams.rng(Stream.SELECTION, state.round_index)
        chosen = [self.selection.draw(cell.num_clients, rng=rng) for cell in channel.cells]
        cells = [
            cell if len(some) == cell.num_clients else cell.of(some) for cell, some in zip(channel.cells, chosen, strict=True)
        ]
        plans = [self.aggregator.plan(cell) for cell in cells]
        work = RoundWork(
            cells=[
                CellWork(
                    task=self.task,
                    cell=index,
                    clients=self.task.clients_of(index)[some],
                    plan=plan,
                    schedule=schedule,
                    streams=self.streams,
                    round_index=state.round_index,
                    workers=self.workers,
                )
                for index, (some, plan) in enumerate(zip(chosen, plans, strict=True))
            ],
            streams=self.streams,
            round_index=state.round_index,
            channels=cells,
            clock=self.clock,
        )
        # What overflows is told below, with the round and the likely causes.
        with np.errstate(over="ignore", invalid="ignore"):
            state = self.algorithm.round(state, work)
            accuracy, loss = self._evaluate(state.parameters)
        if not (np.isfinite(loss) and np.isfinite(state.parameters).all()):
            step_size = schedule.step_size_at(state.round_index - 1)
            raise DivergedTraining(
                f"training diverged in round {state.round_index} with step_size {step_size:g}; take a smaller one or, if the "
                "noise of analog uplinks drives it, more power or a stronger truncation"
            )
        models = round_models(self.algorithm, self.task, state)
        cost = self.clock.round(cells, models=models, plans=plans, schedule=schedule)
        # Means over all clients, of whom those who were not chosen spent nothing.
        share = sum(map(len, chosen)) / len(self.task.serving_cell)
        cost = replace(
            cost,
            energy_j=share * cost.energy_j,
            uplink_bits=share * cost.uplink_bits,
            participation=share * cost.participation,
        )
        return state, RoundRecord(
            round=state.round_index,
            test_accuracy=accuracy,
            test_loss=loss,
            train_loss=state.train_loss,
            time_s=before.time_s + cost.latency_s,
            energy_j=before.energy_j + cost.energy_j,
            uplink_bits=before.uplink_bits + cost.uplink_bits,
            cost=cost,
        )

    def _evaluate(self, parameters: FloatArray) -> tuple[float, float]:
        with single_threaded_algebra():
            return self.task.evaluate(parameters)
