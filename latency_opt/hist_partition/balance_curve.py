"""The least imbalance that a round latency leaves, for many partition problems in a row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from channels.arrays import FloatArray, IntArray
from latency_opt.hist_partition.partition import PartitionProblem

LEVEL_ROUNDING = 1e-12
"""A cell within this of the water level is at it."""


class BalancePoint(NamedTuple):
    """The least imbalance χ² of a round latency τ, and how it changes with τ; all (M,), for M problems.

    As long as the same cells are held by their caps and floors χ² is a parabola in τ, and this is all of it.
    """

    latency_s: FloatArray
    imbalance: FloatArray
    fall: FloatArray
    curvature: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Filling:
    """Shares at some water level ν, clip(w(1 + ν), α_min, (τ - t)/κ), for M problems.

    Attributes:
        share: (N, M).
        below: (N, M) how far each cell is held below the level by its cap, max(ν - (α - w)/w, 0).
        missing: (M,) what the shares lack of adding up to 1.
        free_weight: (M,) of the cells that neither cap nor floor holds, the slope of the shares' sum in ν.
        capped_pace: (M,) Σ 1/κ of those held by caps, its slope in τ.
    """

    share: FloatArray
    below: FloatArray
    missing: FloatArray
    free_weight: FloatArray
    capped_pace: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class BalanceCurve:
    """χ²(τ) of M problems: convex, falling, a parabola in pieces.

    Arrays (N, M) have the cells first: sums over few cells then run along the batch, at the speed of memory.

    Attributes:
        least_s: (M,) least possible round latency.
        weight: (N, M) w.
        floor: (N, M) α_min.
        pace: (N, M) 1/κ.
        least_cap: (N, M) the caps at the least latency.
        per_weight: (N, M) 1/w.
        steepness: (N, M) 1/(wκ²).
    """

    least_s: FloatArray
    weight: FloatArray
    floor: FloatArray
    pace: FloatArray
    least_cap: FloatArray
    per_weight: FloatArray
    steepness: FloatArray

    @classmethod
    def of(cls, problem: PartitionProblem) -> BalanceCurve:
        def cells_first(array: FloatArray) -> FloatArray:
            return np.ascontiguousarray(array.reshape(-1, problem.num_cells).T)

        least_s, weight = problem.least_latency_s.reshape(-1), cells_first(problem.weights)
        pace, per_weight = 1.0 / cells_first(problem.slope_s), 1.0 / weight
        return cls(
            least_s=least_s,
            weight=weight,
            floor=cells_first(problem.min_fraction),
            pace=pace,
            least_cap=(least_s - cells_first(problem.fixed_latency_s)) * pace,
            per_weight=per_weight,
            steepness=pace**2 * per_weight,
        )

    def rows(self, keep: IntArray | slice) -> BalanceCurve:
        """The same for some of the problems."""
        return BalanceCurve(**{entry.name: getattr(self, entry.name)[..., keep] for entry in fields(self)})

    @property
    def highest_level(self) -> FloatArray:
        """(M,) the least level that caps all cells at the least latency."""
        return (np.maximum(self.least_cap, self.floor) * self.per_weight).max(axis=0) - 1.0

    def fill(self, beyond_s: FloatArray, level: FloatArray) -> Filling:
        """Shares at a level ν for a round latency `beyond_s` above the least.

        Were τ itself given, rounding in it would be magnified by τ/κ in the caps.
        """
        cap = np.maximum(self.least_cap + self.pace * beyond_s, self.floor)
        wanted = self.weight * (1.0 + level)
        share = np.minimum(np.maximum(wanted, self.floor), cap)
        below = np.maximum(wanted - cap, 0.0) * self.per_weight
        below *= below > LEVEL_ROUNDING
        return Filling(
            share=share,
            below=below,
            missing=1.0 - share.sum(axis=0),
            free_weight=(self.weight * (share == wanted)).sum(axis=0),
            capped_pace=(self.pace * (below > 0.0)).sum(axis=0),
        )

    def point(self, filling: Filling, beyond_s: FloatArray) -> BalancePoint:
        """Where a filling that adds up to 1 is on the curve: F = Σ 2 below/κ, χ²'' = 2(Σ 1/κ)²/Σw + 2Σ 1/(wκ²)."""
        free, capped = filling.free_weight, filling.capped_pace
        sinking = np.divide(capped**2, free, out=np.zeros_like(free), where=free > 0.0)
        return BalancePoint(
            latency_s=self.least_s + beyond_s,
            imbalance=((filling.share - self.weight) ** 2 * self.per_weight).sum(axis=0),
            fall=2.0 * (self.pace * filling.below).sum(axis=0),
            curvature=2.0 * (sinking + (self.steepness * (filling.below > 0.0)).sum(axis=0)),
        )
