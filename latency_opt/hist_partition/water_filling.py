"""Water-filling with floors and caps: the point of a capped simplex nearest to the weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray


def capped_water_filling(weights: FloatArray, *, low: ArrayLike, high: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """α_j = clip(w_j(1 + ν), low_j, high_j) with ν such that Σα_j = 1: least χ²(α‖w) = Σ(α_j - w_j)²/w_j in the box.

    The sum is piecewise linear in ν; its breakpoints are sorted and the piece that holds 1 is solved exactly.

    Args:
        weights: (..., N) positive, adding up to 1.
        low: (..., N) floors, Σ low <= 1.
        high: (..., N) caps, >= low, Σ high >= 1 up to rounding.

    Returns:
        (..., N) α and (...) the level ν. Where all are capped, ν is the least level that caps them all.

    Source: Boyd and Vandenberghe, Convex Optimization, example 5.2, for a quadratic price.

    >>> share, level = capped_water_filling(np.array([0.5, 0.5]), low=0.0, high=np.array([0.3, 1.0]))
    >>> share.tolist(), float(level.round(3))
    ([0.3, 0.7], 0.4)
    """
    low = np.broadcast_to(low, weights.shape)
    high = np.minimum(high, 1.0)
    rise, fall = low / weights - 1.0, high / weights - 1.0
    points = np.concatenate([rise, fall], axis=-1)
    order = np.argsort(points, axis=-1)
    points = np.take_along_axis(points, order, axis=-1)
    slope = np.cumsum(np.take_along_axis(np.concatenate([weights, -weights], axis=-1), order, axis=-1), axis=-1)
    area = np.cumsum(slope[..., :-1] * np.diff(points, axis=-1), axis=-1)
    total = low.sum(axis=-1, keepdims=True) + np.concatenate([np.zeros_like(area[..., :1]), area], axis=-1)
    piece = np.maximum(np.sum(total <= 1.0, axis=-1, keepdims=True) - 1, 0)

    def at(array: FloatArray) -> FloatArray:
        return np.take_along_axis(array, piece, axis=-1)[..., 0]

    rounding = 1e-14
    sloped = at(slope) > rounding
    guess = at(points) + np.where(sloped, (1.0 - at(total)) / np.where(sloped, at(slope), 1.0), 0.0)
    # Solving once more on the piece found takes out what the sums have rounded away.
    free = (rise < guess[..., None]) & (guess[..., None] < fall)
    fixed = np.where(free, 0.0, np.where(guess[..., None] >= fall, high, low)).sum(axis=-1)
    mass = np.where(free, weights, 0.0).sum(axis=-1)
    level = np.where(mass > 0.0, (1.0 - fixed) / np.where(mass > 0.0, mass, 1.0) - 1.0, guess)
    return np.clip(weights * (1.0 + level[..., None]), low, high), level
