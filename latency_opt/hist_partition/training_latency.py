"""The HIST partition in total form: the least time to a target, rounds times their length."""

from __future__ import annotations

import numpy as np

from aircomp.result import InfeasibleProblem, status_of
from channels.arrays import FloatArray
from latency_opt.hist_partition.balance_curve import BalancePoint
from latency_opt.hist_partition.balance_search import balance_search
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.partition_kkt import partition_kkt_residual, partition_multipliers
from latency_opt.hist_partition.partition_result import PartitionResult
from latency_opt.hist_partition.training_bound import TrainingBound


def minimize_training_latency(problem: PartitionProblem, *, bound: TrainingBound) -> PartitionResult:
    """min_α T(α)·max_j τ_j(α_j) subject to Σα_j = 1, α_j >= α_min, with T(α) = A/(ε' - Bχ²(α‖w)); the global optimum.

    For a round latency τ the best α is a capped water-filling, of imbalance χ²(τ), convex and falling. What is left has one
    minimum in τ, where g(τ) = ε' - Bχ²(τ) + τB dχ²/dτ changes sign: g rises, since g' = τB d²χ²/dτ² >= 0.

    Args:
        problem: a batch of instances.
        bound: rounds as a function of imbalance.

    Raises:
        InfeasibleProblem: if the least shares alone make the target out of reach.

    Source: derived in docs/theory.md from the convergence bound of HIST.

    >>> problem = PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 3.0], weights=[0.5, 0.5])
    >>> bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.5)
    >>> result = minimize_training_latency(problem, bound=bound)
    >>> result.fraction.round(4).tolist(), float(result.training_latency_s.round(4))
    ([0.6464, 0.3536], 2.5607)
    """
    price = bound.imbalance_price
    balanced = problem.balanced_fraction
    least = problem.imbalance(balanced)
    if (bound.target <= price * least).any():
        raise InfeasibleProblem(
            f"bound.target: got {bound.target:g}; more than {price * least.max():g} is needed, since min_fraction forces an "
            f"imbalance of {least.max():g}",
            infeasible=bound.target <= price * least,
        )

    def gradient(point: BalancePoint) -> tuple[FloatArray, FloatArray, FloatArray]:
        """g(τ)/ε'."""
        unit = price / bound.target
        value = 1.0 - unit * (point.imbalance + point.latency_s * point.fall)
        return value, unit * point.latency_s * point.curvature, 0.5 * unit * point.curvature

    best = balance_search(problem, gradient)
    share, latency, imbalance = best.fraction, best.latency_s, best.imbalance
    multipliers = partition_multipliers(problem, best, imbalance_s=latency * price / (bound.target - price * imbalance))
    residual = partition_kkt_residual(problem, share, multipliers, round_latency_s=latency)
    residual = np.where(bound.target > price * imbalance, residual, np.inf)  # a point of no finite number of rounds
    return PartitionResult(
        problem=problem,
        limit=bound,
        fraction=share,
        round_latency_s=latency,
        imbalance=imbalance,
        rounds=bound.rounds(imbalance),
        multipliers=multipliers,
        kkt_residual=residual,
        status=status_of(float(residual.max())),
        iterations=best.iterations,
    )
