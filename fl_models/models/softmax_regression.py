"""Softmax regression: a linear classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from channels.arrays import FloatArray, IntArray
from fl_models.models.model import cross_entropy


@dataclass(frozen=True, kw_only=True)
class SoftmaxRegression:
    """logits = W x + c, convex in its parameters; they are laid out as W (classes, inputs), then c.

    >>> SoftmaxRegression(num_inputs=64, num_classes=10).num_parameters
    650
    """

    num_inputs: int
    num_classes: int

    @property
    def num_parameters(self) -> int:
        return self.num_classes * (self.num_inputs + 1)

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """Zeros: the problem is convex, so the start needs no chance."""
        return np.zeros(self.num_parameters, dtype=np.float32)

    def views(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Views of (..., d): "weight" (..., classes, inputs) and "bias" (..., classes)."""
        split = self.num_classes * self.num_inputs
        weight = flat[..., :split].reshape(*flat.shape[:-1], self.num_classes, self.num_inputs)
        return {"weight": weight, "bias": flat[..., split:]}

    def logits(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        weight, bias = self.views(parameters).values()
        return np.matmul(x, weight.swapaxes(-1, -2)) + bias[..., None, :]

    def loss_and_gradient(
        self, parameters: FloatArray, x: FloatArray, labels: IntArray, *, out: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        gradient = np.empty_like(parameters) if out is None else out
        loss, upstream = cross_entropy(self.logits(parameters, x), labels)
        weight, bias = self.views(gradient).values()
        np.matmul(upstream.swapaxes(-1, -2), x, out=weight)
        np.sum(upstream, axis=-2, out=bias)
        return loss, gradient
