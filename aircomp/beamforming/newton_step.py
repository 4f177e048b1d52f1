"""One predictor-corrector step of the interior point for semidefinite programs, over a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aircomp.beamforming.hermitian import adjoint, as_hermitian, as_real
from channels.arrays import BoolArray, ComplexArray, FloatArray

MOST_OF_THE_WAY = 0.98
"""A step goes this far towards the boundary of the cone at most."""

RIDGE = 1e-14
"""Relative to its diagonal, what keeps the system regular where clients are alike."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Complements:
    """Pairs whose products vanish at the optimum: M and S, and in each constraint p = (s, x) and q = (y, z).

    The surplus is s_j = ⟨A_j, M⟩ + x_j - b_j, the dual matrix S = C - Σ y_j A_j, the price of slack z_j = u_j - y_j. All are
    strictly inside their cones.

    Attributes:
        matrix: (B, A, A) M.
        dual: (B, A, A) S.
        linear: (B, 2, N) p; 0 where absent.
        price: (B, 2, N) q; 1 where absent.
        present: (B, 2, N) False for the slack of a constraint that has none.
    """

    matrix: ComplexArray
    dual: ComplexArray
    linear: FloatArray
    price: FloatArray
    present: BoolArray

    @property
    def inside(self) -> BoolArray:
        """(B,) whether all are strictly inside their cones."""
        positive = np.all((self.linear > 0.0) | ~self.present, axis=(-2, -1)) & np.all(self.price > 0.0, axis=(-2, -1))
        return positive & np.all(np.linalg.eigvalsh(np.stack([self.matrix, self.dual]))[..., 0] > 0.0, axis=0)


class _Direction(NamedTuple):
    """Changes of all four, those of M and S in the scaling in which both are diagonal."""

    matrix: ComplexArray
    dual: ComplexArray
    linear: FloatArray
    price: FloatArray


class NewtonStep(NamedTuple):
    """What to add to M (B, A, A), x (B, N) and y (B, N)."""

    matrix: ComplexArray
    slack: FloatArray
    price: FloatArray


def newton_step(at: Complements, constraints: Callable[[ComplexArray], FloatArray]) -> NewtonStep:
    """Mehrotra's step in the scaling of Nesterov and Todd.

    With G such that GᴴSG = G⁻¹MG⁻ᴴ = Λ is diagonal and Ã_j = GᴴA_jG, the conditions dM̃ + dS̃ = T, dp + (p/q)dq = t, linearised,
    are one positive definite system in the prices, (⟨Ã_i, Ã_j⟩ + diag(s/y + x/z)) dy = t_s - t_x - ⟨Ã_i, T⟩.

    Args:
        at: where the step starts.
        constraints: gives all GᴴA_jG as real vectors (B, N, A²), from G (B, A, A).

    Source: Vandenberghe 2010, "The CVXOPT linear and quadratic cone program solvers", sections 4 and 7.
    """
    root, root_dual = np.linalg.cholesky(at.matrix), np.linalg.cholesky(at.dual)
    _, eigenvalue, right = np.linalg.svd(adjoint(root_dual) @ root)
    scaling = root @ adjoint(right) / np.sqrt(eigenvalue)[:, None, :]
    middle: ComplexArray = eigenvalue[:, :, None] * np.eye(eigenvalue.shape[-1], dtype=complex)
    ratio = at.linear / at.price
    rows = constraints(scaling)
    system = rows @ np.swapaxes(rows, -1, -2)
    every = np.arange(rows.shape[-2])
    diagonal = ratio.sum(axis=1)
    system[:, every, every] += diagonal + RIDGE * system[:, every, every]

    def direction(target: ComplexArray, linear_target: FloatArray, *, refined: bool) -> _Direction:
        right_side = linear_target[:, 0] - linear_target[:, 1] - np.matvec(rows, as_real(target))
        change = np.linalg.solve(system, right_side[..., None])[..., 0]
        if refined:
            miss = right_side - np.matvec(rows, np.vecmat(change, rows)) - diagonal * change
            change += np.linalg.solve(system, miss[..., None])[..., 0]
        dual = -as_hermitian(np.vecmat(change, rows))
        price = np.where(at.present, np.stack([change, -change], axis=1), 0.0)
        linear = linear_target - ratio * price
        linear[:, 0] = np.matvec(rows, as_real(target - dual)) + linear[:, 1]
        return _Direction(target - dual, dual, linear, price)

    def lengths(step: _Direction) -> tuple[FloatArray, FloatArray]:
        """How far M and x, and how far the dual, can go: 1 at most."""
        unit = np.sqrt(eigenvalue[:, :, None] * eigenvalue[:, None, :])
        shrink = -np.linalg.eigvalsh(np.stack([step.matrix, step.dual]) / unit)[..., 0]
        linear = np.max(-step.linear / np.where(at.present, at.linear, 1.0), axis=(-2, -1))
        price = np.max(-step.price / at.price, axis=(-2, -1))
        most = np.maximum(np.maximum(shrink, [linear, price]), MOST_OF_THE_WAY)
        return MOST_OF_THE_WAY / most[0], MOST_OF_THE_WAY / most[1]

    total = np.sum(eigenvalue**2, axis=-1) + np.sum(at.linear * at.price, axis=(-2, -1))
    predictor = direction(-middle, -at.linear, refined=False)
    far, far_dual = (length[:, None, None] for length in lengths(predictor))
    matrices = (middle + far * predictor.matrix) * (middle + far_dual * predictor.dual).conj()
    numbers = (at.linear + far * predictor.linear) * (at.price + far_dual * predictor.price)
    after = np.sum(matrices.real, axis=(-2, -1)) + np.sum(numbers, axis=(-2, -1))
    mean = total / (eigenvalue.shape[-1] + at.present.sum(axis=(-2, -1))) * (after / total) ** 3
    mean = mean[:, None, None]
    product = predictor.matrix @ predictor.dual
    curvature = (product + adjoint(product)) / (eigenvalue[:, :, None] + eigenvalue[:, None, :])
    corrector = direction(
        mean * np.linalg.inv(middle) - middle - curvature,
        np.where(at.present, (mean - predictor.linear * predictor.price) / at.price - at.linear, 0.0),
        refined=True,
    )
    far, far_dual = lengths(corrector)
    matrix = scaling @ corrector.matrix @ adjoint(scaling)
    matrix = (matrix + adjoint(matrix)) / 2.0
    return NewtonStep(
        matrix=far[:, None, None] * matrix,
        slack=far[:, None] * corrector.linear[:, 1],
        price=far_dual[:, None] * corrector.price[:, 0],
    )
