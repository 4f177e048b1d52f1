"""Updates sent as bits: exact, or quantised without bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import BoolArray, FloatArray, checked
from channels.channel_state import CellChannel


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactPlan:
    """Everybody takes part at full power, and the mean is exact."""

    active: BoolArray
    power_fraction: FloatArray

    def mean(self, updates: FloatArray, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        return updates.mean(axis=0)


@dataclass(frozen=True, kw_only=True)
class Ideal:
    """The mean of the updates as they are: values sent in full precision and received without error."""

    def plan(self, channel: CellChannel) -> ExactPlan:
        return ExactPlan(active=np.ones(channel.fading.shape, dtype=bool), power_fraction=np.ones(channel.fading.shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedPlan:
    """Everybody takes part at full power; each update is quantised before the mean is taken."""

    active: BoolArray
    power_fraction: FloatArray
    bits_per_parameter: int

    def mean(self, updates: FloatArray, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        return stochastic_quantization(updates, bits_per_parameter=self.bits_per_parameter, rng=rng).mean(axis=0)


@dataclass(frozen=True, kw_only=True)
class Digital:
    """The mean of updates that are quantised at random to a few bits a value, without bias.

    Attributes:
        bits_per_parameter: 2 to 31 bits, one of them for the sign.
    """

    bits_per_parameter: int

    def __post_init__(self) -> None:
        checked("bits_per_parameter", self.bits_per_parameter, low=2, high=31)

    def plan(self, channel: CellChannel) -> QuantizedPlan:
        return QuantizedPlan(
            active=np.ones(channel.fading.shape, dtype=bool),
            power_fraction=np.ones(channel.fading.shape),
            bits_per_parameter=self.bits_per_parameter,
        )


def stochastic_quantization(values: FloatArray, *, bits_per_parameter: int, rng: np.random.Generator) -> FloatArray:
    """(n, d) values rounded at random up or down to 2^(b-1) - 1 levels on each side of 0, so that E[result] = values.

    The levels of a row end at its largest absolute value, which travels along (a single number, not counted in the payload).

    Source: Alistarh, Grubic, Li, Tomioka, Vojnovic 2017, "QSGD", section 3.1, with the maximum norm.

    >>> stochastic_quantization(np.array([[1.0, -1.0, 0.0]]), bits_per_parameter=2, rng=np.random.default_rng(0)).tolist()
    [[1.0, -1.0, 0.0]]
    """
    levels = 2 ** (bits_per_parameter - 1) - 1
    largest = np.abs(values).max(axis=-1, keepdims=True)
    step = np.where(largest > 0.0, largest, 1.0) / levels
    scaled = values / step
    lower = np.floor(scaled)
    return (step * (lower + (rng.random(values.shape) < scaled - lower))).astype(values.dtype)
