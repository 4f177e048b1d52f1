"""Full channel inversion: everybody arrives at the strength of the weakest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.power_control.aligned import aligned_plan
from aircomp.transceiver import Links, TransceiverPlan


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
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        root_eta = np.min(np.where(links.heard, links.reach / links.weights, np.inf), axis=-1)
        return aligned_plan(links, arrived=links.weights, active=links.heard, root_eta=root_eta)
