"""Decibels and watts. A decibel here always is of a power, never of an amplitude."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray


def db_to_linear(value_db: ArrayLike) -> FloatArray:
    """Power ratio 10^(x/10) of a value in dB.

    >>> float(db_to_linear(3.0103)).__round__(4)
    2.0
    """
    return np.power(10.0, np.asarray(value_db, dtype=float) / 10.0)


def linear_to_db(ratio: ArrayLike) -> FloatArray:
    """Decibels 10 log10(x) of a power ratio; 0 gives -inf.

    >>> float(linear_to_db(100.0))
    20.0
    """
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(np.asarray(ratio, dtype=float))


def dbm_to_watt(power_dbm: ArrayLike) -> FloatArray:
    """Watts of a power in dBm, decibels over one milliwatt.

    >>> float(dbm_to_watt(30.0))
    1.0
    """
    return 1e-3 * db_to_linear(power_dbm)


def watt_to_dbm(power_w: ArrayLike) -> FloatArray:
    """Power in dBm, decibels over one milliwatt, of watts.

    >>> float(watt_to_dbm(0.2).round(2))
    23.01
    """
    return linear_to_db(power_w) + 30.0
