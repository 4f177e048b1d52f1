"""Power control under an average power budget: channel inversion, regularised by the price of power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.power_control.aligned import aligned_plan
from aircomp.power_control.power_prices import power_prices, priced_scaling
from aircomp.transceiver import Links, TransceiverPlan
from channels.arrays import FloatArray, checked
from channels.summary import shown_by


@shown_by("price_per_w")
@dataclass(frozen=True, kw_only=True, eq=False)
class RegularizedInversion:
    """b_i = √η w_i h_i*/(|h_i|² + μ_i η), the least mean error when power is limited on average over draws only.

    Minimises the mean over draws of Σ|h_i b_i/√η - w_i|² + σ²/η subject to mean |b_i|² <= P_i. μ_i is the price of client i's
    power in error per watt. A client in a deep fade saves its power, η follows the draw, and in a draw so poor that nothing is
    worth its power all are silent (η = ∞).

    Without `price_per_w` the draws that `plan` is given, all its leading axes, are what is averaged over: the optimum for
    somebody who knows them all. With prices learnt from other draws (`for_average_power`), each draw is planned on its own,
    as a real link has to, and the budget is met as far as those draws were like these.

    Attributes:
        price_per_w: (K,) or (..., K) μ_i > 0.

    Source: Cao, Zhu, Xu, Huang 2020, "Optimized power control for over-the-air computation in fading channels", section V.

    >>> gain = np.array([[1.0, 0.1], [0.3, 1.0], [0.8, 0.6]])
    >>> plan = RegularizedInversion().plan(gain, power_w=1.0, noise_power_w=0.1)
    >>> plan.power_w.mean(axis=0).round(6).tolist(), float(plan.mse.mean().round(4))
    ([1.0, 1.0], 0.4912)
    """

    price_per_w: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.price_per_w is not None:
            object.__setattr__(self, "price_per_w", checked("price_per_w", self.price_per_w, low=0.0, open_low=True))

    @classmethod
    def for_average_power(
        cls, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> RegularizedInversion:
        """With the prices under which the given draws (..., K) keep to the power budget.

        A client with power to spare in these draws has a price near 0, so give it draws enough: in others, with deeper fades,
        nothing limits it.
        """
        unheard = ~np.any(gain, axis=tuple(range(np.ndim(gain) - 1)))
        if unheard.any():
            raise ValueError(f"gain: got client {np.argmax(unheard)} with a channel of 0 in every draw, which prices no power")
        return cls(price_per_w=power_prices(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights).price_per_w)

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        checked("noise_power_w", noise_power_w, low=0.0, open_low=True)
        prices = self.price_per_w
        if prices is None:
            prices = power_prices(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights).price_per_w
        price = checked("price_per_w", prices, low=0.0, open_low=True, shape=links.amplitude.shape)
        scaling = priced_scaling(links.amplitude, price=price, weights=links.weights, noise_power_w=links.noise_power_w)
        sent = links.heard & (scaling > 0.0)[..., None]
        gained = links.amplitude**2 * scaling[..., None]
        with np.errstate(divide="ignore"):
            return aligned_plan(
                links,
                arrived=links.weights * gained / (gained + price),
                active=sent,
                root_eta=1.0 / np.sqrt(scaling),
            )
