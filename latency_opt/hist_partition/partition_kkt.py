"""The certificate of a partition: multipliers, and how far they and the point are from optimal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from channels.arrays import BoolArray, FloatArray
from channels.summary import shown_by
from latency_opt.hist_partition.balance_search import BalanceOptimum
from latency_opt.hist_partition.partition import PartitionProblem

SMALLEST_IMBALANCE = 1e-9
"""A limit on the imbalance is kept relatively to itself down to here, absolutely below."""

AT_CAP = 1e-11
"""A cell whose round is within this relative distance of the longest is one of the longest."""


@shown_by("latency", "whole_s", "imbalance_s")
@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionMultipliers:
    """Prices of the constraints, in seconds of round latency τ.

    Attributes:
        latency: (..., N) λ_j of t_j + κ_j α_j <= τ, dimensionless.
        whole_s: (...) ν of Σα_j = 1, seconds for one more model to train.
        imbalance_s: (...) μ of χ²; in total form τ B/(ε' - B χ²), what rounds cost in terms of τ.
    """

    latency: FloatArray
    whole_s: FloatArray
    imbalance_s: FloatArray

    def at_points(self, single: BoolArray) -> PartitionMultipliers:
        """The same, but nan for instances (...) whose feasible set is a single point."""
        return PartitionMultipliers(
            latency=np.where(single[..., None], np.nan, self.latency),
            whole_s=np.where(single, np.nan, self.whole_s),
            imbalance_s=np.where(single, np.nan, self.imbalance_s),
        )


def partition_multipliers(problem: PartitionProblem, best: BalanceOptimum, *, imbalance_s: FloatArray) -> PartitionMultipliers:
    """The multipliers at a water-filling, for the price μ of imbalance.

    With ν' = 2μν, cells held below the level ν by their cap carry λ_j = 2μ·below_j/κ_j. What these lack of Σλ_j = 1 belongs to
    ν': by rounding, or because no cell is free and so the level is not unique. If one cell's least share alone takes that
    long, it belongs to that cell.
    """
    slope, fraction = problem.slope_s, best.fraction
    latency = 2.0 * imbalance_s[..., None] * best.below / slope
    rest = 1.0 - latency.sum(axis=-1)

    floor_s = problem.latency_s(problem.min_fraction)
    alone = (floor_s.max(axis=-1) >= best.latency_s) & (rest > 0.0)
    at_cap = problem.latency_s(fraction) >= (1.0 - AT_CAP) * best.latency_s[..., None]
    capped = at_cap & (fraction > problem.min_fraction)
    ease = np.sum(np.where(capped, 1.0 / slope, 0.0), axis=-1)
    shift_s = np.where(alone | (ease == 0.0), 0.0, rest / np.where(ease > 0.0, ease, 1.0))
    latency = latency + np.where(capped, shift_s[..., None] / slope, 0.0)
    if alone.any():
        slowest = np.arange(problem.num_cells) == np.argmax(floor_s, axis=-1)[..., None]
        latency = latency + np.where(alone[..., None] & slowest, rest[..., None], 0.0)
    return PartitionMultipliers(latency=latency, whole_s=2.0 * imbalance_s * best.level + shift_s, imbalance_s=imbalance_s)


def partition_kkt_residual(
    problem: PartitionProblem,
    fraction: FloatArray,
    multipliers: PartitionMultipliers,
    *,
    round_latency_s: FloatArray,
    max_imbalance: float | None = None,
) -> FloatArray:
    """(...) largest violation of the optimality conditions, in units of the round latency or of the whole model.

    Both forms minimise τ + μ χ²(α‖w) over t_j + κ_j α_j <= τ, Σα_j = 1 and α_j >= α_min, so with λ_j, β_j, μ >= 0

        β_j = λ_j κ_j + 2μ(α_j - w_j)/w_j - ν,  Σλ_j = 1,  λ_j (τ - τ_j) = 0,  β_j (α_j - α_min) = 0.

    In round form, where `max_imbalance` is given, also χ² <= max_imbalance and μ(max_imbalance - χ²) = 0.

    Source: Boyd and Vandenberghe, Convex Optimization, section 5.5.3.
    """
    tau, price, latency = round_latency_s[..., None], multipliers.imbalance_s[..., None], multipliers.latency
    spare = 1.0 - problem.latency_s(fraction) / tau
    above = fraction - problem.min_fraction
    skew = (fraction - problem.weights) / problem.weights
    beta = (latency * problem.slope_s + 2.0 * price * skew - multipliers.whole_s[..., None]) / tau
    of_cells = [-latency, -beta, -spare, -above, np.abs(latency * spare), np.abs(beta * above)]
    violations = [
        reduce(np.maximum, of_cells).max(axis=-1),
        np.abs(latency.sum(axis=-1) - 1.0),
        np.maximum(-multipliers.imbalance_s / round_latency_s, 0.0),
        np.abs(fraction.sum(axis=-1) - 1.0),
    ]
    if max_imbalance is not None:
        excess = problem.imbalance(fraction) - max_imbalance
        relative = np.maximum(excess, 0.0) / max(max_imbalance, SMALLEST_IMBALANCE)
        violations += [relative, np.abs(multipliers.imbalance_s * excess) / round_latency_s]
    return reduce(np.maximum, violations)
