"""Mini-batches of a group of clients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray
from channels.summary import shown_by
from fl_models.data.dataset import Dataset


@shown_by("data", "samples")
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

    def fetch(self, *, out: FloatArray) -> FloatArray:
        """Writes the inputs of all steps, one after the other, to `out` (g, H·b, p) and returns it."""
        # Samples are there; numpy would fetch them into an array of its own first if it were to check that.
        return self.data.x.take(self.samples.reshape(len(out), -1), axis=0, out=out, mode="clip")

    def steps(self, some: slice) -> MiniBatches:
        """Those of some of the steps."""
        return MiniBatches(data=self.data, samples=self.samples[:, some])
