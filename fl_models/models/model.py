"""Models: pure functions of flat parameter vectors, with a client axis."""

from __future__ import annotations

from collections.abc import Sequence
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

        A model with an attribute `dropout` also takes `rngs`, a generator for each client; without them nothing is dropped.

        Args:
            parameters: (C, d).
            x: (C, b, p) inputs, a batch for each client.
            labels: (C, b) classes.
            out: (C, d) array that the gradient is written to.
        """
        ...


@runtime_checkable
class PartitionableModel(Model, Protocol):
    """A model whose hidden neurons can be dealt out, as HIST needs it.

    Of its hidden layers some are dealt out, no two of which touch: a parameter has one owner, or it belongs to nobody and is
    trained by all.
    """

    @property
    def partition_sizes(self) -> tuple[int, ...]:
        """Neurons of each layer that is dealt out."""
        ...

    def submodel(self, neurons: IntArray | Sequence[IntArray]) -> Submodel:
        """The model that has only the given neurons of each dealt layer; if there is one such layer, an array will do."""
        ...

    def with_hidden(self, num_hidden: int | Sequence[int]) -> PartitionableModel:
        """The same kind of model with other numbers of neurons in the dealt layers; if there is one, a number will do."""
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


def flops_per_sample(model: Model) -> float:
    """Floating-point operations that a training step takes for each sample.

    What the model says itself, as a convolution must, whose parameters are used at every position; else 6 a parameter.

    >>> from fl_models import MLP
    >>> flops_per_sample(MLP(num_inputs=64, num_hidden=300, num_classes=10))
    135060.0
    """
    return float(getattr(model, "flops_per_sample", FLOPS_PER_PARAMETER * model.num_parameters))
