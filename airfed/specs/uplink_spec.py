"""How updates travel, in a scenario: one choice that decides both distortion and delay."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from aircomp import LargestNorm, RootMeanSquareNorm, Standardized, UpdateScaling
from airfed.specs.beamformer_spec import BeamformerSpec, SCASpec
from airfed.specs.coding_spec import CodingSpec, ShannonSpec
from airfed.specs.spec import Spec
from airfed.specs.transceiver_spec import TransceiverSpec, TruncatedInversionSpec
from channels import FrequencyRange, Network, Numerology
from fl_models import Aggregator, Digital, Ideal, NetworkClock, OverTheAir
from latency_opt import (
    OFDMA,
    TDMA,
    AirComp,
    BandwidthPolicy,
    EqualBandwidth,
    JointOFDMA,
    MultipleAccess,
    NRResourceBlocks,
    OptimalBandwidth,
    ResourceBlocks,
)


class DigitalKind(Spec):
    """Bits of each client by itself. What a value takes is said here once, for its rounding, its time and its traffic."""

    bits_per_parameter: int = Field(
        32, ge=2, le=32, description="32 for exact values, fewer for unbiased stochastic quantisation"
    )
    participation: float = Field(
        1.0, ge=0.001, le=1.0, description="probability that a client's fading lets it take part in an edge round; 1 for always"
    )

    def access(self) -> MultipleAccess:
        """How clients share the uplink."""
        raise NotImplementedError

    def check_room(self, num_senders: int, *, bandwidth_hz: float | None = None) -> None:
        """Raises a ValueError if so many clients of a cell cannot send in an edge round, as far as the band is known."""

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        bits, absent = self.bits_per_parameter, 1.0 - self.participation
        threshold = network.known_amplitude_quantile(absent, rng=rng) if absent > 0.0 else 0.0
        aggregator: Aggregator = (
            Ideal(threshold=threshold) if bits == 32 else Digital(bits_per_parameter=bits, threshold=threshold)
        )
        return aggregator, NetworkClock(access=self.access(), bits_per_parameter=bits)


class CodedKind(DigitalKind):
    """Bits by any coding."""

    coding: CodingSpec = Field(
        default_factory=ShannonSpec,
        discriminator="kind",
        description="how near to Shannon's rate bits are sent",
    )


class OFDMASpec(CodedKind):
    """bits, in a band of its own for each client"""

    kind: Literal["ofdma"] = "ofdma"
    bandwidth: Literal["equal", "optimal"] = Field(
        "optimal", description="how a cell's band is shared: equally, or so that the last client is done soonest"
    )

    def access(self) -> MultipleAccess:
        policy: BandwidthPolicy = OptimalBandwidth() if self.bandwidth == "optimal" else EqualBandwidth()
        return OFDMA(policy=policy, bits_per_parameter=self.bits_per_parameter, coding=self.coding.build())


class JointOFDMASpec(DigitalKind):
    """bits at Shannon's rate; each client's band, transmit power and processor speed are chosen together"""

    kind: Literal["joint_ofdma"] = "joint_ofdma"
    energy_budget_j: float = Field(
        1e9,
        gt=0.0,
        le=1e9,
        description="most that a client may spend in an edge round, on training and sending; 1e9 limits nothing. A fade that "
        "takes more stops the run, so a tight budget goes with participation below 1",
    )
    deadline_factor: float = Field(
        1.0,
        ge=1.0,
        le=1000.0,
        description="1 for a cell's clients to be done as soon as they can; above, by so many times that, and with the least "
        "energy",
    )

    def access(self) -> MultipleAccess:
        return JointOFDMA(
            energy_budget_j=self.energy_budget_j,
            deadline_factor=self.deadline_factor,
            bits_per_parameter=self.bits_per_parameter,
        )


class ResourceBlocksSpec(CodedKind):
    """bits, in whole blocks of the band of its own for each client, shared out so that the last is done soonest"""

    kind: Literal["resource_blocks"] = "resource_blocks"
    num_resource_blocks: int = Field(50, ge=1, le=100_000, description="of a cell's band; at least one for each that sends")

    def access(self) -> MultipleAccess:
        policy = ResourceBlocks(num_resource_blocks=self.num_resource_blocks)
        return OFDMA(policy=policy, bits_per_parameter=self.bits_per_parameter, coding=self.coding.build())

    def check_room(self, num_senders: int, *, bandwidth_hz: float | None = None) -> None:
        if num_senders > self.num_resource_blocks:
            raise ValueError(
                f"num_resource_blocks: got {self.num_resource_blocks} for {num_senders} clients of a cell; allowed is at least "
                "one for each"
            )


class NRResourceBlocksSpec(CodedKind):
    """bits, in whole resource blocks of a 5G NR carrier for each client, with its guard bands, cyclic prefixes and overhead"""

    kind: Literal["nr_resource_blocks"] = "nr_resource_blocks"
    numerology: int = Field(1, ge=0, le=3, description="μ, subcarriers being 15·2^μ kHz apart; 0 to 2 in FR1, 2 or 3 in FR2")
    frequency_range: Literal["FR1", "FR2"] = Field(
        "FR1", description="whose tables say how many blocks network.bandwidth_hz has: FR1 up to 7.125 GHz, FR2 above 24.25 GHz"
    )

    @model_validator(mode="after")
    def _has_carriers(self) -> NRResourceBlocksSpec:
        try:
            Numerology(index=self.numerology).carrier_bandwidths_hz(FrequencyRange[self.frequency_range])
        except ValueError as error:
            raise ValueError(str(error).replace("index", "numerology", 1)) from None
        return self

    def access(self) -> NRResourceBlocks:
        return NRResourceBlocks(
            numerology=Numerology(index=self.numerology),
            frequency_range=FrequencyRange[self.frequency_range],
            bits_per_parameter=self.bits_per_parameter,
            coding=self.coding.build(),
        )

    def check_room(self, num_senders: int, *, bandwidth_hz: float | None = None) -> None:
        if bandwidth_hz is None:
            return
        num_blocks = self.access().num_resource_blocks(bandwidth_hz)
        if num_senders > num_blocks:
            raise ValueError(
                f"numerology: got {self.numerology}, with which {bandwidth_hz:g} Hz have {num_blocks} blocks, for "
                f"{num_senders} clients of a cell; allowed is at least one for each"
            )

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        access = self.access()
        for bandwidth_hz in network.bandwidth_hz:
            try:
                access.num_resource_blocks(float(bandwidth_hz))
            except ValueError as error:
                raise ValueError(f"network.{error}, with uplinks of kind {self.kind!r}") from None
        return super().build(network, rng=rng)


class TDMASpec(CodedKind):
    """bits, one client after the other on the whole band, in the order in which they are done computing"""

    kind: Literal["tdma"] = "tdma"

    def access(self) -> MultipleAccess:
        return TDMA(bits_per_parameter=self.bits_per_parameter, coding=self.coding.build())


class AirCompSpec(Spec):
    """analog values, added by the air"""

    kind: Literal["aircomp"] = "aircomp"
    transceiver: TransceiverSpec = Field(
        default_factory=TruncatedInversionSpec, discriminator="kind", description="how clients scale their signals"
    )
    beamformer: BeamformerSpec = Field(
        default_factory=SCASpec,
        discriminator="kind",
        description="how several antennas are combined, unless by the transceiver: for the weakest client to arrive strong",
    )
    scaling: Literal["largest_norm", "root_mean_square", "standardized"] = Field(
        "largest_norm",
        description="what updates are divided by: the largest norm, so that nobody exceeds the power limit; or their root mean "
        "square (as in COTAF) or standard deviation, so that clients do not on average",
    )

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        transceiver = self.transceiver.build(network, beamformer=self.beamformer.build(), rng=rng)
        return OverTheAir(transceiver=transceiver, scaling=SCALINGS[self.scaling]), NetworkClock(access=AirComp())


SCALINGS: dict[str, UpdateScaling] = {
    "largest_norm": LargestNorm(),
    "root_mean_square": RootMeanSquareNorm(),
    "standardized": Standardized(),
}
UplinkSpec = OFDMASpec | JointOFDMASpec | ResourceBlocksSpec | NRResourceBlocksSpec | TDMASpec | AirCompSpec
