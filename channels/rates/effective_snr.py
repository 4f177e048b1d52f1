"""One SNR that stands for many subcarriers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def effective_snr(snr: ArrayLike, axis: int = -1) -> FloatArray:
    """SNR 2^(mean log2(1 + γ)) - 1 of the flat channel that carries as much as parallel subcarriers together.

    It lies between the smallest and the mean SNR, and equals both when the channel is flat.

    Args:
        snr: (..., S) linear SNR γ of each subcarrier, each with the same power and bandwidth.
        axis: that of the subcarriers.

    Returns:
        (...) linear effective SNR.

    Source: Tuomaala and Wang 2005, "Effective SINR approach of link to system mapping in OFDM/multi-carrier mobile network",
    with Shannon's rate as the information that is averaged.

    >>> float(effective_snr([1.0, 7.0]).round(12))
    3.0
    """
    ratio = checked("snr", snr, low=0.0)
    if not ratio.ndim or not ratio.shape[axis]:
        raise ValueError(f"snr: got shape {ratio.shape}; needed is an axis of subcarriers, at least one")
    return np.expm1(np.log1p(ratio).mean(axis=axis))
