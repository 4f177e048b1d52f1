"""The point of least norm in a polyhedron, for batches: the convex problem inside successive convex approximation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from channels.arrays import FloatArray

MOST_OF_THE_WAY = 0.99
"""A step goes this far towards the boundary of the orthant at most."""

MAX_ITERATIONS = 50


class LeastNormPoint(NamedTuple):
    """The answer and its certificate.

    Attributes:
        point: (B, n) x, strictly feasible.
        price: (B, K) y >= 0 of the constraints.
        bound: (B,) the lower bound 2yᵀd - ‖Cᵀy‖² of ‖x‖².
    """

    point: FloatArray
    price: FloatArray
    bound: FloatArray


def least_norm_point(rows: FloatArray, level: FloatArray, *, start: FloatArray, tolerance: float) -> LeastNormPoint:
    """min ‖x‖² subject to Cx >= d: a primal-dual interior point with Mehrotra's steps, of n unknowns each.

    Args:
        rows: (B, K, n) C, its rows of norm 1, or 0 where d_i < 0.
        level: (B, K) d, one of them > 0 in each instance.
        start: (B, n) points with Cx > d.
        tolerance: where ‖x‖² - bound, relative to ‖x‖², ends it.

    Source: Nocedal and Wright 2006, Numerical Optimization, section 16.6.

    >>> rows, level = np.array([[[1.0, 0.0], [0.6, 0.8]]]), np.array([[1.0, 2.0]])
    >>> answer = least_norm_point(rows, level, start=np.array([[5.0, 5.0]]), tolerance=1e-9)
    >>> answer.point.round(6).tolist(), answer.bound.round(6).tolist()
    ([[1.2, 1.6]], [4.0])
    """
    x = start.copy()
    square = np.sum(x**2, axis=-1, keepdims=True)
    y = np.broadcast_to(square / np.sum(np.maximum(level, 0.0), axis=-1, keepdims=True), level.shape).copy()
    going = np.arange(len(x))
    for _ in range(MAX_ITERATIONS):
        at, price, row = x[going], y[going], rows[going]
        surplus = np.matvec(row, at) - level[going]
        gap = np.sum((at - np.vecmat(price, row)) ** 2, axis=-1) + 2.0 * np.sum(surplus * price, axis=-1)
        short = gap > tolerance * np.sum(at**2, axis=-1)
        going = going[short]
        if not going.size:
            break
        change, price_change = _step(at[short], surplus[short], price[short], row[short])
        x[going] += change
        y[going] += price_change
    return LeastNormPoint(x, y, 2.0 * np.sum(y * level, axis=-1) - np.sum(np.vecmat(y, rows) ** 2, axis=-1))


def _step(x: FloatArray, surplus: FloatArray, price: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    system = np.eye(x.shape[-1]) + np.swapaxes(rows * (price / surplus)[..., None], -1, -2) @ rows

    def direction(target: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Towards products of surplus and price that are the target."""
        change = np.linalg.solve(system, (np.vecmat(target / surplus, rows) - x)[..., None])[..., 0]
        surplus_change = np.matvec(rows, change)
        return change, surplus_change, (target - price * surplus_change) / surplus - price

    def length(change: FloatArray, positive: FloatArray) -> FloatArray:
        return MOST_OF_THE_WAY / np.maximum(np.max(-change / positive, axis=-1, keepdims=True), MOST_OF_THE_WAY)

    mean = np.mean(surplus * price, axis=-1, keepdims=True)
    _, ds, dy = direction(np.zeros_like(surplus))
    after = np.mean((surplus + length(ds, surplus) * ds) * (price + length(dy, price) * dy), axis=-1, keepdims=True)
    change, surplus_change, price_change = direction(mean * (after / mean) ** 3 - ds * dy)
    far = np.minimum(length(surplus_change, surplus), length(price_change, price))
    return far * change, far * price_change
