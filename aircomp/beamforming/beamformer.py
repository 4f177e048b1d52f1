"""What a beamformer for uniform forcing is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, ComplexArray, FloatArray, IntArray, checked
from channels.summary import shown_by


@shown_by("square_norm", "bound", "gap", "combiner", "iterations")
@dataclass(frozen=True, kw_only=True, eq=False)
class BeamformingResult:
    """A combining vector m with min_i |mᴴg_i| = 1, over a batch of draws (leading axes).

    Attributes:
        combiner: (..., A) m.
        square_norm: (...) ‖m‖²; times the noise power, the error of the sum.
        bound: (...) certified lower bound of the least ‖m‖²; nan where nothing was relaxed.
        stationarity: (...) most by which the problem convexified at m could still lower ‖m‖², relative to it: 0 if and only if
            m meets the conditions of Karush, Kuhn and Tucker.
        iterations: convex problems solved, beyond the relaxation, for the draw that took most.
    """

    combiner: ComplexArray
    square_norm: FloatArray
    bound: FloatArray
    stationarity: FloatArray
    iterations: int

    @property
    def gap(self) -> FloatArray:
        """(...) ‖m‖²/bound - 1, nan without a bound: by at most gap/(1 + gap) of itself the error could be less."""
        return self.square_norm / self.bound - 1.0


class Beamformer(Protocol):
    """A rule for min ‖m‖² subject to |mᴴg_i| >= 1 for every client i, in general NP-hard."""

    def solve(self, channel: ArrayLike) -> BeamformingResult:
        """Combining vectors for a batch of draws.

        Args:
            channel: (..., K, A) complex g_i = √P_i h_i/w_i. A client with g_i = 0 is left out; in each draw one must be heard.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class ForcedChannel:
    """Channels with one batch axis, in units in which the weakest client's norm is 1.

    Attributes:
        gain: (B, K, A) g_i/unit.
        heard: (B, K) where g_i is not 0.
        unit: (B,) norm of the weakest client that is heard.
        batch: shape of the batch.
    """

    gain: ComplexArray
    heard: BoolArray
    unit: FloatArray
    batch: tuple[int, ...]

    @classmethod
    def of(cls, channel: ArrayLike) -> Self:
        gain = np.asarray(channel, dtype=complex)
        if gain.ndim < 2 or 0 in gain.shape[-2:]:
            raise ValueError(f"channel: got shape {gain.shape}; needed is (..., number of clients >= 1, antennas >= 1)")
        if not np.isfinite(gain).all():
            checked("channel", np.abs(gain))
        flat = gain.reshape(-1, *gain.shape[-2:])
        norm = np.linalg.norm(flat, axis=-1)
        heard = norm > 0.0
        if not heard.any(axis=-1).all():
            raise ValueError("channel: got a draw in which every client's channel is 0; needed is at least one that is not")
        unit = np.min(np.where(heard, norm, np.inf), axis=-1)
        return cls(gain=flat / unit[:, None, None], heard=heard, unit=unit, batch=gain.shape[:-2])

    def take(self, draws: IntArray | BoolArray) -> Self:
        """Some of the draws, with one batch axis."""
        unit = self.unit[draws]
        return type(self)(gain=self.gain[draws], heard=self.heard[draws], unit=unit, batch=unit.shape)

    def only(self, clients: BoolArray) -> Self:
        """Some of the clients (B, K), the others unheard, in the same units."""
        heard = self.heard & clients
        return type(self)(gain=np.where(heard[..., None], self.gain, 0.0), heard=heard, unit=self.unit, batch=self.batch)

    def shortest(self, candidates: ComplexArray) -> ComplexArray:
        """(B, A) of candidates (B, N, A), each scaled until min_i |mᴴg_i| = 1, the one with the least norm."""
        received = np.abs(candidates.conj() @ np.swapaxes(self.gain, -1, -2))
        least = np.min(np.where(self.heard[:, None, :], received, np.inf), axis=-1)
        norm = np.linalg.norm(candidates, axis=-1)
        best = np.argmax(least / np.where(norm > 0.0, norm, 1.0), axis=-1)[:, None]
        chosen = np.take_along_axis(candidates, best[..., None], axis=-2)[:, 0]
        return chosen / np.take_along_axis(least, best, axis=-1)

    def result(
        self, combiner: ComplexArray, *, bound: FloatArray, stationarity: FloatArray, iterations: int
    ) -> BeamformingResult:
        """What combining vectors (B, A) and bounds (B,) in these units are in the channel's own."""
        square_norm = np.sum(np.abs(combiner) ** 2, axis=-1)
        return BeamformingResult(
            combiner=(combiner / self.unit[:, None]).reshape(*self.batch, combiner.shape[-1]),
            square_norm=(square_norm / self.unit**2).reshape(self.batch),
            bound=(bound / self.unit**2).reshape(self.batch),
            stationarity=stationarity.reshape(self.batch),
            iterations=iterations,
        )
