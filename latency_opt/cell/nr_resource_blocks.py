"""Whole resource blocks of a 5G carrier, on the clock of a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from channels.arrays import BoolArray, FloatArray, check_count
from channels.channel_state import CellChannel
from channels.rates.coding import SHANNON, Coding
from channels.rates.numerology import FrequencyRange, Numerology
from latency_opt.cell.multiple_access import OFDMA, UplinkTime
from latency_opt.cell.resource_block_policy import ResourceBlocks


@dataclass(frozen=True, kw_only=True)
class NRResourceBlocks:
    """Every client has whole resource blocks of its own of a 5G NR carrier, with which the last is done soonest.

    The cell's band is the carrier's: how many blocks fit between its guard bands is in 3GPP's tables. Rates are those of
    `ofdm_rate_bps`, with the overhead of uplinks: cyclic prefixes, control and reference signals are on air, with the client's
    power, and carry no data. The downlink is as with any other access.

    Attributes:
        numerology: spacing of the subcarriers.
        frequency_range: of the carrier.
        bits_per_parameter: length of a value.
        coding: how near to Shannon's rate they go.

    Source: 3GPP TS 38.101-1 and 38.101-2, table 5.3.2-1; TS 38.306 section 4.1.2.
    """

    numerology: Numerology
    frequency_range: FrequencyRange
    bits_per_parameter: int = 32
    coding: Coding = SHANNON

    def __post_init__(self) -> None:
        check_count("bits_per_parameter", self.bits_per_parameter)

    @property
    def is_proportional(self) -> bool:
        return self.coding.is_proportional

    def num_resource_blocks(self, bandwidth_hz: float) -> int:
        """Blocks of a carrier of this bandwidth; a ValueError lists the allowed ones."""
        return self.numerology.num_resource_blocks(bandwidth_hz, frequency_range=self.frequency_range)

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        num_blocks = self.num_resource_blocks(channel.bandwidth_hz)
        data_share = (1.0 - self.frequency_range.uplink_overhead) * self.numerology.useful_share
        access = OFDMA(
            policy=ResourceBlocks(num_resource_blocks=num_blocks),
            bits_per_parameter=self.bits_per_parameter,
            coding=self.coding,
            overhead=1.0 - data_share,
        )
        carrier = replace(channel, bandwidth_hz=float(self.numerology.occupied_bandwidth_hz(num_blocks)))
        return access.uplink(carrier, compute_s=compute_s, num_parameters=num_parameters, active=active)
