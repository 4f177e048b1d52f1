"""Everybody sends with all its power; the receiver scales as well as it can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.power_control.aligned import aligned_plan
from aircomp.transceiver import Links, TransceiverPlan


@dataclass(frozen=True, kw_only=True)
class FullPower:
    """b_i = √P_i h_i*/|h_i| for every client, with the η of least error: √η = (σ² + Σ a_i²)/Σ a_i w_i, a_i = √P_i|h_i|.

    Signals arrive in phase but each as strong as its channel makes it, an error that no power takes away. Clients without any
    channel (h = 0) are left out.

    Source: Cao, Zhu, Xu, Huang 2020, "Optimized power control for over-the-air computation in fading channels", section VI.

    >>> plan = FullPower().plan([1.0, 0.5j], power_w=1.0, noise_power_w=0.25)
    >>> float(plan.eta), plan.power_w.tolist(), float(plan.mse.round(6))
    (1.0, [1.0, 1.0], 0.5)
    """

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        reach = links.reach
        root_eta = (links.noise_power_w + np.sum(reach**2, axis=-1)) / np.sum(reach * links.weights, axis=-1)
        return aligned_plan(links, arrived=reach / root_eta[..., None], active=links.heard, root_eta=root_eta)
