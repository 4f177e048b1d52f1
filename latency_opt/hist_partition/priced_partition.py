"""The HIST partition of one round, where imbalance has a price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np

from aircomp.result import Status, status_of
from channels.arrays import FloatArray, checked
from channels.summary import shown_by
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.hist_partition.balance_curve import BalancePoint
from latency_opt.hist_partition.balance_search import BalanceOptimum, balance_search
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.partition_kkt import partition_kkt_residual, partition_multipliers
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd


@shown_by(
    "imbalance_price_s",
    num_cells=lambda problem: problem.partition.num_cells,
    fixed_latency_s=lambda problem: problem.partition.fixed_latency_s,
    slope_s=lambda problem: problem.partition.slope_s,
)
@dataclass(frozen=True, kw_only=True, eq=False)
class PricedPartitionProblem:
    """One round: min_α max_j τ_j(α_j) + μ χ²(α‖w) subject to Σα_j = 1, α_j >= α_min.

    Attributes:
        partition: delays and weights; leading axes are a batch.
        imbalance_price_s: (...) μ >= 0, what a unit of imbalance is charged, in seconds.
    """

    partition: PartitionProblem
    imbalance_price_s: FloatArray

    def __post_init__(self) -> None:
        shape = self.partition.slope_s.shape[:-1]
        object.__setattr__(
            self, "imbalance_price_s", checked("imbalance_price_s", self.imbalance_price_s, low=0.0, shape=shape)
        )

    def to_cvxpy(self) -> CvxpyProgram:
        """The same problem for CVXPY, one instance at a time: the round form, with a price in place of the limit."""
        program = self.partition.to_cvxpy(max_imbalance=0.0)
        del program.constraints["imbalance"]
        weights = self.partition.weights
        skew = cp.sum_squares(cp.multiply(1.0 / np.sqrt(weights), program.variables["fraction"] - weights))
        charge = float(self.imbalance_price_s) / program.scale * skew
        return CvxpyProgram(
            objective=cp.Minimize(program.variables["latency"] + charge),
            variables=program.variables,
            constraints=program.constraints,
            scale=program.scale,
        )


@shown_by("status", "fraction", "round_latency_s", "imbalance", "cost_s", "kkt_residual", "iterations")
@dataclass(frozen=True, kw_only=True, eq=False)
class PricedPartitionResult:
    """Optimal shares of a batch of priced rounds.

    Attributes:
        problem: what was solved.
        fraction: (..., N) shares α_j.
        round_latency_s: (...) max_j τ_j(α_j).
        imbalance: (...) χ²(α‖w).
        latency_price: (..., N) λ_j, how much longer the round were if cell j took a second more; Σλ_j = 1.
        kkt_residual: (...) largest dimensionless violation of the optimality conditions.
        status: OPTIMAL if that is within tolerance for the whole batch.
        iterations: of the root finding.
    """

    problem: PricedPartitionProblem
    fraction: FloatArray
    round_latency_s: FloatArray
    imbalance: FloatArray
    latency_price: FloatArray
    kkt_residual: FloatArray
    status: Status
    iterations: int

    @property
    def cost_s(self) -> FloatArray:
        """(...) what is minimised, round latency and charge for imbalance."""
        return self.round_latency_s + self.problem.imbalance_price_s * self.imbalance

    def explain(self) -> pd.DataFrame:
        """One row a resource and instance: its value, whether it binds, and the seconds of cost that one more unit adds."""
        problem, slope_s = self.problem, self.problem.partition.slope_s
        rows = {"imbalance_price_s": Price(problem.imbalance_price_s, "s", self.imbalance > 0.0, self.imbalance)}
        for j in range(problem.partition.num_cells):
            price, share = self.latency_price[..., j], self.fraction[..., j]
            fixed_s = problem.partition.fixed_latency_s[..., j]
            rows[f"cell {j} fixed_latency_s"] = Price(fixed_s, "s", price > 0.0, price)
            rows[f"cell {j} slope_s"] = Price(slope_s[..., j], "s", price * share > 0.0, price * share)
        return price_table(rows, batch=self.imbalance.shape)


def minimize_priced_latency(problem: PricedPartitionProblem) -> PricedPartitionResult:
    """Global optimum of a batch of priced rounds.

    With the least imbalance χ²(τ) of a round latency τ the objective τ + μχ²(τ) is convex in τ; its slope 1 - μF,
    F = -dχ²/dτ, rises, and its root is found. Without a price, of the shortest rounds the most balanced.

    >>> partition = PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 3.0], weights=[0.5, 0.5])
    >>> [minimize_priced_latency(PricedPartitionProblem(partition=partition, imbalance_price_s=mu)).fraction.round(4).tolist()
    ...  for mu in (0.0, 5.0)]
    [[0.75, 0.25], [0.575, 0.425]]
    """
    partition, price = problem.partition, problem.imbalance_price_s

    best = priced_search(problem)
    share, latency = best.fraction, best.latency_s
    multipliers = partition_multipliers(partition, best, imbalance_s=price)
    residual = partition_kkt_residual(partition, share, multipliers, round_latency_s=latency)
    return PricedPartitionResult(
        problem=problem,
        fraction=share,
        round_latency_s=latency,
        imbalance=best.imbalance,
        latency_price=multipliers.latency,
        kkt_residual=residual,
        status=status_of(float(residual.max(initial=0.0))),
        iterations=best.iterations,
    )


def priced_search(problem: PricedPartitionProblem) -> BalanceOptimum:
    """The optimum as a point of the curve χ²(τ)."""

    def slope(point: BalancePoint, price: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """1 - μF, over what it was the sum of."""
        unit = 1.0 + price * point.fall
        return (1.0 - price * point.fall) / unit, price * point.curvature / unit, np.zeros_like(price)

    return balance_search(problem.partition, slope, problem.imbalance_price_s)
