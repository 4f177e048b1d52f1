"""Directions of which only what the loss can tell is drawn for each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.models.mlp import MLP
from fl_models.models.model import Model
from fl_models.models.softmax_regression import SoftmaxRegression
from fl_models.zeroth_order.bartlett import bartlett_factor
from fl_models.zeroth_order.estimate import loss_differences
from fl_models.zeroth_order.gaussian import single_gaussian
from fl_models.zeroth_order.objective import losses_of

RANK_TOLERANCE = 1e-9
"""Eigenvalues of XXᵀ below this share of the largest count as 0."""

FIXED_COST = 24_000
"""What the eigenvectors and the rest of a step take, in numbers that could be drawn instead, as measured."""

DenseModel = MLP | SoftmaxRegression
"""Models whose vector begins with the weight of a dense layer W (p, h) that is applied to the inputs."""


def dense_rows(model: DenseModel) -> int:
    """h, the outputs of the first layer."""
    return model.hidden_sizes[0] if isinstance(model, MLP) else model.num_classes


def row_space_pays(model: Model, *, batch: int, directions: int) -> bool:
    """Whether it is faster: b₂h(p - b) numbers need not be drawn, but hp and what else it takes; there must be room for b₂.

    >>> row_space_pays(SoftmaxRegression(num_inputs=784, num_classes=10), batch=25, directions=20)
    True
    >>> row_space_pays(SoftmaxRegression(num_inputs=64, num_classes=10), batch=25, directions=20)
    False
    """
    if not isinstance(model, DenseModel):
        return False
    rows, beyond = dense_rows(model), dense_rows(model) * (model.num_inputs - batch)
    return beyond >= directions and directions * beyond > rows * model.num_inputs + FIXED_COST


class RowSpaceDirections:
    """The two-point estimate, distributed exactly as that along `WholeDirections`, for a model whose first layer is dense.

    Take directions v_k = g_k/‖g_k‖ with g_k ~ N(0, I_d), of which G_k (p, h) falls to the first weight W and t_k to all else.
    Let the columns of Q (p, r) be an orthonormal basis of the space that the rows of the mini-batch X (b, p) span.

    1. The loss sees G_k by QᵀG_k alone, since X = (XQ)Qᵀ and so X(W + μG) = (XQ)(QᵀW + μQᵀG): it is the loss of the same model
       with r inputs XQ and the first weight QᵀW. QᵀG_k is (r, h) numbers N(0, 1).
    2. What is left, (I - QQᵀ)G_k, are numbers N(0, 1) in R^D, D = h(p - r), independent of QᵀG_k and t_k. They enter through
       ‖g_k‖² = ‖QᵀG_k‖² + ‖t_k‖² + ‖(I - QQᵀ)G_k‖² alone, so the coefficients a_k of the estimate Σ_k a_k g_k depend on them by
       their lengths. `bartlett_factor` draws those and what the estimate needs of the rest, Σ_k a_k (I - QQᵀ)G_k = ‖aᵀL‖ u with
       u uniform on the unit sphere of R^D: a Gaussian (p, h), projected and set to length 1.

    So each direction takes h r + (d - hp) numbers instead of d, and one matrix (p, h) is drawn for all of them. Q is from the
    eigenvectors of XXᵀ (b, b); where r < b, what is drawn for the missing dimensions is set to 0.

    Args:
        model: what is trained.
        x: (H, b, p) mini-batches of one client, with b < p.
        labels: (H, b).
        directions: b₂ <= h(p - b).
        smoothing: μ.
        rng: source of the directions.
    """

    def __init__(
        self, model: DenseModel, x: FloatArray, labels: IntArray, *, directions: int, smoothing: float, rng: np.random.Generator
    ) -> None:
        batch, inputs = x.shape[1:]
        self.rows, self.inputs = dense_rows(model), inputs
        self.losses = losses_of(replace(model, num_inputs=batch))
        self.x, self.labels = x, labels
        self.directions, self.smoothing, self.rng = directions, smoothing, rng
        samples = x.astype(float)
        values, vectors = np.linalg.eigh(np.matmul(samples, samples.swapaxes(-1, -2)))
        self.spanned = values > RANK_TOLERANCE * values[:, -1:]
        lengths = np.sqrt(np.where(self.spanned, values, 1.0))[:, None, :]
        # XQ, and what makes Q of the samples: Q = Xᵀ mixing.
        self.coordinates = vectors * lengths * self.spanned[:, None, :]
        self.mixing = vectors / lengths * self.spanned[:, None, :]

    def estimate(self, parameters: FloatArray, step: int) -> tuple[FloatArray, float]:
        x, mixing, spanned = self.x[step], self.mixing[step], self.spanned[step]
        rows, split = self.rows, self.rows * self.inputs
        weight = parameters[:split].reshape(self.inputs, rows)
        inside = rows * len(x)
        seen = np.concatenate([(mixing.T @ (x @ weight)).ravel(), parameters[split:]])

        drawn = single_gaussian((self.directions, len(seen)), rng=self.rng)
        if not spanned.all():
            drawn[:, :inside].reshape(self.directions, -1, rows)[:, ~spanned] = 0.0
        factor = bartlett_factor(self.directions, dimension=rows * (self.inputs - int(np.count_nonzero(spanned))), rng=self.rng)
        lengths = np.sqrt(np.einsum("kd,kd->k", drawn, drawn) + np.einsum("kl,kl->k", factor, factor))

        differences, loss = loss_differences(
            self.losses, seen, self.coordinates[step], self.labels[step], steps=drawn, scale=self.smoothing / lengths
        )
        coefficients = len(parameters) / (self.directions * self.smoothing) * differences / lengths
        found = coefficients.astype(drawn.dtype) @ drawn

        estimate = np.empty_like(parameters)
        estimate[split:] = found[inside:]
        rest = single_gaussian((self.inputs, rows), rng=self.rng).astype(parameters.dtype, copy=False)
        projected = mixing.T @ (x @ rest)
        length = np.sqrt(max(float(np.vdot(rest, rest)) - float(np.vdot(projected, projected)), np.finfo(float).tiny))
        scale = float(np.linalg.norm(coefficients @ factor)) / length
        # Out of the row space goes what this Gaussian has there, and in comes what was found there.
        exchange = mixing @ (found[:inside].reshape(-1, rows) - scale * projected)
        first = np.matmul(
            x.T.astype(parameters.dtype, copy=False),
            exchange.astype(parameters.dtype),
            out=estimate[:split].reshape(weight.shape),
        )
        rest *= parameters.dtype.type(scale)
        first += rest
        return estimate, loss
