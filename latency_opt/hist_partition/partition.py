"""How large a sub-model each cell trains: the problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cvxpy as cp
import numpy as np

from aircomp.result import InfeasibleProblem
from channels.arrays import FloatArray, checked, matching_shape
from channels.summary import shown_by
from latency_opt.batch import instances
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.hist_partition.training_bound import TrainingBound
from latency_opt.hist_partition.water_filling import capped_water_filling


@shown_by("num_cells", "fixed_latency_s", "slope_s", "weights", "min_fraction")
@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionProblem:
    """Shares α_j of the model for N cells, where a global round of cell j takes τ_j(α_j) = t_j + κ_j α_j.

    Leading axes are a batch of independent instances; arguments broadcast.

    Attributes:
        fixed_latency_s: (..., N) t_j >= 0, what a round takes whatever the share.
        slope_s: (..., N) κ_j > 0, what the whole model would take on top.
        weights: (..., N) w_j > 0, weights of the cells in the objective, adding up to 1.
        min_fraction: least share of a cell; a number or (..., N).
    """

    fixed_latency_s: FloatArray
    slope_s: FloatArray
    weights: FloatArray
    min_fraction: FloatArray = field(default_factory=lambda: np.zeros(()))

    def __post_init__(self) -> None:
        arrays = {
            "fixed_latency_s": checked("fixed_latency_s", self.fixed_latency_s, low=0.0),
            "slope_s": checked("slope_s", self.slope_s, low=0.0, open_low=True),
            "weights": checked("weights", self.weights, low=0.0, high=1.0, open_low=True),
            "min_fraction": checked("min_fraction", self.min_fraction, low=0.0, high=1.0),
        }
        shape = matching_shape("PartitionProblem", arrays)
        if not shape:
            raise ValueError("slope_s: got a single number; needed is one value per cell, shape (..., N)")
        for name, array in arrays.items():
            object.__setattr__(self, name, np.broadcast_to(array, shape))
        total = self.weights.sum(axis=-1)
        if np.abs(total - 1.0).max() > 1e-9:
            raise ValueError(f"weights: got a sum of {total.flat[np.abs(total - 1.0).argmax()]:g}; needed is 1")
        least = np.sum(self.min_fraction, axis=-1)
        if least.max() > 1.0 + 1e-12:
            raise InfeasibleProblem(
                f"min_fraction: the least shares add up to {least.max():g}; at most 1 can be given",
                infeasible=least > 1.0 + 1e-12,
            )

    def __getitem__(self, index: Any) -> PartitionProblem:
        """Some instances of a batch, as numpy's indices pick them along it: `problem[0]`, `problem[~error.infeasible]`."""
        if self.slope_s.ndim == 1:
            raise IndexError("PartitionProblem: this is a single instance; only a batch can be indexed")
        return instances(self, index)

    @property
    def num_cells(self) -> int:
        return self.slope_s.shape[-1]

    def latency_s(self, fraction: FloatArray) -> FloatArray:
        """(..., N) round latency of each cell."""
        return self.fixed_latency_s + self.slope_s * fraction

    def imbalance(self, fraction: FloatArray) -> FloatArray:
        """(...) χ²(α‖w) = Σ(α_j - w_j)²/w_j."""
        return np.sum((fraction - self.weights) ** 2 / self.weights, axis=-1)

    @cached_property
    def least_latency_s(self) -> FloatArray:
        """(...) least possible round latency, whatever the imbalance."""
        together = (1.0 + np.sum(self.fixed_latency_s / self.slope_s, axis=-1)) / np.sum(1.0 / self.slope_s, axis=-1)
        return np.maximum(together, self.latency_s(self.min_fraction).max(axis=-1))

    @property
    def balanced_fraction(self) -> FloatArray:
        """(..., N) the shares of least imbalance, the weights themselves where the least shares allow it."""
        return self._balanced[0]

    @property
    def balanced_level(self) -> FloatArray:
        """(...) their water level, 0 where the least shares allow the weights."""
        return self._balanced[1]

    @cached_property
    def _balanced(self) -> tuple[FloatArray, FloatArray]:
        if (self.min_fraction <= self.weights).all():
            return self.weights, np.zeros(self.slope_s.shape[:-1])
        return capped_water_filling(self.weights, low=self.min_fraction, high=np.ones(self.slope_s.shape))

    @property
    def beyond_balanced_s(self) -> FloatArray:
        """(...) how much longer than the least possible a round is with the balanced shares."""
        return np.maximum(self.latency_s(self.balanced_fraction).max(axis=-1) - self.least_latency_s, 0.0)

    def to_cvxpy(self, *, max_imbalance: float | None = None, bound: TrainingBound | None = None) -> CvxpyProgram:
        """The same problem for CVXPY, one instance at a time: in round form with `max_imbalance`, in total form with `bound`.

        Round form: variables `fraction` α and `latency`, in units of `scale`. Total form: T(α)·max τ_j is convex over
        positive concave, so with s = 1/(ε' - Bχ²(α)) and the variables `weighted_fraction` sα, `inverse_rounds` s and
        `latency` s·max τ_j it is one second-order cone program (the transform of Charnes, Cooper and Schaible).
        """
        if (max_imbalance is None) == (bound is None):
            raise ValueError("to_cvxpy: give either max_imbalance (round form) or bound (total form)")
        if self.slope_s.ndim != 1:
            raise ValueError(f"to_cvxpy: got a batch of shape {self.slope_s.shape[:-1]}; needed is one instance")
        unit_s = float(self.latency_s(self.balanced_fraction).max())
        fixed, slope = self.fixed_latency_s / unit_s, self.slope_s / unit_s
        latency = cp.Variable(name="latency")
        if bound is None:
            fraction = cp.Variable(self.num_cells, name="fraction")
            skew = cp.sum_squares(cp.multiply(1.0 / np.sqrt(self.weights), fraction - self.weights))
            return CvxpyProgram(
                objective=cp.Minimize(latency),
                variables={"fraction": fraction, "latency": latency},
                constraints={
                    "round": fixed + cp.multiply(slope, fraction) <= latency,
                    "partition": cp.sum(fraction) == 1.0,
                    "min_fraction": fraction >= self.min_fraction,
                    "imbalance": skew <= max_imbalance,
                },
                scale=unit_s,
            )
        # In units of the target ε', so that s is of order one.
        price = bound.imbalance_price / bound.target
        weighted = cp.Variable(self.num_cells, name="weighted_fraction")
        inverse = cp.Variable(name="inverse_rounds", nonneg=True)
        skew = cp.quad_over_lin(cp.multiply(1.0 / np.sqrt(self.weights), weighted - self.weights * inverse), inverse)
        return CvxpyProgram(
            objective=cp.Minimize(latency),
            variables={"weighted_fraction": weighted, "inverse_rounds": inverse, "latency": latency},
            constraints={
                "round": fixed * inverse + cp.multiply(slope, weighted) <= latency,
                "partition": cp.sum(weighted) == inverse,
                "min_fraction": weighted >= self.min_fraction * inverse,
                "rounds": price * skew + 1.0 <= inverse,
            },
            scale=unit_s * bound.optimisation_error / bound.target,
        )
