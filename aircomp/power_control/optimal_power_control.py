"""The power control with the least error: weak clients at full power, strong ones inverted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.power_control.aligned import aligned_plan
from aircomp.transceiver import Links, TransceiverPlan
from channels.arrays import FloatArray, row_blocks


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
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        arrived = links.reach
        scaling = receive_scaling(
            arrived, weights=links.weights, noise_power_w=links.noise_power_w, equal_weights=links.equal_weights
        )
        arrived *= scaling[..., None]
        np.minimum(arrived, links.weights, out=arrived)
        return aligned_plan(links, arrived=arrived, active=links.heard, root_eta=1.0 / scaling)


def receive_scaling(
    reach: FloatArray, *, weights: FloatArray, noise_power_w: FloatArray, equal_weights: bool = False
) -> FloatArray:
    """(...) x = 1/√η that minimises F(x) = Σ max(w_i - a_i x, 0)² + σ²x² for a (..., K), not all 0.

    For any set of clients, F'(x) is at most the derivative without the maximum over that set alone, whose root is
    Σ a_i w_i/(σ² + Σ a_i²): no set's root exceeds that of F', and the set of those at full power, the first few in the order
    of a_i/w_i, attains it. Weights that are known to be equal save the detour over that order.
    """
    num_clients = reach.shape[-1]
    best = np.zeros(noise_power_w.shape)
    rows, weight_rows = reach.reshape(-1, num_clients), weights.reshape(-1, num_clients)
    noise, root = noise_power_w.reshape(-1), best.reshape(-1)
    for block in row_blocks(*rows.shape):
        amplitude, weight, most = rows[block], weight_rows[block], root[block]
        if equal_weights:
            amplitude = np.sort(amplitude, axis=-1)
        else:
            order = np.argsort(amplitude / weight, axis=-1)
            amplitude, weight = np.take_along_axis(amplitude, order, axis=-1), np.take_along_axis(weight, order, axis=-1)
        signal, power = np.zeros(most.shape), np.maximum(noise[block], np.finfo(float).tiny)  # no 0/0 where nothing is heard
        for a, w in zip(amplitude.T, weight.T, strict=True):
            signal += a * w
            power += a * a
            np.maximum(most, signal / power, out=most)
    return best
