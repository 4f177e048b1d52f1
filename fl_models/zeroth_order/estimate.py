"""The two-point estimate of a gradient, from differences of the loss along given directions."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from channels.arrays import FloatArray, IntArray, checked
from fl_models.zeroth_order.objective import Losses


class Estimator(Protocol):
    """Estimates of the gradients of one client's mini-batches, along directions that it draws."""

    def estimate(self, parameters: FloatArray, step: int) -> tuple[FloatArray, float]:
        """(d,) estimated gradient of the loss on mini-batch `step`, and the loss at the parameters (d,) themselves."""
        ...


def two_point_estimate(
    losses: Losses, parameters: FloatArray, x: FloatArray, labels: IntArray, *, directions: FloatArray, smoothing: float
) -> tuple[FloatArray, float]:
    """(d/(b₂μ)) Σ_k (F(x + μv_k; ξ) - F(x; ξ)) v_k along given unit vectors v_k, and F(x; ξ).

    If they are uniform on the sphere it is the gradient, in the mean, of F smoothed over the ball of radius μ. All is computed
    in double precision: a difference of two losses is of the order μ‖∇F‖/√d, for large models near what single precision
    resolves.

    Args:
        losses: F.
        parameters: (d,).
        x: (b, p) the mini-batch ξ.
        labels: (b,).
        directions: (b₂, d) of length 1.
        smoothing: μ > 0.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning", eq. 4.

    >>> def losses(parameters, x, labels):
    ...     return parameters @ np.array([3.0, 4.0])
    >>> estimate, loss = two_point_estimate(
    ...     losses, np.ones(2), np.zeros((1, 1)), np.zeros(1, dtype=int), directions=np.eye(2), smoothing=0.5)
    >>> estimate.tolist(), loss
    ([3.0, 4.0], 7.0)
    """
    checked("smoothing", smoothing, low=0.0, open_low=True)
    differences, loss = loss_differences(
        losses, parameters, x, labels, steps=directions, scale=np.full(len(directions), smoothing)
    )
    return parameters.shape[-1] / (len(directions) * smoothing) * differences @ directions, loss


def loss_differences(
    losses: Losses, parameters: FloatArray, x: FloatArray, labels: IntArray, *, steps: FloatArray, scale: FloatArray
) -> tuple[FloatArray, float]:
    """(k,) F(x + c_k s_k; ξ) - F(x; ξ) for steps s (k, d) and their scales c (k,), and F(x; ξ)."""
    points = np.empty((len(steps) + 1, len(parameters)))
    points[0] = parameters
    np.multiply(steps, scale[:, None], out=points[1:])
    points[1:] += points[0]
    values = np.asarray(losses(points, x[None], labels[None]), dtype=float)
    return values[1:] - values[0], float(values[0])
