"""How many samples each client holds: equal, log-normal, or by a power law."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray, check_count, checked


def equal_sizes(num_samples: int, *, num_parts: int) -> IntArray:
    """(num_parts,) the same number for every part; up to num_parts - 1 samples are left over, and belong to no part.

    >>> equal_sizes(11, num_parts=3)
    array([3, 3, 3])
    """
    _check_room(num_samples, num_parts, min_samples=1)
    return np.full(num_parts, num_samples // num_parts)


def proportional_sizes(num_samples: int, *, weights: ArrayLike) -> IntArray:
    """(num_parts,) whole numbers that sum to `num_samples`, in proportion to weights >= 0; largest remainders round up.

    >>> proportional_sizes(11, weights=[1.0, 1.0, 2.0])
    array([3, 3, 5])
    """
    share = checked("weights", weights, low=0.0)
    if not share.sum() > 0.0:
        raise ValueError("weights: got none above 0; needed is at least one")
    exact = num_samples * share / share.sum()
    # Quotients that are whole numbers but for rounding keep their place.
    sizes = np.floor(exact * (1.0 + 4.0 * np.finfo(float).eps)).astype(int)
    largest = np.argsort(sizes - exact, kind="stable")
    sizes[largest[: num_samples - sizes.sum()]] += 1
    return sizes


def lognormal_sizes(
    num_samples: int, *, num_parts: int, sigma: float, min_samples: int = 1, rng: np.random.Generator
) -> IntArray:
    """(num_parts,) sizes that sum to `num_samples`, shared out in proportion to draws of exp(N(0, σ²)).

    Every part first gets `min_samples`; what is left is in proportion to the draws. σ = 0 is equal up to one sample.

    Source: Acar, Zhao, Matas, Mattina, Whatmough, Saligrama 2021, "Federated learning based on dynamic regularization"
    (unbalanced data), whose code has no least size.

    >>> lognormal_sizes(100, num_parts=4, sigma=1.0, rng=np.random.default_rng(0)).sum()
    np.int64(100)
    """
    checked("sigma", sigma, low=0.0)
    _check_room(num_samples, num_parts, min_samples)
    weights = rng.lognormal(0.0, sigma, num_parts)
    return min_samples + proportional_sizes(num_samples - min_samples * num_parts, weights=weights)


def power_law_sizes(
    num_samples: int, *, num_parts: int, exponent: float, min_samples: int = 1, rng: np.random.Generator
) -> IntArray:
    """(num_parts,) sizes that sum to `num_samples`: the part of rank r gets a share ∝ r^-exponent, and ranks are random.

    Every part first gets `min_samples`; what is left follows the law. An exponent of 0 is equal up to one sample.

    Source: Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith 2020, "Federated optimization in heterogeneous networks", section
    5.1, says only that sizes follow a power law; shares by rank are Zipf's form of it.

    >>> np.sort(power_law_sizes(110, num_parts=3, exponent=1.0, min_samples=0, rng=np.random.default_rng(0)))
    array([20, 30, 60])
    """
    checked("exponent", exponent, low=0.0)
    _check_room(num_samples, num_parts, min_samples)
    weights = np.arange(1.0, num_parts + 1.0) ** -exponent
    return min_samples + rng.permutation(proportional_sizes(num_samples - min_samples * num_parts, weights=weights))


def _check_room(num_samples: int, num_parts: int, min_samples: int) -> None:
    check_count("num_parts", num_parts)
    if not 0 <= min_samples <= num_samples // num_parts:
        raise ValueError(
            f"min_samples: got {min_samples} for {num_parts} parts; {num_samples} samples allow 0 to {num_samples // num_parts}"
        )
