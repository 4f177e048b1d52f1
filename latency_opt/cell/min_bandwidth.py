"""The least band that carries a rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked

NEAR_BRANCH_POINT = 1e-2
"""Where 1 - Γ is less its series serves, to rounding; logarithms would lose digits there."""

SERIES = (2.0, 8 / 3, 28 / 9, 464 / 135, 1496 / 405, 11072 / 2835, 173728 / 42525, 108224 / 25515, 1005728 / 229635)
"""Of the inverse of 1 - ln(1 + x)/x."""

LARGEST_NATS = 690.0
"""Spectral efficiencies are cut here, where 1 + x is about to overflow."""


def min_bandwidth_hz(rate_bps: ArrayLike, *, gain_power_w: ArrayLike, noise_psd_w_per_hz: ArrayLike) -> FloatArray:
    """Least band b with b log2(1 + p g/(N0 b)) >= R; infinite where no band suffices, or none that is a number.

    b = -R ln 2/(W₋₁(-Γ e^(-Γ)) + Γ) with Γ = N0 R ln 2/(p g), and only for Γ < 1, since the rate tends to p g/(N0 ln 2) as
    b grows. The branch 0 of Lambert's W is the trivial root W = -Γ. Where Γ < 1e-297, the SNR in b would be no number: there
    the band is wider than the least.

    Args:
        rate_bps: rate R, >= 0.
        gain_power_w: received power p·g, >= 0.
        noise_psd_w_per_hz: noise density N0, > 0.

    Source: Yang, Chen, Saad, Hong, Shikh-Bahaei 2021, "Energy efficient federated learning over wireless communication
    networks", lemma 2.

    >>> float(min_bandwidth_hz(1.0, gain_power_w=10.0, noise_psd_w_per_hz=1.0).round(6))
    0.169231
    >>> float(min_bandwidth_hz(20.0, gain_power_w=10.0, noise_psd_w_per_hz=1.0))
    inf
    """
    rate = checked("rate_bps", rate_bps, low=0.0)
    received = checked("gain_power_w", gain_power_w, low=0.0)
    noise = checked("noise_psd_w_per_hz", noise_psd_w_per_hz, low=0.0, open_low=True)
    load = _load(rate, noise, received)
    carried = (load > 0.0) & (load < 1.0)
    load = np.where(carried, load, 0.5)
    with np.errstate(over="ignore"):
        band = np.log(2.0) * rate / np.log1p(band_snr(load, spare=1.0 - load))
    return np.where(carried, band, np.where(rate > 0.0, np.inf, 0.0))


def _load(rate: FloatArray, noise: FloatArray, received: FloatArray) -> FloatArray:
    """Γ, at least about 2^-1000 for a rate above 0: products of very large and very small numbers stay within range."""
    (rate, up), (noise, high), (received, down) = (np.frexp(value) for value in (rate, noise, received))
    heard = received > 0.0
    ratio = np.log(2.0) * rate * noise / np.where(heard, received, 1.0)
    return np.where(heard, np.ldexp(ratio, np.clip(up + high - down, -1000, 1000)), np.where(rate > 0.0, np.inf, 0.0))


def band_snr(load: FloatArray, *, spare: FloatArray) -> FloatArray:
    """SNR x over the band at which ln(1 + x)/x equals the load Γ, that is x = -(W₋₁(-Γ e^(-Γ)) + Γ)/Γ.

    Lambert's W itself is not called: near Γ = 1 it loses all digits of W + 1, and it takes seven times as long.

    Args:
        load: Γ, between 0 and 1.
        spare: 1 - Γ, which decides alone where Γ is nearly 1 and so is wanted in full precision.
    """
    near = spare < NEAR_BRANCH_POINT
    heavy = spare < 0.5
    price = -np.where(
        heavy, np.log1p(-np.where(heavy, np.maximum(spare, NEAR_BRANCH_POINT), 0.0)), np.log(np.where(heavy, 1.0, load))
    )
    price = np.minimum(price, LARGEST_NATS - np.log(LARGEST_NATS))
    # In y = ln(1 + x) the root is that of ln((e^y - 1)/y) = -ln Γ, whose slope rises from 1/2 to 1: three steps reach rounding.
    nats = price + np.log1p(price)
    for _ in range(3):
        snr = np.expm1(nats)
        nats = nats - (np.log(snr / nats) - price) / (1.0 + 1.0 / snr - 1.0 / nats)
    series = np.zeros_like(spare)
    for coefficient in reversed(SERIES):
        series = spare * (coefficient + series)
    return np.where(near, series, np.expm1(nats))
