"""What an algorithm has to work with in a global round: the clients of each cell, and their way to the edge server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict, Unpack

import numpy as np

from channels.arrays import BoolArray, FloatArray, IntArray
from channels.channel_state import CellChannel
from channels.summary import shown_by
from fl_models.aggregation.aggregator import UplinkPlan
from fl_models.aggregation.blockwise import Blocks, BlockwisePlan, rows_per_block
from fl_models.aggregation.digital import DigitalPlan
from fl_models.clock import Clock
from fl_models.local.batches import draw_batches
from fl_models.local.group_training import GroupTraining
from fl_models.local.method import LocalMethod, LocalSGD
from fl_models.local.schedule import Schedule
from fl_models.local.workers import Workers
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Model
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


class HowToTrain(TypedDict, total=False):
    """How clients train between two averages, where it is not by plain `LocalSGD` on the task's model.

    Attributes:
        model: what is trained, if not the task's model.
        method: how, if not by `LocalSGD`.
        shift: (n, d) or (d,) added to every gradient of each client.
        decay: a pull towards 0, on top of the schedule's weight decay.
        pull: μ of a pull μ(x - parameters) towards the model that training began with, added to every gradient.
    """

    model: Model | None
    method: LocalMethod | None
    shift: FloatArray | None
    decay: float
    pull: float


@shown_by("trained", "loss", "updates")
@dataclass(frozen=True, kw_only=True, eq=False)
class LocalUpdates:
    """What the clients of a cell made of its model in an edge round.

    Attributes:
        updates: (n, d) x_i - x, 0 for clients that sit the edge round out.
        loss: (n,) mean of each over its steps; nan for those who sit out.
    """

    updates: FloatArray
    loss: FloatArray

    @property
    def trained(self) -> BoolArray:
        """(n,) who did not sit out."""
        return ~np.isnan(self.loss)


@shown_by("cell", "clients", "round_index", "plan", "schedule")
@dataclass(frozen=True, kw_only=True, eq=False)
class CellWork:
    """One cell in one global round.

    Attributes:
        task: what is learnt.
        cell: which one.
        clients: (n,) indices of those of its clients that take part in the round, ascending.
        plan: their uplinks.
        schedule: how much is done.
        streams: source of everything drawn.
        round_index: of the global round, from 0.
        workers: threads.
    """

    task: FederatedTask
    cell: int
    clients: IntArray
    plan: UplinkPlan
    schedule: Schedule
    streams: Streams
    round_index: int
    workers: Workers

    @property
    def step_size(self) -> float:
        """γ in this round."""
        return self.schedule.step_size_at(self.round_index)

    @cached_property
    def batches(self) -> list[IntArray]:
        """(E, H, b) samples of each client."""
        return self._draw_batches(self.clients)

    def train(self, parameters: FloatArray, *, edge_round: int, **how: Unpack[HowToTrain]) -> LocalUpdates:
        """Local training of all who take part in an edge round.

        Args:
            parameters: (d,) the edge server's model.
            edge_round: which one, from 0.
            how: see `HowToTrain`.
        """
        return self._train(self._local(parameters, edge_round, **how))

    def advance(self, parameters: FloatArray, *, edge_round: int, **how: Unpack[HowToTrain]) -> tuple[FloatArray, FloatArray]:
        """The model (d,) after an edge round, local training and the mean of what came of it, and losses (n,).

        It is `train` and `mean`, but for one thing: no more than `BLOCK_BYTES` of updates are in memory at once, if the
        uplinks can do with a block of them. Blocks do not depend on the number of threads, so neither does the result.

        Args: as of `train`.
        """
        plan, local = self.plan, self._local(parameters, edge_round, **how)
        size = rows_per_block(parameters.nbytes, group_size=local.group_size)
        if len(self.clients) <= size or not plan.active[edge_round].any() or not isinstance(plan, BlockwisePlan):
            trained = self._train(local)
            return parameters + self.mean(trained.updates, edge_round=edge_round), trained.loss
        loss = np.full(len(self.clients), np.nan)

        def blocks() -> Blocks:
            active, updates = np.flatnonzero(plan.active[edge_round]), np.empty((size, len(parameters)), parameters.dtype)
            for start in range(0, len(active), size):
                clients = active[start : start + size]
                # Drawn again each edge round rather than kept: those of all clients may take more memory than a block.
                batches = self._draw_batches(self.clients[clients])
                local.train(clients, batches=batches, updates=updates, rows=np.arange(len(clients)), loss=loss)
                yield clients, updates[: len(clients)]

        return parameters + plan.mean_of_blocks(blocks(), edge_round=edge_round, rng=self._uplink_rng(edge_round)), loss

    def edge_rounds(self, parameters: FloatArray, **how: Unpack[HowToTrain]) -> tuple[FloatArray, FloatArray]:
        """The model (d,) after all edge rounds, each an `advance`, and losses (E·n,).

        Args: as of `train`; the pull is towards what the clients received in each edge round.
        """
        losses = []
        for edge_round in range(self.schedule.edge_rounds):
            parameters, loss = self.advance(parameters, edge_round=edge_round, **how)
            losses.append(loss)
        return parameters, np.concatenate(losses)

    def mean(self, updates: FloatArray, *, edge_round: int) -> FloatArray:
        """(d,) what the edge server takes for the mean of the updates (n, d)."""
        return self.plan.mean(updates, edge_round=edge_round, rng=self._uplink_rng(edge_round))

    def _uplink_rng(self, edge_round: int) -> np.random.Generator:
        return self.streams.rng(Stream.UPLINK, self.round_index, self.cell, edge_round)

    def _draw_batches(self, clients: IntArray) -> list[IntArray]:
        return draw_batches(
            self.task, clients=clients, round_index=self.round_index, schedule=self.schedule, streams=self.streams
        )

    def _train(self, local: GroupTraining) -> LocalUpdates:
        """All who take part at once."""
        active = np.flatnonzero(self.plan.active[local.edge_round])
        updates = np.zeros((len(self.clients), len(local.parameters)), dtype=local.parameters.dtype)
        loss = np.full(len(self.clients), np.nan)
        local.train(active, batches=[self.batches[i] for i in active], updates=updates, rows=active, loss=loss)
        return LocalUpdates(updates=updates, loss=loss)

    def _local(
        self,
        parameters: FloatArray,
        edge_round: int,
        *,
        model: Model | None = None,
        method: LocalMethod | None = None,
        shift: FloatArray | None = None,
        decay: float = 0.0,
        pull: float = 0.0,
    ) -> GroupTraining:
        if pull:
            away = pull * parameters
            shift, decay = -away if shift is None else shift - away, decay + pull
        return GroupTraining(
            task=self.task,
            clients=self.clients,
            parameters=parameters,
            model=model or self.task.model,
            method=method or LocalSGD(),
            step=LocalStep(
                step_size=self.step_size,
                decay=decay + self.schedule.weight_decay,
                shift=None if shift is None else np.broadcast_to(shift, (len(self.clients), len(parameters))),
            ),
            streams=self.streams,
            round_index=self.round_index,
            edge_round=edge_round,
            workers=self.workers,
        )


@shown_by("round_index", num_cells=lambda work: len(work.cells))
@dataclass(frozen=True, kw_only=True, eq=False)
class RoundWork:
    """A global round.

    Attributes:
        cells: in order.
        streams: source of everything drawn.
        round_index: from 0.
        channels: of each cell, to those of its clients that take part; None without a network.
        clock: how long things take over them.
    """

    cells: Sequence[CellWork]
    streams: Streams
    round_index: int
    channels: Sequence[CellChannel] | None = None
    clock: Clock | None = None

    @classmethod
    def ideal(
        cls,
        task: FederatedTask,
        *,
        schedule: Schedule,
        streams: Streams,
        round_index: int,
        workers: Workers | None = None,
    ) -> RoundWork:
        """A round of all clients over links without error, without a network."""
        cells = []
        for cell in range(task.num_cells):
            clients = task.clients_of(cell)
            plan = DigitalPlan(active=np.ones((schedule.edge_rounds, len(clients)), dtype=bool), bits_per_parameter=None)
            cells.append(
                CellWork(
                    task=task,
                    cell=cell,
                    clients=clients,
                    plan=plan,
                    schedule=schedule,
                    streams=streams,
                    round_index=round_index,
                    workers=workers or Workers(),
                )
            )
        return cls(cells=cells, streams=streams, round_index=round_index)

    @property
    def task(self) -> FederatedTask:
        return self.cells[0].task

    @property
    def weights(self) -> FloatArray:
        """(N,) w_j of the cells in the objective."""
        return self.task.cell_weights
