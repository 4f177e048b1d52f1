"""Nakagami-m fading: from harsher than Rayleigh to nearly none, with one parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from channels.arrays import ComplexArray, checked


@dataclass(frozen=True, kw_only=True)
class Nakagami:
    """|h|² ~ Gamma with shape m and mean 1, the phase of h uniform.

    m = 1/2 is one-sided Gaussian, m = 1 is Rayleigh, m -> inf no fading; var|h|² = 1/m.

    Attributes:
        m: fading figure, at least 1/2.

    Source: Nakagami 1960, "The m-distribution"; Simon and Alouini, Digital Communication over Fading Channels, eq. 2.20.

    >>> round(Nakagami(m=1.0).amplitude_quantile(0.1), 4)
    0.3246
    """

    m: float

    def __post_init__(self) -> None:
        checked("m", self.m, low=0.5, high=1e6)

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h, in an array of the given shape."""
        amplitude = np.sqrt(rng.standard_gamma(self.m, size=shape) / self.m)
        return amplitude * np.exp(2j * np.pi * rng.random(shape))

    def amplitude_quantile(self, probability: float) -> float:
        """a with P(m, m a²) = p, P being the regularised incomplete gamma function."""
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        return float(np.sqrt(special.gammaincinv(self.m, probability) / self.m))
