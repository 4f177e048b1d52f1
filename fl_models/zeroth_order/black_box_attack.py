"""One perturbation that turns many images away from their class, found by asking a classifier for its scores alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from channels.arrays import FloatArray, IntArray, checked
from channels.summary import shown_by
from fl_models.data.dataset import Dataset
from fl_models.models.model import Model, flops_per_sample


@shown_by("victim", "target", "distortion_price", "margin")
@dataclass(frozen=True, kw_only=True, eq=False)
class BlackBoxAttack:
    """F(δ) = mean over images of max(score_t - max_{c≠t} score_c, 0) + a‖x_adv - x‖², x_adv = ½ tanh(atanh(2x) + δ).

    The perturbation δ (p,) is the same for all images x, whose pixels are in [-½, ½], and so are those of x_adv. Scores are
    the victim's logits. At ±½ exactly atanh is infinite and no δ could move a pixel; pixels are therefore taken to be at
    least `margin` away from both.

    Attributes:
        victim: the classifier, of images whose pixels are in [0, 1].
        victim_parameters: (d,) of it.
        target: t, the class of all images.
        distortion_price: a >= 0.
        margin: between 0 and ½.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning", section VI-A; Carlini and Wagner 2017, "Towards evaluating the robustness of neural networks", for the
    form of the loss and of x_adv.
    """

    accuracy_label: ClassVar[str] = "share of test images hidden"

    victim: Model
    victim_parameters: FloatArray
    target: int
    distortion_price: float = 1.0
    margin: float = 0.01

    def __post_init__(self) -> None:
        if self.victim_parameters.shape != (self.victim.num_parameters,):
            raise ValueError(
                f"victim_parameters: got shape {self.victim_parameters.shape}; needed is ({self.victim.num_parameters},)"
            )
        classes = getattr(self.victim, "num_classes", None)
        if isinstance(self.target, bool) or not 0 <= self.target < (np.inf if classes is None else classes):
            raise ValueError(f"target: got {self.target}; allowed is a class of the victim, from 0 on")
        checked("distortion_price", self.distortion_price, low=0.0)
        checked("margin", self.margin, low=0.0, high=0.5, open_low=True, open_high=True)

    @property
    def num_parameters(self) -> int:
        """p, the pixels of an image."""
        return int(self.victim.num_inputs)  # type: ignore[attr-defined]

    @property
    def flops_per_sample(self) -> float:
        """As of a training step of the victim, of which a score takes a third."""
        return flops_per_sample(self.victim)

    def init(self, *, rng: np.random.Generator) -> FloatArray:
        """No perturbation."""
        return np.zeros(self.num_parameters, dtype=np.float32)

    def perturbed(self, parameters: FloatArray, x: FloatArray) -> FloatArray:
        """(..., b, p) x_adv of images (..., b, p) under δ (..., p).

        >>> from fl_models import SoftmaxRegression
        >>> attack = BlackBoxAttack(
        ...     victim=SoftmaxRegression(num_inputs=2, num_classes=2), victim_parameters=np.zeros(6), target=0)
        >>> attack.perturbed(np.array([0.0, 0.5]), np.array([[-0.5, 0.0]])).round(4).tolist()
        [[-0.49, 0.2311]]
        """
        return 0.5 * np.tanh(np.arctanh(2.0 * self._inner(x)) + parameters[..., None, :])

    def losses(self, parameters: FloatArray, x: FloatArray, labels: IntArray) -> FloatArray:
        adversarial = self.perturbed(parameters, x)
        moved = adversarial - self._inner(x)
        margins = self._margins(adversarial)
        distortion = np.einsum("...p,...p->...", moved, moved)
        return np.asarray(np.mean(np.maximum(margins, 0.0) + self.distortion_price * distortion, axis=-1))

    def evaluate(self, parameters: FloatArray, test: Dataset) -> tuple[float, float]:
        """The share of the images that the victim no longer takes for class t, and F."""
        fooled = self._margins(self.perturbed(parameters.astype(float), test.x)) < 0.0
        return float(fooled.mean()), float(self.losses(parameters.astype(float), test.x, test.labels))

    def _inner(self, x: FloatArray) -> FloatArray:
        return np.clip(x, self.margin - 0.5, 0.5 - self.margin)

    def _margins(self, adversarial: FloatArray) -> FloatArray:
        """(..., b) score_t - max_{c≠t} score_c."""
        scores = self.victim.logits(self.victim_parameters, adversarial + 0.5)
        others = np.delete(scores, self.target, axis=-1)
        return np.asarray(scores[..., self.target] - others.max(axis=-1))
