"""Shannon rate of a band."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def shannon_rate_bps(bandwidth_hz: ArrayLike, *, gain_power_w: ArrayLike, noise_psd_w_per_hz: ArrayLike) -> FloatArray:
    """Rate r = b log2(1 + p g/(N0 b)) in bit/s; 0 where the band or the received power is 0.

    The SNR is that over the band itself: received power p·g over the noise N0·b in it.

    Args:
        bandwidth_hz: band b, >= 0.
        gain_power_w: received power, transmit power times power gain, >= 0.
        noise_psd_w_per_hz: noise density N0 > 0.

    Source: Shannon 1949, "Communication in the presence of noise".

    >>> float(shannon_rate_bps(1e6, gain_power_w=3e-12, noise_psd_w_per_hz=1e-18))
    2000000.0
    """
    bandwidth = checked("bandwidth_hz", bandwidth_hz, low=0.0)
    received = checked("gain_power_w", gain_power_w, low=0.0)
    noise = checked("noise_psd_w_per_hz", noise_psd_w_per_hz, low=0.0, open_low=True)
    band = np.where(bandwidth > 0.0, bandwidth, 1.0)
    snr = received / (noise * band)
    return np.where(bandwidth > 0.0, bandwidth * np.log1p(snr) / np.log(2.0), 0.0)
