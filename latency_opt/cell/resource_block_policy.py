"""A rule for sharing a cell's band in whole resource blocks."""

from __future__ import annotations

from dataclasses import dataclass

from channels.arrays import FloatArray, check_count
from latency_opt.cell.bandwidth import BandwidthProblem
from latency_opt.cell.resource_blocks import minimize_block_deadline


@dataclass(frozen=True, kw_only=True)
class ResourceBlocks:
    """Whole blocks, at least one for everybody who sends, with which the last client is done soonest.

    Attributes:
        num_resource_blocks: that the band has, as many as clients send or more.

    >>> problem = BandwidthProblem(compute_s=[0.0, 0.1], payload_bits=1e6, gain_power_w=[1e-12, 1e-13],
    ...                            noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> ResourceBlocks(num_resource_blocks=5).bandwidth_hz(problem).tolist()
    [400000.0, 600000.0]
    """

    num_resource_blocks: int

    def __post_init__(self) -> None:
        check_count("num_resource_blocks", self.num_resource_blocks)

    def bandwidth_hz(self, problem: BandwidthProblem) -> FloatArray:
        blocks = minimize_block_deadline(problem, num_resource_blocks=self.num_resource_blocks).num_blocks
        return blocks * (problem.bandwidth_hz[..., None] / self.num_resource_blocks)
