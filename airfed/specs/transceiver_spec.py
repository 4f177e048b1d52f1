"""How clients send over the air, in a scenario."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from aircomp import (
    Beamformer,
    ChannelInversion,
    DeviceSelection,
    DifferenceOfConvex,
    DifferenceOfConvexSelection,
    FullPower,
    GaussianRandomization,
    GreedySelection,
    LeastError,
    MatchedFilters,
    OptimalPowerControl,
    ReceiveBeamforming,
    RegularizedInversion,
    SelectiveForcing,
    SuccessiveConvexApproximation,
    Transceiver,
    TruncatedInversion,
)
from airfed.specs.spec import Spec
from channels import CellChannel, Network
from channels.arrays import FloatArray
from fl_models.aggregation.over_the_air import flat_channels, mean_received_power_w

BEAMFORMED_SAMPLES = 5_000
SELECTIONS: dict[str, DeviceSelection] = {
    "greedy": GreedySelection(),
    "difference_of_convex": DifferenceOfConvexSelection(),
}
BEAMFORMERS: dict[str, Beamformer] = {
    "sca": SuccessiveConvexApproximation(),
    "difference_of_convex": DifferenceOfConvex(),
    "randomization": GaussianRandomization(),
    "matched_filters": MatchedFilters(),
}


class TruncatedInversionSpec(Spec):
    """clients in a deep fade stay silent, the others arrive aligned"""

    kind: Literal["truncated_inversion"] = "truncated_inversion"
    participation: float = Field(
        0.9,
        ge=0.001,
        le=0.999,
        description="probability that a client's fading on a subcarrier, as known and combined over antennas, passes the "
        "truncation threshold",
    )

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        absent = 1.0 - self.participation
        if network.num_antennas > 1:

            def combined(cell: CellChannel) -> FloatArray:
                gain = flat_channels(cell.estimated_response, antennas=True)
                scaled = gain * np.sqrt(mean_received_power_w(cell))[:, None]
                receive = beamformer.solve(scaled).combiner
                receive = receive / np.linalg.norm(receive, axis=-1, keepdims=True)
                return np.abs(np.matmul(gain, receive.conj()[..., None]))

            threshold = network.quantile(absent, of=combined, rng=rng, num_samples=BEAMFORMED_SAMPLES)
        elif network.knowledge.is_perfect:
            threshold = network.fading.amplitude_quantile(absent)
        else:
            threshold = network.quantile(absent, of=lambda cell: np.abs(cell.estimated_response), rng=rng)
        return _behind(beamformer, TruncatedInversion(threshold=threshold), network)


class FullPowerSpec(Spec):
    """everybody sends with all its power, askew"""

    kind: Literal["full_power"] = "full_power"

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return _behind(beamformer, FullPower(), network)


class ChannelInversionSpec(Spec):
    """everybody arrives at the strength of the weakest; with several antennas, uniform forcing"""

    kind: Literal["channel_inversion"] = "channel_inversion"

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return _behind(beamformer, ChannelInversion(), network)


class OptimalPowerControlSpec(Spec):
    """least error: weak clients send at full power, strong ones arrive aligned"""

    kind: Literal["optimal_power_control"] = "optimal_power_control"

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return _behind(beamformer, OptimalPowerControl(), network)


class RegularizedInversionSpec(Spec):
    """least error where power is limited on average over a global round only, whose fading is known ahead"""

    kind: Literal["regularized_inversion"] = "regularized_inversion"

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return _behind(beamformer, RegularizedInversion(), network)


class LeastErrorSpec(Spec):
    """power control and combining of antennas chosen together for the least error"""

    kind: Literal["least_error"] = "least_error"

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return LeastError(beamformer=beamformer)


class SelectiveForcingSpec(Spec):
    """as many clients as an error allows arrive alike, the others stay silent; combines antennas by itself"""

    kind: Literal["selective_forcing"] = "selective_forcing"
    max_noise_mse: float = Field(
        1.0, gt=0.0, le=1e12, description="most that the noise may be off by, as mean square error of the sum of unit signals"
    )
    selection: Literal["greedy", "difference_of_convex"] = Field("greedy", description="how those who send are found")

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return SelectiveForcing(max_noise_mse=self.max_noise_mse, selection=SELECTIONS[self.selection])


TransceiverSpec = (
    TruncatedInversionSpec
    | FullPowerSpec
    | ChannelInversionSpec
    | OptimalPowerControlSpec
    | RegularizedInversionSpec
    | LeastErrorSpec
    | SelectiveForcingSpec
)


def _behind(beamformer: Beamformer, transceiver: Transceiver, network: Network) -> Transceiver:
    """The transceiver itself at one antenna, else behind the beamformer."""
    if network.num_antennas == 1:
        return transceiver
    return ReceiveBeamforming(transceiver=transceiver, beamformer=beamformer)
