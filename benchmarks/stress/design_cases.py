"""Schedules of a hierarchy, designs of FedZO over the air, and the largest step sizes of the bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binom

from channels.arrays import FloatArray
from latency_opt import (
    FedZODesignProblem,
    HierarchicalFedAvgScheduleBound,
    HISTScheduleBound,
    LearningConstants,
    ScheduleProblem,
    hierarchical_fedavg_bound,
    largest_step_size,
    minimize_schedule,
    minimize_time_to_target,
)
from stress.case import Arrays, Case
from stress.cell_cases import by_cvxpy
from stress.draws import near
from stress.exact import LONG, least_value

# Schedules

MOST_EDGE, MOST_LOCAL = 12, 16


def schedule(rng: np.random.Generator, hard: bool) -> Arrays:
    decades = 3.0 if hard else 1.0
    constants = LearningConstants(
        initial_gap=10.0 ** rng.uniform(-decades, decades),
        smoothness=10.0 ** rng.uniform(-decades, decades),
        noise_variance=10.0 ** rng.uniform(-2.0 * decades, 2.0 * decades) * (rng.random() < 0.9),
        cell_divergence=10.0 ** rng.uniform(-2.0 * decades, decades) * (rng.random() < 0.9),
        client_divergence=10.0 ** rng.uniform(-2.0 * decades, decades) * (rng.random() < 0.9),
    )
    cells = int(rng.choice([1, 2, 3, 10] if hard else [2, 3]))
    clients = np.round(10.0 ** rng.uniform(0.0, 3.0 if hard else 1.0, cells))
    bound: HISTScheduleBound | HierarchicalFedAvgScheduleBound
    if rng.random() < 0.5:
        bound = HierarchicalFedAvgScheduleBound(constants=constants, clients_per_cell=clients)
    else:
        norm = 10.0 ** rng.uniform(-2.0 * decades, 0.0)
        share = np.maximum(rng.dirichlet(np.ones(cells)), 1e-6)
        bound = HISTScheduleBound(
            constants=constants, clients_per_cell=clients, fraction=share / share.sum(), mean_square_norm=norm
        )
    over = near(rng) if hard else rng.uniform(0.1, 2.0)
    unit = bound.floor or 10.0 ** rng.uniform(-decades, decades)
    given = rng.random() < 0.2
    return {
        "bound": bound,
        "target": unit * (1.0 + over) * (0.5 if rng.random() < 0.05 else 1.0),
        "step_s": 10.0 ** rng.uniform(-6.0 if hard else -3.0, 0.0),
        "edge_s": 10.0 ** rng.uniform(-6.0 if hard else -2.0, 1.0),
        "backhaul_s": 10.0 ** rng.uniform(-6.0 if hard else -2.0, 4.0 if hard else 2.0) * (rng.random() < 0.9),
        "step_size": float(bound.max_path(np.ones(()), np.ones(()))) * 10.0 ** rng.uniform(-5.0, 0.2) if given else None,
    }


def scheduling(batch: Arrays) -> ScheduleProblem:
    return ScheduleProblem(**batch, max_edge_rounds=MOST_EDGE, max_local_steps=MOST_LOCAL)


def least_times_s(batch: Arrays) -> np.ndarray:
    """(E, H) of every schedule, its step size found by golden section in the bound as it is stated."""
    bound, target = batch["bound"], LONG(batch["target"])
    edge, local = np.arange(1.0, MOST_EDGE + 1)[:, None], np.arange(1.0, MOST_LOCAL + 1)[None, :]
    linear, quadratic, drift = (f(edge, local).astype(LONG) for f in (bound.linear, bound.quadratic, bound.gradient_drift))
    longest = np.broadcast_to(bound.max_path(edge, local).astype(LONG), (MOST_EDGE, MOST_LOCAL))
    round_s = edge * (local * batch["step_s"] + batch["edge_s"]) + batch["backhaul_s"]

    def time_s(path: np.ndarray) -> np.ndarray:
        left = target * (1.0 - drift * path**2) - (bound.floor + linear * path + quadratic * path**2)
        return np.where(left > 0.0, bound.optimisation_error * round_s / (path * np.where(left > 0.0, left, 1.0)), LONG(np.inf))

    if batch["step_size"] is not None:
        path = batch["step_size"] * edge * local
        return np.where(path <= longest * (1.0 + 1e-12), time_s(np.minimum(path, longest)), LONG(np.inf))
    # A path is too long where the room is used up; below that the time has one valley.
    room = target - bound.floor
    end = np.minimum(longest, room / np.maximum(linear, LONG("1e-4000")))
    end = np.minimum(end, np.sqrt(room / np.maximum(quadratic + target * drift, LONG("1e-4000"))))
    high = np.log(end)
    return least_value(lambda v: time_s(np.exp(v)), low=high - 30.0, high=high, steps=60)


def judge_schedule(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    times = least_times_s(batch)
    edge, local = int(result.edge_rounds), int(result.local_steps)
    bound, path = batch["bound"], float(result.step_size) * edge * local
    schedule_ = (np.asarray(float(edge)), np.asarray(float(local)))
    value = bound.optimisation_error / (path * float(result.rounds)) + bound.floor
    value += float(bound.linear(*schedule_)) * path + float(bound.quadratic(*schedule_)) * path**2
    value /= 1.0 - float(bound.gradient_drift(*schedule_)) * path**2
    round_s = edge * (local * batch["step_s"] + batch["edge_s"]) + batch["backhaul_s"]
    return {
        "target": np.atleast_1d(value / batch["target"] - 1.0),
        "path": np.atleast_1d(path / float(bound.max_path(*schedule_)) - 1.0),
        "round": np.atleast_1d(np.abs(float(result.round_latency_s) / round_s - 1.0)),
        "could be sooner": np.atleast_1d(1.0 - times.min() / float(result.training_latency_s)),
    }


def no_schedule(batch: Arrays) -> FloatArray:
    if batch["target"] <= batch["bound"].floor:
        return np.ones(1)
    return np.isinf(least_times_s(batch)).all(keepdims=True)[0].astype(float)


def schedule_twin(batch: Arrays, result: Any, index: int) -> float | None:
    twin = result.problem.to_cvxpy(edge_rounds=int(result.edge_rounds), local_steps=int(result.local_steps))
    return by_cvxpy(twin, gp=True)


# FedZO

FEW = np.array([1, 2, 3, 5, 8, 13, 21, 34])
GRID = 500
SHARED = ("num_clients", "local_steps", "directions", "max_threshold", "noise_growth")
KINDS = 24


def design(rng: np.random.Generator, hard: bool) -> Arrays:
    """The SNR is drawn around the least at which all clients and directions would do."""
    kind = np.random.default_rng([int(rng.integers(KINDS)), hard])
    clients = int(kind.choice([1, 2, 10, 50, 300] if hard else [10, 20, 50]))
    growth = float(kind.choice([0.0, 0.5, 1.0]))
    decades = 3.0 if hard else 1.0

    def some(low: float, high: float) -> float:
        return 10.0 ** rng.uniform(low * decades, high * decades)

    drawn: Arrays = {
        "target": some(-1.0, 0.0),
        "optimisation_error": some(0.0, 2.0),
        "num_parameters": 10.0 ** rng.uniform(1.0, 3.0),
        "step_size": 10.0 ** rng.uniform(-4.0, -2.5),
        "evaluation_s": 10.0 ** rng.uniform(-4.0 * decades, -1.0) * (rng.random() < 0.9),
        "airtime_s": 10.0 ** rng.uniform(-2.0 * decades, 0.0),
        "fixed_s": 10.0 ** rng.uniform(-3.0, 0.0) * (rng.random() < 0.5),
    }
    target, step = drawn["target"], drawn["step_size"]
    # Each term takes some of the target at best.
    drawn["variance_price"] = (
        target * clients * FEW[-1] / drawn["num_parameters"] * rng.uniform(0.0, 1.1) * (rng.random() < 0.9)
    )
    drawn["drift_price"] = target / step**2 * 10.0 ** rng.uniform(-6.0, -0.5) * (rng.random() < 0.9)
    drawn["noise_price"] = some(-2.0, 1.0)
    snr = drawn["noise_price"] * step**growth / target / clients**2 * 10.0 ** rng.uniform(-0.5, 8.0 if hard else 4.0)
    return {name: np.asarray(value) for name, value in drawn.items()} | {
        "snr": np.asarray(snr),
        "num_clients": clients,
        "local_steps": tuple(FEW.tolist()),
        "directions": tuple(FEW.tolist()),
        "max_threshold": float(kind.choice([0.5, 2.0, 5.0] if hard else [2.0])),
        "noise_growth": growth,
    }


def designing(batch: Arrays) -> FedZODesignProblem:
    choices = {name: np.array(batch[name]) for name in ("local_steps", "directions")}
    return FedZODesignProblem(**batch | choices)


def moments(g: FloatArray, clients: int) -> FloatArray:
    """(G, 3) P(M >= 1), E[1/M; M >= 1] and E[1/M²; M >= 1]/g, summed over the binomial law."""
    count = np.arange(1, clients + 1)
    law = binom.pmf(count, clients, np.exp(-g)[:, None])
    return np.stack([law.sum(axis=-1), (law / count).sum(axis=-1), (law / count**2).sum(axis=-1) / g], axis=-1)


def times_s(batch: Arrays, index: Any, g: FloatArray) -> FloatArray:
    """(..., H, b2, G) of designs; inf where they do not meet the target."""
    value = {name: np.asarray(array)[index][..., None, None, None] for name, array in batch.items() if name not in SHARED}
    local, directions = (np.array(batch[name], dtype=float) for name in ("local_steps", "directions"))
    local, directions = local[:, None, None], directions[:, None]
    some, inverse, noise = np.moveaxis(moments(g, batch["num_clients"]), -1, 0)
    path = value["step_size"] * local
    room = value["target"] - value["drift_price"] * path**2
    gain = room * some - value["variance_price"] * value["num_parameters"] / directions * inverse
    gain = gain - value["noise_price"] * path ** batch["noise_growth"] / value["snr"] * noise
    round_s = local * (directions + 1.0) * value["evaluation_s"] + value["airtime_s"] + value["fixed_s"]
    fine = gain > 0.0
    return np.where(fine, value["optimisation_error"] / path * round_s / np.where(fine, gain, 1.0), np.inf)


def grid(batch: Arrays) -> FloatArray:
    return np.exp(np.linspace(np.log(1e-9), 2.0 * np.log(batch["max_threshold"]), GRID))


def judge_design(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """Against all designs on a grid of thresholds, and the time of the design itself."""
    ours = result.training_latency_s
    best, own = np.empty((2, len(ours)))
    for i in range(len(ours)):
        best[i] = times_s(batch, i, grid(batch)).min()
        at = (
            np.searchsorted(batch["local_steps"], result.local_steps[i]),
            np.searchsorted(batch["directions"], result.directions[i]),
        )
        own[i] = times_s(batch, i, np.array([result.threshold[i] ** 2]))[(*at, 0)]
    return {
        "time": np.abs(own / ours - 1.0),
        "threshold": result.threshold / batch["max_threshold"] - 1.0,
        "could be sooner": 1.0 - best / ours,
        "bound": result.lower_bound_s / ours - 1.0,
    }


def no_design(batch: Arrays) -> FloatArray:
    """No design on the grid meets the target, even were the SNR better by a millionth."""
    better = batch | {"snr": batch["snr"] * (1.0 - 1e-6)}
    return np.isinf(times_s(better, 0, grid(batch))).all(keepdims=True).reshape(-1)[:1].astype(float)


def design_twin(batch: Arrays, result: Any, index: int) -> float | None:
    names = [name for name in batch if name not in SHARED]
    one = designing(batch | {name: batch[name][index] for name in names})
    return by_cvxpy(one.to_cvxpy(threshold=float(result.threshold[index])), gp=True)


# Step sizes


def steps(rng: np.random.Generator, hard: bool) -> Arrays:
    decades = 100.0 if hard else 2.0
    return {
        "smoothness": np.asarray(10.0 ** rng.uniform(-decades, decades)),
        "steps": np.asarray(float(rng.choice([1, 2, 5, 50, 10**6 if hard else 100]))),
    }


def judge_steps(batch: Arrays, largest: FloatArray) -> dict[str, FloatArray]:
    """Gradient descent's 1/L and local steps' 1/(8LS); the bound itself takes it, and nothing larger."""
    smoothness, number = batch["smoothness"], batch["steps"]
    wanted = 1.0 / np.where(number > 1.0, 8.0 * number, 1.0)
    takes = np.zeros(len(largest))
    for i, (gamma, count) in enumerate(zip(largest, number, strict=True)):
        constants = LearningConstants(smoothness=float(smoothness[i]), initial_gap=1.0)
        for step, fits in ((gamma, True), (gamma * (1.0 + 1e-9), False)):
            try:
                hierarchical_fedavg_bound(
                    constants, num_rounds=1, step_size=step, edge_rounds=1, local_steps=count, clients_per_cell=[2, 3]
                )
                takes[i] += not fits
            except ValueError:
                takes[i] += fits
    return {"product": np.abs(largest * smoothness / wanted - 1.0), "the bound takes it": takes}


CASES = {
    "schedule": Case(
        draw=schedule,
        solve=lambda batch: minimize_schedule(scheduling(batch)),
        judge=judge_schedule,
        impossible=no_schedule,
        value=lambda result: np.atleast_1d(result.training_latency_s),
        second=schedule_twin,
        shared=("bound", "target", "step_s", "edge_s", "backhaul_s", "step_size"),
        one_by_one=True,
    ),
    "FedZO design": Case(
        draw=design,
        solve=lambda batch: minimize_time_to_target(designing(batch)),
        judge=judge_design,
        impossible=no_design,
        value=lambda result: result.training_latency_s,
        second=design_twin,
        shared=SHARED,
        lower=True,
    ),
    "largest step size": Case(
        draw=steps,
        solve=lambda batch: largest_step_size(smoothness=batch["smoothness"], steps=batch["steps"]),
        judge=judge_steps,
        residual=lambda largest: np.zeros(len(largest)),
    ),
}
