"""Rounding at random: values as a few bits each, without bias."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.special import erfc

from channels.arrays import FloatArray, check_count, checked


def stochastic_quantization(values: FloatArray, *, bits_per_parameter: int, rng: np.random.Generator) -> FloatArray:
    """(..., d) values rounded at random up or down to 2^(b-1) - 1 levels on each side of 0, so that E[result] = values.

    The levels of a row end at its largest absolute value, which travels along (a single number, not counted in the payload).
    The squared error of a value is at most step²/4 in the mean, and step²/6 for one that is uniform within a step.

    Args:
        values: (..., d) rows of values.
        bits_per_parameter: b, 2 to 31 bits, one of them for the sign.
        rng: source of the rounding.

    Source: Alistarh, Grubic, Li, Tomioka, Vojnovic 2017, "QSGD", section 3.1, with the maximum norm.

    >>> stochastic_quantization(np.array([[1.0, -1.0, 0.0]]), bits_per_parameter=2, rng=np.random.default_rng(0)).tolist()
    [[1.0, -1.0, 0.0]]
    """
    levels, largest, lower, upward = _rounding(values, bits_per_parameter)
    return (largest * ((lower + (rng.random(values.shape) < upward)) / levels)).astype(values.dtype)


def quantization_mse(values: FloatArray, *, bits_per_parameter: int) -> FloatArray:
    """(...) E‖Q(v) - v‖² = step² Σ p(1 - p) of each row, p being the probability with which a value is rounded up.

    Args:
        values: (..., d) rows of values.
        bits_per_parameter: b, 2 to 31 bits, one of them for the sign.

    Source: Alistarh, Grubic, Li, Tomioka, Vojnovic 2017, "QSGD", lemma 3.1, before its bounds.

    >>> float(quantization_mse(np.array([1.0, 0.5, -0.25]), bits_per_parameter=2))
    0.4375
    """
    levels, largest, _, upward = _rounding(values, bits_per_parameter)
    return (largest[..., 0] / levels) ** 2 * np.sum(upward * (1.0 - upward), axis=-1)


def gaussian_peak_to_rms(num_values: int) -> float:
    """√E[max v²] of d independent v ~ N(0, 1), with E[max v²] = ∫ 1 - P(|v| <= x)^d dx²; near √(2 ln d) for many.

    Source: David and Nagaraja, Order Statistics, section 3.1.

    >>> round(gaussian_peak_to_rms(2) ** 2 - 1.0 - 2.0 / np.pi, 12)
    0.0
    """
    check_count("num_values", num_values)

    def tail(x: float) -> float:
        return float(-2.0 * x * np.expm1(num_values * np.log1p(-erfc(x / np.sqrt(2.0)))))

    around = np.sqrt(2.0 * np.log(2.0 * num_values))
    return float(np.sqrt(quad(tail, 0.0, around)[0] + quad(tail, around, around + 40.0)[0]))


def _rounding(values: FloatArray, bits_per_parameter: int) -> tuple[int, FloatArray, FloatArray, FloatArray]:
    """Levels on a side and the largest size (..., 1); of each value (..., d) the level below it, and P(the one above)."""
    bits = float(checked("bits_per_parameter", bits_per_parameter, low=2, high=31))
    if not bits.is_integer():
        raise ValueError(f"bits_per_parameter: got {bits:g}; allowed is an integer from 2 to 31")
    levels = 2 ** (bits_per_parameter - 1) - 1
    largest = np.abs(values).max(axis=-1, keepdims=True)
    largest = np.where(largest > 0.0, largest, 1.0)
    scaled = values / largest * levels  # the step between levels may be less than the smallest number
    lower = np.floor(scaled)
    return levels, largest, lower, scaled - lower
