"""Non-i.i.d. splits into parts of given sizes: each part's mix of classes is drawn from a Dirichlet distribution."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray, IntArray, checked


def dirichlet_mix_split(labels: IntArray, *, sizes: IntArray, concentration: float, rng: np.random.Generator) -> list[IntArray]:
    """Disjoint parts of exactly the given sizes; a part's samples have classes that it draws from a mix of its own.

    The mix of a part is a draw of Dirichlet(concentration · C · q) over the C classes, q being their shares among the
    samples: for q = 1/C every entry is `concentration`, the mean over parts is q, and the variance of a share is
    q(1 - q)/(C · concentration + 1). Parts draw without replacement: where they ask for more samples of a class than
    there are, chance decides who gets them, and the others draw again from their mixes without that class. So parts whose
    sizes take up all samples end less uneven than their mixes.

    Source: Hsu, Qi, Brown 2019, "Measuring the effects of non-identical data distribution for federated visual
    classification", section 3, with redraws as in the code of Acar et al. 2021, "Federated learning based on dynamic
    regularization", which draws mixes with equal entries and deals single samples where this deals all at once.

    Args:
        labels: (n,) classes of the samples.
        sizes: (num_parts,) with a sum <= n.
        concentration: > 0; small is uneven.
        rng: source of the split.

    >>> labels = np.repeat(np.arange(3), 20)
    >>> parts = dirichlet_mix_split(labels, sizes=np.array([8, 4]), concentration=0.5, rng=np.random.default_rng(0))
    >>> [len(part) for part in parts]
    [8, 4]
    """
    checked("concentration", concentration, low=0.0, open_low=True)
    _, label_index, supply = np.unique(labels, return_inverse=True, return_counts=True)
    mix = rng.dirichlet(concentration * len(supply) * supply / supply.sum(), size=len(sizes))
    ends = np.cumsum(_deal(mix, sizes=sizes, supply=supply, rng=rng), axis=0)
    pieces = [np.split(rng.permutation(np.flatnonzero(label_index == label)), end)[:-1] for label, end in enumerate(ends.T)]
    return [np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True)]


def _deal(mix: FloatArray, *, sizes: IntArray, supply: IntArray, rng: np.random.Generator) -> IntArray:
    """(parts, classes) samples that each part gets: each turn ends the dealing, or a class."""
    dealt = np.zeros(mix.shape, dtype=int)
    wanted, left = sizes.copy(), supply.copy()
    while wanted.any():
        share = np.where(left > 0, mix, 0.0)
        # A mix without any of the classes that are left takes them as they are.
        share = np.where(share.sum(axis=1, keepdims=True) > 0.0, share, left)
        turn = rng.multinomial(wanted, share / share.sum(axis=1, keepdims=True))
        for scarce in np.flatnonzero(turn.sum(axis=0) > left):
            turn[:, scarce] = rng.multivariate_hypergeometric(turn[:, scarce], left[scarce])
        dealt += turn
        left -= turn.sum(axis=0)
        wanted -= turn.sum(axis=1)
    return dealt
