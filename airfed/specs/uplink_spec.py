"""How updates travel, in a scenario: one choice that decides both distortion and delay."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from aircomp import LargestNorm, RootMeanSquareNorm, Standardized, UpdateScaling
from airfed.specs.spec import Spec
from airfed.specs.transceiver_spec import BEAMFORMERS, TransceiverSpec, TruncatedInversionSpec
from channels import Network
from fl_models import Aggregator, Digital, Ideal, NetworkClock, OverTheAir
from latency_opt import OFDMA, TDMA, AirComp, BandwidthPolicy, EqualBandwidth, MultipleAccess, OptimalBandwidth, ResourceBlocks


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

    def check_room(self, num_senders: int) -> None:
        """Raises a ValueError if so many clients of a cell cannot send in an edge round."""

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        bits, absent = self.bits_per_parameter, 1.0 - self.participation
        threshold = network.known_amplitude_quantile(absent, rng=rng) if absent > 0.0 else 0.0
        aggregator: Aggregator = (
            Ideal(threshold=threshold) if bits == 32 else Digital(bits_per_parameter=bits, threshold=threshold)
        )
        return aggregator, NetworkClock(access=self.access(), bits_per_parameter=bits)


class OFDMASpec(DigitalKind):
    """bits, in a band of its own for each client"""

    kind: Literal["ofdma"] = "ofdma"
    bandwidth: Literal["equal", "optimal"] = Field(
        "optimal", description="how a cell's band is shared: equally, or so that the last client is done soonest"
    )

    def access(self) -> MultipleAccess:
        policy: BandwidthPolicy = OptimalBandwidth() if self.bandwidth == "optimal" else EqualBandwidth()
        return OFDMA(policy=policy, bits_per_parameter=self.bits_per_parameter)


class ResourceBlocksSpec(DigitalKind):
    """bits, in whole blocks of the band of its own for each client, shared out so that the last is done soonest"""

    kind: Literal["resource_blocks"] = "resource_blocks"
    num_resource_blocks: int = Field(50, ge=1, le=100_000, description="of a cell's band; at least one for each that sends")

    def access(self) -> MultipleAccess:
        policy = ResourceBlocks(num_resource_blocks=self.num_resource_blocks)
        return OFDMA(policy=policy, bits_per_parameter=self.bits_per_parameter)

    def check_room(self, num_senders: int) -> None:
        if num_senders > self.num_resource_blocks:
            raise ValueError(
                f"num_resource_blocks: got {self.num_resource_blocks} for {num_senders} clients of a cell; allowed is at least "
                "one for each"
            )


class TDMASpec(DigitalKind):
    """bits, one client after the other on the whole band, in the order in which they are done computing"""

    kind: Literal["tdma"] = "tdma"

    def access(self) -> MultipleAccess:
        return TDMA(bits_per_parameter=self.bits_per_parameter)


class AirCompSpec(Spec):
    """analog values, added by the air"""

    kind: Literal["aircomp"] = "aircomp"
    transceiver: TransceiverSpec = Field(
        default_factory=TruncatedInversionSpec, discriminator="kind", description="how clients scale their signals"
    )
    beamformer: Literal["sca", "difference_of_convex", "randomization", "matched_filters"] = Field(
        "sca",
        description="how several antennas are combined, unless by the transceiver: for the weakest client to arrive strong",
    )
    scaling: Literal["largest_norm", "root_mean_square", "standardized"] = Field(
        "largest_norm",
        description="what updates are divided by: the largest norm, so that nobody exceeds the power limit; or their root mean "
        "square (as in COTAF) or standard deviation, so that clients do not on average",
    )

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        transceiver = self.transceiver.build(network, beamformer=BEAMFORMERS[self.beamformer], rng=rng)
        return OverTheAir(transceiver=transceiver, scaling=SCALINGS[self.scaling]), NetworkClock(access=AirComp())


SCALINGS: dict[str, UpdateScaling] = {
    "largest_norm": LargestNorm(),
    "root_mean_square": RootMeanSquareNorm(),
    "standardized": Standardized(),
}
UplinkSpec = OFDMASpec | ResourceBlocksSpec | TDMASpec | AirCompSpec
