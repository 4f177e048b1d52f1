"""Full channel inversion: everybody arrives at the strength of the weakest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.transceiver import TransceiverPlan, channel_inputs
from channels.arrays import BoolArray, ComplexArray, FloatArray


@dataclass(frozen=True, kw_only=True)
class ChannelInversion:
    """b_i = √η w_i h_i*/|h_i|² for every client, with η = min_i P_i|h_i|²/w_i².

    No misalignment; the error of the sum is σ²/η. Under Rayleigh fading its mean over draws is infinite, since one deep
    fade silences all: compare medians, or draw by draw. Clients without any channel (h = 0) are left out.

    Source: Cao, Zhu, Xu, Huang 2020, "Optimized power control for over-the-air computation in fading channels", section III.

    >>> plan = ChannelInversion().plan([1.0, 0.5j], power_w=1.0, noise_power_w=0.1)
    >>> float(plan.eta), plan.power_w.tolist(), float(plan.mse)
    (0.25, [0.25, 1.0], 0.4)
    """

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: float, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        channel, power, weight = channel_inputs(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        strength = power * np.abs(channel) ** 2 / weight**2
        active = strength > 0.0
        if not active.any(axis=-1).all():
            raise ValueError("gain: got a draw in which every client's channel is 0; needed is at least one that is not")
        eta = np.min(np.where(active, strength, np.inf), axis=-1)
        return inversion_plan(channel, eta=eta, active=active, weights=weight, noise_power_w=noise_power_w)


def inversion_plan(
    gain: ComplexArray, *, eta: FloatArray, active: BoolArray, weights: FloatArray, noise_power_w: float
) -> TransceiverPlan:
    """The plan in which the active clients send with b_i = √η w_i h_i*/|h_i|² and the others are silent."""
    power_gain = np.where(active, np.abs(gain) ** 2, 1.0)
    transmit = np.where(active, np.sqrt(eta)[..., None] * weights * gain.conj() / power_gain, 0.0)
    return TransceiverPlan.of(
        gain=gain, transmit=transmit, eta=eta, active=active, weights=weights, noise_power_w=noise_power_w
    )
