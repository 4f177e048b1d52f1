"""Softmax regression: a linear classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from channels.arrays import FloatArray, IntArray, check_count
from fl_models.data.mini_batches import MiniBatches
from fl_models.models.cross_entropy import cross_entropy
from fl_models.models.descent import descend
from fl_models.models.local_step import LocalStep


@dataclass(frozen=True, kw_only=True)
class SoftmaxRegression:
    """logits = x W + c, convex in its parameters; they are laid out as W (inputs, classes), then c.

    >>> SoftmaxRegression(num_inputs=64, num_classes=10).num_parameters
    650
    """

    num_inputs: int
    num_classes: int

    def __post_init__(self) -> None:
        check_count("num_inputs", self.num_inputs)
        check_count("num_classes", self.num_classes)

    @property
    def num_parameters(self) -> int:
        return self.num_classes * (self.num_inputs + 1)

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """Zeros: the problem is convex, so the start needs no chance."""
        return np.zeros(self.num_parameters, dtype=np.float32)

    def views(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Views of (..., d): "weight" (..., inputs, classes) and "bias" (..., classes)."""
        layer = self._layer(flat)
        return {"weight": layer[..., :-1, :], "bias": layer[..., -1, :]}

    def _layer(self, flat: NDArray[Any]) -> NDArray[Any]:
        """View of (..., d): (..., inputs + 1, classes), weights and below them the bias."""
        return flat.reshape(*flat.shape[:-1], self.num_inputs + 1, self.num_classes)

    def logits(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        layer = self._layer(parameters)
        return np.matmul(x, layer[..., :-1, :]) + layer[..., -1:, :]

    def loss_and_gradient(
        self, parameters: FloatArray, x: FloatArray, labels: IntArray, *, out: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        gradient = np.empty_like(parameters) if out is None else out
        loss, upstream = cross_entropy(self.logits(parameters, x), labels)
        layer = self._layer(gradient)
        np.matmul(x.swapaxes(-1, -2), upstream, out=layer[:, :-1])
        np.sum(upstream, axis=-2, out=layer[:, -1])
        return loss, gradient

    def descend(
        self, local: FloatArray, batches: MiniBatches, step: LocalStep, *, rngs: Sequence[np.random.Generator] = ()
    ) -> FloatArray:
        """H steps by the gradient in place; see `fl_models.models.descent`."""
        return descend(local, [self._layer(local)], batches, step)
