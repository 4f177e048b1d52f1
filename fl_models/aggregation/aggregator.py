"""Aggregators: what the radio does to the updates on their way into the average."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from channels.arrays import BoolArray, FloatArray
from channels.channel_state import CellChannel


class UplinkPlan(Protocol):
    """The uplinks of one cell in the edge rounds of one global round, settled before they happen.

    Attributes:
        active: (E, n) which clients take part in each edge round.
        power_fraction: (E, n) share of its power limit that each sends with.
    """

    @property
    def active(self) -> BoolArray: ...

    @property
    def power_fraction(self) -> FloatArray: ...

    def mean(self, updates: FloatArray, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        """(d,) what the edge server takes for the mean of the updates (n, d)."""
        ...


class Aggregator(Protocol):
    """From a channel to a plan for using it."""

    def plan(self, channel: CellChannel) -> UplinkPlan:
        """The plan for E draws of a cell's channel, one an edge round."""
        ...
