"""COTAF: precoding that follows the updates as they shrink in the course of training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.power_control.truncated_inversion import TruncatedInversion
from aircomp.transceiver import TransceiverPlan
from channels.arrays import FloatArray, checked


@dataclass(frozen=True, kw_only=True, eq=False)
class COTAF:
    """Truncated inversion with the precoding factor p_t = min_i P_i/(w_i² E|s_i,t|²) of the update in round t.

    Clients with |h_i| >= h_min send h_min √p_t w_i h_i*/|h_i|² times their update, at most P_i on average whatever the round;
    the others are silent. As training goes on the updates shrink, p_t rises, and the noise in their sum, σ²/(h_min² p_t),
    falls in proportion: training converges to the optimum rather than to a ball of noise around it.

    In the plan symbols have unit power, as in every plan: the weights are w_i √E|s_i,t|².

    Attributes:
        threshold: h_min, in units of the gain that `plan` is given.
        mean_square_update: E|s_i,t|² of the symbols that carry the updates, one for each round and client; of a shape that
            broadcasts to the gains', (T, 1) or (T, K) where the first axis of the gains is the round.

    Source: Sery, Shlezinger, Cohen, Eldar 2021, "Over-the-air federated learning from heterogeneous data", eqs. 8 to 12 and
    section III-D (fading); Sery and Cohen 2020, "On analog gradient descent learning over multiple access fading channels".

    >>> plan = COTAF(threshold=0.5, mean_square_update=[[1.0], [0.01]]).plan(
    ...     np.ones((2, 3)), power_w=1.0, noise_power_w=0.1)
    >>> plan.mse.round(6).tolist(), plan.power_w[:, 0].tolist()
    ([0.4, 0.004], [0.25, 0.25])
    """

    threshold: float
    mean_square_update: ArrayLike

    def __post_init__(self) -> None:
        checked("threshold", self.threshold, low=0.0, open_low=True)
        mean_square = checked("mean_square_update", self.mean_square_update, low=0.0, open_low=True)
        object.__setattr__(self, "mean_square_update", mean_square)

    def precoding(self, *, power_w: ArrayLike, weights: ArrayLike = 1.0) -> FloatArray:
        """(...) p_t, for the rounds that `mean_square_update` has."""
        power = checked("power_w", power_w, low=0.0, open_low=True)
        weight = checked("weights", weights, low=0.0, open_low=True)
        return np.min(power / (weight**2 * np.asarray(self.mean_square_update)), axis=-1)

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        weight = checked("weights", 1.0 if weights is None else weights, low=0.0, open_low=True, shape=np.shape(gain))
        root_mean_square = checked("mean_square_update", np.sqrt(self.mean_square_update), shape=np.shape(gain))
        return TruncatedInversion(threshold=self.threshold).plan(
            gain, power_w=power_w, noise_power_w=noise_power_w, weights=weight * root_mean_square
        )
