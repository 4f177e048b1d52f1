"""An optimal partition with its certificate, and what everything in it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aircomp.result import Status
from channels.arrays import FloatArray
from channels.summary import shown_by
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.partition_kkt import PartitionMultipliers
from latency_opt.hist_partition.training_bound import TrainingBound
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd


@shown_by(
    "status",
    "fraction",
    "round_latency_s",
    "imbalance",
    "rounds",
    training_latency_s=lambda result: None if result.rounds is None else result.training_latency_s,
    kkt_residual=lambda result: result.kkt_residual,
    iterations=lambda result: result.iterations,
)
@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionResult:
    """Optimal shares of a batch of instances.

    Attributes:
        problem: what was solved.
        limit: the largest imbalance in round form, the bound in total form.
        fraction: (..., N) shares α_j.
        round_latency_s: (...) max_j τ_j(α_j).
        imbalance: (...) χ²(α‖w).
        rounds: (...) global rounds T(α) that the bound asks for; None in round form.
        multipliers: prices of the constraints, which certify the optimum.
        kkt_residual: (...) largest dimensionless violation of the optimality conditions.
        status: OPTIMAL if that is within tolerance for the whole batch.
        iterations: of the root finding.
    """

    problem: PartitionProblem
    limit: float | TrainingBound
    fraction: FloatArray
    round_latency_s: FloatArray
    imbalance: FloatArray
    rounds: FloatArray | None
    multipliers: PartitionMultipliers
    kkt_residual: FloatArray
    status: Status
    iterations: int

    @property
    def training_latency_s(self) -> FloatArray:
        """(...) rounds times round latency; only for the total form."""
        if self.rounds is None:
            raise ValueError("training_latency_s: the round form does not count rounds; use minimize_training_latency")
        return self.rounds * self.round_latency_s

    def explain(self) -> pd.DataFrame:
        """What binds, and what it costs: of each cell its fixed time, its slope and its least share, the model, and the limit.

        In seconds of the optimum, a round in round form and the whole training in total form. A cell whose round is not the
        longest has the price 0. "model" is the price of one more model to train; over the number of hidden neurons it is that
        of a neuron. Where the limit leaves a single point, prices are nan.
        """
        problem, prices = self.problem, self.multipliers
        unit = np.ones_like(self.round_latency_s) if self.rounds is None else self.rounds
        unit = np.where(np.isfinite(prices.whole_s), unit, np.nan)
        skew = (self.fraction - problem.weights) / problem.weights
        floor_s = prices.latency * problem.slope_s + 2.0 * prices.imbalance_s[..., None] * skew - prices.whole_s[..., None]
        at_floor = self.fraction <= problem.min_fraction * (1.0 + 1e-12)
        rows = {}
        for cell in range(problem.num_cells):
            one = (..., cell)
            longest = prices.latency[one] > 0.0
            rows[f"cell {cell} fixed_latency_s"] = Price(problem.fixed_latency_s[one], "s", longest, unit * prices.latency[one])
            rows[f"cell {cell} slope_s"] = Price(
                problem.slope_s[one], "s", longest, unit * prices.latency[one] * self.fraction[one]
            )
            rows[f"cell {cell} min_fraction"] = Price(
                problem.min_fraction[one], "model", at_floor[one], np.where(at_floor[one], floor_s[one], 0.0) * unit
            )
        rows["model"] = Price(1.0, "model", prices.whole_s > 0.0, unit * prices.whole_s)
        if isinstance(self.limit, TrainingBound):
            total = self.training_latency_s
            room = self.limit.target - self.limit.imbalance_price * self.imbalance
            error = self.limit.optimisation_error
            rows["target"] = Price(self.limit.target, "‖∇f‖²", True, -total / room)
            rows["optimisation_error"] = Price(error, "‖∇f‖²", True, total / error)
            rows["imbalance_price"] = Price(
                self.limit.imbalance_price, "‖∇f‖²", self.imbalance > 0.0, total * self.imbalance / room
            )
        else:
            rows["max_imbalance"] = Price(self.limit, "χ²", prices.imbalance_s > 0.0, -unit * prices.imbalance_s)
        return price_table(rows, batch=self.round_latency_s.shape)
