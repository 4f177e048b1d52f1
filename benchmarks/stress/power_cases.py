"""Power control over the air at a single antenna."""

from __future__ import annotations

from typing import Any

import numpy as np

from aircomp import ChannelInversion, OptimalPowerControl, RegularizedInversion, power_prices
from channels.arrays import FloatArray
from stress.case import Arrays, Case
from stress.draws import near, num_clients, spread
from stress.exact import LONG, bisect

NUM_DRAWS = 6


def links(rng: np.random.Generator, hard: bool, *, draws: tuple[int, ...] = ()) -> Arrays:
    """Fading over mean SNRs; a hard one has gains over 250 dB, clients unheard, weights over decades, hardly any noise."""
    n = num_clients(rng, hard=hard, most=300 if not draws else 10)
    shape = (*draws, n)
    gain = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)
    power, weights, noise = 10.0 ** rng.uniform(-1.0, 1.0, n), np.ones(n), 10.0 ** rng.uniform(-3.0, 0.0)
    if hard:
        gain = gain * 10.0 ** (spread(rng, shape, 12.5) if not draws else spread(rng, (n,), 4.0))
        if not draws:
            gain = gain * (rng.random(shape) < 0.9)
            gain.flat[0] = gain.flat[0] or 1.0
        power, weights = 10.0 ** spread(rng, (n,), 6.0), 10.0 ** spread(rng, (n,), 4.0)
        noise = rng.choice([0.0, 5e-324, 1e-310, 1e-30, near(rng), 1e6, 1e30]) if not draws else 10.0 ** rng.uniform(-8.0, 4.0)
    return {"gain": gain, "power_w": power, "weights": weights, "noise_power_w": np.asarray(float(noise))}


def broadcast(batch: Arrays) -> dict[str, np.ndarray]:
    """(..., n) powers and weights, for as many draws as there are."""
    shape = batch["gain"].shape
    each = (slice(None), *(len(shape) - 2) * (None,))
    of_clients = {name: np.broadcast_to(batch[name][each], shape) for name in ("power_w", "weights")}
    return {"gain": batch["gain"], "noise_power_w": np.broadcast_to(batch["noise_power_w"][each], shape[:-1]), **of_clients}


class Exact:
    """Reach, weights and noise in 80 bits, in units in which the largest of each is 1."""

    def __init__(self, batch: Arrays) -> None:
        whole = broadcast(batch)
        self.amplitude = np.hypot(*(np.asarray(part, LONG) for part in (whole["gain"].real, whole["gain"].imag)))
        self.power, self.weights = (np.asarray(whole[name], LONG) for name in ("power_w", "weights"))
        self.reach, self.noise = np.sqrt(self.power) * self.amplitude, np.asarray(whole["noise_power_w"], LONG)

    def mse_of(self, plan: Any, gain: np.ndarray) -> np.ndarray:
        """The error of what a plan sends, as received."""
        root_eta = np.sqrt(np.asarray(plan.eta, LONG))
        sends = np.isfinite(root_eta)
        root_eta = np.where(sends, root_eta, LONG(1.0))
        channel = np.asarray(gain, np.clongdouble)
        received = channel * np.asarray(plan.transmit, np.clongdouble) / root_eta[..., None]
        off = (np.abs(received - self.weights) ** 2).sum(axis=-1)
        return off + np.where(sends, self.noise / root_eta**2, LONG(0.0))

    def least_mse(self) -> np.ndarray:
        """min over x = 1/√η of Σ max(w - ax, 0)² + σ²x², where its derivative vanishes."""
        a, w, noise = self.reach, self.weights, self.noise

        def slope(log_x: np.ndarray) -> np.ndarray:
            x = np.exp(log_x)
            return noise * x - (a * np.maximum(w - a * x[..., None], 0.0)).sum(axis=-1)

        x = np.exp(bisect(slope, low=np.full(noise.shape, LONG(-400.0)), high=np.full(noise.shape, LONG(800.0)), steps=100))
        return (np.maximum(w - a * x[..., None], 0.0) ** 2).sum(axis=-1) + noise * x**2


