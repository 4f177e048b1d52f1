"""Local training of many clients, a small group at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.data.mini_batches import MiniBatches
from fl_models.local.method import LocalMethod
from fl_models.local.workers import Workers
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Model
from fl_models.models.workspace import Workspace
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask

_WORKSPACE = Workspace()


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupTraining:
    """What the clients of a cell do in an edge round, to be done for some of them at a time.

    Groups are so small that their models stay in the cache from step to step; each thread does one group after the other.

    Attributes:
        task: what is learnt.
        clients: (n,) their numbers in the task.
        parameters: (d,) what they all begin with.
        model: what is trained.
        method: how.
        step: what a step is, with the shifts of all n clients.
        streams: source of everything drawn.
        round_index: of the global round.
        edge_round: which one in it.
        workers: threads.
    """

    task: FederatedTask
    clients: IntArray
    parameters: FloatArray
    model: Model
    method: LocalMethod
    step: LocalStep
    streams: Streams
    round_index: int
    edge_round: int
    workers: Workers

    @property
    def group_size(self) -> int:
        return self.method.group_size(self.model)

    def train(
        self, some: IntArray, *, batches: Sequence[IntArray], updates: FloatArray, rows: IntArray, loss: FloatArray
    ) -> None:
        """Writes down how far some of the clients got, and their mean losses on the way.

        Args:
            some: (m,) places among the clients.
            batches: for each, (E, H, b) samples.
            updates: (r, d) written to.
            rows: (m,) which of its rows are theirs.
            loss: (n,) of all clients, written to.
        """

        def train_group(group: slice) -> None:
            places = some[group]
            samples = np.stack([drawn[self.edge_round] for drawn in batches[group]])
            local = _WORKSPACE.empty("local", (len(places), len(self.parameters)), self.parameters.dtype)
            local[...] = self.parameters
            # What overflows is told by the training loop; a thread does not know what it has set.
            with np.errstate(over="ignore", invalid="ignore"):
                loss[places] = self.method.run(
                    self.model,
                    local,
                    MiniBatches(data=self.task.train, samples=samples),
                    self.step if self.step.shift is None else replace(self.step, shift=self.step.shift[places]),
                    rngs=self.streams.rngs(
                        [(Stream.LOCAL, self.round_index, int(client), self.edge_round) for client in self.clients[places]]
                    ),
                )
            for row, own in zip(rows[group], local, strict=True):
                np.subtract(own, self.parameters, out=updates[row])

        self.workers.map(train_group, groups(len(some), most=self.group_size))


def groups(count: int, *, most: int) -> list[slice]:
    """Clients 0 ... count - 1 in groups as equal as can be of at most `most`, an even number of them for threads to share.

    >>> [(group.start, group.stop) for group in groups(7, most=5)]
    [(0, 3), (3, 7)]
    """
    number = -(-count // most)
    number = min(count, number + number % 2)
    ends = [count * (place + 1) // number for place in range(number)] if number else []
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
