"""Uniform forcing: with several antennas, everybody arrives alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import Beamformer, BeamformingResult
from aircomp.beamforming.receive_beamforming import ReceiveBeamforming, power_scaled_gain
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from aircomp.power_control.channel_inversion import ChannelInversion
from aircomp.transceiver import Links, TransceiverPlan
from channels.arrays import check_object


@dataclass(frozen=True, kw_only=True)
class UniformForcing:
    """b_i = √η w_i/(mᴴh_i) for every client, with the combining vector m, ‖m‖ = 1, that lets √η be the largest.

    No misalignment; the error is σ²/η with η = max_m min_i P_i|mᴴh_i|²/w_i². Finding m is not convex; `certificate`
    gives how far the answer can be from the best. Clients without any channel are left out. At a single antenna this is
    `ChannelInversion`.

    Attributes:
        beamformer: how m is looked for.

    Source: Chen, Qin, Wei 2018, "A uniform-forcing transceiver design for over-the-air function computation".

    >>> plan = UniformForcing().plan([[1.0, 0.0], [0.0, 0.5]], power_w=1.0, noise_power_w=0.1)
    >>> float(plan.eta.round(6)), float(plan.mse.round(6))  # m = (1, 2)/√5
    (0.2, 0.5)
    """

    takes_antennas: ClassVar[bool] = True
    beamformer: Beamformer = field(default_factory=SuccessiveConvexApproximation)

    def __post_init__(self) -> None:
        check_object("beamformer", self.beamformer, method="solve", example="SuccessiveConvexApproximation()")

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        receiver = ReceiveBeamforming(transceiver=ChannelInversion(), beamformer=self.beamformer)
        return receiver.plan(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)

    def certificate(self, gain: ArrayLike, *, power_w: ArrayLike, weights: ArrayLike | None = None) -> BeamformingResult:
        """The search for m, with a lower bound on 1/η (`bound`) beside the 1/η that was found (`square_norm`)."""
        links = Links.of(gain, power_w=power_w, noise_power_w=0.0, weights=weights, antennas=True)
        return self.beamformer.solve(power_scaled_gain(links))
