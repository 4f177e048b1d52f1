"""How little noise problems can be solved with."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray, checked

LARGEST_SNR = 1e100
"""Over the whole band; that in a small part of it, its powers, and energies of so little noise must be numbers, too."""


def check_noise(noise_psd_w_per_hz: float, *, received_w: FloatArray, bandwidth_hz: FloatArray) -> None:
    """A ValueError if the noise is a subnormal number, which has few digits, or next to nothing beside what is received.

    Args:
        noise_psd_w_per_hz: noise density.
        received_w: (..., n) powers.
        bandwidth_hz: (...) whole band.

    >>> check_noise(1e-200, received_w=np.array([1e-12]), bandwidth_hz=np.array(1e6))
    Traceback (most recent call last):
    ValueError: noise_psd_w_per_hz: got 1e-200 with up to 1e-12 W received; allowed is an SNR over the band of at most 1e+100
    """
    checked("noise_psd_w_per_hz", noise_psd_w_per_hz, low=np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        snr = received_w / noise_psd_w_per_hz / bandwidth_hz[..., None]
    if (snr > LARGEST_SNR).any():
        raise ValueError(
            f"noise_psd_w_per_hz: got {noise_psd_w_per_hz:g} with up to {received_w.max():g} W received; "
            f"allowed is an SNR over the band of at most {LARGEST_SNR:g}"
        )
