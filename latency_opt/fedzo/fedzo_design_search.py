"""The global optimum of FedZO designs, by branch and bound over steps, directions and thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aircomp.result import status_of
from channels.arrays import FloatArray, IntArray, row_blocks
from latency_opt.fedzo.fedzo_design_result import FedZODesignResult
from latency_opt.fedzo.participation_law import ParticipationLaw
from latency_opt.monotone_root import monotone_root

if TYPE_CHECKING:
    from latency_opt.fedzo.fedzo_design import FedZODesignProblem

COARSE_STEP = 0.25
"""Width of the first cells in ln h_min²."""

MAX_HALVINGS = 40

ROUNDING = 1e-14
"""φ is known to this part of the room."""

OPTIMALITY_GAP = 1e-9
"""What is left open between the time found and the lower bound."""


class DesignSearch:
    """Instances as rows, pairs of H and b₂ as columns, the points of level l at g = low·exp(step·index/2^l)."""

    def __init__(self, problem: FedZODesignProblem) -> None:
        pairs = (len(problem.local_steps), len(problem.directions))
        whole = (*problem.snr.shape, *pairs)
        rows = (problem.snr.size, pairs[0] * pairs[1])
        self.problem, self.law = problem, ParticipationLaw(problem.num_clients)
        self.room = np.broadcast_to(problem.room[..., None], whole).reshape(rows)
        self.variance = np.broadcast_to(problem.variance[..., None, :], whole).reshape(rows)
        self.noise = np.broadcast_to(problem.noise[..., None], whole).reshape(rows)
        per_error = (problem.optimisation_error[..., None] / problem.path_length)[..., None]
        self.unit_s = (problem.round_s * per_error).reshape(rows)
        # Below this no pair has φ > 0, as E[1/M] >= 1/K and E[1/M²] >= 1/K².
        spare = self.room - self.variance / problem.num_clients
        largest = problem.max_threshold**2
        fair = np.where(spare > 0.0, self.noise / np.where(spare > 0.0, spare, 1.0) / problem.num_clients**2, np.inf)
        self.low = min(float(fair.min()), 0.5 * largest)
        self.cells = max(2, int(np.ceil(np.log(largest / self.low) / COARSE_STEP)))
        self.step = np.log(largest / self.low) / self.cells

    def gain(self, row: IntArray, column: IntArray, moments: FloatArray) -> FloatArray:
        """φ where `moments` has the three moments on its last axis, or its derivatives."""
        terms = self.room[row, column], self.variance[row, column], self.noise[row, column]
        return terms[0] * moments[..., 0] - terms[1] * moments[..., 1] - terms[2] * moments[..., 2]

    def points(self, index: IntArray, level: int) -> FloatArray:
        return self.low * np.exp(self.step * index / 2.0**level)

    def solve(self, threshold: FloatArray) -> FedZODesignResult:
        size, columns = self.room.shape
        rows = np.arange(size)
        best, pair, at = np.empty(size), np.full(size, len(self.problem.directions) - 1), threshold.reshape(-1) ** 2
        best[:] = self.unit_s[rows, pair] / self.gain(rows, pair, self.law.moments(at))
        ends = self.points(np.arange(self.cells + 1), 0)
        moments, bend = self.law.moments(ends), self._bend(np.arange(self.cells), 0)
        row, column, cell = (np.zeros(0, dtype=int) for _ in range(3))
        for block in row_blocks(size, columns * self.cells):
            r, c = np.meshgrid(rows[block], np.arange(columns), indexing="ij")
            gain = self.gain(r[..., None], c[..., None], moments)
            self._record(r.reshape(-1), c.reshape(-1), gain.reshape(-1, len(ends)).T, ends[:, None], best, pair, at)
            ceiling = np.maximum(gain[..., 1:], gain[..., :-1]) + self._curve(r[..., None], c[..., None], bend)
            kept = self._promising(r[..., None], c[..., None], ceiling, best)
            i, j, k = np.nonzero(kept)
            row, column, cell = np.append(row, rows[block][i]), np.append(column, j), np.append(cell, k)
        level = 0
        while row.size and level < MAX_HALVINGS:
            level += 1
            row, column = np.repeat(row, 2), np.repeat(column, 2)
            cell = np.stack([2 * cell, 2 * cell + 1], axis=-1).reshape(-1)
            used, inverse = np.unique(np.stack([cell, cell + 1]), return_inverse=True)
            ends = self.points(used, level)
            left, right = inverse.reshape(2, -1)
            moments = self.law.moments(ends)
            gain = np.stack([self.gain(row, column, moments[left]), self.gain(row, column, moments[right])])
            self._record(row, column, gain, np.stack([ends[left], ends[right]]), best, pair, at)
            narrow, which = np.unique(cell, return_inverse=True)
            ceiling = gain.max(axis=0) + self._curve(row, column, self._bend(narrow, level)[which])
            kept = self._promising(row, column, ceiling, best)
            row, column, cell = row[kept], column[kept], cell[kept]
        gap = np.full(size, OPTIMALITY_GAP)
        gap[row] = np.inf
        return self._finish(best, pair, at, best * np.maximum(1.0 - gap, 0.0), level)

    def _bend(self, cell: IntArray, level: int) -> FloatArray:
        """(cells, 3) w²/8 times the bounds of the moments' second derivatives, with the signs that φ has them in."""
        low, high = self.points(cell, level), self.points(cell + 1, level)
        return self.law.bend(low, high) * ((high - low) ** 2 / 8.0)[:, None] * np.array([1.0, -1.0, -1.0])

    def _curve(self, row: IntArray, column: IntArray, bend: FloatArray) -> FloatArray:
        return np.maximum(self.gain(row, column, bend), 0.0)

    def _promising(self, row: IntArray, column: IntArray, ceiling: FloatArray, best: FloatArray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (self.room[row, column] > 0.0) & (ceiling * best[row] * (1.0 - OPTIMALITY_GAP) > self.unit_s[row, column])

    def _record(
        self, row: IntArray, column: IntArray, gain: FloatArray, g: FloatArray, best: FloatArray, pair: IntArray, at: FloatArray
    ) -> None:
        """Puts the fastest of the points (points, cells) into the best known of each row."""
        with np.errstate(divide="ignore"):
            time = np.where(gain > 0.0, self.unit_s[row, column] / np.maximum(gain, 0.0), np.inf)
        first = np.argmin(time, axis=0)
        own = np.arange(row.size)
        least, place = time[first, own], np.broadcast_to(g, gain.shape)[first, own]
        order = np.lexsort((least, row))
        leading = order[np.append(True, np.diff(row[order]) != 0)] if row.size else order
        better = leading[least[leading] < best[row[leading]]]
        best[row[better]], pair[row[better]], at[row[better]] = least[better], column[better], place[better]

    def _finish(self, best: FloatArray, pair: IntArray, at: FloatArray, bound: FloatArray, level: int) -> FedZODesignResult:
        problem, rows = self.problem, np.arange(len(best))
        largest = problem.max_threshold**2
        unit = self.room[rows, pair]

        def fall(g: FloatArray) -> tuple[FloatArray, FloatArray]:
            """-dφ/dg and its slope, relative to the room."""
            first, second = self.law.derivatives(g)
            return -self.gain(rows, pair, first) * at / unit, -self.gain(rows, pair, second) * at / unit

        reach = np.exp(2.0 * COARSE_STEP)
        high = np.minimum(at * reach, largest)
        root, steps = monotone_root(fall, low=at / reach, high=high)
        root = np.where(fall(high)[0] <= 0.0, high, root)
        better = self.gain(rows, pair, self.law.moments(root)) >= self.unit_s[rows, pair] / best - ROUNDING * unit
        root = np.where(better, root, at)
        moments = self.law.moments(root)
        gain = self.gain(rows, pair, moments)
        slope = fall(root)[0]
        residual = np.where(root >= largest, np.maximum(slope, 0.0), np.abs(slope))

        shape = problem.snr.shape
        step, along = np.divmod(pair, len(problem.directions))
        path = problem.path_length.reshape(len(best), -1)[rows, step]
        useful = problem.optimisation_error.reshape(-1) * moments[:, 0] / (path * gain)
        seconds = self.unit_s[rows, pair] / gain
        worst = max(float(residual.max(initial=0.0)), float(np.max(1.0 - bound / seconds, initial=0.0)))
        return FedZODesignResult(
            problem=problem,
            local_steps=problem.local_steps[step].reshape(shape),
            directions=problem.directions[along].reshape(shape),
            threshold=np.sqrt(root).reshape(shape),
            useful_rounds=useful.reshape(shape),
            rounds=(useful / moments[:, 0]).reshape(shape),
            round_latency_s=problem.round_s.reshape(len(best), -1)[rows, pair].reshape(shape),
            optimisation_term=(gain / moments[:, 0]).reshape(shape),
            variance_term=(self.variance[rows, pair] * moments[:, 1] / moments[:, 0]).reshape(shape),
            drift_term=(problem.target.reshape(-1) - unit).reshape(shape),
            noise_term=(self.noise[rows, pair] * moments[:, 2] / moments[:, 0]).reshape(shape),
            lower_bound_s=bound.reshape(shape),
            kkt_residual=residual.reshape(shape),
            status=status_of(worst),
            iterations=level + steps,
            threshold_price_s=np.where(root >= largest, 2.0 * np.sqrt(root) * slope * unit / at * seconds / gain, 0.0).reshape(
                shape
            ),
        )
