"""Rician fading: one strong path and many weak ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from channels.arrays import ComplexArray, checked
from channels.small_scale.rayleigh import Rayleigh
from channels.units import db_to_linear


@dataclass(frozen=True, kw_only=True)
class Rician:
    """h = sqrt(K/(K+1))·e^(jφ) + sqrt(1/(K+1))·CN(0, 1), φ uniform, so that E|h|² = 1.

    K is the power of the strong path over that of all others. K -> 0 is Rayleigh, K -> inf no fading.

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, eq. 2.55.

    >>> abs(Rician(k_factor_db=60.0).draw((2,), rng=np.random.default_rng(0))).round(1).tolist()
    [1.0, 1.0]
    """

    k_factor_db: float

    def __post_init__(self) -> None:
        checked("k_factor_db", self.k_factor_db, low=-100.0, high=100.0)

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h, in an array of the given shape."""
        k_factor = db_to_linear(self.k_factor_db)
        strong = np.exp(2j * np.pi * rng.random(shape))
        weak = Rayleigh().draw(shape, rng=rng)
        return np.sqrt(k_factor / (k_factor + 1.0)) * strong + np.sqrt(1.0 / (k_factor + 1.0)) * weak

    def amplitude_quantile(self, probability: float) -> float:
        """Quantile of the Rice distribution with mean square 1."""
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        k_factor = float(db_to_linear(self.k_factor_db))
        scale = np.sqrt(0.5 / (k_factor + 1.0))
        quantile = float(stats.rice.ppf(probability, np.sqrt(2.0 * k_factor), scale=scale))
        if np.isnan(quantile):  # in the far tail of little fading, where the normal limit is left
            quantile = max(0.0, float(np.sqrt(k_factor / (k_factor + 1.0)) + scale * special.ndtri(probability)))
        return quantile
