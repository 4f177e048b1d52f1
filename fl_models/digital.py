"""Updates sent as bits: exact, or quantised without bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp.updates.stochastic_quantization import stochastic_quantization
from channels.arrays import BoolArray, FloatArray, checked
from channels.channel_state import CellChannel


@dataclass(frozen=True, kw_only=True, eq=False)
class DigitalPlan:
    """Who sends bits in each edge round, all at full power, and how many bits a value."""

    active: BoolArray
    bits_per_parameter: int | None

    @property
    def power_fraction(self) -> FloatArray:
        return self.active.astype(float)

    def mean(self, updates: FloatArray, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        """The mean over those who take part, of the updates as received; 0 if there is nobody."""
        received = updates[self.active[edge_round]]
        if not len(received):
            return np.zeros_like(updates[0])
        if self.bits_per_parameter is not None:
            received = stochastic_quantization(received, bits_per_parameter=self.bits_per_parameter, rng=rng)
        return received.mean(axis=0)


@dataclass(frozen=True, kw_only=True)
class Ideal:
    """The mean of the updates as they are: values sent in full precision and received without error.

    Attributes:
        threshold: clients whose fading amplitude is known to be below it sit the edge round out; 0 for nobody.
    """

    threshold: float = 0.0

    def __post_init__(self) -> None:
        checked("threshold", self.threshold, low=0.0)

    def plan(self, channel: CellChannel) -> DigitalPlan:
        return DigitalPlan(active=np.abs(channel.estimate) >= self.threshold, bits_per_parameter=None)


@dataclass(frozen=True, kw_only=True)
class Digital:
    """The mean of updates that are quantised at random to a few bits a value, without bias.

    Attributes:
        bits_per_parameter: 2 to 31 bits, one of them for the sign.
        threshold: clients whose fading amplitude is known to be below it sit the edge round out; 0 for nobody.
    """

    bits_per_parameter: int
    threshold: float = 0.0

    def __post_init__(self) -> None:
        checked("bits_per_parameter", self.bits_per_parameter, low=2, high=31)
        checked("threshold", self.threshold, low=0.0)

    def plan(self, channel: CellChannel) -> DigitalPlan:
        return DigitalPlan(active=np.abs(channel.estimate) >= self.threshold, bits_per_parameter=self.bits_per_parameter)
