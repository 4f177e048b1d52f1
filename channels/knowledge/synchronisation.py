"""Clocks and oscillators that do not agree: phase and timing offsets."""

from __future__ import annotations

import numpy as np

from channels.arrays import ComplexArray, FloatArray, checked


def phase_rotation(shape: tuple[int, ...], *, deviation_rad: float, rng: np.random.Generator) -> ComplexArray:
    """Rotations e^{jφ} with φ ~ N(0, s²); E[e^{jφ}] = e^{-s²/2}.

    Source: Goldenbaum and Stanczak 2013, "Robust analog function computation via wireless multiple-access channels".

    >>> phase_rotation((2,), deviation_rad=0.0, rng=np.random.default_rng(0)).tolist()
    [(1+0j), (1+0j)]
    """
    checked("deviation_rad", deviation_rad, low=0.0)
    return np.exp(1j * deviation_rad * rng.standard_normal(shape))


def timing_rotation(
    shape: tuple[int, ...], *, deviation_s: float, frequency_hz: FloatArray, rng: np.random.Generator
) -> ComplexArray:
    """(*shape, S) rotations e^{-j 2π f Δ} of S subcarriers with Δ ~ N(0, s²), offsets staying within the cyclic prefix.

    Source: van de Beek, Sandell, Börjesson 1997, "ML estimation of time and frequency offset in OFDM systems", section II.

    >>> timing_rotation((1,), deviation_s=1e-6, frequency_hz=np.array([0.0]), rng=np.random.default_rng(0)).tolist()
    [[(1+0j)]]
    """
    checked("deviation_s", deviation_s, low=0.0)
    offset_s = deviation_s * rng.standard_normal(shape)
    return np.exp(-2j * np.pi * np.multiply.outer(offset_s, frequency_hz))
