"""Hyper-parameters as an objective: the validation loss of a model that is trained with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray, check_count, checked
from fl_models.data.dataset import Dataset
from fl_models.models.cross_entropy import cross_entropies
from fl_models.models.model import FLOPS_PER_PARAMETER
from fl_models.zeroth_order.client_load import EVALUATION_SHARE


@dataclass(frozen=True, kw_only=True)
class HyperParameters:
    """F(η) = cross-entropy on validation samples of a softmax regression after S steps W ← (W - γ∇f(W))/(1 + γλ) on the others.

    log₁₀ γ and log₁₀ λ are each low + (high - low)(1 + tanh η)/2 of their ranges, with η = 0 to begin with; f is the mean
    cross-entropy on the training samples of the batch, W begins at 0, and the offset is not decayed. The steps are proximal
    in the decay λ‖W‖²/2, so no decay makes them diverge. F has a gradient, through all S steps; that nobody needs to program
    it is what zeroth-order training is for. The last input of a sample is no input but says what it is for: 1 for validation,
    0 for training; see `tuning_task`.

    Attributes:
        num_inputs: p, without the one that marks validation samples.
        num_classes: of the inner model.
        inner_steps: S.
        log_step_size: range of log₁₀ γ.
        log_decay: range of log₁₀ λ.

    >>> objective = HyperParameters(num_inputs=64, num_classes=10, log_step_size=(-3.0, -1.0))
    >>> [value.round(6).tolist() for value in objective.values(np.zeros(2))]
    [0.01, 0.01]
    """

    num_inputs: int
    num_classes: int
    inner_steps: int = 20
    log_step_size: tuple[float, float] = (-3.0, 0.5)
    log_decay: tuple[float, float] = (-4.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("num_inputs", "num_classes", "inner_steps"):
            check_count(name, getattr(self, name))
        for name in ("log_step_size", "log_decay"):
            low, high = getattr(self, name)
            checked(name, high, low=low, open_low=True)

    @property
    def num_parameters(self) -> int:
        """2, for the step size and the decay."""
        return 2

    @property
    def flops_per_sample(self) -> float:
        """As if of a training step, of which a loss takes `EVALUATION_SHARE`; this loss takes S steps of the inner model."""
        return FLOPS_PER_PARAMETER / EVALUATION_SHARE * self.inner_steps * self.num_classes * (self.num_inputs + 1)

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """The middle of the ranges."""
        return np.zeros(2, dtype=np.float32)

    def values(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(...) step sizes γ and decays λ of η (..., 2)."""
        share = 0.5 * (1.0 + np.tanh(parameters.astype(float)))
        (low_step, high_step), (low_decay, high_decay) = self.log_step_size, self.log_decay
        step_size = 10.0 ** (low_step + (high_step - low_step) * share[..., 0])
        return step_size, 10.0 ** (low_decay + (high_decay - low_decay) * share[..., 1])

    def losses(self, parameters: FloatArray, x: FloatArray, labels: IntArray) -> FloatArray:
        """(...) F of η (..., 2) for batches x (..., b, p + 1); where a batch has no validation sample, 0."""
        validation, scores = self._validate(parameters, x, labels)
        loss = validation * cross_entropies(scores, labels)
        return np.asarray(loss.sum(axis=-1) / np.maximum(validation.sum(axis=-1), 1.0))

    def evaluate(self, parameters: FloatArray, test: Dataset) -> tuple[float, float]:
        """Accuracy on the validation samples of a set after training on its others, and F."""
        validation, scores = self._validate(parameters.astype(float), test.x, test.labels)
        right = (scores.argmax(axis=-1) == test.labels)[validation > 0.0]
        return float(right.mean()), float(self.losses(parameters.astype(float), test.x, test.labels))

    def _validate(self, parameters: FloatArray, x: FloatArray, labels: IntArray) -> tuple[FloatArray, FloatArray]:
        """1 for validation samples (..., b), and the trained model's scores (..., b, classes)."""
        inputs, validation = x[..., :-1].astype(float), x[..., -1].astype(float)
        step_size, decay = (value[..., None, None] for value in self.values(parameters))
        share = (1.0 - validation) / np.maximum((1.0 - validation).sum(axis=-1, keepdims=True), 1.0)
        onehot = labels[..., None] == np.arange(self.num_classes)
        lead = np.broadcast_shapes(parameters.shape[:-1], x.shape[:-2])
        weight, offset = np.zeros((*lead, self.num_inputs, self.num_classes)), np.zeros((*lead, 1, self.num_classes))
        scores = np.zeros((*lead, x.shape[-2], self.num_classes))
        for _ in range(self.inner_steps):
            error = np.exp(scores - scores.max(axis=-1, keepdims=True))
            error /= error.sum(axis=-1, keepdims=True)
            error -= onehot
            error *= share[..., None]
            weight -= step_size * np.matmul(inputs.swapaxes(-1, -2), error)
            weight /= 1.0 + step_size * decay
            offset -= step_size * error.sum(axis=-2, keepdims=True)
            scores = np.matmul(inputs, weight) + offset
        return validation, scores
