"""Estimating a channel from pilots."""

from __future__ import annotations

import numpy as np

from channels.arrays import ComplexArray, FloatArray, checked
from channels.small_scale.rayleigh import Rayleigh


def least_squares_estimate(channel: ComplexArray, *, pilot_snr: float, rng: np.random.Generator) -> ComplexArray:
    """What a receiver takes for h after pilots: h + e with e ~ CN(0, 1/γ).

    Args:
        channel: (...) true amplitudes with E|h|² = 1.
        pilot_snr: γ, energy of all pilots received at |h| = 1 over the noise density.
        rng: source of the noise.

    Source: Kay 1993, Fundamentals of Statistical Signal Processing, section 8.4.

    >>> least_squares_estimate(np.ones(2, complex), pilot_snr=1e20, rng=np.random.default_rng(0)).real.round(6).tolist()
    [1.0, 1.0]
    """
    checked("pilot_snr", pilot_snr, low=0.0, open_low=True)
    return channel + Rayleigh().draw(np.shape(channel), rng=rng) / np.sqrt(pilot_snr)


def mmse_estimate(
    channel: ComplexArray, *, pilot_snr: float, correlation: ComplexArray | None = None, rng: np.random.Generator
) -> ComplexArray:
    """The estimate of least mean square error, R(R + I/γ)^(-1)(h + e), for h ~ CN(0, R) over the last axis.

    Its error has the covariance R - R(R + I/γ)^(-1)R; without correlation, power 1/(1 + γ). It is the best for Rayleigh
    fading, and the best linear one for any fading of the same covariance and no mean.

    Args:
        channel: (..., A) true amplitudes.
        pilot_snr: γ, energy of all pilots received at |h| = 1 over the noise density.
        correlation: (A, A) R; the unit matrix if not given.
        rng: source of the noise.

    Source: Kay 1993, Fundamentals of Statistical Signal Processing, eq. 12.26.
    """
    noisy = least_squares_estimate(channel, pilot_snr=pilot_snr, rng=rng)
    if correlation is None:
        return noisy * (pilot_snr / (1.0 + pilot_snr))
    return noisy @ _wiener_matrix(correlation, pilot_snr).T


def mmse_error_power(pilot_snr: float, *, correlation: ComplexArray | None = None) -> float:
    """Mean square error per antenna of `mmse_estimate`: 1/(1 + γ) without correlation, less with.

    >>> mmse_error_power(9.0)
    0.1
    """
    checked("pilot_snr", pilot_snr, low=0.0, open_low=True)
    if correlation is None:
        return 1.0 / (1.0 + pilot_snr)
    left: FloatArray = np.diag(correlation - _wiener_matrix(correlation, pilot_snr) @ correlation).real
    return float(left.mean())


def _wiener_matrix(correlation: ComplexArray, pilot_snr: float) -> ComplexArray:
    noisy = correlation + np.eye(len(correlation)) / pilot_snr
    return np.linalg.solve(noisy, correlation).conj().T  # both are Hermitian
