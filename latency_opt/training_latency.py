"""The HIST partition in total form: the least time to a target, rounds times their length."""

from __future__ import annotations

import numpy as np

from aircomp.result import InfeasibleProblem, status_of
from channels.arrays import FloatArray
from latency_opt.monotone_root import monotone_root
from latency_opt.partition import PartitionProblem
from latency_opt.partition_kkt import partition_kkt_residual, partition_multipliers
from latency_opt.partition_result import PartitionResult
from latency_opt.training_bound import TrainingBound


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
            f"imbalance of {least.max():g}"
        )

    def gradient(beyond_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """g(τ)/ε' and its slope."""
        share, _, below = problem.most_balanced(beyond_s)
        latency_s = problem.least_latency_s + beyond_s
        fall = np.sum(2.0 * below / problem.slope_s, axis=-1)
        capped = below > 0.0
        free = (share > problem.min_fraction) & ~capped
        mass = np.where(free, problem.weights, 0.0).sum(axis=-1)
        level_fall = np.where(capped, 1.0 / problem.slope_s, 0.0).sum(axis=-1) / np.where(mass > 0.0, mass, np.inf)
        steeper = level_fall[..., None] + 1.0 / (problem.slope_s * problem.weights)
        curvature = np.sum(np.where(capped, 2.0 * steeper / problem.slope_s, 0.0), axis=-1)
        value = bound.target - price * problem.imbalance(share) - latency_s * price * fall
        return value / bound.target, latency_s * price * curvature / bound.target

    beyond, iterations = monotone_root(gradient, low=np.zeros_like(least), high=problem.beyond_balanced_s)
    share, level, below = problem.most_balanced(beyond)
    latency = problem.least_latency_s + beyond
    imbalance = problem.imbalance(share)
    multipliers = partition_multipliers(
        problem,
        share,
        level,
        below,
        round_latency_s=latency,
        imbalance_s=latency * price / (bound.target - price * imbalance),
    )
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
        iterations=iterations,
    )
