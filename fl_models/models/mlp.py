"""The multi-layer perceptron, and its sub-models by hidden neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from channels.arrays import FloatArray, IntArray, check_count, checked
from fl_models.data.mini_batches import MiniBatches
from fl_models.models.cross_entropy import cross_entropy
from fl_models.models.descent import descend
from fl_models.models.dropout import dropout_masks
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Submodel


@dataclass(frozen=True, kw_only=True)
class MLP:
    """h_l = relu(h_{l-1} W_l + b_l) for the hidden layers l = 1 ... L, h_0 = x, and logits = h_L V + c.

    The flat vector holds, in order, W_l (inputs, neurons) and b_l (neurons) of each hidden layer, then V (neurons, classes) and
    c (classes). HIST deals out the neurons of every second hidden layer, the first, third and so on:
    a neuron owns what goes into it, its bias and what comes out of it, and since no two dealt layers touch, no parameter has
    two owners. What is left (the biases of the other layers, V if L is even, c) belongs to nobody.

    Attributes:
        num_inputs: p.
        num_hidden: neurons of the hidden layer, or of each of several.
        num_classes: logits.
        dropout: chance that a hidden neuron is absent from a training step; 0 is none.

    >>> MLP(num_inputs=64, num_hidden=300, num_classes=10).num_parameters
    22510
    >>> MLP(num_inputs=784, num_hidden=(200, 200), num_classes=10).partition_sizes
    (200,)
    """

    num_inputs: int
    num_hidden: int | tuple[int, ...]
    num_classes: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not self.hidden_sizes:
            raise ValueError("num_hidden: got an empty tuple; without a hidden layer the model is a SoftmaxRegression")
        check_count("num_inputs", self.num_inputs)
        check_count("num_classes", self.num_classes)
        for size in self.hidden_sizes:
            check_count("num_hidden", size)
        checked("dropout", self.dropout, low=0.0, high=1.0, open_high=True)

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Neurons of each hidden layer."""
        return self.num_hidden if isinstance(self.num_hidden, tuple) else (self.num_hidden,)

    @property
    def partition_sizes(self) -> tuple[int, ...]:
        """Neurons of each hidden layer that is dealt out: the first, third and so on."""
        return self.hidden_sizes[::2]

    @cached_property
    def num_parameters(self) -> int:
        return sum((below + 1) * size for below, size in pairwise((self.num_inputs, *self.hidden_sizes, self.num_classes)))

    def views(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Views of (..., d): "weight_l" (..., inputs, neurons) and "bias_l" of each hidden layer, "readout" V and "offset" c.

        >>> views = MLP(num_inputs=3, num_hidden=2, num_classes=4).views(np.zeros(20))
        >>> {name: view.shape for name, view in views.items()}
        {'weight_1': (3, 2), 'bias_1': (2,), 'readout': (2, 4), 'offset': (4,)}
        """
        layers = self._layers(flat)
        names = [(f"weight_{depth}", f"bias_{depth}") for depth in range(1, len(layers))] + [("readout", "offset")]
        parts = [(layer[..., :-1, :], layer[..., -1, :]) for layer in layers]
        return {name: part for own, both in zip(names, parts, strict=True) for name, part in zip(own, both, strict=True)}

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """Weights N(0, 2/fan-in) before a rectifier and N(0, 1/fan-in) behind the last, biases 0 (He et al. 2015)."""
        flat = np.zeros(self.num_parameters)
        for name, view in self.views(flat).items():
            if name == "readout":
                view[:] = rng.standard_normal(view.shape) * np.sqrt(1.0 / view.shape[0])
            elif view.ndim == 2:
                # Neuron by neuron.
                view[:] = rng.standard_normal(view.shape[::-1]).T * np.sqrt(2.0 / view.shape[0])
        return flat.astype(np.float32)

    def logits(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        return self._forward(self._layers(parameters), x, None)[-1]

    def loss_and_gradient(
        self,
        parameters: FloatArray,
        x: FloatArray,
        labels: IntArray,
        *,
        out: FloatArray | None = None,
        rngs: Sequence[np.random.Generator] | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        gradient = np.empty_like(parameters) if out is None else out
        return self.backpropagate(parameters, x, labels, out=gradient, rngs=rngs), gradient

    def backpropagate(
        self,
        parameters: FloatArray,
        x: FloatArray,
        labels: IntArray,
        *,
        out: FloatArray,
        out_x: FloatArray | None = None,
        rngs: Sequence[np.random.Generator] | None = None,
    ) -> FloatArray:
        """The loss (C,); its gradient in the parameters is written to `out` (C, d), that in the inputs to `out_x` (C, b, p)."""
        layers, gradients = self._layers(parameters), self._layers(out)
        activations = self._forward(layers, x, rngs)
        loss, upstream = cross_entropy(activations.pop(), labels)
        for depth in reversed(range(len(layers))):
            np.matmul((activations[depth - 1] if depth else x).swapaxes(-1, -2), upstream, out=gradients[depth][:, :-1])
            np.sum(upstream, axis=-2, out=gradients[depth][:, -1])
            turned = layers[depth][:, :-1].swapaxes(-1, -2)
            if depth:
                upstream = np.matmul(upstream, turned)
                upstream *= activations[depth - 1] > 0.0  # not where the rectifier is shut or the neuron dropped
                if self.dropout and rngs is not None:
                    upstream *= upstream.dtype.type(1.0 / (1.0 - self.dropout))
            elif out_x is not None:
                np.matmul(upstream, turned, out=out_x)
        return loss

    def descend(
        self, local: FloatArray, batches: MiniBatches, step: LocalStep, *, rngs: Sequence[np.random.Generator] = ()
    ) -> FloatArray:
        """H steps by the gradient in place; see `fl_models.models.descent`."""
        return descend(local, self._layers(local), batches, step, dropout=self.dropout, rngs=rngs)

    def _layers(self, flat: NDArray[Any]) -> list[NDArray[Any]]:
        """Views of (..., d): (..., inputs + 1, outputs) of each layer, weights and below them the biases."""
        layers, start = [], 0
        for below, size in pairwise((self.num_inputs, *self.hidden_sizes, self.num_classes)):
            end = start + (below + 1) * size
            layers.append(flat[..., start:end].reshape(*flat.shape[:-1], below + 1, size))
            start = end
        return layers

    def _forward(
        self, layers: Sequence[FloatArray], x: FloatArray, rngs: Sequence[np.random.Generator] | None
    ) -> list[FloatArray]:
        """Outputs of the hidden layers, then the logits."""
        outputs: list[FloatArray] = []
        for layer in layers:
            out = np.matmul(outputs[-1] if outputs else x, layer[..., :-1, :])
            out += layer[..., -1:, :]
            outputs.append(out)
            if len(outputs) < len(layers):
                np.maximum(out, 0.0, out=out)
                if self.dropout and rngs is not None:
                    out *= dropout_masks(out.shape, self.dropout, dtype=out.dtype, rngs=rngs)
        return outputs

    def submodel(self, neurons: IntArray | Sequence[IntArray]) -> Submodel:
        """The model that has only the given neurons of the dealt layers, and where its parameters stand in this one's.

        Args:
            neurons: indices for each dealt layer; an array by itself, if there is one.

        >>> part = MLP(num_inputs=1, num_hidden=3, num_classes=1).submodel(np.array([0, 2]))
        >>> part.model.num_hidden, part.index.tolist()
        (2, [0, 2, 3, 5, 6, 8, 9])
        """
        chosen = (neurons,) if isinstance(neurons, np.ndarray) else tuple(neurons)
        model = self.with_hidden([len(own) for own in chosen])
        # All neurons of the layers that are not dealt out.
        kept = [chosen[i // 2] if i % 2 == 0 else np.arange(size) for i, size in enumerate(self.hidden_sizes)]
        below: IntArray = np.arange(self.num_inputs)
        index: list[IntArray] = []
        views = list(self.views(np.arange(self.num_parameters)).values())
        for weight, bias, own in zip(views[:-2:2], views[1:-2:2], kept, strict=True):
            index += [weight[np.ix_(below, own)].ravel(), bias[own]]
            below = own
        index += [views[-2][below].ravel(), views[-1]]
        return Submodel(model=model, index=np.concatenate(index))

    def with_hidden(self, num_hidden: int | Sequence[int]) -> MLP:
        """The same model with other numbers of neurons in the layers that are dealt out.

        >>> MLP(num_inputs=1, num_hidden=(8, 5, 4), num_classes=2).with_hidden([16, 8]).num_hidden
        (16, 5, 8)
        """
        sizes = (num_hidden,) if isinstance(num_hidden, int | np.integer) else tuple(num_hidden)
        if len(sizes) != len(self.partition_sizes):
            raise ValueError(
                f"num_hidden: got {len(sizes)} sizes; needed is one for each of {len(self.partition_sizes)} dealt layers"
            )
        if not isinstance(self.num_hidden, tuple):
            return replace(self, num_hidden=sizes[0])
        every = list(self.num_hidden)
        every[::2] = sizes
        return replace(self, num_hidden=tuple(every))
