"""Log-normal shadowing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def lognormal_shadowing_db(standard_deviation_db: ArrayLike, *, rng: np.random.Generator) -> FloatArray:
    """Shadowing in dB, X ~ N(0, s²), independent from link to link, one for each standard deviation given.

    Source: 3GPP TR 38.901, section 7.4.1 (shadow fading is log-normal).

    >>> lognormal_shadowing_db([4.0, 6.0], rng=np.random.default_rng(0)).shape
    (2,)
    """
    deviation = checked("standard_deviation_db", standard_deviation_db, low=0.0)
    return deviation * rng.standard_normal(deviation.shape)
