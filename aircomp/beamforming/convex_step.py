"""The uniform-forcing problem convexified at a point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aircomp.beamforming.beamformer import ForcedChannel
from aircomp.beamforming.least_norm import least_norm_point
from channels.arrays import ComplexArray, FloatArray

INWARDS = 1.1
"""The step's problem starts at this multiple of the point, strictly inside."""


class ConvexStep(NamedTuple):
    """Where the convexified problem leads from m.

    Attributes:
        combiner: (B, A) its optimum, feasible in the problem itself.
        share: (B, K) y_i d_i, what each client's constraint d_i at its price y_i adds to ‖m‖²: their sum, if m is stationary.
        stationarity: (B,) 1 - its optimum/‖m‖², by its dual; 0 if m is stationary.
    """

    combiner: ComplexArray
    share: FloatArray
    stationarity: FloatArray


def convex_step(channel: ForcedChannel, combiner: ComplexArray, *, tolerance: float) -> ConvexStep:
    """min ‖x‖² subject to 2 Re(mᴴg_i g_iᴴx) - |mᴴg_i|² >= 1, which |xᴴg_i|² - 1 is never below, at feasible m (B, A).

    The constraints touch |xᴴg_i|² >= 1 at x = m, so that m solves the step's problem if, and only if, it meets the conditions
    of Karush, Kuhn and Tucker of its own.
    """
    received = np.matvec(channel.gain, combiner.conj()).conj()
    strength = np.where(channel.heard, np.abs(received), 1.0)
    norm = np.where(channel.heard, np.linalg.norm(channel.gain, axis=-1), 1.0)
    rows = channel.gain * (received / (strength * norm))[..., None]
    level = np.where(channel.heard, (strength + 1.0 / strength) / (2.0 * norm), -1.0)
    answer = least_norm_point(
        np.concatenate([rows.real, rows.imag], axis=-1),
        level,
        start=INWARDS * np.concatenate([combiner.real, combiner.imag], axis=-1),
        tolerance=tolerance,
    )
    real, imag = np.split(answer.point, 2, axis=-1)
    stationarity = 1.0 - answer.bound / np.sum(np.abs(combiner) ** 2, axis=-1)
    return ConvexStep(real + 1j * imag, answer.price * level, stationarity)
