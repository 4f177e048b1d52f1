"""Receive beamforming over the air at several antennas, and whom it can serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np

from aircomp import (
    Beamformer,
    BeamformingResult,
    DeviceSelection,
    DifferenceOfConvex,
    DifferenceOfConvexSelection,
    GaussianRandomization,
    GreedySelection,
    LeastError,
    OptimalPowerControl,
    ReceiveBeamforming,
    SuccessiveConvexApproximation,
)
from aircomp.beamforming.beamformer import ForcedChannel
from aircomp.beamforming.interior_point import minimize_semidefinite
from aircomp.beamforming.relaxation import relaxation_program
from channels.arrays import FloatArray
from stress.case import Arrays, Case
from stress.draws import near, spread

CLIENTS, ANTENNAS = (2, 3, 5, 10), (1, 2, 4)
MANY = 100
NUM_DIRECTIONS = 200
"""Random ones, that nothing which is said to be a bound may fall behind."""

NUDGE = 1e-4
EXACT_UP_TO = 3
"""So many clients have an optimum that the relaxation attains."""


def channels(rng: np.random.Generator, hard: bool) -> Arrays:
    """Rayleigh over mean powers; hard ones span 250 dB, or are all alike, in one line or hardly apart."""
    clients, antennas = int(rng.choice(CLIENTS)), int(rng.choice(ANTENNAS))
    if hard and rng.random() < 0.1:
        clients = 1 if rng.random() < 0.8 else MANY
    shape = (clients, antennas)
    gain = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * np.sqrt(0.5)
    if not hard:
        return {"channel": gain * 10.0 ** rng.uniform(-0.5, 0.5, (clients, 1))}
    gain = gain * 10.0 ** spread(rng, (clients, 1), 12.5)
    if rng.random() < 0.3:
        gain = np.broadcast_to(gain[:1], shape) + gain * near(rng) * rng.choice([0.0, 1.0])
    gain = gain * (rng.random((clients, 1)) < 0.9)
    if not gain.any():
        gain = np.ones(shape, dtype=complex)
    return {"channel": gain * 10.0 ** rng.uniform(-60.0, 60.0)}


def served(channel: np.ndarray, combiner: np.ndarray) -> FloatArray:
    """(..., K) |mᴴg_i|, inf for clients without a channel."""
    received = np.abs((channel * combiner[..., None, :].conj()).sum(axis=-1))
    return np.where(np.any(channel, axis=-1), received, np.inf)


def square_norms(channel: np.ndarray, directions: np.ndarray) -> FloatArray:
    """(B, N) of combining vectors along directions (B, N, A), as long as everybody needs."""
    least = served(channel[:, None], directions).min(axis=-1)
    with np.errstate(divide="ignore", over="ignore"):
        return np.sum(np.abs(directions) ** 2, axis=-1) / least**2


def some_directions(channel: np.ndarray, *, num: int = NUM_DIRECTIONS) -> np.ndarray:
    """(B, N, A) random ones and the clients' own."""
    rng = np.random.default_rng(0)
    shape = (len(channel), num, channel.shape[-1])
    own = np.where(np.any(channel, axis=-1, keepdims=True), channel, 1.0)
    own = own / np.linalg.norm(own, axis=-1, keepdims=True)
    return np.concatenate([rng.standard_normal(shape) + 1j * rng.standard_normal(shape), own], axis=1)


def judge_beamformer(batch: Arrays, result: BeamformingResult) -> dict[str, FloatArray]:
    channel, combiner = batch["channel"], result.combiner
    own = np.sum(np.abs(combiner) ** 2, axis=-1)
    bound = np.where(np.isnan(result.bound), 0.0, result.bound)
    easy = (np.any(channel, axis=-1).sum(axis=-1) <= EXACT_UP_TO) | (channel.shape[-1] == 1)
    return {
        "serves": 1.0 - served(channel, combiner).min(axis=-1),
        "norm": np.abs(own / result.square_norm - 1.0),
        "bound above it": bound / own - 1.0,
        "bound above some": bound / square_norms(channel, some_directions(channel)).min(axis=-1) - 1.0,
        "not the optimum": np.where(easy, 1.0 - bound / own, 0.0),
    }


