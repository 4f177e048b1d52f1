"""The loop: channels are drawn, plans made, a round is trained and its cost counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aircomp.result import InfeasibleProblem, UncertifiedSolution
from channels.arrays import check_object
from channels.network import Network
from channels.summary import shown_by
from fl_models.aggregation.aggregator import Aggregator
from fl_models.algorithms.algorithm import Algorithm, cell_models, initial_state, round_models
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import CellWork, RoundWork
from fl_models.checkpoint import Checkpoint
from fl_models.clock import Clock
from fl_models.failed_round import DivergedTraining, EndlessRound, check_cost, check_model, told
from fl_models.history import History, RoundRecord
from fl_models.local.workers import Workers, single_threaded_algebra
from fl_models.models.model import Model
from fl_models.selection import Everybody, Selection
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask

AfterRound = Callable[[TrainingState, Sequence[RoundRecord]], None]


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

    def history(
        self, scheme: str, *, num_rounds: int, since: Checkpoint | None = None, after_round: AfterRound | None = None
    ) -> History:
        """All records, under the name of a scheme, as figures and tables take them.

        Args:
            scheme: the name.
            num_rounds: global rounds, those before `since` counted.
            since: where to go on from; by default from the initial model.
            after_round: given the state and all records so far, of the initial model and after each round.

        Raises: as of `round`, with the history until then.
        """
        records = list(since.records) if since else []
        states = self.states(num_rounds, since=(since.state, since.records[-1]) if since else None)

        def named() -> History:
            sizes = tuple(model.num_parameters for model in self.cell_models)
            return History(
                scheme=scheme, cell_parameters=sizes, records=tuple(records), accuracy_label=self.task.accuracy_label
            )

        try:
            if since:
                _ = next(states)
            since = None  # whose arrays may be large
            for state, record in states:
                records.append(record)
                if after_round:
                    after_round(state, records)
        except (DivergedTraining, InfeasibleProblem, UncertifiedSolution) as error:
            error.args = (f"scheme {scheme!r}: {error}",)
            if isinstance(error, (DivergedTraining, EndlessRound)):
                error.history = named()
            raise
        return named()

    def rounds(self, num_rounds: int) -> Iterator[RoundRecord]:
        """The record of the initial model, then one after each global round."""
        return (record for _, record in self.states(num_rounds))

    def states(
        self, num_rounds: int, *, since: tuple[TrainingState, RoundRecord] | None = None
    ) -> Iterator[tuple[TrainingState, RoundRecord]]:
        """The initial model and its record, then both after each global round: the last state has the trained parameters.

        Args:
            num_rounds: global rounds, those before `since` counted.
            since: a state and its record, of this training, to begin with in place of the initial ones.
        """
        if since is not None:
            self._check_fits(since[0], num_rounds)
        state, record = since or self.start()
        del since
        yield state, record
        for _ in range(num_rounds - state.round_index):
            state, record = self.round(state, record)
            yield state, record

    def start(self) -> tuple[TrainingState, RoundRecord]:
        """The initial model and its record."""
        with single_threaded_algebra():
            parameters = self.task.model.init(rng=self.streams.rng(Stream.MODEL))
            accuracy, loss = self.task.evaluate(parameters)
        state = initial_state(self.algorithm, self.task, parameters)
        check_model(state, test_accuracy=accuracy, test_loss=loss, step_size=self.algorithm.schedule.step_size_at(0))
        return state, RoundRecord(round=0, test_accuracy=accuracy, test_loss=loss)

    def round(self, state: TrainingState, before: RoundRecord) -> tuple[TrainingState, RoundRecord]:
        """One more global round: the new state and its record.

        Raises:
            DivergedTraining: if the model leaves the range of numbers.
            EndlessRound: if a client's part of the round takes forever.
        """
        # The threads of the linear algebra, which are no faster here, would make the last bits depend on their number.
        with single_threaded_algebra():
            return self._round(state, before)

    def _round(self, state: TrainingState, before: RoundRecord) -> tuple[TrainingState, RoundRecord]:
        schedule, round_index = self.algorithm.schedule, state.round_index
        channel = self.network.draw(
            schedule.edge_rounds,
            rng=self.streams.rng(Stream.FADING, round_index),
            first=round_index * schedule.edge_rounds,
            course=self.streams.rng(Stream.FADING),
        )
        rng = self.streams.rng(Stream.SELECTION, round_index)
        chosen = [self.selection.draw(cell.num_clients, rng=rng) for cell in channel.cells]
        clients = [self.task.clients_of(index)[some] for index, some in enumerate(chosen)]
        cells = [
            cell if len(some) == cell.num_clients else cell.of(some) for cell, some in zip(channel.cells, chosen, strict=True)
        ]
        with told(f"round {round_index + 1}", clients):
            plans = [self.aggregator.plan(cell) for cell in cells]
        work = RoundWork(
            cells=[
                CellWork(
                    task=self.task,
                    cell=index,
                    clients=some,
                    plan=plan,
                    schedule=schedule,
                    streams=self.streams,
                    round_index=round_index,
                    workers=self.workers,
                )
                for index, (some, plan) in enumerate(zip(clients, plans, strict=True))
            ],
            streams=self.streams,
            round_index=round_index,
            channels=cells,
            clock=self.clock,
        )
        # What overflows is told by the checks, with the round and the likely causes.
        with np.errstate(over="ignore", invalid="ignore"):
            state = self.algorithm.round(state, work)
            accuracy, loss = self.task.evaluate(state.parameters)
        check_model(state, test_accuracy=accuracy, test_loss=loss, step_size=schedule.step_size_at(round_index))
        with told(f"round {round_index + 1}", clients), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            models = round_models(self.algorithm, self.task, state)
            cost = self.clock.round(cells, models=models, plans=plans, schedule=schedule)
            check_cost(cost)
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

    def _check_fits(self, state: TrainingState, num_rounds: int) -> None:
        """A ValueError unless a state can be one of this training."""
        if state.round_index > num_rounds:
            raise ValueError(f"since: got a state after {state.round_index} rounds; allowed is one after at most {num_rounds}")
        if state.round_index == num_rounds:
            return  # of which nothing but the record is asked for
        wanted = initial_state(self.algorithm, self.task, np.empty(self.task.model.num_parameters))
        has, needed = (
            {"parameters": which.parameters.shape} | {name: values.shape for name, values in which.memory.items()}
            for which in (state, wanted)
        )
        if has != needed:
            raise ValueError(f"since: got a state of arrays {has}; needed is one of {needed}, as this training has")
