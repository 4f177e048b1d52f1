"""Decibels and watts. A decibel here always is of a power, never of an amplitude."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked

MOST_DB = 3000.0
"""Beyond, ratios leave what a number can be."""


def db_to_linear(value_db: ArrayLike) -> FloatArray:
    """Power ratio 10^(x/10) of a value in dB, at most 3000; -inf gives 0.

    >>> float(db_to_linear(3.0103)).__round__(4)
    2.0
    """
    return _ratio("value_db", value_db)


def linear_to_db(ratio: ArrayLike) -> FloatArray:
    """Decibels 10 log10(x) of a power ratio >= 0; 0 gives -inf, and infinity itself.

    >>> float(linear_to_db(100.0))
    20.0
    """
    return _decibels("ratio", ratio)


def dbm_to_watt(power_dbm: ArrayLike) -> FloatArray:
    """Watts of a power in dBm, decibels over one milliwatt.

    >>> float(dbm_to_watt(30.0))
    1.0
    """
    return 1e-3 * _ratio("power_dbm", power_dbm)


def watt_to_dbm(power_w: ArrayLike) -> FloatArray:
    """Power in dBm, decibels over one milliwatt, of watts.

    >>> float(watt_to_dbm(0.2).round(2))
    23.01
    """
    return _decibels("power_w", power_w) + 30.0


def _ratio(name: str, value_db: ArrayLike) -> FloatArray:
    value = np.asarray(value_db, dtype=float)
    checked(name, np.where(value == -np.inf, 0.0, value), high=MOST_DB)
    return np.power(10.0, value / 10.0)


def _decibels(name: str, ratio: ArrayLike) -> FloatArray:
    value = np.asarray(ratio, dtype=float)
    checked(name, np.where(value == np.inf, 0.0, value), low=0.0)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(value)
