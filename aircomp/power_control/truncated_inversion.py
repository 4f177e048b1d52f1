"""Truncated channel inversion: clients in a deep fade stay silent, the others invert."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.power_control.aligned import aligned_plan
from aircomp.transceiver import Links, TransceiverPlan
from channels.arrays import checked
from channels.small_scale.fading import Fading


@dataclass(frozen=True, kw_only=True)
class TruncatedInversion:
    """Clients with |h_i| >= h_min send b_i = √η w_i h_i*/|h_i|², with η = h_min² min_i P_i/w_i²; the others are silent.

    η does not depend on the draw, so a client needs to know no channel but its own, and no draw breaks its power limit; the
    limit of a client that is silent, or has no channel at all, counts in it too. The error of the sum is σ²/η plus w_i² for
    each silent client.

    Attributes:
        threshold: h_min > 0, in units of the gain that `plan` is given; ∞ silences all, as `best_threshold` may want.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning" (AirComp-FedZO), section IV; Zhu, Wang, Huang 2019, "Broadband analog aggregation", eq. 9.

    >>> plan = TruncatedInversion(threshold=0.8).plan([1.0, 0.5, 0.8j], power_w=2.0, noise_power_w=0.128)
    >>> plan.active.tolist(), float(plan.noise_mse.round(3)), float(plan.misalignment_mse.round(3))
    ([True, False, True], 0.1, 1.0)
    """

    threshold: float

    def __post_init__(self) -> None:
        if self.threshold != np.inf:
            checked("threshold", self.threshold, low=0.0, open_low=True)

    @classmethod
    def for_participation(cls, participation: float, *, fading: Fading) -> TruncatedInversion:
        """The threshold that a client passes with probability `participation`; h_min = √(-ln p) under Rayleigh fading.

        >>> from channels import Rayleigh
        >>> round(TruncatedInversion.for_participation(0.9, fading=Rayleigh()).threshold, 4)
        0.3246
        """
        checked("participation", participation, low=0.0, high=1.0, open_low=True, open_high=True)
        return cls(threshold=fading.amplitude_quantile(1.0 - participation))

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        root_eta = self.threshold * np.min(links.root_power / links.weights, axis=-1)
        return aligned_plan(links, arrived=links.weights, active=links.amplitude >= self.threshold, root_eta=root_eta)
