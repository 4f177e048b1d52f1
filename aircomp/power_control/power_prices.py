"""What power is worth when it is limited on average: the dual of power control in fading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.transceiver import Links
from channels.arrays import FloatArray, checked
from channels.summary import shown_by

KKT_TOLERANCE = 1e-10
MAX_ITERATIONS = 100
LONGEST_STEP = 3.0  # in the logarithm of a price


@shown_by("price_per_w", "least_mean_mse", "kkt_residual", "iterations")
@dataclass(frozen=True, kw_only=True, eq=False)
class PowerPrices:
    """Multipliers of the average power limits, and how well they are known.

    Attributes:
        price_per_w: (K,) μ_i, by how much the mean error falls for another watt of client i's average power.
        least_mean_mse: the dual's value, a lower bound on the mean error of any power control within the limits.
        kkt_residual: largest excess over a limit, relative to it, or duality gap Σ prices times slack, relative to the error.
        iterations: Newton steps.
    """

    price_per_w: FloatArray
    least_mean_mse: float
    kkt_residual: float
    iterations: int


def power_prices(
    gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
) -> PowerPrices:
    """The prices μ under which mean |b_i|² <= P_i holds, with equality where μ_i > 0, over all draws (leading axes).

    In r_i = h_i b_i/√η and x = 1/η the problem is convex: min mean Σ(r_i - w_i)² + σ²x subject to mean r_i²/(|h_i|²x) <= P_i,
    so the dual max_μ mean min_x [Σ w_i²μ_i/(|h_i|²x + μ_i) + σ²x] - Σ μ_iP_i has the same value. It is concave and smooth;
    Newton's method climbs it in ln μ.

    Args:
        gain: (..., K) channel amplitudes.
        power_w: average limits P_i; a number or (K,).
        noise_power_w: σ² > 0; a number or (...).
        weights: (K,) or (..., K) weights w_i; 1 each if not given.

    Raises:
        ArithmeticError: if the residual stays above 1e-10, as it may where signals are more than 50 dB below the noise.

    Source: Cao, Zhu, Xu, Huang 2020, "Optimized power control for over-the-air computation in fading channels", section V;
    the convex form and the Newton steps are derived in docs/theory.md.

    >>> prices = power_prices([[1.0, 0.1], [0.3, 1.0]], power_w=1.0, noise_power_w=0.1)
    >>> prices.price_per_w.round(4).tolist(), prices.kkt_residual < 1e-10
    ([0.1483, 0.0923], True)
    """
    links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
    num_clients = links.amplitude.shape[-1]
    power = checked("power_w", power_w, shape=(num_clients,))
    checked("noise_power_w", noise_power_w, low=0.0, open_low=True)
    dual = _Dual(
        reach=links.reach.reshape(-1, num_clients),
        weights=links.weights.reshape(-1, num_clients),
        noise_power_w=links.noise_power_w.reshape(-1),
    )
    price = dual.start()
    point = dual.at(price)
    for iteration in range(MAX_ITERATIONS):
        error = float(point.value - price @ point.excess)
        residual = max(float(point.excess.max()), float(price @ np.abs(point.excess)) / error)
        if residual <= KKT_TOLERANCE:
            return PowerPrices(
                price_per_w=price / power, least_mean_mse=point.value, kkt_residual=residual, iterations=iteration
            )
        # The Hessian in ln μ, with the part that could spoil its sign turned round; that part vanishes at the optimum.
        slope = price * point.excess
        curvature = np.diag(np.abs(slope)) - price[:, None] * point.hessian * price
        step = np.clip(np.linalg.solve(curvature, slope), -LONGEST_STEP, LONGEST_STEP)
        length = 1.0
        while True:
            candidate = price * np.exp(length * step)
            reached = dual.at(candidate)
            if reached.value >= point.value + 1e-4 * length * (slope @ step) - 1e-14 * error or length < 1e-6:
                break
            length /= 2.0
        price, point = candidate, reached
    raise ArithmeticError(
        f"power prices: got a residual of {residual:.1e} after {MAX_ITERATIONS} steps; needed is {KKT_TOLERANCE:g}, which "
        "rounding may not allow where signals are more than 50 dB below the noise"
    )


def priced_scaling(amplitude: FloatArray, *, price: FloatArray, weights: FloatArray, noise_power_w: FloatArray) -> FloatArray:
    """(...) x = 1/η >= 0 that minimises Σ w_i²μ_i/(|h_i|²x + μ_i) + σ²x for |h|, μ and w (..., K).

    The derivative vanishes where (Σ w_i²μ_i|h_i|²/(|h_i|²x + μ_i)²)^(-1/2) = 1/σ. The left side is concave in x and nearly
    straight, so Newton's method climbs to the root from x = 0 in a few steps and never beyond.
    """
    power_gain = amplitude**2
    numerator = weights**2 * price * power_gain
    wanted = 1.0 / np.sqrt(noise_power_w)
    scaling = np.zeros(noise_power_w.shape)
    for _ in range(MAX_ITERATIONS):
        level = power_gain * scaling[..., None] + price
        strength = numerator / level**2
        total = np.sum(strength, axis=-1)
        slope = np.sum(strength * power_gain / level, axis=-1)
        step = np.maximum((wanted - total**-0.5) * total**1.5 / slope, 0.0)
        scaling = scaling + step
        if (step <= 1e-14 * scaling).all():
            break
    return scaling


@dataclass(frozen=True, kw_only=True, eq=False)
class _Point:
    """The dual at some prices: its value, gradient (by how much mean power exceeds its limit) and Hessian."""

    value: float
    excess: FloatArray
    hessian: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Dual:
    """The dual in prices of shares of the limits: reach a_i = √P_i|h_i| takes the place of |h_i|, and limits are 1."""

    reach: FloatArray
    weights: FloatArray
    noise_power_w: FloatArray

    def start(self) -> FloatArray:
        """(K,) prices between what they tend to in little noise, w²σ²/a², in much, w a Σwa/σ², and a part of w²."""
        noise = np.mean(self.noise_power_w)
        square = np.mean(self.weights**2, axis=0)
        strength = np.mean((self.weights * self.reach) ** 2, axis=0)
        root = np.sqrt(strength)
        heard = strength > 0.0
        strength, root = np.where(heard, strength, 1.0), np.where(heard, root, 1.0)
        return 1.0 / (strength / (square**2 * noise) + noise / (root * root.sum()) + 10.0 / square)

    def at(self, price: FloatArray) -> _Point:
        scaling = priced_scaling(
            self.reach,
            price=np.broadcast_to(price, self.reach.shape),
            weights=self.weights,
            noise_power_w=self.noise_power_w,
        )
        power_gain, squared = self.reach**2, self.weights**2
        gained = power_gain * scaling[:, None]
        level = gained + price
        value = np.mean(np.sum(squared * price / level, axis=-1) + self.noise_power_w * scaling) - price.sum()
        excess = np.mean(squared * gained / level**2, axis=0) - 1.0
        cross = squared * power_gain * (price - gained) / level**3
        curvature = np.sum(2.0 * squared * price * power_gain**2 / level**3, axis=-1, keepdims=True)
        cross_scaled = np.where(scaling[:, None] > 0.0, cross / np.sqrt(curvature), 0.0)
        own = np.mean(2.0 * squared * gained / level**3, axis=0)
        hessian = -np.diag(own) - cross_scaled.T @ cross_scaled / len(scaling)
        return _Point(value=float(value), excess=excess, hessian=hessian)
