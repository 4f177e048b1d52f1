"""How updates travel, in a scenario: one choice that decides both distortion and delay."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from aircomp import LargestNorm, RootMeanSquareNorm, Standardized, UpdateScaling
from airfed.spec import Spec
from airfed.transceiver_spec import BEAMFORMERS, TransceiverSpec, TruncatedInversionSpec
from channels import Network
from fl_models import Aggregator, Digital, Ideal, NetworkClock, OverTheAir
from latency_opt import OFDMA, AirComp, BandwidthPolicy, EqualBandwidth, OptimalBandwidth


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
    transceiver: TransceiverSpec = Field(
        default_factory=TruncatedInversionSpec, discriminator="kind", description="how clients scale their signals"
    )
    beamformer: Literal["sca", "difference_of_convex", "randomization"] = Field(
        "sca",
        description="how the combining of several antennas is found: it lets the weakest client arrive as strong as can be",
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
UplinkSpec = OFDMASpec | AirCompSpec
