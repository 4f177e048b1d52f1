"""The power control with the least error: weak clients at full power, strong ones inverted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.transceiver import TransceiverPlan, channel_inputs
from channels.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class OptimalPowerControl:
    """The scalings of least mean squared error Σ|h_i b_i/√η - w_i|² + σ²/η under |b_i|² <= P_i.

    With a_i = √P_i|h_i|, clients that can arrive at √η w_i invert their channel, the others send at full power, and

    √η* = min over sets of clients of (σ² + Σ a_i²)/Σ a_i w_i, which the set of those at full power attains.

    Clients without any channel (h = 0) are left out; they add w_i² to the error. Without noise the weakest other sets η.

    Source: Cao, Zhu, Xu, Huang 2020, "Optimized power control for over-the-air computation in fading channels", theorem 1,
    here with weights.

    >>> plan = OptimalPowerControl().plan(np.sqrt([0.1, 0.3, 0.6, 1.0]), power_w=1.0, noise_power_w=0.1)
    >>> float(plan.eta.round(6)), float((plan.mse / 16).round(7))
    (0.334936, 0.0316987)
    """

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: float, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        channel, power, weight = channel_inputs(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        amplitude = np.abs(channel)
        active = amplitude > 0.0
        if not active.any(axis=-1).all():
            raise ValueError("gain: got a draw in which every client's channel is 0; needed is at least one that is not")
        root_eta = 1.0 / receive_scaling(np.sqrt(power) * amplitude, weights=weight, noise_power_w=noise_power_w)
        heard = np.where(active, amplitude, 1.0)
        strength = np.minimum(np.sqrt(power), root_eta[..., None] * weight / heard)
        transmit = np.where(active, strength * channel.conj() / heard, 0.0)
        return TransceiverPlan.of(
            gain=channel,
            transmit=transmit,
            eta=root_eta**2,
            active=active,
            weights=weight,
            noise_power_w=noise_power_w,
        )


def receive_scaling(amplitude: FloatArray, *, weights: FloatArray, noise_power_w: float) -> FloatArray:
    """(...) x = 1/√η that minimises F(x) = Σ max(w_i - a_i x, 0)² + σ²x² for amplitudes a (..., K), not all 0.

    For any set of clients, F'(x) is at most the derivative without the maximum over that set alone, whose root is
    Σ a_i w_i/(σ² + Σ a_i²): no set's root exceeds that of F', and the set of those at full power, the first few in the order
    of a_i/w_i, attains it.
    """
    order = np.argsort(amplitude / weights, axis=-1)
    ordered = np.take_along_axis(amplitude, order, axis=-1)
    signal = np.cumsum(ordered * np.take_along_axis(weights, order, axis=-1), axis=-1)
    power = np.cumsum(ordered**2, axis=-1) + noise_power_w
    return np.max(signal / np.where(power > 0.0, power, 1.0), axis=-1)
