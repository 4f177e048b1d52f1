"""The loop: channels are drawn, plans made, a round is trained and its cost counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from channels.network import Network
from fl_models.aggregator import Aggregator
from fl_models.algorithm import Algorithm, TrainingState
from fl_models.clock import Clock
from fl_models.history import RoundRecord
from fl_models.model import Model
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

    @property
    def cell_models(self) -> tuple[Model, ...]:
        """What a client of each cell trains and sends."""
        return self.algorithm.cell_models(self.task)

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
        accuracy, loss = self.task.evaluate(parameters)
        record = RoundRecord(round=0, test_accuracy=accuracy, test_loss=loss)
        return TrainingState(round_index=0, parameters=parameters), record

    def round(self, state: TrainingState, before: RoundRecord) -> tuple[TrainingState, RoundRecord]:
        """One more global round: the new state and its record."""
        schedule = self.algorithm.schedule
        channel = self.network.draw(schedule.edge_rounds, rng=self.streams.rng(Stream.FADING, state.round_index))
        cells = channel.cells
        plans = [self.aggregator.plan(cell) for cell in cells]
        # What overflows is told below, with the round and the likely causes.
        with np.errstate(over="ignore", invalid="ignore"):
            state = self.algorithm.round(state, task=self.task, plans=plans, streams=self.streams)
            accuracy, loss = self.task.evaluate(state.parameters)
        if not (np.isfinite(loss) and np.isfinite(state.parameters).all()):
            raise DivergedTraining(
                f"training diverged in round {state.round_index} with step_size {schedule.step_size:g}; take a smaller one or, "
                "if the noise of analog uplinks drives it, more power or a stronger truncation"
            )
        cost = self.clock.round(cells, models=self.cell_models, plans=plans, schedule=schedule)
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
