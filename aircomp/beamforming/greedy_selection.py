"""Device selection by dropping whoever costs most, and taking back whoever fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.device_selection import SelectionResult
from aircomp.beamforming.matched_filters import matched_start
from aircomp.beamforming.selection_problem import ROUNDING, SelectionProblem
from channels.arrays import checked


@dataclass(frozen=True, kw_only=True)
class GreedySelection:
    """From all clients, drops the one with the largest share in ‖m‖² until the limit is met, then takes back whom it can.

    At stationary m, Σ λ_i|mᴴg_i|² = ‖m‖² with the prices λ_i of the clients' constraints: their shares. Each client that was
    dropped is tried once more at the end. At a single antenna that is the optimum.

    Attributes:
        tolerance: `stationarity` of the combining vectors on the way.

    >>> result = GreedySelection().select([[1.0, 0.0], [0.0, 1.0], [0.1, 0.1], [1.0, 1.0]], max_square_norm=2.0)
    >>> result.selected.tolist(), int(result.bound)
    ([True, True, False, True], 3)
    """

    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        checked("tolerance", self.tolerance, low=1e-9, high=1.0)

    def select(self, channel: ArrayLike, *, max_square_norm: ArrayLike) -> SelectionResult:
        problem = SelectionProblem.of(channel, max_square_norm=max_square_norm)
        kept = problem.channel.heard.copy()
        combiner = matched_start(problem.channel)
        best = combiner.copy()
        draws = np.arange(len(best))
        while draws.size:
            answer = problem.serve(kept[draws], draws, start=combiner[draws], tolerance=self.tolerance)
            combiner[draws] = answer.combiner
            problem.keep_better(best, answer.combiner, draws)
            over = np.sum(np.abs(answer.combiner) ** 2, axis=-1) > 1.0 + ROUNDING
            draws = draws[over]
            kept[draws, np.argmax(answer.share[over], axis=-1)] = False
        problem.take_back(best, tolerance=self.tolerance)
        return problem.result(best, problem.whole_relaxation()[1])
