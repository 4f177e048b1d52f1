"""A design of AirComp-FedZO with its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aircomp.analysis.truncation import truncation_participation
from aircomp.result import Status
from channels.arrays import FloatArray, IntArray
from channels.summary import shown_by
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd

    from latency_opt.fedzo.fedzo_design import FedZODesignProblem


@shown_by(
    "status",
    "local_steps",
    "directions",
    "threshold",
    "rounds",
    "round_latency_s",
    "training_latency_s",
    "lower_bound_s",
    "kkt_residual",
    "iterations",
)
@dataclass(frozen=True, kw_only=True, eq=False)
class FedZODesignResult:
    """The best designs of a batch of instances.

    Attributes:
        problem: what was solved.
        local_steps: (...) H.
        directions: (...) b₂.
        threshold: (...) h_min.
        useful_rounds: (...) rounds T in which somebody takes part, as a real number.
        rounds: (...) T/(1 - (1 - p)^K), with those that nobody takes part in, on average.
        round_latency_s: (...).
        optimisation_term: (...) of the bound at T, as the next three; together they are the target.
        variance_term: (...).
        drift_term: (...).
        noise_term: (...).
        lower_bound_s: (...) no design is sooner, by branch and bound over all thresholds, steps and directions.
        kkt_residual: (...) relative slope of the time in ln h_min² that is left.
        status: OPTIMAL if that and the gap to the lower bound are within tolerance for the whole batch.
        iterations: halvings of the cells and Newton's steps.
        threshold_price_s: (...) slope of the time in `max_threshold`, <= 0.
    """

    problem: FedZODesignProblem
    local_steps: IntArray
    directions: IntArray
    threshold: FloatArray
    useful_rounds: FloatArray
    rounds: FloatArray
    round_latency_s: FloatArray
    optimisation_term: FloatArray
    variance_term: FloatArray
    drift_term: FloatArray
    noise_term: FloatArray
    lower_bound_s: FloatArray
    kkt_residual: FloatArray
    status: Status
    iterations: int
    threshold_price_s: FloatArray

    @property
    def training_latency_s(self) -> FloatArray:
        """(...) time to the target."""
        return self.rounds * self.round_latency_s

    @property
    def optimality_gap(self) -> FloatArray:
        """(...) by what share of itself the time might yet fall."""
        return np.maximum(1.0 - self.lower_bound_s / self.training_latency_s, 0.0)

    @property
    def participation(self) -> FloatArray:
        """(...) probability p = e^(-h_min²) that a client takes part."""
        return truncation_participation(self.threshold)

    def explain(self) -> pd.DataFrame:
        """One row a resource and instance: its value, whether it binds, and the seconds that one more unit of it costs.

        Prices are slopes of the optimal time with H and b₂ as they are; for the limits on these, which have no slope, they
        are NaN. Terms of the bound are priced by what multiplies them.
        """
        problem, total = self.problem, self.training_latency_s
        per_target = total / self.optimisation_term
        per_decibel = -0.1 * np.log(10.0) * per_target * self.noise_term
        evaluations = self.rounds * self.local_steps * (self.directions + 1)
        most_steps, most_directions = problem.local_steps[-1], problem.directions[-1]
        at_limit = self.threshold_price_s < 0.0
        rows = {
            "target": Price(problem.target, "‖∇f‖²", True, -per_target),
            "optimisation_error": Price(problem.optimisation_error, "f", True, total / problem.optimisation_error),
            "snr": Price(10.0 * np.log10(problem.snr), "dB", True, per_decibel),
            "variance term": Price(self.variance_term, "‖∇f‖²", self.variance_term > 0.0, per_target),
            "drift term": Price(self.drift_term, "‖∇f‖²", self.drift_term > 0.0, per_target),
            "noise term": Price(self.noise_term, "‖∇f‖²", True, per_target),
            "evaluation_s": Price(problem.evaluation_s, "s", True, evaluations),
            "airtime_s": Price(problem.airtime_s, "s", True, self.rounds),
            "fixed_s": Price(problem.fixed_s, "s", True, self.rounds),
            "max_threshold": Price(problem.max_threshold, "|h|", at_limit, self.threshold_price_s),
            "most local steps": Price(most_steps, "steps", self.local_steps == most_steps, np.nan),
            "most directions": Price(most_directions, "directions", self.directions == most_directions, np.nan),
        }
        return price_table(rows, batch=total.shape)
