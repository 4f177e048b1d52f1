"""Semidefinite programs whose constraints are rank one: the problem, its answer and its twin in CVXPY."""

from __future__ import annotations

from dataclasses import dataclass, field

import cvxpy as cp
import numpy as np

from aircomp.result import Status
from channels.arrays import ComplexArray, FloatArray, checked


@dataclass(frozen=True, kw_only=True, eq=False)
class SemidefiniteProgram:
    """min ⟨C, M⟩ + Σ u_i x_i over Hermitian M ⪰ 0 and x >= 0, subject to a_iᴴ M a_i + x_i >= b_i and tr M <= t.

    Its dual is max Σ b_i y_i - λt over 0 <= y <= u and λ >= 0, subject to S = C + λI - Σ y_i a_i a_iᴴ ⪰ 0. Leading axes are a
    batch of independent instances; arguments broadcast. A constraint with a_i = 0 and b_i < 0 says nothing: it pads.

    Attributes:
        rows: (..., K, A) vectors a_i.
        level: (..., K) b_i.
        cost: (..., A, A) Hermitian C; positive definite, or positive semidefinite under a trace limit.
        slack_cost: (..., K) u_i > 0; infinite where there is no x_i, as everywhere if not given.
        trace_limit: (...) t > 0, for all instances or none; it needs a slack in each constraint.
    """

    rows: ComplexArray
    level: FloatArray
    cost: ComplexArray
    slack_cost: FloatArray = field(default_factory=lambda: np.asarray(np.inf))
    trace_limit: FloatArray | None = None

    def __post_init__(self) -> None:
        shape = self.rows.shape[:-1]
        for name, needed in (("level", shape), ("slack_cost", shape), ("cost", (*shape[:-1], *self.rows.shape[-1:] * 2))):
            object.__setattr__(self, name, np.broadcast_to(getattr(self, name), needed))
        if not (self.slack_cost > 0.0).all():
            raise ValueError(f"slack_cost: got {np.min(self.slack_cost):g}; allowed is a number > 0 or infinity")
        if self.trace_limit is not None:
            limit = checked("trace_limit", self.trace_limit, low=0.0, open_low=True, shape=shape[:-1])
            object.__setattr__(self, "trace_limit", limit)
            if not np.isfinite(self.slack_cost).all():
                raise ValueError("slack_cost: got infinity beside a trace limit; needed is a finite number for each constraint")

    def to_cvxpy(self) -> cp.Problem:
        """The same problem for CVXPY, one instance at a time, with the variables `matrix` and `slack` x.

        `matrix` is real, [[Re M, -Im M], [Im M, Re M]]. That the blocks match need not be asked for: turning W ⪰ 0 by i, and
        taking the mean of both, changes neither objective nor constraints.
        """
        if self.rows.ndim != 2:
            raise ValueError(f"to_cvxpy: got a batch of shape {self.rows.shape[:-2]}; needed is one instance")
        matrix = cp.Variable((2 * self.rows.shape[-1],) * 2, name="matrix", PSD=True)
        slack = cp.Variable(len(self.level), name="slack", nonneg=True)
        parts = (np.concatenate([row.real, row.imag], axis=-1) for row in (self.rows, 1j * self.rows))
        received = sum(cp.sum(cp.multiply(part @ matrix, part), axis=1) for part in parts) / 2.0
        soft = np.isfinite(self.slack_cost)
        constraints = [received + cp.multiply(soft.astype(float), slack) >= self.level]
        if self.trace_limit is not None:
            constraints.append(cp.trace(matrix) / 2.0 <= float(self.trace_limit))
        cost = np.block([[self.cost.real, -self.cost.imag], [self.cost.imag, self.cost.real]])
        price = np.where(soft, self.slack_cost, 0.0)
        return cp.Problem(cp.Minimize(cp.sum(cp.multiply(cost, matrix)) / 2.0 + price @ slack), constraints)


@dataclass(frozen=True, kw_only=True, eq=False)
class SemidefiniteResult:
    """The answer, from a strictly feasible point, and a bound, from a strictly feasible point of the dual.

    Attributes:
        matrix: (..., A, A) M.
        slack: (..., K) x_i; 0 where there is none.
        price: (..., K) y_i, by which the value grows with b_i.
        value: (...) ⟨C, M⟩ + Σ u_i x_i, an upper bound of the optimum.
        bound: (...) Σ b_i y_i - λt, a lower bound of the optimum.
        iterations: Newton steps of the instance that took most.
        status: OPTIMAL if all instances met the tolerance.
    """

    matrix: ComplexArray
    slack: FloatArray
    price: FloatArray
    value: FloatArray
    bound: FloatArray
    iterations: int
    status: Status
