"""A primal-dual interior point for batches of small semidefinite programs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from aircomp.beamforming.hermitian import as_real, outer
from aircomp.beamforming.newton_step import Complements, newton_step
from aircomp.beamforming.semidefinite import SemidefiniteProgram, SemidefiniteResult
from aircomp.result import Status
from channels.arrays import BoolArray, ComplexArray, FloatArray, IntArray, check_count, checked


def minimize_semidefinite(
    program: SemidefiniteProgram, *, tolerance: float = 1e-9, max_iterations: int = 60
) -> SemidefiniteResult:
    """The optimum of every instance, enclosed by a strictly feasible point of the problem and one of its dual.

    Path following from strictly feasible points, in units in which the rows are of norm 1; an instance that is done leaves the
    batch. One that does not meet the tolerance, be it for rounding, makes the status INACCURATE; its value and its bound
    enclose the optimum all the same.

    Args:
        program: a batch of instances.
        tolerance: largest value - bound, relative to the bound or, if that is more, to the dearest full slack u_i b_i; from
            1e-11 on.
        max_iterations: steps after which what is not done is left as it is.

    Source: Nesterov and Todd 1998, "Primal-dual interior-point methods for self-scaled cones"; Vandenberghe 2010, "The CVXOPT
    linear and quadratic cone program solvers".

    >>> rows = np.array([[1.0, 0.0], [0.0, 2.0]], dtype=complex)
    >>> result = minimize_semidefinite(SemidefiniteProgram(rows=rows, level=np.ones(2), cost=np.eye(2)))
    >>> float(result.value.round(6)), np.diag(result.matrix.real).round(6).tolist(), result.price.round(6).tolist()
    (1.25, [1.0, 0.25], [1.0, 0.25])
    """
    checked("tolerance", tolerance, low=1e-11, high=1.0)
    check_count("max_iterations", max_iterations)
    units = _Units.of(program)
    cone = _Cone.of(program, units)
    matrix, slack, price = cone.start()
    open_ = np.arange(len(matrix))
    for iterations in range(max_iterations + 1):
        open_ = open_[~cone.solved(matrix, slack, price, tolerance=tolerance)[open_]]
        if not open_.size or iterations == max_iterations:
            break
        now = cone.take(open_)
        step = newton_step(now.complements(matrix[open_], slack[open_], price[open_]), now.constraints)
        moved = matrix[open_] + step.matrix, slack[open_] + step.slack, price[open_] + step.price
        inside = now.complements(*moved).inside  # up to rounding it always is; where it is not, the point stays as it is
        open_ = open_[inside]
        matrix[open_], slack[open_], price[open_] = (array[inside] for array in moved)
    solved = cone.solved(matrix, slack, price, tolerance=tolerance)
    batch, num = program.rows.shape[:-2], program.rows.shape[-2]
    return SemidefiniteResult(
        matrix=(matrix * units.matrix[:, None, None]).reshape(*batch, *matrix.shape[1:]),
        slack=(slack[:, :num] * units.slack).reshape(*batch, num),
        price=(price[:, :num] * units.price).reshape(*batch, num),
        value=(cone.value(matrix, slack) * units.value).reshape(batch),
        bound=(cone.bound(price) * units.value).reshape(batch),
        iterations=iterations,
        status=Status.OPTIMAL if solved.all() else Status.INACCURATE,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Units:
    """What the solver's numbers are multiplied with: M, its objective, and in each constraint the slack and the price."""

    length: FloatArray
    matrix: FloatArray
    value: FloatArray

    @classmethod
    def of(cls, program: SemidefiniteProgram) -> Self:
        size = program.rows.shape[-1]
        length = np.linalg.norm(program.rows, axis=-1).reshape(-1, program.rows.shape[-2])
        length = np.where(length > 0.0, length, 1.0)
        if program.trace_limit is None:
            matrix = np.max(program.level.reshape(length.shape) / length**2, axis=-1)
            value = matrix * np.trace(program.cost, axis1=-2, axis2=-1).real.reshape(-1) / size
        else:
            matrix = program.trace_limit.reshape(-1)
            value = np.max(program.slack_cost * program.level, axis=-1).reshape(-1)
        return cls(length=length, matrix=matrix, value=value)

    @property
    def slack(self) -> FloatArray:
        return self.matrix[:, None] * self.length**2

    @property
    def price(self) -> FloatArray:
        return self.value[:, None] / self.slack


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cone:
    """The instances in the solver's units, as one batch axis. A trace limit is a last constraint ⟨-I, M⟩ >= -1.

    Attributes:
        rows: (B, K, A) of norm 1, or 0.
        cost: (B, A, A).
        level, slack_cost: (B, N), N = K, or K + 1 with a trace limit.
        soft: (B, N) which constraints have a slack; the price of the others' is put at 0.
        dearest: (B,) largest u_i b_i, 0 without slack.
    """

    rows: ComplexArray
    cost: ComplexArray
    level: FloatArray
    slack_cost: FloatArray
    soft: BoolArray
    dearest: FloatArray

    @classmethod
    def of(cls, program: SemidefiniteProgram, units: _Units) -> Self:
        count, num = units.length.shape
        level = program.level.reshape(count, num) / units.slack
        soft = np.isfinite(program.slack_cost).reshape(count, num)
        slack_cost = np.where(soft, program.slack_cost.reshape(count, num), 0.0) / units.price
        dearest = np.max(slack_cost * level, axis=-1)
        if program.trace_limit is not None:
            level, slack_cost, soft = (
                np.append(array, np.full((count, 1), last), axis=-1)
                for array, last in ((level, -1.0), (slack_cost, 0.0), (soft, False))
            )
        return cls(
            rows=program.rows.reshape(count, *program.rows.shape[-2:]) / units.length[..., None],
            cost=program.cost.reshape(count, *program.cost.shape[-2:]) * (units.matrix / units.value)[:, None, None],
            level=level,
            slack_cost=slack_cost,
            soft=soft,
            dearest=dearest,
        )

    def take(self, which: IntArray) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[which] for field in fields(self)})

    @property
    def limited(self) -> bool:
        return self.level.shape[-1] > self.rows.shape[-2]

    def start(self) -> tuple[ComplexArray, FloatArray, FloatArray]:
        """M, x and y strictly inside: M a multiple of I, prices at which S keeps half of its least eigenvalue."""
        num, size = self.rows.shape[-2:]
        scale = 0.5 / size if self.limited else 2.0
        matrix = np.broadcast_to(scale * np.eye(size, dtype=complex), self.cost.shape).copy()
        least = np.linalg.eigvalsh(self.cost)[:, :1] + self.limited
        price = np.minimum(np.where(self.soft, self.slack_cost, np.inf), least / num) / 2.0
        if self.limited:
            price[:, -1] = 1.0
        return matrix, np.where(self.soft, 1.0 + np.maximum(self.level, 0.0), 0.0), price

    def constraints(self, scaling: ComplexArray) -> FloatArray:
        """(B, N, A²) all GᴴA_jG as real vectors."""
        turned = outer(self.rows @ scaling.conj())
        if self.limited:
            turned = np.append(turned, -(np.swapaxes(scaling, -1, -2).conj() @ scaling)[:, None], axis=1)
        return as_real(turned)

    def complements(self, matrix: ComplexArray, slack: FloatArray, price: FloatArray) -> Complements:
        num, size = self.rows.shape[-2:]
        received = np.sum((self.rows.conj() @ matrix * self.rows).real, axis=-1)
        dual = self.cost - np.swapaxes(self.rows * price[:, :num, None], -1, -2) @ self.rows.conj()
        if self.limited:
            received = np.append(received, -np.trace(matrix, axis1=-2, axis2=-1).real[:, None], axis=-1)
            dual += price[:, num:, None] * np.eye(size)
        return Complements(
            matrix=matrix,
            dual=dual,
            linear=np.stack([received + slack - self.level, slack], axis=1),
            price=np.stack([price, np.where(self.soft, self.slack_cost - price, 1.0)], axis=1),
            present=np.stack([np.ones_like(self.soft), self.soft], axis=1),
        )

    def solved(self, matrix: ComplexArray, slack: FloatArray, price: FloatArray, *, tolerance: float) -> BoolArray:
        bound = self.bound(price)
        return self.value(matrix, slack) - bound <= tolerance * np.maximum(np.abs(bound), self.dearest)

    def value(self, matrix: ComplexArray, slack: FloatArray) -> FloatArray:
        return np.sum((self.cost.conj() * matrix).real, axis=(-2, -1)) + np.sum(self.slack_cost * slack, axis=-1)

    def bound(self, price: FloatArray) -> FloatArray:
        return np.sum(self.level * price, axis=-1)
