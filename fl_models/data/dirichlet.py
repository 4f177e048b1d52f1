"""Non-i.i.d. splits: the share of each class that a part gets is drawn from a Dirichlet distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray, check_count, checked

MAX_TRIES = 1000


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
    check_count("num_parts", num_parts)
    least = np.broadcast_to(min_samples, num_parts)
    if least.sum() > len(labels):
        raise ValueError(
            f"min_samples: got {least.max()} for {num_parts} parts; {len(labels)} samples allow at most "
            f"{len(labels) // num_parts} for each"
        )
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


def two_level_dirichlet_split(
    labels: IntArray,
    *,
    serving_cell: IntArray,
    cell_concentration: float,
    client_concentration: float,
    min_samples: int = 1,
    rng: np.random.Generator,
) -> list[IntArray]:
    """One part for each client: classes are shared out over cells, then within each cell over its clients.

    Args:
        labels: of the samples.
        serving_cell: (K,) the cell of each client; no cell up to the largest is without clients.
        cell_concentration: of the split over cells.
        client_concentration: of the splits over the clients of a cell.
        min_samples: every client gets so many.
        rng: source of the splits.
    """
    clients_in_cell = np.bincount(serving_cell)
    most = len(labels) // len(serving_cell)
    if min_samples > most:
        raise ValueError(
            f"min_samples: got {min_samples} for {len(clients_in_cell)} cells with {len(serving_cell)} clients; {len(labels)} "
            f"samples allow at most {most}"
        )
    cells = _split_at("cell", labels, len(clients_in_cell), cell_concentration, clients_in_cell * min_samples, rng)
    parts: list[IntArray] = [np.empty(0, dtype=int)] * len(serving_cell)
    for cell, samples in enumerate(cells):
        split = _split_at("client", labels[samples], clients_in_cell[cell], client_concentration, min_samples, rng)
        for client, part in zip(np.flatnonzero(serving_cell == cell), split, strict=True):
            parts[client] = samples[part]
    return parts


def _split_at(
    level: str, labels: IntArray, num_parts: int, concentration: float, min_samples: ArrayLike, rng: np.random.Generator
) -> list[IntArray]:
    """A split whose errors name the level that they are at."""
    try:
        return dirichlet_split(labels, num_parts=num_parts, concentration=concentration, min_samples=min_samples, rng=rng)
    except ValueError as error:
        raise ValueError(f"{level}_{error}") from None
