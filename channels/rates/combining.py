"""Receive combining: one SNR out of those of several antennas."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def maximum_ratio_snr(branch_snr: ArrayLike) -> FloatArray:
    """SNR Σ_a γ_a of maximum-ratio combining: each branch weighted by its conjugate channel. No linear combiner has more.

    Args:
        branch_snr: (..., A) linear SNR γ of each antenna; noise is equal and independent.

    Returns:
        (...) SNR after combining.

    Source: Brennan 1959, "Linear diversity combining techniques".

    >>> float(maximum_ratio_snr([1.0, 4.0]))
    5.0
    """
    return _branches(branch_snr).sum(axis=-1)


def equal_gain_snr(branch_snr: ArrayLike) -> FloatArray:
    """SNR (Σ_a sqrt(γ_a))²/A of equal-gain combining: branches are turned into phase and added, without weights.

    Args:
        branch_snr: (..., A) linear SNR γ of each antenna; noise is equal and independent.

    Returns:
        (...) SNR after combining.

    Source: Brennan 1959, "Linear diversity combining techniques".

    >>> float(equal_gain_snr([1.0, 4.0]))
    4.5
    """
    amplitude = np.sqrt(_branches(branch_snr))
    return amplitude.sum(axis=-1) ** 2 / amplitude.shape[-1]


def selection_snr(branch_snr: ArrayLike) -> FloatArray:
    """SNR max_a γ_a of selection combining: only the best branch is received.

    Args:
        branch_snr: (..., A) linear SNR γ of each antenna.

    Returns:
        (...) SNR after combining.

    Source: Brennan 1959, "Linear diversity combining techniques".

    >>> float(selection_snr([1.0, 4.0]))
    4.0
    """
    return _branches(branch_snr).max(axis=-1)


def _branches(branch_snr: ArrayLike) -> FloatArray:
    snr = checked("branch_snr", branch_snr, low=0.0)
    if not snr.ndim or not snr.shape[-1]:
        raise ValueError(f"branch_snr: got shape {snr.shape}; needed is (..., number of antennas >= 1)")
    return snr
