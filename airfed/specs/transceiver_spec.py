"""How clients send over the air, in a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from aircomp import (
    Beamformer,
    ChannelInversion,
    FullPower,
    LeastError,
    OptimalPowerControl,
    ReceiveBeamforming,
    RegularizedInversion,
    SelectiveForcing,
    Transceiver,
    TruncatedInversion,
)
from airfed.specs.device_selection_spec import DeviceSelectionSpec, GreedySelectionSpec
from airfed.specs.spec import Spec
from channels import CellChannel, Network
from channels.arrays import FloatArray
from fl_models.aggregation.over_the_air import flat_channels, mean_received_power_w

BEAMFORMED_SAMPLES = 5_000


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
    threshold: Annotated[float, Field(gt=0.0, le=1e6)] | Literal["by_participation"] = Field(
        "by_participation",
        description="of the amplitude of that fading, whose mean square at one antenna is 1; by_participation is that which "
        "clients pass with the probability above",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> TruncatedInversionSpec:
        usual = type(self).model_fields["participation"].default
        if self.threshold != "by_participation" and self.participation != usual:
            raise ValueError(
                f"threshold: got {self.threshold:g} with participation = {self.participation:g}; allowed is one of the two"
            )
        return self

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        threshold = self.threshold
        if threshold == "by_participation":
            threshold = self._threshold(network, beamformer=beamformer, rng=rng)
        return _behind(beamformer, TruncatedInversion(threshold=threshold), network)

    def _threshold(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> float:
        absent = 1.0 - self.participation
        if network.num_antennas > 1:

            def combined(cell: CellChannel) -> FloatArray:
                gain = flat_channels(cell.estimated_response, antennas=True)
                scaled = gain * np.sqrt(mean_received_power_w(cell))[:, None]
                receive = beamformer.solve(scaled).combiner
                receive = receive / np.linalg.norm(receive, axis=-1, keepdims=True)
                return np.abs(np.matmul(gain, receive.conj()[..., None]))

            return network.quantile(absent, of=combined, rng=rng, num_samples=BEAMFORMED_SAMPLES)
        if network.knowledge.is_perfect:
            return network.fading.amplitude_quantile(absent)
        return network.quantile(absent, of=lambda cell: np.abs(cell.estimated_response), rng=rng)


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
    tolerance: float = Field(1e-9, ge=0.0, le=1.0, description="relative fall of the error in one step that ends the search")
    max_iterations: int = Field(500, ge=1, le=1_000_000, description="steps after which it ends in any case")

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return LeastError(beamformer=beamformer, tolerance=self.tolerance, max_iterations=self.max_iterations)


class SelectiveForcingSpec(Spec):
    """as many clients as an error allows arrive alike, the others stay silent; combines antennas by itself"""

    kind: Literal["selective_forcing"] = "selective_forcing"
    max_noise_mse: float = Field(
        1.0, gt=0.0, le=1e12, description="most that the noise may be off by, as mean square error of the sum of unit signals"
    )
    selection: DeviceSelectionSpec = Field(
        default_factory=GreedySelectionSpec, discriminator="kind", description="how those who send are found"
    )

    def build(self, network: Network, *, beamformer: Beamformer, rng: np.random.Generator) -> Transceiver:
        return SelectiveForcing(max_noise_mse=self.max_noise_mse, selection=self.selection.build())


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
