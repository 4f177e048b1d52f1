"""The multi-layer perceptron with one hidden layer, and its sub-models by hidden neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from channels.arrays import FloatArray, IntArray
from fl_models.model import Submodel, cross_entropy


@dataclass(frozen=True, kw_only=True)
class MLP:
    """logits = V relu(W x + b) + c.

    The flat vector holds, in order, W (hidden, inputs), b (hidden), V by neuron (hidden, classes), c (classes): a hidden
    neuron owns one row of each of the first three, and c belongs to nobody.

    >>> MLP(num_inputs=64, num_hidden=300, num_classes=10).num_parameters
    22510
    """

    num_inputs: int
    num_hidden: int
    num_classes: int

    def __post_init__(self) -> None:
        for name in ("num_inputs", "num_hidden", "num_classes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: got {getattr(self, name)}; allowed is an integer >= 1")

    @property
    def num_parameters(self) -> int:
        return self.num_hidden * (self.num_inputs + 1 + self.num_classes) + self.num_classes

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """Weights N(0, 2/fan-in) before the rectifier and N(0, 1/fan-in) behind it, biases 0 (He et al. 2015)."""
        flat = np.zeros(self.num_parameters)
        weight, _, readout, _ = self._views(flat)
        weight[:] = rng.standard_normal(weight.shape) * np.sqrt(2.0 / self.num_inputs)
        readout[:] = rng.standard_normal(readout.shape) * np.sqrt(1.0 / self.num_hidden)
        return flat.astype(np.float32)

    def _views(self, flat: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """W, b, V and c as views of (..., d)."""
        inputs, hidden, classes = self.num_inputs, self.num_hidden, self.num_classes
        ends = np.cumsum([hidden * inputs, hidden, hidden * classes])
        batch = flat.shape[:-1]
        return (
            flat[..., : ends[0]].reshape(*batch, hidden, inputs),
            flat[..., ends[0] : ends[1]],
            flat[..., ends[1] : ends[2]].reshape(*batch, hidden, classes),
            flat[..., ends[2] :],
        )

    def logits(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        weight, bias, readout, offset = self._views(parameters)
        hidden = np.matmul(x, weight.swapaxes(-1, -2)) + bias[..., None, :]
        return np.matmul(np.maximum(hidden, 0.0), readout) + offset[..., None, :]

    def loss_and_gradient(
        self, parameters: FloatArray, x: FloatArray, labels: IntArray, *, out: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        weight, bias, readout, offset = self._views(parameters)
        hidden = np.matmul(x, weight.swapaxes(-1, -2))
        hidden += bias[..., None, :]
        np.maximum(hidden, 0.0, out=hidden)
        logits = np.matmul(hidden, readout)
        logits += offset[..., None, :]
        loss, upstream = cross_entropy(logits, labels)

        gradient = np.empty_like(parameters) if out is None else out
        d_weight, d_bias, d_readout, d_offset = self._views(gradient)
        np.matmul(hidden.swapaxes(-1, -2), upstream, out=d_readout)
        np.sum(upstream, axis=-2, out=d_offset)
        d_hidden = np.matmul(upstream, readout.swapaxes(-1, -2))
        d_hidden *= hidden > 0.0
        np.matmul(d_hidden.swapaxes(-1, -2), x, out=d_weight)
        np.sum(d_hidden, axis=-2, out=d_bias)
        return loss, gradient

    def submodel(self, neurons: IntArray) -> Submodel:
        """The model that has only the given hidden neurons, and where its parameters stand in this one's.

        >>> part = MLP(num_inputs=1, num_hidden=3, num_classes=1).submodel(np.array([0, 2]))
        >>> part.model, part.index.tolist()
        (MLP(num_inputs=1, num_hidden=2, num_classes=1), [0, 2, 3, 5, 6, 8, 9])
        """
        weight, bias, readout, offset = self._views(np.arange(self.num_parameters))
        index = np.concatenate([weight[neurons].ravel(), bias[neurons], readout[neurons].ravel(), offset])
        return Submodel(model=self.with_hidden(len(neurons)), index=index)

    def with_hidden(self, num_hidden: int) -> MLP:
        """The same inputs and classes with another number of hidden neurons."""
        return MLP(num_inputs=self.num_inputs, num_hidden=num_hidden, num_classes=self.num_classes)
