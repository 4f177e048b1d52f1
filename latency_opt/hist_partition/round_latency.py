"""The HIST partition in round form: the shortest global round at a bounded imbalance."""

from __future__ import annotations

import numpy as np

from aircomp.result import InfeasibleProblem, status_of
from channels.arrays import FloatArray, checked
from latency_opt.hist_partition.balance_curve import BalancePoint
from latency_opt.hist_partition.balance_search import balance_search
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.partition_kkt import partition_kkt_residual, partition_multipliers
from latency_opt.hist_partition.partition_result import PartitionResult

FEASIBLE = 1e-12
"""A limit may be this much below the least imbalance, which is only known to rounding."""

ONLY_POINT = 1e-15
"""A limit within this of the least imbalance leaves a single point."""


def minimize_round_latency(problem: PartitionProblem, *, max_imbalance: float) -> PartitionResult:
    """min_α max_j τ_j(α_j) subject to Σα_j = 1, α_j >= α_min, χ²(α‖w) <= ρ; the global optimum of every instance.

    For a round latency τ the least imbalance is that of a capped water-filling. It falls with τ, so the optimal τ is the root
    of χ²(τ) = ρ, or the least possible τ if that is balanced enough.

    Args:
        problem: a batch of instances.
        max_imbalance: ρ >= 0.

    Raises:
        InfeasibleProblem: if the least shares alone make the partition more unequal than ρ.

    Source: derived in docs/theory.md from the convergence bound of HIST.

    >>> problem = PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 3.0], weights=[0.5, 0.5])
    >>> minimize_round_latency(problem, max_imbalance=1.0).fraction.tolist()
    [0.75, 0.25]
    >>> minimize_round_latency(problem, max_imbalance=0.01).fraction.round(6).tolist()
    [0.55, 0.45]
    """
    rho = float(checked("max_imbalance", max_imbalance, low=0.0))
    balanced = problem.balanced_fraction
    least = problem.imbalance(balanced)
    if (least > rho + FEASIBLE).any():
        raise InfeasibleProblem(
            f"max_imbalance: got {rho:g}; at least {least.max():g} is needed, since min_fraction binds in cell "
            f"{int(np.argmax(problem.min_fraction - problem.weights) % problem.num_cells)}",
            infeasible=least > rho + FEASIBLE,
        )

    def slack(point: BalancePoint) -> tuple[FloatArray, FloatArray, FloatArray]:
        """ρ - χ², in units of both."""
        unit = rho + point.imbalance
        unit = np.where(unit > 0.0, unit, 1.0)
        return (rho - point.imbalance) / unit, point.fall / unit, -0.5 * point.curvature / unit

    best = balance_search(problem, slack)
    share, latency = best.fraction, best.latency_s
    binding = ~best.at_least & (best.fall > 0.0)
    price = np.where(binding, 1.0 / np.where(binding, best.fall, 1.0), 0.0)
    multipliers = partition_multipliers(problem, best, imbalance_s=price)
    residual = partition_kkt_residual(problem, share, multipliers, round_latency_s=latency, max_imbalance=rho)

    # At the least imbalance the balanced shares are the only ones allowed: optimal, though no multipliers exist.
    only = least >= rho - ONLY_POINT * (1.0 + rho)
    share = np.where(only[..., None], balanced, share)
    latency = np.where(only, problem.latency_s(balanced).max(axis=-1), latency)
    residual = np.where(only, np.abs(share.sum(axis=-1) - 1.0), residual)
    # No multipliers belong to a single point.
    multipliers = multipliers.at_points(only)
    return PartitionResult(
        problem=problem,
        limit=rho,
        fraction=share,
        round_latency_s=latency,
        imbalance=problem.imbalance(share),
        rounds=None,
        multipliers=multipliers,
        kkt_residual=residual,
        status=status_of(float(residual.max())),
        iterations=best.iterations,
    )
