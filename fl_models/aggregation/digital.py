"""Updates sent as bits: exact, or quantised without bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp.updates.stochastic_quantization import stochastic_quantization
from channels.arrays import BoolArray, FloatArray, check_count, checked, row_blocks
from channels.channel_state import CellChannel
from channels.summary import shown_by
from fl_models.aggregation.blockwise import Blocks


@shown_by("active", "bits_per_parameter")
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
        sending = np.flatnonzero(self.active[edge_round])
        if not len(sending):
            return np.zeros_like(updates[0])
        sent = updates if len(sending) == len(updates) else updates[sending]
        return self.mean_of_blocks(iter([(sending, sent)]), edge_round=edge_round, rng=rng)

    def mean_of_blocks(self, blocks: Blocks, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        """The same mean from one block of updates after the other, their sums added up in double precision."""
        total, count = np.zeros(1), 0
        for sending, updates in blocks:
            total, dtype = total + self._received(updates, rng).sum(axis=0), updates.dtype
            count += len(sending)
        return (total / count).astype(dtype)

    def _received(self, updates: FloatArray, rng: np.random.Generator) -> FloatArray:
        if self.bits_per_parameter is None:
            return updates
        received = np.empty_like(updates)
        # A few rows at once, that what the rounding needs stays in the cache; what is drawn is the same.
        for rows in row_blocks(*updates.shape):
            received[rows] = stochastic_quantization(updates[rows], bits_per_parameter=self.bits_per_parameter, rng=rng)
        return received


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
        check_count("bits_per_parameter", self.bits_per_parameter)
        checked("bits_per_parameter", self.bits_per_parameter, low=2, high=31)
        checked("threshold", self.threshold, low=0.0)

    def plan(self, channel: CellChannel) -> DigitalPlan:
        return DigitalPlan(active=np.abs(channel.estimate) >= self.threshold, bits_per_parameter=self.bits_per_parameter)
