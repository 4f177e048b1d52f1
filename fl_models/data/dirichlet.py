"""Non-i.i.d. splits: the share of each class that a part gets is drawn from a Dirichlet distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray, checked
from fl_models.data.dirichlet_mix import dirichlet_mix_split
from fl_models.data.splitter import checked_sizes, least_sizes

MAX_TRIES = 1000


@dataclass(frozen=True, kw_only=True)
class Dirichlet:
    """Shares of classes are drawn from a Dirichlet distribution: 0.1 leaves most parts with a few classes, 100 is nearly i.i.d.

    Without sizes, each class is shared out over the parts by a draw of its own (`dirichlet_split`), and sizes are as they
    fall. With sizes, each part draws its mix of classes (`dirichlet_mix_split`).

    Attributes:
        concentration: > 0; small is uneven.
    """

    concentration: float

    def __post_init__(self) -> None:
        checked("concentration", self.concentration, low=0.0, open_low=True)

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
        if sizes is None:
            return dirichlet_split(
                labels, num_parts=num_parts, concentration=self.concentration, min_samples=min_samples, rng=rng
            )
        wanted = checked_sizes(len(labels), num_parts=num_parts, sizes=sizes, min_samples=min_samples)
        return dirichlet_mix_split(labels, sizes=wanted, concentration=self.concentration, rng=rng)


def dirichlet_split(
    labels: IntArray, *, num_parts: int, concentration: float, min_samples: ArrayLike = 1, rng: np.random.Generator
) -> list[IntArray]:
    """Disjoint parts that cover all samples; each class is shared out by its own draw of Dirichlet(concentration).

    A concentration of 0.1 leaves most parts with a few classes; 100 is nearly i.i.d. Draws in which some part has
    fewer than `min_samples` samples, one number for all or one for each, are rejected.

    Source: Yurochkin, Agarwal, Ghosh, Greenewald, Hoang, Khazaeni 2019, "Bayesian nonparametric federated learning of
    neural networks", section 4.

    >>> parts = dirichlet_split(np.array([0, 0, 1, 1]), num_parts=2, concentration=1.0, rng=np.random.default_rng(0))
    >>> sorted(np.concatenate(parts).tolist())
    [0, 1, 2, 3]
    """
    checked("concentration", concentration, low=0.0, open_low=True)
    least = least_sizes(len(labels), num_parts=num_parts, min_samples=min_samples)
    by_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for _ in range(MAX_TRIES):
        share = rng.dirichlet(np.full(num_parts, concentration), size=len(by_class))
        cuts = [np.rint(np.cumsum(p)[:-1] * len(c)).astype(int) for p, c in zip(share, by_class, strict=True)]
        sizes = sum(np.diff(cut, prepend=0, append=len(c)) for cut, c in zip(cuts, by_class, strict=True))
        if np.all(sizes >= least):
            pieces = [np.split(rng.permutation(c), cut) for c, cut in zip(by_class, cuts, strict=True)]
            return [np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True)]
    raise ValueError(
        f"concentration: got {concentration:g}; in {MAX_TRIES} draws of {num_parts} parts some part always had fewer than "
        f"{least.max()} samples; take a larger concentration or fewer parts"
    )
