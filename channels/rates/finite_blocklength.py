"""Rate of short packets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from channels.arrays import FloatArray, checked


def finite_blocklength_rate(snr: ArrayLike, *, blocklength: ArrayLike, error_probability: ArrayLike) -> FloatArray:
    """Rate max(0, log2(1 + γ) - sqrt(V/n) Q⁻¹(ε)) of a block over complex Gaussian noise, in bits per channel use.

    V = γ(γ + 2)/(γ + 1)² log2(e)² is the channel dispersion. This is the normal approximation without the term
    log2(n)/(2n); it is close from about a hundred channel uses on. An ε above 1/2 gives a rate above capacity.

    Args:
        snr: γ, linear SNR of the block, constant over it.
        blocklength: n >= 1, complex channel uses.
        error_probability: ε in (0, 1), of the block.

    Source: Polyanskiy, Poor and Verdú 2010, "Channel coding rate in the finite blocklength regime", Theorem 54; a complex
    channel use is two real ones.

    >>> float(finite_blocklength_rate(1.0, blocklength=500, error_probability=1e-3).round(5))
    0.82733
    """
    snr = checked("snr", snr, low=0.0)
    blocklength = checked("blocklength", blocklength, low=1.0)
    error = checked("error_probability", error_probability, low=0.0, high=1.0, open_low=True, open_high=True)
    share = snr / (1.0 + snr)
    dispersion = share * (2.0 - share)
    rate = np.log1p(snr) + np.sqrt(dispersion / blocklength) * ndtri(error)  # Q⁻¹(ε) = -Φ⁻¹(ε)
    return np.maximum(rate, 0.0) / np.log(2.0)


def blocklength_stretch(bits: ArrayLike, *, snr: ArrayLike, error_probability: ArrayLike) -> FloatArray:
    """How many times as many channel uses as at capacity a block takes, n C/k with k = n R for R of `finite_blocklength_rate`.

    With C = log2(1 + γ), k = n C - sqrt(n V) Q⁻¹(ε) is a quadratic equation in sqrt(n), and

        n = (k/C) exp(2 asinh(½ Q⁻¹(ε) sqrt(V/(C k)))).

    V/C falls from 2 log2(e) at no SNR, where the stretch is the largest.

    Args:
        bits: k > 0, that the block carries.
        snr: γ, linear SNR of the block, constant over it.
        error_probability: ε in (0, 1), of the block.

    >>> stretch = blocklength_stretch(413.66, snr=1.0, error_probability=1e-3)
    >>> float((413.66 * stretch).round(1))  # C = 1
    500.0
    """
    bits = checked("bits", bits, low=0.0, open_low=True)
    snr = checked("snr", snr, low=0.0)
    error = checked("error_probability", error_probability, low=0.0, high=1.0, open_low=True, open_high=True)
    share = snr / (1.0 + snr)
    hears = snr > 0.0
    nats = np.log1p(np.where(hears, snr, 1.0))
    dispersion_per_nat = np.where(hears, share * (2.0 - share) / nats, 2.0)
    return np.exp(2.0 * np.arcsinh(-0.5 * ndtri(error) * np.sqrt(dispersion_per_nat / (bits * np.log(2.0)))))
