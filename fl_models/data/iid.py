"""Splits at random, regardless of the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray
from fl_models.data.splitter import cut, part_sizes


@dataclass(frozen=True, kw_only=True)
class IID:
    """Every part is a simple random sample of the whole, drawn without replacement.

    Without `sizes`, all samples are shared out in proportion to `min_samples`: equally, up to one, if that is one number.
    The number of samples of a class in a part is hypergeometric.

    >>> parts = IID().split(np.zeros(7, dtype=int), num_parts=2, rng=np.random.default_rng(0))
    >>> [len(part) for part in parts]
    [4, 3]
    """

    def split(
        self,
        labels: IntArray,
        *,
        num_parts: int,
        sizes: ArrayLike | None = None,
        min_samples: ArrayLike = 1,
        rng: np.random.Generator,
    ) -> list[IntArray]:
        """Disjoint parts, as `Splitter` states."""
        counts = part_sizes(len(labels), num_parts=num_parts, sizes=sizes, min_samples=min_samples)
        return cut(rng.permutation(len(labels)), counts)
