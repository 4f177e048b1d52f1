"""Rules for sharing a cell's band among its clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aircomp.result import certified
from channels.arrays import FloatArray
from latency_opt.cell.bandwidth import BandwidthProblem, equal_bandwidth, minimize_deadline


class BandwidthPolicy(Protocol):
    """From a batch of bandwidth problems to bands."""

    def bandwidth_hz(self, problem: BandwidthProblem) -> FloatArray:
        """(..., n) band of each client."""
        ...


@dataclass(frozen=True, kw_only=True)
class EqualBandwidth:
    """The same band for everybody who sends."""

    def bandwidth_hz(self, problem: BandwidthProblem) -> FloatArray:
        return equal_bandwidth(problem)


@dataclass(frozen=True, kw_only=True)
class OptimalBandwidth:
    """The bands with which the last client is done soonest."""

    def bandwidth_hz(self, problem: BandwidthProblem) -> FloatArray:
        return certified(minimize_deadline(problem)).bandwidth_hz
