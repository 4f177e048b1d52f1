"""What zeroth-order training needs of a problem: values of the loss."""

from __future__ import annotations

from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.models.cross_entropy import cross_entropies
from fl_models.models.model import Model


@runtime_checkable
class Objective(Protocol):
    """A loss that can be evaluated, and no more. A task's `model` may be one if its algorithm takes function values only.

    Its scores on the test set are what a method `evaluate(parameters, test)` returns, see `FederatedTask.evaluate`.
    """

    @property
    def num_parameters(self) -> int:
        """d."""
        ...

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """(d,) initial parameters in single precision."""
        ...

    def losses(self, parameters: FloatArray, x: FloatArray, labels: IntArray) -> FloatArray:
        """(...) mean loss of parameters (..., d) on mini-batches x (..., b, p) with labels (..., b); leading axes broadcast."""
        ...


class Losses(Protocol):
    """See `Objective.losses`."""

    def __call__(self, parameters: FloatArray, x: FloatArray, labels: IntArray) -> FloatArray: ...


def losses_of(model: Model | Objective) -> Losses:
    """The losses of an objective, or those that a classifier has by its logits."""
    return model.losses if isinstance(model, Objective) else partial(model_losses, model)


def model_losses(model: Model, parameters: FloatArray, x: FloatArray, labels: IntArray) -> FloatArray:
    """(...) mean cross-entropy of a classifier with parameters (..., d) on batches (..., b, p); nothing is dropped.

    >>> from fl_models import SoftmaxRegression
    >>> model = SoftmaxRegression(num_inputs=2, num_classes=4)
    >>> model_losses(model, np.zeros((3, 12)), np.ones((1, 5, 2)), np.zeros((1, 5), dtype=int)).round(4).tolist()
    [1.3863, 1.3863, 1.3863]
    """
    shared = np.broadcast_shapes(parameters.shape[:-1], x.shape[:-2])
    scores = model.logits(parameters, np.broadcast_to(x, (*shared, *x.shape[-2:]))).astype(float, copy=False)
    return np.asarray(cross_entropies(scores, labels).mean(axis=-1))
