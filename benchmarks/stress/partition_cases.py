"""Shares of the model for the cells, of one round, of a training and of many rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from channels.arrays import FloatArray
from latency_opt import (
    FadingPartitionProblem,
    PartitionProblem,
    PricedPartitionProblem,
    TrainingBound,
    best_fixed_price,
    capped_water_filling,
    follow_virtual_queue,
    minimize_priced_latency,
    minimize_round_latency,
    minimize_training_latency,
    one_shot_partition,
)
from stress.case import Arrays, Case
from stress.cell_cases import SOONER, by_cvxpy
from stress.draws import near, spread
from stress.exact import LONG, bisect, least_value

SIZES = (2, 3, 5, 8, 20)
MANY = 200
NAMES = ("fixed_latency_s", "slope_s", "weights", "min_fraction")
LIMITS = (0.01, 0.2, 2.0)
HARD_LIMITS = (0.0, 1e-12, 1e-6, 0.01, 2.0, 1e6)
HARD_BOUNDS = ((1.0, 1.0, 0.5), (1.0, 1e6, 1.0), (1e-6, 1e-9, 1e-3), (1e6, 1.0, 1e-6), (1.0, 0.0, 1.0))
NUM_ROUNDS = 4


def cells(rng: np.random.Generator, hard: bool, *, rounds: tuple[int, ...] = ()) -> Arrays:
    n = int(rng.choice(SIZES))
    if hard:
        n = 1 if rng.random() < 0.05 else MANY if rng.random() < 0.02 and not rounds else n
    shape = (*rounds, n)
    weights = rng.dirichlet(np.full(n, 5.0))
    fixed, slope = rng.uniform(0.5, 2.0, shape), 10.0 ** rng.uniform(0.0, 1.0, shape)
    floor = np.full(n, 0.01 / n)
    if hard:
        weights = 10.0 ** spread(rng, (n,), 8.0)
        fixed = 10.0 ** (spread(rng, shape, 12.0) - 2.0) * (rng.random(shape) < 0.8)
        slope = 10.0 ** spread(rng, shape, 12.0)
        floor = rng.dirichlet(np.ones(n)) * rng.choice(
            [0.0, near(rng), 1.0 - near(rng), 1.0, 1.0 + 1e-6], p=[0.3, 0.3, 0.3, 0.05, 0.05]
        )
    weights /= weights.sum()
    return {
        "fixed_latency_s": fixed,
        "slope_s": slope,
        "weights": np.broadcast_to(weights, shape),
        "min_fraction": np.broadcast_to(floor, shape),
    }


def partition(batch: Arrays) -> PartitionProblem:
    return PartitionProblem(**{name: batch[name] for name in NAMES})


class Exact:
    """Cells in 80 bits; the last axis is that of cells, the others are problems."""

    def __init__(self, batch: Arrays) -> None:
        self.fixed, self.slope, self.weights, self.floor = (np.asarray(batch[name], dtype=LONG) for name in NAMES)
        self.beyond_reach = np.maximum(self.floor.sum(axis=-1) - 1.0, 0.0)

    def latency_s(self, fraction: np.ndarray) -> np.ndarray:
        return (self.fixed + self.slope * fraction).max(axis=-1)

    def imbalance(self, fraction: np.ndarray) -> np.ndarray:
        return ((fraction - self.weights) ** 2 / self.weights).sum(axis=-1)

    def filled(self, cap: np.ndarray) -> np.ndarray:
        """(..., N) shares of least imbalance under caps; what they lack of 1 cannot be had."""

        def missing(log_level: np.ndarray) -> np.ndarray:
            shares = np.clip(self.weights * np.exp(log_level)[..., None], self.floor, cap)
            return shares.sum(axis=-1) - 1.0

        batch = self.weights.shape[:-1]
        level = bisect(missing, low=np.full(batch, LONG(-60.0)), high=np.full(batch, LONG(60.0)), steps=66)
        return np.clip(self.weights * np.exp(level)[..., None], self.floor, cap)

    def cap(self, latency_s: np.ndarray) -> np.ndarray:
        return np.maximum((latency_s[..., None] - self.fixed) / self.slope, self.floor)

    @property
    def balanced(self) -> np.ndarray:
        return self.filled(np.maximum(np.ones_like(self.weights), self.floor))

    @property
    def least_s(self) -> np.ndarray:
        """No round is shorter: at it all caps add up to 1, or a least share alone takes so long."""
        batch, floor_s = self.weights.shape[:-1], self.latency_s(self.floor)
        most = self.latency_s(np.ones_like(self.weights))
        caps = bisect(lambda t: self.cap(t).sum(axis=-1) - 1.0, low=np.zeros(batch, LONG), high=most)
        return np.maximum(caps, floor_s)

    def least_imbalance(self, latency_s: np.ndarray) -> np.ndarray:
        """(...) of rounds no longer than that; inf where there are none."""
        cap = self.cap(latency_s)
        possible = (cap.sum(axis=-1) >= 1.0 - 1e-15) & (self.latency_s(self.floor) <= latency_s)
        return np.where(possible, self.imbalance(self.filled(cap)), LONG(np.inf))

    def shares_are_right(self, result: Any) -> dict[str, FloatArray]:
        fraction = np.asarray(result.fraction, LONG)
        latency, imbalance = np.asarray(result.round_latency_s, LONG), np.asarray(result.imbalance, LONG)
        own = self.imbalance(fraction)
        return {
            "adds up": _worst(np.abs(fraction.sum(axis=-1) - 1.0)),
            "least shares": _worst((self.floor - fraction).max(axis=-1)),
            "latency": _worst(np.abs(self.latency_s(fraction) / latency - 1.0)),
            "imbalance": _worst(np.abs(own - imbalance) / (1e-9 + own)),
        }


def _worst(per_round: np.ndarray) -> np.ndarray:
    """(B,) the largest over rounds, if there are any."""
    return per_round.reshape(len(per_round), -1).max(axis=-1)


# One round


def with_limit(rng: np.random.Generator, hard: bool) -> Arrays:
    return cells(rng, hard) | {"max_imbalance": float(rng.choice(HARD_LIMITS if hard else LIMITS))}


def judge_round(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    exact, limit = Exact(batch), batch["max_imbalance"]
    sooner = np.asarray(result.round_latency_s, LONG) * (1.0 - SOONER)
    return exact.shares_are_right(result) | {
        "limit": (exact.imbalance(np.asarray(result.fraction, LONG)) - limit) / max(limit, 1e-3),
        "could be sooner": (exact.least_imbalance(sooner) <= limit).astype(float),
    }


def beyond_limit(batch: Arrays) -> FloatArray:
    exact = Exact(batch)
    if exact.beyond_reach.any():
        return exact.beyond_reach
    return exact.imbalance(exact.balanced) - batch["max_imbalance"]


# A training


def with_bound(rng: np.random.Generator, hard: bool) -> Arrays:
    bounds = HARD_BOUNDS if hard else HARD_BOUNDS[:1]
    return cells(rng, hard) | {"bound": bounds[int(rng.integers(len(bounds)))]}


def training_bound(batch: Arrays) -> TrainingBound:
    error, price, target = batch["bound"]
    return TrainingBound(optimisation_error=error, imbalance_price=price, target=target)


def judge_training(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    exact, (error, price, target) = Exact(batch), batch["bound"]

    def time_s(latency_s: np.ndarray) -> np.ndarray:
        room = LONG(target) - price * exact.least_imbalance(latency_s) if price else np.full(latency_s.shape, LONG(target))
        return np.where(room > 0.0, error * latency_s / np.where(room > 0.0, room, LONG(1.0)), LONG(np.inf))

    ours = np.asarray(result.training_latency_s, LONG)
    own = error * exact.latency_s(np.asarray(result.fraction, LONG))
    own = own / (target - price * exact.imbalance(np.asarray(result.fraction, LONG)))
    least = exact.least_s * (1.0 + LONG(1e-17))
    low, high = np.log(least), np.log(np.maximum(exact.latency_s(exact.balanced), least))

    def at(part: np.ndarray) -> np.ndarray:
        return time_s(np.exp(low + np.exp(part) * (high - low)))

    best = least_value(at, low=np.full(low.shape, LONG(-50.0)), high=np.zeros(low.shape, LONG), steps=50)
    best = np.minimum(best, time_s(least))
    return exact.shares_are_right(result) | {"time": np.abs(own / ours - 1.0), "could be sooner": 1.0 - best / ours}


def beyond_target(batch: Arrays) -> FloatArray:
    exact, (_, price, target) = Exact(batch), batch["bound"]
    if exact.beyond_reach.any():
        return exact.beyond_reach
    return price * exact.imbalance(exact.balanced) - target + 1e-15 * target


# A round with a price


def with_price(rng: np.random.Generator, hard: bool) -> Arrays:
    price = 10.0 ** (rng.uniform(-9.0, 9.0) if hard else rng.uniform(-1.0, 1.5)) * (rng.random() < 0.95)
    return cells(rng, hard) | {"imbalance_price_s": np.asarray(price)}


def least_cost_s(exact: Exact, price: np.ndarray) -> np.ndarray:
    """min over round latencies of τ + μχ²(τ), convex."""
    least = exact.least_s * (1.0 + LONG(1e-17))
    most = np.maximum(exact.latency_s(exact.balanced), least)

    def cost(latency_s: np.ndarray) -> np.ndarray:
        imbalance = exact.least_imbalance(latency_s)
        return np.where(np.isinf(imbalance), LONG(np.inf), latency_s + price * np.where(np.isinf(imbalance), 0.0, imbalance))

    def at(part: np.ndarray) -> np.ndarray:
        return cost(least + np.exp(part) * (most - least))

    best = least_value(at, low=np.full(least.shape, LONG(-50.0)), high=np.zeros(least.shape, LONG), steps=50)
    return np.minimum(best, cost(least))


def judge_priced(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    exact, price = Exact(batch), np.asarray(batch["imbalance_price_s"], LONG)
    best = least_cost_s(exact, price)
    return exact.shares_are_right(result) | {"could cost less": 1.0 - best / result.cost_s}


# Many rounds


def fading(rng: np.random.Generator, hard: bool) -> Arrays:
    return cells(rng, hard, rounds=(NUM_ROUNDS,)) | {
        "max_imbalance": float(rng.choice(HARD_LIMITS[1:] if hard else LIMITS)),
        "latency_weight_per_s": float(rng.choice([1e-6, 1.0, 1e6]) if hard else rng.choice([0.1, 1.0, 10.0])),
    }


def rounds_of(batch: Arrays) -> FadingPartitionProblem:
    return FadingPartitionProblem(partition=partition(batch), max_imbalance=batch["max_imbalance"])


def judge_fixed_price(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """Weak duality: at any price of imbalance the least cost of all rounds, less what the limit is worth, is a bound."""
    exact, limit = Exact(batch), batch["max_imbalance"]
    price = np.asarray(result.imbalance_price_s, LONG)
    bound = least_cost_s(exact, price).mean(axis=-1) - price[..., 0] * limit
    own = exact.imbalance(np.asarray(result.fraction, LONG)).mean(axis=-1)
    return exact.shares_are_right(result) | {
        "limit": (own - limit) / max(limit, 1e-3),
        "could be sooner": 1.0 - bound / result.mean_latency_s,
    }


def judge_queue(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    exact, limit = Exact(batch), batch["max_imbalance"]
    price = np.asarray(result.queue[..., :-1], LONG) / batch["latency_weight_per_s"]
    cost = result.round_latency_s + price * result.imbalance
    queue = [np.zeros(len(cost), dtype=LONG)]
    for imbalance in np.moveaxis(np.asarray(result.imbalance, LONG), -1, 0):
        queue.append(np.maximum(queue[-1] + imbalance - limit, 0.0))
    off = np.abs(np.stack(queue, axis=-1) - result.queue) / (1.0 + result.queue)
    return exact.shares_are_right(result) | {
        "queue": off.max(axis=-1),
        "guarantee": result.mean_imbalance / result.imbalance_guarantee - 1.0,
        "could cost less": (1.0 - least_cost_s(exact, price) / cost).max(axis=-1),
    }


def judge_one_shot(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """Of the round of medians."""
    exact = Exact(batch)
    medians = {name: np.median(batch[name], axis=-2) for name in NAMES} | {"max_imbalance": batch["max_imbalance"]}
    typical, share = Exact(medians), np.asarray(result.fraction[:, 0], LONG)
    same = np.abs(result.fraction - result.fraction[:, :1]).max(axis=(-2, -1))
    sooner = typical.latency_s(share) * (1.0 - SOONER)
    return exact.shares_are_right(result) | {
        "same in all rounds": same,
        "limit": (typical.imbalance(share) - batch["max_imbalance"]) / max(batch["max_imbalance"], 1e-3),
        "could be sooner": (typical.least_imbalance(sooner) <= batch["max_imbalance"]).astype(float),
    }


def beyond_mean_limit(batch: Arrays) -> FloatArray:
    exact = Exact(batch)
    if exact.beyond_reach.any():
        return exact.beyond_reach.max(axis=-1)
    return exact.imbalance(exact.balanced).max(axis=-1) - batch["max_imbalance"] + 1e-15


def fading_twin(batch: Arrays, result: Any, index: int) -> float | None:
    return by_cvxpy(replace(result.problem, partition=result.problem.partition[index]).to_cvxpy())


# Water-filling


def boxes(rng: np.random.Generator, hard: bool) -> Arrays:
    """Caps that add up to 1, to a hair more, or to much more."""
    drawn = cells(rng, hard)
    weights, low = drawn["weights"], np.asarray(drawn["min_fraction"])
    low = low * min(1.0, 1.0 / max(low.sum(), 1e-300))
    more = rng.dirichlet(np.ones(weights.size))
    room = max(1.0 - low.sum(), 0.0)
    more *= room * rng.choice([1.0, 1.0 + near(rng), 10.0])
    return {"weights": np.asarray(weights), "low": low, "high": low + more + 1e-16}


def judge_water(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    share, level = (np.asarray(array, LONG) for array in result)
    low, high = np.asarray(batch["low"], LONG), np.minimum(np.asarray(batch["high"], LONG), 1.0)
    wanted = np.clip(batch["weights"] * (1.0 + level[..., None]), low, np.maximum(low, high))
    return {
        "adds up": np.abs(share.sum(axis=-1) - 1.0),
        "box": np.maximum(low - share, share - np.maximum(low, high)).max(axis=-1),
        "level": np.abs(share - wanted).max(axis=-1),
    }


CASES = {
    "water-filling": Case(
        draw=boxes,
        solve=lambda batch: capped_water_filling(batch["weights"], low=batch["low"], high=batch["high"]),
        judge=judge_water,
        residual=lambda result: np.zeros(len(result[1])),
    ),
    "partition, round form": Case(
        draw=with_limit,
        solve=lambda batch: minimize_round_latency(partition(batch), max_imbalance=batch["max_imbalance"]),
        judge=judge_round,
        impossible=beyond_limit,
        value=lambda result: result.round_latency_s,
        second=lambda batch, r, i: by_cvxpy(r.problem[i].to_cvxpy(max_imbalance=batch["max_imbalance"])),
        shared=("max_imbalance",),
    ),
    "partition, total form": Case(
        draw=with_bound,
        solve=lambda batch: minimize_training_latency(partition(batch), bound=training_bound(batch)),
        judge=judge_training,
        impossible=beyond_target,
        value=lambda result: result.training_latency_s,
        second=lambda batch, r, i: by_cvxpy(r.problem[i].to_cvxpy(bound=r.limit)),
        shared=("bound",),
    ),
    "partition, priced": Case(
        draw=with_price,
        solve=lambda batch: minimize_priced_latency(
            PricedPartitionProblem(partition=partition(batch), imbalance_price_s=batch["imbalance_price_s"])
        ),
        judge=judge_priced,
        impossible=lambda batch: Exact(batch).beyond_reach,
        value=lambda result: result.cost_s,
        second=lambda batch, r, i: by_cvxpy(
            PricedPartitionProblem(
                partition=r.problem.partition[i], imbalance_price_s=r.problem.imbalance_price_s[i]
            ).to_cvxpy()
        ),
    ),
    "fading, fixed price": Case(
        draw=fading,
        solve=lambda batch: best_fixed_price(rounds_of(batch)),
        judge=judge_fixed_price,
        impossible=beyond_mean_limit,
        value=lambda result: result.mean_latency_s,
        second=fading_twin,
        shared=("max_imbalance", "latency_weight_per_s"),
    ),
    "fading, virtual queue": Case(
        draw=fading,
        solve=lambda batch: follow_virtual_queue(rounds_of(batch), latency_weight_per_s=batch["latency_weight_per_s"]),
        judge=judge_queue,
        impossible=beyond_mean_limit,
        shared=("max_imbalance", "latency_weight_per_s"),
    ),
    "fading, one shot": Case(
        draw=fading,
        solve=lambda batch: one_shot_partition(rounds_of(batch)),
        judge=judge_one_shot,
        impossible=beyond_mean_limit,
        shared=("max_imbalance", "latency_weight_per_s"),
    ),
}
