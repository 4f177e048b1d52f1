"""Uniform forcing by successive convex approximation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import Beamformer, BeamformingResult, ForcedChannel
from aircomp.beamforming.convex_step import convex_step
from aircomp.beamforming.randomization import GaussianRandomization
from channels.arrays import ComplexArray, FloatArray, IntArray, check_count, checked

FURTHER = np.array([1.0, 2.0, 4.0])[:, None]
"""How far a step is tried, in multiples of that to the optimum of its convex problem."""


NUM_DIRECTIONS = 100
"""Of so many random directions the best is a further start."""


@dataclass(frozen=True, kw_only=True)
class SuccessiveConvexApproximation:
    """From m, on to the optimum of the problem convexified at m, until m is stationary.

    No step leaves the constraints or lengthens m, so that the answer is never worse than the start.

    Attributes:
        start: where to start from first, and who computes the bound; `MatchedFilters` takes no time, and has no bound.
        num_starts: how many starts the best answer is taken of, where the first does not reach the bound; each further one is
            the best of random directions.
        tolerance: `stationarity` that ends it.
        max_iterations: steps after which it ends in any case.
        seed: of the further starts.

    Source: Mehanna, Huang, Gopalakrishnan, Konar, Sidiropoulos 2015, "Feasible point pursuit and successive approximation of
    non-convex QCQPs".

    >>> gain = np.array([[1.0, 0.2], [1.0, 1.0j], [1.0, -1.0], [0.3, 1.5]])
    >>> result = SuccessiveConvexApproximation().solve(gain)
    >>> float(result.square_norm.round(4)), bool(result.gap < 1e-6), float(np.abs(gain @ result.combiner.conj()).min().round(9))
    (1.2809, True, 1.0)
    """

    start: Beamformer = field(default_factory=GaussianRandomization)
    num_starts: int = 3
    tolerance: float = 1e-6
    max_iterations: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("num_starts", self.num_starts)
        checked("tolerance", self.tolerance, low=1e-9, high=1.0)
        check_count("max_iterations", self.max_iterations)

    def solve(self, channel: ArrayLike) -> BeamformingResult:
        forced = ForcedChannel.of(channel)
        begin = self.start.solve(channel)
        bound = begin.bound.reshape(-1) * forced.unit**2
        first = self._descend(forced, begin.combiner.reshape(forced.gain[:, 0].shape) * forced.unit[:, None])
        combiner, stationarity, iterations = first.combiner, first.stationarity, first.iterations
        draws = np.flatnonzero(~(np.sum(np.abs(combiner) ** 2, axis=-1) <= (1.0 + self.tolerance) * bound))
        if self.num_starts > 1 and draws.size:
            more = self._descend(*self._further_starts(forced, draws))
            shape = (len(draws), self.num_starts - 1, -1)
            found = np.concatenate([combiner[draws, None], more.combiner.reshape(shape)], axis=1)
            residual = np.concatenate([stationarity[draws, None], more.stationarity.reshape(shape[:2])], axis=1)
            every, best = np.arange(len(draws)), np.argmin(np.linalg.norm(found, axis=-1), axis=-1)
            combiner[draws], stationarity[draws] = found[every, best], residual[every, best]
            iterations += more.iterations
        return forced.result(combiner, bound=bound, stationarity=stationarity, iterations=iterations)

    def _descend(self, channel: ForcedChannel, combiner: ComplexArray) -> Descent:
        return descend(channel, combiner, tolerance=self.tolerance, max_iterations=self.max_iterations)

    def _further_starts(self, forced: ForcedChannel, draws: IntArray) -> tuple[ForcedChannel, ComplexArray]:
        """Channels of the draws, each repeated, and as many starts."""
        size, times = forced.gain.shape[-1], self.num_starts - 1
        normal = np.random.default_rng(self.seed).standard_normal((2, times, NUM_DIRECTIONS, size))
        directions = np.tile(normal[0] + 1j * normal[1], (len(draws), 1, 1))
        channel = forced.take(np.repeat(draws, times))
        return channel, channel.shortest(directions)


ROUNDING = 1e-14
"""A step that shortens m by no more leads nowhere."""


class Descent(NamedTuple):
    """Where the steps ended; the fields are those of `ConvexStep` there."""

    combiner: ComplexArray
    share: FloatArray
    stationarity: FloatArray
    iterations: int


def descend(channel: ForcedChannel, combiner: ComplexArray, *, tolerance: float, max_iterations: int) -> Descent:
    """From feasible m (B, A), convex steps until each draw's `stationarity` is within the tolerance, or no step shortens m."""
    combiner = combiner.copy()
    share, stationarity = np.zeros(channel.heard.shape), np.ones(len(combiner))
    going, iterations = np.arange(len(combiner)), 0
    while going.size:
        now, at = channel.take(going), combiner[going]
        step = convex_step(now, at, tolerance=0.1 * tolerance)
        share[going], stationarity[going] = step.share, step.stationarity
        moves = step.stationarity > tolerance
        if iterations == max_iterations or not moves.any():
            break
        going, now, at = going[moves], now.take(moves), at[moves, None]
        combiner[going] = now.shortest(np.concatenate([at, at + FURTHER * (step.combiner[moves, None] - at)], axis=1))
        shorter = np.linalg.norm(combiner[going], axis=-1) < (1.0 - ROUNDING) * np.linalg.norm(at[:, 0], axis=-1)
        going = going[shorter]  # from where it stands still, a draw would take the same step again
        iterations += 1
    return Descent(combiner, share, stationarity, iterations)
