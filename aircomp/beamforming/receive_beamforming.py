"""A single-antenna transceiver behind a receive beamformer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import Beamformer
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from aircomp.transceiver import Links, Transceiver, TransceiverPlan, combined_gain, takes_antennas
from channels.arrays import ComplexArray, check_object


@dataclass(frozen=True, kw_only=True)
class ReceiveBeamforming:
    """A beamformer combines the antennas into one, mᴴh_i, and a transceiver for a single antenna plans on that.

    The beamformer maximises what the weakest client arrives with at full power, min_i √P_i|mᴴh_i|/w_i; with
    `OptimalPowerControl` behind it the error is never above that of uniform forcing with the same m.

    Attributes:
        transceiver: how clients send.
        beamformer: how the receiver combines.

    >>> from aircomp import FullPower
    >>> plan = ReceiveBeamforming(transceiver=FullPower()).plan(
    ...     [[1.0, 0.0], [0.0, 1.0]], power_w=1.0, noise_power_w=0.5)
    >>> plan.receive.shape, float(plan.mse.round(6))
    ((2,), 0.666667)
    """

    takes_antennas: ClassVar[bool] = True
    transceiver: Transceiver
    beamformer: Beamformer = field(default_factory=SuccessiveConvexApproximation)

    def __post_init__(self) -> None:
        check_object("beamformer", self.beamformer, method="solve", example="SuccessiveConvexApproximation()")
        check_object("transceiver", self.transceiver, method="plan", example="OptimalPowerControl()")
        if takes_antennas(self.transceiver):
            raise ValueError(f"transceiver: got {self.transceiver!r}; needed is one for a single antenna")

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights, antennas=True)
        combiner = self.beamformer.solve(power_scaled_gain(links)).combiner
        receive = combiner / np.linalg.norm(combiner, axis=-1, keepdims=True)
        plan = self.transceiver.plan(
            combined_gain(links.gain, receive), power_w=power_w, noise_power_w=noise_power_w, weights=weights
        )
        return replace(plan, receive=receive)


def power_scaled_gain(links: Links) -> ComplexArray:
    """(..., K, A) g_i = √P_i h_i/w_i, in which uniform forcing is: min ‖m‖² subject to |mᴴg_i| >= 1."""
    return links.gain * (links.root_power / links.weights)[..., None]
