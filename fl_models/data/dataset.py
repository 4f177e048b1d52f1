"""Labelled samples."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from channels.arrays import BoolArray, FloatArray, IntArray
from channels.summary import shown_by


@shown_by(
    "num_classes",
    "image_shape",
    num_samples=len,
    num_inputs=lambda data: data.x.shape[1],
    x=lambda data: data.x,
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Inputs with their classes.

    Attributes:
        x: (n, p) inputs, single precision in all sets of this package.
        labels: (n,) classes 0 ... num_classes - 1.
        image_shape: (channels, height, width) if inputs are images, whose pixels lie in x in this order; their product is p.
    """

    x: FloatArray
    labels: IntArray
    image_shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.labels.shape != self.x.shape[:1]:
            raise ValueError(f"labels: got shape {self.labels.shape} for x {self.x.shape}; needed is (n,) for (n, p)")
        check_indices("labels", self.labels)
        if self.image_shape is not None and (len(self.image_shape) != 3 or prod(self.image_shape) != self.x.shape[1]):
            raise ValueError(
                f"image_shape: got {self.image_shape} for {self.x.shape[1]} inputs; needed is (channels, height, width) with "
                "that product, or None"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        """One more than the largest label."""
        return int(self.labels.max()) + 1

    @property
    def images(self) -> FloatArray:
        """(n, channels, height, width) inputs as images: a view."""
        if self.image_shape is None:
            raise ValueError("image_shape: got None; the inputs of this set are no images")
        return self.x.reshape(-1, *self.image_shape)

    def subset(self, index: IntArray | BoolArray) -> Dataset:
        """The samples at some indices, or where a mask holds, copied.

        >>> import numpy as np
        >>> data = Dataset(x=np.eye(3), labels=np.arange(3))
        >>> data.subset(np.array([2, 0])).labels.tolist()
        [2, 0]
        """
        return Dataset(x=self.x[index], labels=self.labels[index], image_shape=self.image_shape)


def check_indices(name: str, values: IntArray, *, count: int | None = None) -> None:
    """A ValueError unless these are integers from 0 on, and below `count` if there are so many things only.

    >>> check_indices("labels", np.array([0, -1]))
    Traceback (most recent call last):
        ...
    ValueError: labels: got -1; allowed are integers >= 0
    """
    array = np.asarray(values)
    allowed = "integers >= 0" if count is None else f"integers from 0 to {count - 1}"
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: got numbers of type {array.dtype}; allowed are {allowed}")
    wrong = array < 0 if count is None else (array < 0) | (array >= count)
    if wrong.any():
        raise ValueError(f"{name}: got {array[wrong][0]}; allowed are {allowed}")
