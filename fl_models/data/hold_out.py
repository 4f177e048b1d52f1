"""Samples of every client kept for testing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from channels.arrays import IntArray


def hold_out(
    client_samples: Sequence[IntArray], *, test_fraction: float, rng: np.random.Generator
) -> tuple[list[IntArray], IntArray]:
    """What each client keeps to train on, and the test samples of all: the whole part of a share of every client's, at random.

    For sets that come divided over clients, so that each client's kind of samples is tested.

    >>> kept, test = hold_out([np.arange(10), np.arange(10, 14)], test_fraction=0.3, rng=np.random.default_rng(0))
    >>> [len(part) for part in kept], len(test)
    ([7, 3], 4)
    """
    if not 0.0 < test_fraction < 1.0:
        raise ValueError(f"test_fraction: got {test_fraction:g}; allowed is a number between 0 and 1")
    kept, test = [], []
    for samples in client_samples:
        # Rounding must not cost a sample: 0.29 · 100 is a little less than 29.
        num_test = int(np.floor(test_fraction * len(samples) * (1.0 + 1e-12)))
        order = rng.permutation(samples)
        kept.append(np.sort(order[num_test:]))
        test.append(order[:num_test])
    if not any(map(len, test)):
        raise ValueError(f"test_fraction: got {test_fraction:g}; no client has so many samples that it keeps one for testing")
    return kept, np.sort(np.concatenate(test))
