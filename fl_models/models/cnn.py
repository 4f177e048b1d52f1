"""The convolutional network, and its sub-models by the neurons behind its convolutions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from channels.arrays import FloatArray, IntArray
from fl_models.models.convolution import Convolution, Convolved, ImageShape
from fl_models.models.mlp import MLP
from fl_models.models.model import FLOPS_PER_PARAMETER, Submodel, flops_per_sample
from fl_models.models.workspace import Workspace

BLOCK_VALUES = 2**20
"""Values of the widest layer that are worked on at once: few enough for the cache, enough to be worth a call."""

_WORKSPACE = Workspace()


@dataclass(frozen=True, kw_only=True)
class CNN:
    """Convolutions, each with pooling and rectifier, then an `MLP` on what comes out of the last.

    Inputs are (..., b, p) as for any model, p = channels·height·width pixels in this order. The flat vector holds, for each
    convolution, its weight (channels out, channels in, kernel, kernel) and its bias, then the parameters of the MLP. HIST deals
    out the neurons of the MLP; the convolutions belong to nobody.

    Attributes:
        image_shape: (channels, height, width) of the inputs.
        convolutions: in order.
        hidden: neurons of each hidden layer behind them.
        num_classes: logits.
        dropout: chance that a hidden neuron is absent from a training step.

    >>> two = (Convolution(channels=6), Convolution(channels=16))
    >>> CNN(image_shape=(1, 32, 32), convolutions=two, hidden=(120, 84), num_classes=10).num_parameters
    61706
    """

    image_shape: ImageShape
    convolutions: tuple[Convolution, ...]
    hidden: tuple[int, ...]
    num_classes: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if len(self.image_shape) != 3 or min(self.image_shape) < 1:
            raise ValueError(f"image_shape: got {self.image_shape}; needed is (channels, height, width)")
        if not self.convolutions:
            raise ValueError("convolutions: got none; without them the model is an MLP")
        if not isinstance(self.hidden, tuple):
            raise ValueError(f"hidden: got {self.hidden!r}; needed is a tuple of integers >= 1")
        _ = self.head

    @cached_property
    def _layers(self) -> tuple[tuple[Convolution, ImageShape], ...]:
        """The convolutions, with the shape of the images that go into each."""
        layers, shape = [], self.image_shape
        for convolution in self.convolutions:
            layers.append((convolution, shape))
            shape = convolution.pooled_shape(shape)
        return tuple(layers)

    @cached_property
    def head(self) -> MLP:
        """What follows the convolutions."""
        last, shape = self._layers[-1]
        return MLP(
            num_inputs=prod(last.pooled_shape(shape)),
            num_hidden=tuple(self.hidden),
            num_classes=self.num_classes,
            dropout=self.dropout,
        )

    @property
    def num_inputs(self) -> int:
        return prod(self.image_shape)

    @property
    def partition_sizes(self) -> tuple[int, ...]:
        return self.head.partition_sizes

    @cached_property
    def _num_shared(self) -> int:
        """Parameters of the convolutions."""
        return sum(prod(layer.weight_shape(shape)) + layer.channels for layer, shape in self._layers)

    @property
    def num_parameters(self) -> int:
        return self._num_shared + self.head.num_parameters

    @cached_property
    def flops_per_sample(self) -> float:
        """Of a training step: a convolution's parameters are used at every position."""
        uses = [
            (prod(layer.weight_shape(shape)) + layer.channels) * prod(layer.convolved_shape(shape)[1:])
            for layer, shape in self._layers
        ]
        return float(FLOPS_PER_PARAMETER * sum(uses)) + flops_per_sample(self.head)

    def views(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Views of (..., d): "kernels_l" (..., channels out, channels in, kernel, kernel), "kernel_bias_l", then the MLP's."""
        views, start = {}, 0
        for i, (layer, shape) in enumerate(self._layers, start=1):
            weight_shape = layer.weight_shape(shape)
            end = start + prod(weight_shape)
            views[f"kernels_{i}"] = flat[..., start:end].reshape(*flat.shape[:-1], *weight_shape)
            start = end + layer.channels
            views[f"kernel_bias_{i}"] = flat[..., end:start]
        return views | self.head.views(flat[..., start:])

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """Kernels N(0, 2/fan-in), biases 0 (He et al. 2015), then the MLP's."""
        flat = np.zeros(self.num_parameters, dtype=np.float32)
        for name, view in self.views(flat).items():
            if name.startswith("kernels"):
                view[:] = rng.standard_normal(view.shape) * np.sqrt(2.0 / prod(view.shape[1:]))
        flat[self._num_shared :] = self.head.init(rng=rng)
        return flat

    def logits(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        lead = np.broadcast_shapes(parameters.shape[:-1], x.shape[:-2])
        every = np.broadcast_to(parameters, (*lead, parameters.shape[-1]))
        inputs = np.broadcast_to(x, (*lead, *x.shape[-2:]))
        scores = np.empty((*lead, x.shape[-2], self.num_classes), dtype=np.result_type(parameters, x))
        for index in np.ndindex(lead):
            own = every[index][None]
            for rows in self._blocks(x.shape[-2], samples=1):
                features = self._convolve(own, inputs[index][None, rows])[-1].pooled
                scores[index][rows] = self.head.logits(own[:, self._num_shared :], _samples_first(features))[0]
        return scores

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
        loss = np.empty(len(parameters), dtype=np.result_type(parameters, x))
        for some in self._blocks(len(parameters), samples=x.shape[1]):
            own = None if rngs is None else rngs[some]
            loss[some] = self._backpropagate(parameters[some], x[some], labels[some], out=gradient[some], rngs=own)
        return loss, gradient

    def _blocks(self, count: int, *, samples: int) -> Iterator[slice]:
        """Slices of so many things, each of some samples, that fit in the cache."""
        widest = max(
            prod(layer.weight_shape(shape)[1:]) * prod(layer.convolved_shape(shape)[1:]) for layer, shape in self._layers
        )
        step = max(1, BLOCK_VALUES // (widest * samples))
        return (slice(start, start + step) for start in range(0, count, step))

    def _convolve(self, parameters: FloatArray, x: FloatArray) -> list[Convolved]:
        clients, batch = x.shape[:2]
        views = list(self.views(parameters).values())
        images = np.moveaxis(x.reshape(clients, batch, *self.image_shape), 1, -1)
        passes = []
        for i, convolution in enumerate(self.convolutions):
            weight, bias = views[2 * i : 2 * i + 2]
            passes.append(convolution.forward(weight, bias, images, workspace=_WORKSPACE, name=str(i)))
            images = passes[-1].pooled
        return passes

    def _backpropagate(
        self,
        parameters: FloatArray,
        x: FloatArray,
        labels: IntArray,
        *,
        out: FloatArray,
        rngs: Sequence[np.random.Generator] | None,
    ) -> FloatArray:
        passes = self._convolve(parameters, x)
        features = passes[-1].pooled
        upstream = _WORKSPACE.empty("feature gradient", features.shape, features.dtype)
        loss = self.head.backpropagate(
            parameters[:, self._num_shared :],
            _samples_first(features),
            labels,
            out=out[:, self._num_shared :],
            out_x=_samples_first(upstream),
            rngs=rngs,
        )
        views, gradients = list(self.views(parameters).values()), list(self.views(out).values())
        for i in reversed(range(len(passes))):
            convolution, shape = self._layers[i]
            before = convolution.backward(
                upstream, passes[i], out_weight=gradients[2 * i], out_bias=gradients[2 * i + 1], workspace=_WORKSPACE
            )
            if i:
                upstream = convolution.image_gradient(before, views[2 * i], passes[i], shape, workspace=_WORKSPACE)
        return loss

    def submodel(self, neurons: IntArray | Sequence[IntArray]) -> Submodel:
        """The convolutions with the given neurons of the layers behind them that are dealt out, see `MLP.submodel`."""
        chosen = (neurons,) if isinstance(neurons, np.ndarray) else tuple(neurons)
        part = self.head.submodel(chosen)
        index = np.concatenate([np.arange(self._num_shared), self._num_shared + part.index])
        return Submodel(model=self.with_hidden([len(own) for own in chosen]), index=index)

    def with_hidden(self, num_hidden: int | Sequence[int]) -> CNN:
        """The same network with other numbers of neurons in the layers that are dealt out.

        >>> lenet = CNN(image_shape=(1, 9, 9), convolutions=(Convolution(channels=2),), hidden=(8, 5), num_classes=3)
        >>> lenet.with_hidden(4).hidden
        (4, 5)
        """
        return replace(self, hidden=self.head.with_hidden(num_hidden).hidden_sizes)


def _samples_first(images: FloatArray) -> FloatArray:
    """(C, b, features) view of images (C, k, h, w, b)."""
    clients, batch = images.shape[0], images.shape[-1]
    return images.reshape(clients, -1, batch).swapaxes(-1, -2)
