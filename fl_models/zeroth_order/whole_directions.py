"""Directions drawn whole, all d values of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.zeroth_order.estimate import loss_differences
from fl_models.zeroth_order.gaussian import single_gaussian
from fl_models.zeroth_order.objective import Losses

VALUES_AT_ONCE = 2**19
"""Of directions; more would be streamed past the cache."""


def gaussian_directions(num_directions: int, num_parameters: int, *, rng: np.random.Generator) -> Iterator[FloatArray]:
    """(k, d) vectors N(0, I), uniform in direction, a few at a time and `num_directions` in all.

    How many at a time depends on the sizes alone, so a generator at the same place draws the same ones again.

    >>> [len(part) for part in gaussian_directions(5, 2**18, rng=np.random.default_rng(0))]
    [2, 2, 1]
    """
    at_once = max(1, VALUES_AT_ONCE // num_parameters)
    for start in range(0, num_directions, at_once):
        yield single_gaussian((min(at_once, num_directions - start), num_parameters), rng=rng)


def lengths_of(vectors: FloatArray) -> FloatArray:
    """(k,) in double precision."""
    return np.sqrt(np.einsum("kd,kd->k", vectors, vectors, dtype=float))


class WholeDirections:
    """The two-point estimate along directions drawn whole, for any objective.

    Args:
        losses: F.
        x: (H, b, p) mini-batches of one client.
        labels: (H, b).
        directions: b₂.
        smoothing: μ.
        rng: source of the directions.
    """

    def __init__(
        self, losses: Losses, x: FloatArray, labels: IntArray, *, directions: int, smoothing: float, rng: np.random.Generator
    ) -> None:
        self.losses, self.x, self.labels = losses, x, labels
        self.directions, self.smoothing, self.rng = directions, smoothing, rng

    def estimate(self, parameters: FloatArray, step: int) -> tuple[FloatArray, float]:
        _, estimate, loss = self.measure(parameters, step)
        return estimate, loss

    def measure(self, parameters: FloatArray, step: int) -> tuple[FloatArray, FloatArray, float]:
        """(b₂,) differences F(x + μv_k; ξ) - F(x; ξ), what `estimate` makes of them, and F(x; ξ)."""
        measured, loss = [], 0.0
        total = np.zeros(len(parameters))
        for part in gaussian_directions(self.directions, len(parameters), rng=self.rng):
            lengths = lengths_of(part)
            differences, loss = loss_differences(
                self.losses, parameters, self.x[step], self.labels[step], steps=part, scale=self.smoothing / lengths
            )
            measured.append(differences)
            total += (differences / lengths).astype(part.dtype) @ part
        return np.concatenate(measured), estimate_factor(total, self.directions, self.smoothing) * total, loss


def rebuilt_estimate(differences: FloatArray, *, num_parameters: int, smoothing: float, rng: np.random.Generator) -> FloatArray:
    """(d,) the estimate, from differences (b₂,) measured along the directions that the generator draws next."""
    total, start = np.zeros(num_parameters), 0
    for part in gaussian_directions(len(differences), num_parameters, rng=rng):
        own = differences[start : start + len(part)].astype(float)
        total += (own / lengths_of(part)).astype(part.dtype) @ part
        start += len(part)
    return estimate_factor(total, len(differences), smoothing) * total


def estimate_factor(total: FloatArray, directions: int, smoothing: float) -> float:
    """d/(b₂μ)."""
    return len(total) / (directions * smoothing)
