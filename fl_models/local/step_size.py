"""Step sizes that change from round to round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import check_count, checked


class StepSize(Protocol):
    """From the index of a global round, counted from 0, to the size γ of its local steps."""

    def at(self, round_index: int) -> float: ...


@dataclass(frozen=True, kw_only=True)
class InverseDecay:
    """γ_t = γ₀/(1 + t/τ), the decay under which stochastic gradient descent converges on convex problems.

    Attributes:
        initial: γ₀ > 0.
        half_life_rounds: τ > 0, after which the step is half as long.

    Source: Robbins and Monro 1951, "A stochastic approximation method".

    >>> InverseDecay(initial=0.1, half_life_rounds=10.0).at(10)
    0.05
    """

    initial: float
    half_life_rounds: float

    def __post_init__(self) -> None:
        checked("initial", self.initial, low=0.0, open_low=True)
        checked("half_life_rounds", self.half_life_rounds, low=0.0, open_low=True)

    def at(self, round_index: int) -> float:
        return self.initial / (1.0 + round_index / self.half_life_rounds)


@dataclass(frozen=True, kw_only=True)
class ExponentialDecay:
    """γ_t = γ₀ r^⌊t/s⌋: a step shorter by the factor r every s rounds.

    Attributes:
        initial: γ₀ > 0.
        rate: r, between 0 and 1.
        every_rounds: s >= 1.

    >>> ExponentialDecay(initial=0.1, rate=0.5, every_rounds=20).at(40)
    0.025
    """

    initial: float
    rate: float
    every_rounds: int = 1

    def __post_init__(self) -> None:
        checked("initial", self.initial, low=0.0, open_low=True)
        checked("rate", self.rate, low=0.0, high=1.0, open_low=True)
        check_count("every_rounds", self.every_rounds)

    def at(self, round_index: int) -> float:
        return self.initial * self.rate ** (round_index // self.every_rounds)


@dataclass(frozen=True, kw_only=True)
class CosineDecay:
    """γ_t = γ₀(1 + cos(πt/T))/2 for t < T, falling towards 0; the last one from T on.

    Attributes:
        initial: γ₀ > 0.
        num_rounds: T >= 1.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without restarts.

    >>> round(CosineDecay(initial=0.1, num_rounds=100).at(50), 6)
    0.05
    """

    initial: float
    num_rounds: int

    def __post_init__(self) -> None:
        checked("initial", self.initial, low=0.0, open_low=True)
        check_count("num_rounds", self.num_rounds)

    def at(self, round_index: int) -> float:
        part = min(round_index, self.num_rounds - 1) / self.num_rounds
        return 0.5 * self.initial * (1.0 + float(np.cos(np.pi * part)))
