"""Slow and sure arithmetic for the judges: 80-bit numbers, bisection, no series and no Newton's method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from channels.arrays import FloatArray

LONG = np.longdouble
LN2 = np.log(LONG(2.0))
HALVINGS = 90
GOLDEN = (np.sqrt(LONG(5.0)) - 1.0) / 2.0


def bisect(
    rises: Callable[[np.ndarray], np.ndarray], *, low: np.ndarray, high: np.ndarray, steps: int = HALVINGS
) -> np.ndarray:
    """Where something that rises becomes >= 0."""
    low, high = np.array(low, dtype=LONG), np.array(high, dtype=LONG)
    for _ in range(steps):
        middle = (low + high) / 2
        above = rises(middle) >= 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return high


def least_value(
    function: Callable[[np.ndarray], np.ndarray], *, low: np.ndarray, high: np.ndarray, steps: int = 60
) -> np.ndarray:
    """The minimum of a function with one valley, by golden section."""
    low, high = np.array(low, dtype=LONG), np.array(high, dtype=LONG)
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    least = np.minimum(np.minimum(function(low), function(high)), np.minimum(at_left, at_right))
    for _ in range(steps):
        falls = at_left > at_right
        low, high = np.where(falls, left, low), np.where(falls, high, right)
        new = np.where(falls, low + GOLDEN * (high - low), high - GOLDEN * (high - low))
        value = function(new)
        left, right = np.where(falls, right, new), np.where(falls, new, left)
        at_left, at_right = np.where(falls, at_right, value), np.where(falls, value, at_left)
        least = np.minimum(least, value)
    return least


def rate_nats(bandwidth_hz: FloatArray, snr_hz: FloatArray) -> np.ndarray:
    """b ln(1 + A/b)."""
    band = np.asarray(bandwidth_hz, dtype=LONG)
    ratio = np.divide(
        np.asarray(snr_hz, dtype=LONG), band, out=np.zeros(np.broadcast(snr_hz, band).shape, LONG), where=band > 0
    )
    return band * np.log1p(ratio)


def needed_band(rate: np.ndarray, snr_hz: np.ndarray) -> np.ndarray:
    """Least b with b ln(1 + A/b) >= the rate in nats, inf where none will do: ln(1 + x)/x = rate/A falls in x = A/b."""
    rate, snr = np.broadcast_arrays(np.asarray(rate, dtype=LONG), np.asarray(snr_hz, dtype=LONG))
    load = rate / snr
    possible = (load > 0) & (load < 1)
    wanted = np.where(possible, load, LONG(0.5))

    def short(log_x: np.ndarray) -> np.ndarray:
        x = np.exp(log_x)
        return wanted - np.log1p(x) / x

    log_x = bisect(short, low=np.full(load.shape, LONG(-44.0)), high=np.full(load.shape, LONG(11300.0)))
    return np.where(possible, snr / np.exp(log_x), np.where(load > 0, LONG(np.inf), LONG(0.0)))
