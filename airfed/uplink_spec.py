"""How updates travel, in a scenario: one choice that decides both distortion and delay."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from aircomp import ChannelInversion, OptimalPowerControl, Transceiver, TruncatedInversion
from airfed.spec import Spec
from channels import Network
from fl_models import Aggregator, Digital, Ideal, NetworkClock, OverTheAir
from latency_opt import OFDMA, AirComp, BandwidthPolicy, EqualBandwidth, OptimalBandwidth


class TruncatedInversionSpec(Spec):
    """clients in a deep fade stay silent, the others arrive aligned"""

    kind: Literal["truncated_inversion"] = "truncated_inversion"
    participation: float = Field(
        0.9,
        ge=0.001,
        le=0.999,
        description="probability that a client's fading, as known, passes the truncation threshold",
    )

    def build(self, network: Network, *, rng: np.random.Generator) -> Transceiver:
        return TruncatedInversion(threshold=network.known_amplitude_quantile(1.0 - self.participation, rng=rng))


class ChannelInversionSpec(Spec):
    """everybody arrives at the strength of the weakest"""

    kind: Literal["channel_inversion"] = "channel_inversion"

    def build(self, network: Network, *, rng: np.random.Generator) -> Transceiver:
        return ChannelInversion()


class OptimalPowerControlSpec(Spec):
    """least error: weak clients send at full power, strong ones arrive aligned"""

    kind: Literal["optimal_power_control"] = "optimal_power_control"

    def build(self, network: Network, *, rng: np.random.Generator) -> Transceiver:
        return OptimalPowerControl()


class OFDMASpec(Spec):
    """bits, in a band of its own for each client"""

    kind: Literal["ofdma"] = "ofdma"
    bandwidth: Literal["equal", "optimal"] = Field("optimal", description="how a cell's band is shared")
    bits_per_parameter: int = Field(
        32, ge=2, le=32, description="32 for exact values, fewer for unbiased stochastic quantisation"
    )
    participation: float = Field(
        1.0, ge=0.001, le=1.0, description="probability that a client's fading lets it take part in an edge round; 1 for always"
    )

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        policy: BandwidthPolicy = OptimalBandwidth() if self.bandwidth == "optimal" else EqualBandwidth()
        bits = self.bits_per_parameter
        absent = 1.0 - self.participation
        threshold = network.known_amplitude_quantile(absent, rng=rng) if absent > 0.0 else 0.0
        aggregator: Aggregator = (
            Ideal(threshold=threshold) if bits == 32 else Digital(bits_per_parameter=bits, threshold=threshold)
        )
        access = OFDMA(policy=policy, bits_per_parameter=bits)
        return aggregator, NetworkClock(access=access, bits_per_parameter=bits)


class AirCompSpec(Spec):
    """analog values, added by the air"""

    kind: Literal["aircomp"] = "aircomp"
    transceiver: TruncatedInversionSpec | ChannelInversionSpec | OptimalPowerControlSpec = Field(
        default_factory=TruncatedInversionSpec, discriminator="kind", description="how clients scale their signals"
    )

    def build(self, network: Network, *, rng: np.random.Generator) -> tuple[Aggregator, NetworkClock]:
        return OverTheAir(transceiver=self.transceiver.build(network, rng=rng)), NetworkClock(access=AirComp())


UplinkSpec = OFDMASpec | AirCompSpec
