"""Models: pure functions of flat parameter vectors, with a client axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import FloatArray, IntArray

FLOPS_PER_PARAMETER = 6
"""Two operations a parameter and sample forward, four backward (Kaplan et al. 2020, section 2.1)."""


class Model(Protocol):
    """A classifier whose parameters are one flat vector; those of C clients are one array (C, d)."""

    @property
    def num_parameters(self) -> int:
        """d."""
        ...

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """(d,) initial parameters in single precision."""
        ...

    def logits(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        """(..., b, classes) scores of inputs (..., b, p) under parameters (..., d)."""
        ...

    def loss_and_gradient(
        self, parameters: FloatArray, x: FloatArray, labels: IntArray, *, out: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Mean cross-entropy (C,) of each client's batch and its exact gradient (C, d).

        Args:
            parameters: (C, d).
            x: (C, b, p) inputs, a batch for each client.
            labels: (C, b) classes.
            out: (C, d) array that the gradient is written to.
        """
        ...


@runtime_checkable
class PartitionableModel(Model, Protocol):
    """A model whose hidden neurons can be dealt out, as HIST needs it."""

    @property
    def num_hidden(self) -> int:
        """Neurons that can be dealt out."""
        ...

    def submodel(self, neurons: IntArray) -> Submodel:
        """The model that has only the given hidden neurons."""
        ...

    def with_hidden(self, num_hidden: int) -> PartitionableModel:
        """The same kind of model with another number of hidden neurons."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Submodel:
    """A part of a model that is a model by itself.

    Attributes:
        model: the part.
        index: (d_part,) where each of its parameters stands in the whole model's vector.
    """

    model: Model
    index: IntArray


def cross_entropy(logits: FloatArray, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    """Mean over the batch (...) of -log softmax(logits)[label], and its gradient in the logits (..., b, classes).

    >>> loss, gradient = cross_entropy(np.zeros((1, 2)), np.array([0]))
    >>> loss.round(4).tolist(), gradient.tolist()
    (0.6931, [[-0.5, 0.5]])
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    gradient = np.exp(shifted)
    total = gradient.sum(axis=-1, keepdims=True)
    picked = labels[..., None]
    loss = np.mean(np.log(total) - np.take_along_axis(shifted, picked, axis=-1), axis=(-2, -1))
    gradient /= total
    np.put_along_axis(gradient, picked, np.take_along_axis(gradient, picked, axis=-1) - 1.0, axis=-1)
    gradient /= labels.shape[-1]
    return loss, gradient
