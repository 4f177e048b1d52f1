"""Labelled samples."""

from __future__ import annotations

from dataclasses import dataclass

from channels.arrays import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Inputs with their classes.

    Attributes:
        x: (n, p) inputs.
        labels: (n,) classes 0 ... num_classes - 1.
    """

    x: FloatArray
    labels: IntArray

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.labels.shape != self.x.shape[:1]:
            raise ValueError(f"labels: got shape {self.labels.shape} for x {self.x.shape}; needed is (n,) for (n, p)")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        return int(self.labels.max()) + 1