def judge_stationary(batch: Arrays, result: BeamformingResult) -> dict[str, FloatArray]:
    """Nor is it any shorter a little to the side."""
    combiner = result.combiner
    length = np.linalg.norm(combiner, axis=-1)[:, None, None]
    sides = some_directions(batch["channel"])
    sides = sides / np.linalg.norm(sides, axis=-1, keepdims=True).clip(1e-300)
    beside = square_norms(batch["channel"], combiner[:, None] + NUDGE * length * sides).min(axis=-1)
    return judge_beamformer(batch, result) | {"shorter beside it": 1.0 - beside / result.square_norm}


def beamforming(beamformer: Beamformer, **rest: Any) -> Case:
    return Case(
        draw=channels,
        solve=lambda batch: beamformer.solve(batch["channel"]),
        value=lambda result: result.square_norm,
        **{"judge": judge_beamformer, "residual": lambda result: np.zeros(len(result.square_norm))} | rest,
    )


# The relaxation


def relaxed(batch: Arrays) -> Any:
    return minimize_semidefinite(relaxation_program(ForcedChannel.of(batch["channel"]).gain))


def judge_relaxation(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """M and the prices are feasible, and their values enclose what is between them."""
    gain = ForcedChannel.of(batch["channel"]).gain
    heard = np.any(gain, axis=-1)
    size = gain.shape[-1]
    power = np.where(heard, np.einsum("bka,bac,bkc->bk", gain.conj(), result.matrix, gain).real, np.inf)
    price = np.where(heard, result.price, 0.0)
    dual = np.eye(size) - np.einsum("bk,bka,bkc->bac", price, gain, gain.conj())
    trace = np.trace(result.matrix, axis1=-2, axis2=-1).real
    return {
        "serves": 1.0 - power.min(axis=-1),
        "M": -np.linalg.eigvalsh(result.matrix)[:, 0] / trace,
        "prices": -price.min(axis=-1),
        "dual": -np.linalg.eigvalsh(dual)[:, 0],
        "value": np.abs(trace / result.value - 1.0),
        "bound": np.abs(price.sum(axis=-1) / result.bound - 1.0),
        "gap": result.value / result.bound - 1.0,
    }


def relaxation_twin(batch: Arrays, result: Any, index: int) -> float | None:
    """With rows of norm 1, for Clarabel's sake."""
    gain = ForcedChannel.of(batch["channel"][index]).gain[0]
    norm = np.linalg.norm(gain, axis=-1)
    gain, norm = gain[norm > 0.0], norm[norm > 0.0]
    problem = replace(relaxation_program(gain), rows=gain / norm[:, None], level=1.0 / norm**2).to_cvxpy()
    try:
        problem.solve(solver=cp.CLARABEL)
    except (cp.SolverError, ValueError):
        return None
    return float(problem.value) if problem.status == cp.OPTIMAL else None


# Selections


def with_limit(rng: np.random.Generator, hard: bool) -> Arrays:
    drawn = channels(rng, hard)
    norm = np.linalg.norm(drawn["channel"], axis=-1)
    norm = norm[norm > 0.0]
    limit = 10.0 ** rng.uniform(-0.5, 1.0) / float(rng.choice(norm)) ** 2
    return drawn | {"max_square_norm": np.asarray(limit)}


def judge_selection(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    channel, limit = batch["channel"], batch["max_square_norm"]
    received = served(channel, result.combiner)
    directions = some_directions(channel)
    directions = directions / np.maximum(np.linalg.norm(directions, axis=-1, keepdims=True), 1e-300)
    heard = np.any(channel, axis=-1)
    reach = served(channel[:, None], directions * np.sqrt(limit)[:, None, None])
    most = ((reach >= 1.0 + 1e-9) & heard[:, None]).sum(axis=-1).max(axis=-1)
    alone = (np.linalg.norm(channel, axis=-1) * np.sqrt(limit)[:, None] >= 1.0 + 1e-9).sum(axis=-1)
    missed = np.maximum(alone - result.num_selected, 0) if channel.shape[-1] == 1 else np.zeros(len(channel))
    return {
        "serves": np.where(result.selected, 1.0 - np.where(np.isfinite(received), received, 1.0), 0.0).max(axis=-1),
        "unheard": (result.selected & ~heard).any(axis=-1).astype(float),
        "limit": np.sum(np.abs(result.combiner) ** 2, axis=-1) / limit - 1.0,
        "more than its bound": np.maximum(result.num_selected - result.bound, 0).astype(float),
        "bound below some": np.maximum(most - result.bound, 0).astype(float),
        "nobody, though one could be": ((result.num_selected == 0) & (alone > 0)).astype(float),
        "not the optimum": missed.astype(float),
    }


def selecting(selection: DeviceSelection, **rest: Any) -> Case:
    return Case(
        draw=with_limit,
        solve=lambda batch: selection.select(batch["channel"], max_square_norm=batch["max_square_norm"]),
        judge=judge_selection,
        residual=lambda result: np.zeros(len(result.square_norm)),
        **rest,
    )


# The least error


def with_noise(rng: np.random.Generator, hard: bool) -> Arrays:
    drawn = channels(rng, hard)
    unit = float(np.median(np.linalg.norm(drawn["channel"], axis=-1)[np.any(drawn["channel"], axis=-1)]) ** 2)
    clients = drawn["channel"].shape[0]
    weights = np.ones(clients) if not hard else 10.0 ** spread(rng, (clients,), 2.0)
    noise = unit * 10.0 ** rng.uniform(-3.0, 1.0) if not hard else unit * 10.0 ** rng.uniform(-12.0, 6.0)
    return drawn | {"noise_power_w": np.asarray(noise), "weights": weights}


def error_of(batch: Arrays, combiner: np.ndarray) -> FloatArray:
    """(B, N) of combiners c (B, N, A), everybody sending as well as he can."""
    arrives = np.abs((batch["channel"][:, None] * combiner[..., None, :].conj()).sum(axis=-1))
    short = np.maximum(batch["weights"][:, None] - arrives, 0.0)
    return (short**2).sum(axis=-1) + batch["noise_power_w"][:, None] * (np.abs(combiner) ** 2).sum(axis=-1)


def judge_error(batch: Arrays, plan: Any) -> dict[str, FloatArray]:
    channel, weights, noise = batch["channel"], batch["weights"], batch["noise_power_w"]
    combiner = plan.receive / np.sqrt(plan.eta)[:, None]
    received = (channel * combiner[:, None].conj()).sum(axis=-1) * plan.transmit
    own = (np.abs(received - weights) ** 2).sum(axis=-1) + noise / plan.eta
    start = ReceiveBeamforming(transceiver=OptimalPowerControl()).plan(
        channel, power_w=1.0, noise_power_w=noise, weights=weights
    )
    sides = some_directions(channel)
    sides = sides / np.linalg.norm(sides, axis=-1, keepdims=True).clip(1e-300)
    length = np.linalg.norm(combiner, axis=-1)[:, None, None]
    beside = error_of(batch, combiner[:, None] + NUDGE * length * sides).min(axis=-1)
    unit = np.maximum(plan.mse, 1e-12 * (weights**2).sum(axis=-1))
    return {
        "power": plan.power_w.max(axis=-1) - 1.0,
        "error": np.abs(own - plan.mse) / unit,
        "above its start": (plan.mse - start.mse) / unit,
        "less beside it": (plan.mse - beside) / unit,
    }


CASES = {
    "semidefinite relaxation": Case(
        draw=channels,
        solve=relaxed,
        judge=judge_relaxation,
        residual=lambda result: np.abs(result.value / result.bound - 1.0),
        value=lambda result: result.value,
        second=relaxation_twin,
    ),
    "randomization": beamforming(GaussianRandomization()),
    "successive convex": beamforming(
        SuccessiveConvexApproximation(), judge=judge_stationary, residual=lambda result: result.stationarity, tolerance=1e-6
    ),
    "difference of convex": beamforming(DifferenceOfConvex()),
    "selection, greedy": selecting(GreedySelection()),
    "selection, d. of convex": selecting(DifferenceOfConvexSelection()),
    "least error": Case(
        draw=with_noise,
        solve=lambda batch: LeastError().plan(
            batch["channel"], power_w=1.0, noise_power_w=batch["noise_power_w"], weights=batch["weights"]
        ),
        judge=judge_error,
        residual=lambda plan: np.zeros(len(plan.eta)),
    ),
}
