"""Splits into shards of samples sorted by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray, check_count
from fl_models.data.splitter import cut, part_sizes


@dataclass(frozen=True, kw_only=True)
class Shards:
    """Samples sorted by class are cut into shards, and every part gets some of them at random.

    Of the published split, 200 shards of 300 digits for 100 clients, two to each, most clients hold two classes. Here
    shards need not be equal: a part of n samples gets `per_part` shards of n / per_part samples, up to one, and the
    shards of all parts lie along the sorted samples in random order. Without `sizes`, all samples are shared out in
    proportion to `min_samples`: equally, up to one, if that is one number. With sizes that do not take up all samples,
    which are left out is random.

    Source: McMahan, Moore, Ramage, Hampson, Agüera y Arcas 2017, "Communication-efficient learning of deep networks from
    decentralized data", section 3.

    Attributes:
        per_part: shards of each part.

    >>> labels = np.repeat(np.arange(4), 5)
    >>> parts = Shards(per_part=1).split(labels, num_parts=4, rng=np.random.default_rng(0))
    >>> sorted(set(labels[part]) == {labels[part[0]]} for part in parts)
    [True, True, True, True]
    """

    per_part: int

    def __post_init__(self) -> None:
        check_count("per_part", self.per_part)

    def split(
        self,
        labels: IntArray,
        *,
        num_parts: int,
        sizes: ArrayLike | None = None,
        min_samples: ArrayLike = 1,
        rng: np.random.Generator,
    ) -> list[IntArray]:
        """Disjoint parts, as `Splitter` states; every part needs a sample for each of its shards."""
        counts = part_sizes(len(labels), num_parts=num_parts, sizes=sizes, min_samples=min_samples)
        if counts.min() < self.per_part:
            raise ValueError(
                f"per_part: got {self.per_part}; part {counts.argmin()} has {counts.min()} samples, which allow at most so many"
            )
        kept = rng.permutation(len(labels))[: counts.sum()]
        by_label = kept[np.argsort(labels[kept], kind="stable")]
        lengths = (counts[:, None] + np.arange(self.per_part)) // self.per_part
        order = rng.permutation(lengths.size)
        owner = np.repeat(order // self.per_part, lengths.ravel()[order])
        return cut(by_label[np.argsort(owner, kind="stable")], counts)
