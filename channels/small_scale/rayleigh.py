"""Rayleigh fading: no line of sight, many scatterers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, checked


@dataclass(frozen=True, kw_only=True)
class Rayleigh:
    """h ~ CN(0, 1): |h|² is exponential with mean 1, P(|h| <= a) = 1 - e^(-a²).

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, section 2.4.2.

    >>> Rayleigh().draw((2, 3), rng=np.random.default_rng(0)).shape
    (2, 3)
    """

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h, in an array of the given shape."""
        parts = rng.standard_normal((*shape, 2)) / np.sqrt(2.0)
        return parts[..., 0] + 1j * parts[..., 1]

    def amplitude_quantile(self, probability: float) -> float:
        """a = sqrt(-ln(1 - p)).

        >>> round(Rayleigh().amplitude_quantile(0.1), 4)
        0.3246
        """
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        return float(np.sqrt(-np.log1p(-probability)))
