"""`[learning.step_size_decay]` in a scenario: how steps change from round to round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from airfed.specs.spec import Spec
from fl_models import CosineDecay, ExponentialDecay, InverseDecay, StepSize


@dataclass(frozen=True, kw_only=True)
class ScaledStepSize:
    """Another step size times a factor, in every round."""

    step_size: StepSize
    factor: float

    def at(self, round_index: int) -> float:
        return self.factor * self.step_size.at(round_index)


def scaled(step_size: float | StepSize, factor: float) -> float | StepSize:
    """The same steps, all longer by a factor.

    >>> scaled(InverseDecay(initial=0.1, half_life_rounds=5.0), 2.0).at(0)
    0.2
    """
    if isinstance(step_size, (int, float)):
        return factor * step_size
    return ScaledStepSize(step_size=step_size, factor=factor)


class ConstantStepSpec(Spec):
    """they do not"""

    kind: Literal["constant"] = "constant"

    def build(self, initial: float) -> float | StepSize:
        return initial


class InverseDecaySpec(Spec):
    """step_size/(1 + t/τ) in round t, from 0"""

    kind: Literal["inverse"] = "inverse"
    half_life_rounds: float = Field(50.0, gt=0.0, le=1e9, description="τ, rounds after which the step is half as long")

    def build(self, initial: float) -> float | StepSize:
        return InverseDecay(initial=initial, half_life_rounds=self.half_life_rounds)


class ExponentialDecaySpec(Spec):
    """shorter by a factor every few rounds"""

    kind: Literal["exponential"] = "exponential"
    rate: float = Field(0.99, gt=0.0, le=1.0, description="the factor")
    every_rounds: int = Field(1, ge=1, le=1_000_000, description="how many")

    def build(self, initial: float) -> float | StepSize:
        return ExponentialDecay(initial=initial, rate=self.rate, every_rounds=self.every_rounds)


class CosineDecaySpec(Spec):
    """falling towards 0 as half a wave does"""

    kind: Literal["cosine"] = "cosine"
    num_rounds: int = Field(60, ge=1, le=1_000_000, description="length of the half wave, such as rounds of learning")

    def build(self, initial: float) -> float | StepSize:
        return CosineDecay(initial=initial, num_rounds=self.num_rounds)


StepSizeDecaySpec = ConstantStepSpec | InverseDecaySpec | ExponentialDecaySpec | CosineDecaySpec
