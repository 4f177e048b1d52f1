"""Mini-batches of clients, each client from a stream of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.data.dataset import Dataset
from fl_models.local.schedule import Schedule
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True, eq=False)
class MiniBatches:
    """Mini-batches of g clients in H steps, fetched when they are asked for.

    Attributes:
        data: what samples are of.
        samples: (g, H, b) which.
    """

    data: Dataset
    samples: IntArray

    @classmethod
    def of(cls, x: FloatArray, labels: IntArray) -> MiniBatches:
        """Of inputs (g, H, b, p) and labels (g, H, b) as they are."""
        data = Dataset(x=x.reshape(-1, x.shape[-1]), labels=labels.reshape(-1))
        return cls(data=data, samples=np.arange(labels.size).reshape(labels.shape))

    @property
    def num_steps(self) -> int:
        return self.samples.shape[1]

    @property
    def x(self) -> FloatArray:
        """(g, H, b, p) inputs."""
        return self.data.x[self.samples]

    @property
    def labels(self) -> IntArray:
        """(g, H, b)."""
        return self.data.labels[self.samples]

    def steps(self, some: slice) -> MiniBatches:
        """Those of some of the steps."""
        return MiniBatches(data=self.data, samples=self.samples[:, some])


def draw_batches(
    task: FederatedTask, *, clients: IntArray, round_index: int, schedule: Schedule, streams: Streams
) -> list[IntArray]:
    """(E, H, b) training samples of every local step of a global round, for each of the clients."""
    shape = (schedule.edge_rounds, schedule.local_steps, schedule.batch_size)
    drawn = []
    for client in clients:
        samples = task.client_samples[client]
        rng = streams.rng(Stream.BATCHES, round_index, int(client))
        drawn.append(samples[rng.integers(len(samples), size=shape)])
    return drawn
