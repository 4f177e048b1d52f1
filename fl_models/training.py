"""The loop: channels are drawn, plans made, a round is trained and its cost counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from channels.network import Network
from fl_models.aggregator import Aggregator
from fl_models.algorithm import Algorithm, TrainingState
from fl_models.clock import Clock
from fl_models.history import RoundCost, RoundRecord
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


class DivergedTraining(ArithmeticError):
    """The model left the range of numbers; the message names the round and the step size."""


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
    """

    algorithm: Algorithm
    task: FederatedTask
    network: Network
    aggregator: Aggregator
    clock: Clock
    streams: Streams

    def rounds(self, num_rounds: int) -> Iterator[RoundRecord]:
        """The record of the initial model, then one after each global round."""
        state, record = self.start()
        yield record
        for _ in range(num_rounds):
            state, record = self.round(state, record)
            yield record

    def start(self) -> tuple[TrainingState, RoundRecord]:
        """The initial model and its record."""
        parameters = self.task.model.init(rng=self.streams.rng(Stream.MODEL))
        state = TrainingState(round_index=0, parameters=parameters)
        return state, self._record(state, None, RoundCost())

    def round(self, state: TrainingState, before: RoundRecord) -> tuple[TrainingState, RoundRecord]:
        """One more global round: the new state and its record."""
        schedule = self.algorithm.schedule
        channel = self.network.draw(schedule.edge_rounds, rng=self.streams.rng(Stream.FADING, state.round_index))
        cells = channel.cells
        plans = [self.aggregator.plan(cell) for cell in cells]
        with np.errstate(over="ignore", invalid="ignore"):
            state = self.algorithm.round(state, task=self.task, plans=plans, streams=self.streams)
        if not np.isfinite(state.parameters).all():
            raise DivergedTraining(
                f"training diverged in round {state.round_index} with step_size {schedule.step_size:g}; take a smaller one"
            )
        cost = self.clock.round(cells, models=self.algorithm.cell_models(self.task), plans=plans, schedule=schedule)
        return state, self._record(state, before, cost)

    def _record(self, state: TrainingState, before: RoundRecord | None, cost: RoundCost) -> RoundRecord:
        accuracy, loss = self.task.evaluate(state.parameters)
        return RoundRecord(
            round=state.round_index,
            test_accuracy=accuracy,
            test_loss=loss,
            train_loss=state.train_loss,
            time_s=cost.latency_s + (before.time_s if before else 0.0),
            energy_j=cost.energy_j + (before.energy_j if before else 0.0),
            uplink_bits=cost.uplink_bits + (before.uplink_bits if before else 0.0),
            cost=cost,
        )
