"""The least band that carries a rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from channels.arrays import FloatArray, checked

# scipy's lambertw loses all digits of W + 1 where 1 - Γ is about 5e-5 or less; there the inverse series of ln(1 + x)/x
# serves, whose next term is below 1e-12 relative.
NEAR_BRANCH_POINT = 5e-4


def min_bandwidth_hz(rate_bps: ArrayLike, *, gain_power_w: ArrayLike, noise_psd_w_per_hz: ArrayLike) -> FloatArray:
    """Least band b with b log2(1 + p g/(N0 b)) >= R; infinite where no band suffices.

    b = -R ln 2/(W₋₁(-Γ e^(-Γ)) + Γ) with Γ = N0 R ln 2/(p g), and only for Γ < 1, since the rate tends to p g/(N0 ln 2) as
    b grows. The branch 0 of Lambert's W is the trivial root W = -Γ.

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
    with np.errstate(divide="ignore", invalid="ignore"):
        load = np.log(2.0) * rate * noise / received
    carried = (load > 0.0) & (load < 1.0)
    load = np.where(carried, load, 0.5)
    band = received / noise / band_snr(load, spare=1.0 - load)
    return np.where(carried, band, np.where(rate > 0.0, np.inf, 0.0))


def band_snr(load: FloatArray, *, spare: FloatArray) -> FloatArray:
    """SNR x over the band at which ln(1 + x)/x equals the load Γ, that is x = -(W₋₁(-Γ e^(-Γ)) + Γ)/Γ.

    Args:
        load: Γ, between 0 and 1.
        spare: 1 - Γ, which decides alone where Γ is nearly 1 and so is wanted in full precision.
    """
    near = spare < NEAR_BRANCH_POINT
    gamma = np.where(near, 0.5, load)
    snr = -(lambertw(-gamma * np.exp(-gamma), k=-1).real + gamma) / gamma
    snr -= (np.log1p(snr) - gamma * snr) / (1.0 / (1.0 + snr) - gamma)  # one Newton step, for the cancellation in W + Γ
    series = spare * (2.0 + spare * (8.0 / 3.0 + spare * (28.0 / 9.0 + spare * 464.0 / 135.0)))
    return np.where(near, series, snr)
