"""Device selection by difference-of-convex programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.device_selection import SelectionResult
from aircomp.beamforming.hermitian import outer
from aircomp.beamforming.matched_filters import matched_start
from aircomp.beamforming.selection_problem import ROUNDING, SelectionProblem
from channels.arrays import ComplexArray, IntArray, check_count, checked


@dataclass(frozen=True, kw_only=True)
class DifferenceOfConvexSelection:
    """Orders the clients by how far a low-rank M misses them, and serves as many of the first as can be.

    M ⪰ 0 with tr M <= 1 and g_iᴴMg_i >= 1 - x_i minimises Σ x_i less the k largest x_i, plus ρ(tr M - ‖M‖₂): all terms that are
    subtracted are convex, and linearised at the last M. First k = 0 and ρ = 0. The longest prefix of the order that one m
    serves is found by bisection; if it serves n of K clients, k = K - n - 1 seeks one more, until that fails. Then whoever is
    left out is tried once.

    Attributes:
        num_steps: linearisations for each k.
        penalty: ρ.
        tolerance: `stationarity` of the combining vectors on the way.

    Source: Yang, Jiang, Shi, Ding 2020, "Federated learning via over-the-air computation", section V; with k from below, and
    successive convex approximation to tell what can be served.

    >>> result = DifferenceOfConvexSelection().select([[1.0, 0.0], [0.0, 1.0], [0.1, 0.1], [1.0, 1.0]], max_square_norm=2.0)
    >>> result.selected.tolist(), int(result.bound)
    ([True, True, False, True], 3)
    """

    num_steps: int = 3
    penalty: float = 1.0
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        check_count("num_steps", self.num_steps)
        checked("penalty", self.penalty, low=0.0)
        checked("tolerance", self.tolerance, low=1e-9, high=1.0)

    def select(self, channel: ArrayLike, *, max_square_norm: ArrayLike) -> SelectionResult:
        problem = SelectionProblem.of(channel, max_square_norm=max_square_norm)
        matrix, bound = problem.whole_relaxation()
        best = matched_start(problem.channel)
        number = np.zeros(len(best), dtype=int)
        draws = np.arange(len(best))
        while draws.size:
            self._serve_prefixes(problem, best, matrix, draws, most=bound[draws], least=number[draws])
            before = number[draws]
            number[draws] = problem.served(best[draws], draws).sum(axis=-1)
            draws = draws[(number[draws] > before) & (number[draws] < bound[draws])]
            spared = problem.channel.heard[draws].sum(axis=-1) - number[draws] - 1
            for _ in range(self.num_steps):
                matrix[draws] = self._linearised(problem, matrix[draws], draws, spared)
        problem.take_back(best, tolerance=self.tolerance)
        return problem.result(best, bound)

    def _linearised(self, problem: SelectionProblem, matrix: ComplexArray, draws: IntArray, spared: IntArray) -> ComplexArray:
        """The next M, from the last, where the `spared` clients that are missed most do not count."""
        last = _order(problem, matrix, draws)
        counted = last < (problem.channel.heard[draws].sum(axis=-1) - spared)[:, None]
        cost = np.eye(matrix.shape[-1]) - outer(np.linalg.eigh(matrix)[1][..., -1])
        return problem.relaxation(draws, slack_cost=counted.astype(float), cost=self.penalty * cost, tolerance=1e-5).matrix

    def _serve_prefixes(
        self,
        problem: SelectionProblem,
        best: ComplexArray,
        matrix: ComplexArray,
        draws: IntArray,
        *,
        least: IntArray,
        most: IntArray,
    ) -> None:
        """Bisection for the longest prefix that can be served, between `least` and `most`."""
        order = _order(problem, matrix[draws], draws)
        start = np.linalg.eigh(matrix[draws])[1][..., -1]
        low, high = least.copy(), most.copy()
        while (open_ := np.flatnonzero(low < high)).size:
            middle = (low[open_] + high[open_] + 1) // 2
            answer = problem.serve(order[open_] < middle[:, None], draws[open_], start=start[open_], tolerance=self.tolerance)
            problem.keep_better(best, answer.combiner, draws[open_])
            fits = np.sum(np.abs(answer.combiner) ** 2, axis=-1) <= 1.0 + ROUNDING
            low[open_] = np.where(fits, middle, low[open_])
            high[open_] = np.where(fits, high[open_], middle - 1)


def _order(problem: SelectionProblem, matrix: ComplexArray, draws: IntArray) -> IntArray:
    """(D, K) place of each client by received power g_iᴴMg_i, the strongest 0; who is unheard comes last."""
    gain = problem.channel.gain[draws]
    power = np.sum((gain.conj() @ matrix * gain).real, axis=-1)
    return np.argsort(np.argsort(np.where(problem.channel.heard[draws], -power, np.inf), axis=-1), axis=-1)
