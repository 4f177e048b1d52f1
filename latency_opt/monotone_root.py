"""Roots of increasing functions, for a batch of them at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from channels.arrays import FloatArray

MAX_ITERATIONS = 200


def monotone_root(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    *,
    low: FloatArray,
    high: FloatArray,
    tolerance: float = 1e-14,
) -> tuple[FloatArray, int]:
    """x in [low, high] with f(x) = 0 for increasing f of order one, by Newton's method in a shrinking bracket.

    Where f(low) >= 0 the answer is `low`, where f(high) <= 0 it is `high`. A Newton step that leaves the bracket, or that
    does not halve |f|, is followed by a bisection.

    Args:
        function: from x (...) to f(x) and f'(x), both (...).
        low: (...) lower ends.
        high: (...) upper ends, >= low.
        tolerance: on |f|.

    Returns:
        (...) roots, where |f| <= tolerance or to rounding, and the number of iterations.

    >>> root, _ = monotone_root(lambda x: (x**2 - 2.0, 2.0 * x), low=np.array(0.0), high=np.array(2.0))
    >>> float(root.round(12))
    1.414213562373
    """
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    value, slope = function(low)
    done = value >= 0.0
    x = low.copy()
    previous = np.abs(value)
    for iteration in range(1, MAX_ITERATIONS + 1):
        if done.all():
            return x, iteration
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = x - value / slope
        # A Newton step within rounding of x cannot be improved upon, however large f still is there.
        done = done | (np.abs(newton - x) <= 2.0 * np.spacing(np.abs(x)))
        slow = np.abs(value) > 0.5 * previous if iteration > 1 else np.zeros(x.shape, dtype=bool)
        inside = (newton > low) & (newton < high)
        step = np.where(inside & ~slow, newton, 0.5 * (low + high))
        # A first step past the upper end tries that end, since the root may lie on it.
        step = np.where((iteration == 1) & (newton >= high), high, step)
        previous = np.where(slow, np.inf, np.abs(value))
        x = np.where(done, x, step)
        value, slope = function(x)
        low = np.where(value <= 0.0, x, low)
        high = np.where(value >= 0.0, x, high)
        done = done | (np.abs(value) <= tolerance) | (high - low <= 2.0 * np.spacing(np.abs(high)))
    return x, MAX_ITERATIONS
