"""Transmit powers and receive combining chosen together for the least error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import Beamformer
from aircomp.beamforming.receive_beamforming import ReceiveBeamforming
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from aircomp.power_control.optimal_power_control import OptimalPowerControl
from aircomp.transceiver import Links, TransceiverPlan, combined_gain
from channels.arrays import check_count, checked


@dataclass(frozen=True, kw_only=True)
class LeastError:
    """The least Σ|cᴴh_i b_i - w_i|² + σ²‖c‖² under |b_i|² <= P_i that alternating between b and c finds, c = m/√η.

    Given c, each client inverts mᴴh_i or sends at full power; given b, c = (Σ|b_i|²h_ih_iᴴ + σ²I)⁻¹ Σ w_i b_i h_i. Neither step
    raises the error, so it is never above that of `OptimalPowerControl` behind the beamformer that it starts from, hence never
    above uniform forcing. The problem is not convex: what is found is a local optimum.

    Attributes:
        beamformer: where to start.
        max_iterations: most rounds of the two steps.
        tolerance: relative fall of the error in one round that ends the search.

    Source: alternating between transmitters and receivers of least mean squared error, as Shi, Razaviyayn, Luo, He 2011, "An
    iteratively weighted MMSE approach to distributed sum-utility maximization"; here for one sum.

    >>> plan = LeastError().plan([[1.0, 0.0], [0.0, 0.5]], power_w=1.0, noise_power_w=0.1)
    >>> float(plan.mse.round(6))  # uniform forcing: 0.5
    0.376623
    """

    takes_antennas: ClassVar[bool] = True
    beamformer: Beamformer = field(default_factory=SuccessiveConvexApproximation)
    max_iterations: int = 200
    tolerance: float = 1e-7

    def __post_init__(self) -> None:
        check_count("max_iterations", self.max_iterations)
        checked("tolerance", self.tolerance, low=0.0)

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights, antennas=True)
        power_control = OptimalPowerControl()
        start = ReceiveBeamforming(transceiver=power_control, beamformer=self.beamformer)
        plan = start.plan(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        identity = np.eye(links.gain.shape[-1])
        for _ in range(self.max_iterations):
            arriving = links.gain * plan.transmit[..., None]
            signal = np.swapaxes(arriving, -2, -1) @ arriving.conj()
            least = np.finfo(float).eps * np.trace(signal, axis1=-2, axis2=-1).real  # lets go without noise, too
            noise = (links.noise_power_w + least)[..., None, None] * identity
            wanted = np.sum(links.weights[..., None] * arriving, axis=-2)
            combiner = np.linalg.solve(signal + noise, wanted[..., None])[..., 0]
            receive = combiner / np.linalg.norm(combiner, axis=-1, keepdims=True)
            last = plan
            combined = combined_gain(links.gain, receive)
            plan = power_control.plan(combined, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
            plan = replace(plan, receive=receive)
            if (last.mse - plan.mse <= self.tolerance * plan.mse).all():
                break
        return plan