def judge_optimal(batch: Arrays, plan: Any) -> dict[str, FloatArray]:
    exact = Exact(batch)
    own, best = exact.mse_of(plan, batch["gain"]), exact.least_mse()
    unit = np.maximum(best, 1e-12 * (exact.weights**2).sum(axis=-1))  # what rounding makes of signals that cancel
    return {
        "power": (plan.power_w / exact.power - 1.0).max(axis=-1),
        "error": np.abs(own - plan.mse) / unit,
        "could be less": (own - best) / unit,
    }


def judge_inversion(batch: Arrays, plan: Any) -> dict[str, FloatArray]:
    """η is the least of P|h|²/w² of those who are heard."""
    exact = Exact(batch)
    heard = exact.amplitude > 0.0
    eta = np.where(heard, (exact.reach / exact.weights) ** 2, LONG(np.inf)).min(axis=-1)
    silent = np.where(heard, LONG(0.0), exact.weights**2).sum(axis=-1)
    return {
        "power": (plan.power_w / exact.power - 1.0).max(axis=-1),
        "η": np.abs(np.asarray(plan.eta, LONG) / eta - 1.0),
        "silent": np.abs(plan.misalignment_mse - silent) / (silent + 1e-12 * (exact.weights**2).sum(axis=-1)),
    }


def averaged(batch: Arrays) -> tuple[Any, Any]:
    """Prices and the plan at them, of the draws of one instance."""
    one = {name: array[0] for name, array in batch.items()}
    prices = power_prices(**one)
    return prices, RegularizedInversion(price_per_w=prices.price_per_w).plan(**one)


def judge_average(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """The plan keeps to the budgets, on average; by weak duality no plan has less error than the dual at the prices."""
    prices, plan = result
    exact = Exact(batch)
    a, w, noise = exact.amplitude[0], exact.weights[0], exact.noise[0]
    price = np.asarray(prices.price_per_w, LONG)
    used = (np.abs(np.asarray(plan.transmit, np.clongdouble)) ** 2).mean(axis=0) / exact.power[0]

    def slope(log_x: np.ndarray) -> np.ndarray:
        level = a**2 * np.exp(log_x)[:, None] + price
        return noise - (w**2 * price * a**2 / level**2).sum(axis=-1)

    x = np.exp(bisect(slope, low=np.full(noise.shape, LONG(-600.0)), high=np.full(noise.shape, LONG(600.0)), steps=100))
    dual = ((w**2 * price / (a**2 * x[:, None] + price)).sum(axis=-1) + noise * x).mean() - (price * exact.power[0, 0]).sum()
    own = exact.mse_of(plan, batch["gain"][0]).mean()
    return {
        "power": np.atleast_1d(used.max() - 1.0),
        "dual": np.atleast_1d(np.abs(dual / prices.least_mean_mse - 1.0)),
        "could be less": np.atleast_1d(1.0 - dual / own),
        "beats its bound": np.atleast_1d(1.0 - own / dual),
    }


CASES = {
    "optimal power control": Case(
        draw=links,
        solve=lambda batch: OptimalPowerControl().plan(**broadcast(batch)),
        judge=judge_optimal,
        residual=lambda plan: np.zeros(len(plan.eta)),
    ),
    "channel inversion": Case(
        draw=links,
        solve=lambda batch: ChannelInversion().plan(**broadcast(batch)),
        judge=judge_inversion,
        residual=lambda plan: np.zeros(len(plan.eta)),
    ),
    "power prices": Case(
        draw=lambda rng, hard: links(rng, hard, draws=(NUM_DRAWS,)),
        solve=averaged,
        judge=judge_average,
        residual=lambda result: np.atleast_1d(result[0].kkt_residual),
        one_by_one=True,
    ),
}
