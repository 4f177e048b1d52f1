"""What bits cost when they are packed more densely into band and time."""

from __future__ import annotations

import numpy as np
from scipy.special import lambertw

from channels.arrays import FloatArray
from latency_opt.cell.min_bandwidth import band_snr

SERIES_BELOW = 0.5
"""Below this efficiency the functions are summed from their series, whose leading terms would else cancel."""

NEAR_BRANCH_POINT = 1e-2
"""Below this the inverse of `density_price` starts from Puiseux's series; Lambert's W loses its digits there."""

LARGEST = 700.0
"""Efficiencies are cut here, where their exponential is about to overflow."""


def energy_excess(efficiency: FloatArray) -> FloatArray:
    """G(q) - 1 with G(q) = (e^q - 1)/q, for q nats per hertz and second.

    With Z = b t, band times airtime, S nats need the energy (Z N0/g)(e^(S/Z) - 1) = e0 G(q), with q = S/Z and e0 = N0 S/g
    the energy with unlimited band. G = ∫₀¹ e^(uq) du, so it is convex, rises from 1, and so do its derivatives.

    Source: Shannon 1949, "Communication in the presence of noise", solved for the energy.

    >>> energy_excess(np.array([1e-9, 1.0])).round(12).tolist()
    [5e-10, 0.718281828459]
    """
    q = np.minimum(efficiency, LARGEST)
    small = np.minimum(q, SERIES_BELOW)
    series = np.zeros_like(small)
    for k in range(14, 0, -1):  # q/2 (1 + q/3 (1 + q/4 (1 + ...)))
        series = small / (k + 1) * (1.0 + series)
    return np.where(q < SERIES_BELOW, series, np.expm1(q) / np.maximum(q, SERIES_BELOW) - 1.0)


def energy_slope(efficiency: FloatArray) -> FloatArray:
    """G'(q) = (1 + (q - 1)e^q)/q², from 1/2 upwards.

    >>> energy_slope(np.array([0.0, 1.0])).tolist()
    [0.5, 1.0]
    """
    q = np.minimum(efficiency, LARGEST)
    small = np.minimum(q, SERIES_BELOW)
    series = np.zeros_like(small)
    for k in range(14, 0, -1):  # the ratio of the terms (k + 1) q^k/(k + 2)!
        series = small * (k + 1) / (k * (k + 2)) * (1.0 + series)
    large = np.maximum(q, SERIES_BELOW)
    return np.where(q < SERIES_BELOW, 0.5 * (1.0 + series), (1.0 + (large - 1.0) * np.exp(large)) / large**2)


def efficiency_of_energy(excess: FloatArray) -> FloatArray:
    """q >= 0 with G(q) - 1 = `excess`; in the SNR x = e^q - 1 that is ln(1 + x)/x = 1/(1 + excess).

    >>> efficiency_of_energy(energy_excess(np.array([1e-9, 1.0, 20.0]))).round(12).tolist()
    [1e-09, 1.0, 20.0]
    """
    held = np.clip(excess, 0.0, 1e290)
    positive = held > 0.0
    held = np.where(positive, held, 1.0)
    return np.where(positive, np.log1p(band_snr(1.0 / (1.0 + held), spare=held / (1.0 + held))), 0.0)


def efficiency_of_price(price: FloatArray) -> FloatArray:
    """q >= 0 with q² G'(q) = 1 + (q - 1)e^q = `price`, that is 1 + W₀((price - 1)/e).

    A band that costs μ a hertz for the time t, with energy at ω a joule, is used at the q of the price μ g/(ω N0 t).

    >>> q = np.array([1e-9, 1.0, 20.0])
    >>> efficiency_of_price(q**2 * energy_slope(q)).round(12).tolist()
    [1e-09, 1.0, 20.0]
    """
    root = np.sqrt(2.0 * np.minimum(price, NEAR_BRANCH_POINT))
    near = root * (1.0 - root * (1.0 / 3.0 - root * 11.0 / 72.0))
    far = 1.0 + lambertw((np.maximum(price, NEAR_BRANCH_POINT) - 1.0) / np.e).real
    q = np.where(price < NEAR_BRANCH_POINT, near, far)
    for _ in range(2):
        held = np.maximum(q, np.finfo(float).tiny)
        q = q - (q**2 * energy_slope(q) - price) / (held * np.exp(np.minimum(q, LARGEST)))
    return q
