"""Uniform forcing by difference-of-convex programming."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import Beamformer, BeamformingResult, ForcedChannel
from aircomp.beamforming.convex_step import convex_step
from aircomp.beamforming.hermitian import outer
from aircomp.beamforming.interior_point import minimize_semidefinite
from aircomp.beamforming.randomization import GaussianRandomization
from aircomp.beamforming.relaxation import relaxation_program
from channels.arrays import check_count, checked

STIFFER = 4.0
"""What the penalty is multiplied with where the steps end before M is of rank one."""


@dataclass(frozen=True, kw_only=True)
class DifferenceOfConvex:
    """min tr M + ρ(tr M - ‖M‖₂) over M ⪰ 0 with g_iᴴMg_i >= 1; the bracket is 0 if, and only if, M is of rank one.

    ‖M‖₂ is convex: with u the dominant eigenvector of the last M it is at least uᴴMu, and each step is the semidefinite program
    of cost I + ρ(I - uuᴴ), which does not raise the objective. Where it no longer falls and M is not of rank one, ρ grows. Of
    the start and all dominant eigenvectors the best is kept, so that the answer is never worse than the start.

    Attributes:
        start: where to start from, and who computes the bound.
        penalty: ρ at first.
        tolerance: relative fall of the objective at which it counts as still, and tr M - ‖M‖₂, relative to tr M, as 0.
        max_iterations: semidefinite programs solved at most.

    Source: Yang, Jiang, Shi, Ding 2020, "Federated learning via over-the-air computation", section IV.

    >>> result = DifferenceOfConvex().solve([[1.0, 0.2], [1.0, 1.0j], [1.0, -1.0], [0.3, 1.5]])
    >>> float(result.square_norm.round(4)), bool(result.gap < 0.01)
    (1.2809, True)
    """

    start: Beamformer = field(default_factory=GaussianRandomization)
    penalty: float = 1.0
    tolerance: float = 1e-4
    max_iterations: int = 200

    def __post_init__(self) -> None:
        checked("penalty", self.penalty, low=0.0, open_low=True)
        checked("tolerance", self.tolerance, low=1e-8, high=1.0)
        check_count("max_iterations", self.max_iterations)

    def solve(self, channel: ArrayLike) -> BeamformingResult:
        forced = ForcedChannel.of(channel)
        begin = self.start.solve(channel)
        best = begin.combiner.reshape(forced.gain[:, 0].shape) * forced.unit[:, None]
        trace = np.sum(np.abs(best) ** 2, axis=-1)
        largest = trace.copy()
        direction = best / np.sqrt(trace)[:, None]
        eye = np.eye(best.shape[-1])
        penalty = np.full(len(best), self.penalty)
        draws, iterations = np.arange(len(best)), 0
        while draws.size and iterations < self.max_iterations:
            now, price = forced.take(draws), penalty[draws]
            cost = eye + price[:, None, None] * (eye - outer(direction[draws]))
            matrix = minimize_semidefinite(relaxation_program(now.gain, cost=cost), tolerance=0.1 * self.tolerance).matrix
            before = (1.0 + price) * trace[draws] - price * largest[draws]
            value, vector = np.linalg.eigh(matrix)
            trace[draws], largest[draws], direction[draws] = value.sum(axis=-1), value[:, -1], vector[..., -1]
            best[draws] = now.shortest(np.stack([best[draws], vector[..., -1]], axis=1))
            still = (1.0 + price) * trace[draws] - price * largest[draws] > (1.0 - self.tolerance) * before
            rank_one = trace[draws] - largest[draws] <= self.tolerance * trace[draws]
            penalty[draws] = np.where(still, STIFFER * price, price)
            draws = draws[~(still & rank_one)]
            iterations += 1
        stationarity = convex_step(forced, best, tolerance=1e-8).stationarity
        bound = begin.bound.reshape(-1) * forced.unit**2
        return forced.result(best, bound=bound, stationarity=stationarity, iterations=iterations)
