"""Bands of a cell, in hertz and in blocks, and who takes part."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from channels.arrays import FloatArray
from latency_opt import (
    BandwidthProblem,
    ClientSelectionProblem,
    CvxpyProgram,
    min_bandwidth_hz,
    minimize_block_deadline,
    minimize_deadline,
    select_clients,
)
from stress.case import Arrays, Case
from stress.draws import HARD_NOISE_PSD, NOISE_PSD, near, num_clients, power_gain, spread
from stress.exact import LN2, LONG, needed_band, rate_nats

SOONER = 1e-7
"""The judge asks whether a deadline that is so much sooner, relative, could be kept."""

MOST_TO_CHOOSE = 30
NUM_BLOCKS = (20, 50, 275)


def bandwidth(rng: np.random.Generator, hard: bool, *, most: int = 300, all_send: bool = False) -> Arrays:
    """A cell; a hard one may have clients without payload, bands without bounds, noise that is next to nothing."""
    n = num_clients(rng, hard=hard, most=most)
    shape = (n,)
    band, noise, power = 1e7, NOISE_PSD, 0.2
    compute, bits = rng.uniform(0.05, 0.5, shape), np.full(shape, 2e6) * rng.uniform(0.5, 1.0)
    floor = np.zeros(shape)
    if hard:
        band = 10.0 ** rng.choice([3.0, 7.0, 12.0, 20.0])
        noise = float(rng.choice(HARD_NOISE_PSD))
        compute = 10.0 ** (spread(rng, shape, 12.0) - 2.0) * (rng.random(shape) < 0.8)
        bits = 10.0 ** (spread(rng, shape, 12.0) + 4.0)
        if not all_send:
            bits *= rng.random(shape) < 0.9
        if rng.random() < 0.3:
            sends = bits > 0.0
            floor = rng.dirichlet(np.ones(n)) * sends
            floor *= band * (1.0 - near(rng)) / (floor.sum() or 1.0)
            floor *= rng.choice([0.5, 1.0, 1.0 + 1e-6])  # in part beyond reach
    return {
        "compute_s": compute,
        "payload_bits": bits,
        "gain_power_w": power * power_gain(rng, shape, hard=hard),
        "min_bandwidth_hz": floor,
        "bandwidth_hz": np.asarray(band),
        "noise_psd_w_per_hz": noise,
    }


def cell(batch: Arrays) -> BandwidthProblem:
    names = ("compute_s", "payload_bits", "gain_power_w", "min_bandwidth_hz", "bandwidth_hz", "noise_psd_w_per_hz")
    return BandwidthProblem(**{name: batch[name] for name in names})


def snr_hz(batch: Arrays) -> np.ndarray:
    return np.asarray(batch["gain_power_w"], dtype=LONG) / LONG(batch["noise_psd_w_per_hz"])


def finish_s(batch: Arrays, band_hz: np.ndarray) -> np.ndarray:
    """(B, n) when clients are done; 0 for those who send nothing."""
    sends = batch["payload_bits"] > 0.0
    nats = batch["payload_bits"] * LN2
    rate = np.where(sends, rate_nats(band_hz, snr_hz(batch)), LONG(1.0))
    return np.where(sends, batch["compute_s"] + nats / rate, LONG(0.0))


def needed_hz(batch: Arrays, deadline_s: np.ndarray) -> np.ndarray:
    """(B, n) bands without which clients are not done in time."""
    airtime = np.asarray(deadline_s, dtype=LONG)[..., None] - batch["compute_s"]
    sends = batch["payload_bits"] > 0.0
    nats = np.where(sends, batch["payload_bits"], 1.0) * LN2
    band = needed_band(nats / np.where(airtime > 0.0, airtime, LONG(1.0)), snr_hz(batch))
    band = np.where(airtime > 0.0, band, LONG(np.inf))
    return np.where(sends, np.maximum(band, batch["min_bandwidth_hz"]), LONG(0.0))


def short_of_band(batch: Arrays) -> FloatArray:
    """What the least bands ask for beyond the cell's, or 1 where a client that sends is not heard."""
    sends = batch["payload_bits"] > 0.0
    deaf = (sends & (batch["gain_power_w"] == 0.0)).any(axis=-1)
    return np.where(deaf, 1.0, np.where(sends, batch["min_bandwidth_hz"], 0.0).sum(axis=-1) / batch["bandwidth_hz"] - 1.0)


def judge_bandwidth(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    band, deadline = result.bandwidth_hz, np.asarray(result.deadline_s, dtype=LONG)
    someone = (batch["payload_bits"] > 0.0).any(axis=-1)
    floor = np.where(batch["payload_bits"] > 0.0, batch["min_bandwidth_hz"], 0.0)
    could = needed_hz(batch, deadline * (1.0 - SOONER)).sum(axis=-1) <= batch["bandwidth_hz"]
    return {
        "bands add up": band.sum(axis=-1) / batch["bandwidth_hz"] - 1.0,
        "least bands": np.where(floor > 0.0, 1.0 - band / np.where(floor > 0.0, floor, 1.0), 0.0).max(axis=-1),
        "in time": finish_s(batch, band).max(axis=-1) / np.where(someone, deadline, 1.0) - someone,
        "could be sooner": (could & someone).astype(float),
    }


def by_cvxpy(program: CvxpyProgram, *, gp: bool = False) -> float | None:
    """The optimum by Clarabel, where it vouches for it."""
    whole = cp.Problem(program.objective, [*program.constraints.values(), *program.extra])
    try:
        whole.solve(solver=cp.CLARABEL, gp=gp)
    except (cp.SolverError, ValueError):  # of data that it takes for infinite
        return None
    return program.scale * float(whole.value) if whole.status == cp.OPTIMAL else None


def bandwidth_twin(batch: Arrays, result: Any, index: int) -> float | None:
    return by_cvxpy(result.problem[index].to_cvxpy()) if batch["payload_bits"][index].any() else None


# Rates


def judge_min_bandwidth(batch: Arrays, band_hz: FloatArray) -> dict[str, FloatArray]:
    """The band carries the rate, and a little less does not; where it is infinite no band does."""
    rate = batch["rate_bps"] * LN2
    most = snr_hz(batch)
    finite = np.isfinite(band_hz)
    carried = rate_nats(np.where(finite, band_hz, 1.0), most)
    less = rate_nats(np.where(finite, band_hz, 1.0) * (1.0 - LONG(1e-6)), most)
    return {
        "carries": np.where(finite & (rate > 0.0), np.abs(carried / np.where(rate > 0.0, rate, LONG(1.0)) - 1.0), 0.0).max(
            axis=-1
        ),
        "less would do": (finite & (rate > 0.0) & (less > rate * (1.0 + LONG(1e-15)))).any(axis=-1).astype(float),
        "would do": (~finite & (needed_band(rate, most) < np.finfo(float).max)).any(axis=-1).astype(float),
    }


def rates(rng: np.random.Generator, hard: bool) -> Arrays:
    noise = float(rng.choice(HARD_NOISE_PSD)) if hard else NOISE_PSD
    gain = 0.2 * power_gain(rng, (8,), hard=hard)
    rate = 10.0 ** rng.uniform(5.0, 7.0, 8)
    if hard:
        load = np.where(rng.random(8) < 0.5, 1.0 - 10.0 ** rng.uniform(-15.0, 0.0, 8), 10.0 ** rng.uniform(-30.0, 1.0, 8))
        rate = np.minimum(gain / LONG(noise) / LN2, 1e300).astype(float) * load * (rng.random(8) < 0.95)
    return {"rate_bps": rate, "gain_power_w": gain, "noise_psd_w_per_hz": noise}


# Blocks


def blocks(rng: np.random.Generator, hard: bool) -> Arrays:
    return bandwidth(rng, hard, most=100) | {"num_resource_blocks": int(rng.choice(NUM_BLOCKS))}


def least_blocks(batch: Arrays) -> np.ndarray:
    """(B, n) one block, or the least band in blocks, for each that sends."""
    block = (batch["bandwidth_hz"] / LONG(batch["num_resource_blocks"]))[..., None]
    floor = np.ceil(batch["min_bandwidth_hz"] / block * (1.0 - LONG(1e-11)))
    return np.where(batch["payload_bits"] > 0.0, np.maximum(floor, 1.0), 0.0)


def short_of_blocks(batch: Arrays) -> FloatArray:
    block = (batch["bandwidth_hz"] / LONG(batch["num_resource_blocks"]))[..., None]
    floor = np.ceil(batch["min_bandwidth_hz"] / block * (1.0 + LONG(1e-11)))
    needed = np.where(batch["payload_bits"] > 0.0, np.maximum(floor, 1.0), 0.0).sum(axis=-1)
    return np.maximum(needed - batch["num_resource_blocks"], short_of_band(batch))


def judge_blocks(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """With one block more or less nobody is in between: the blocks to be done strictly sooner are too many."""
    block = (batch["bandwidth_hz"] / LONG(batch["num_resource_blocks"]))[..., None]
    someone = (batch["payload_bits"] > 0.0).any(axis=-1)
    deadline = np.asarray(result.deadline_s, dtype=LONG)
    needed = np.ceil(needed_hz(batch, deadline * (1.0 - SOONER)) / block * (1.0 - LONG(1e-11)))
    could = np.maximum(needed, least_blocks(batch)).sum(axis=-1) <= batch["num_resource_blocks"]
    return {
        "blocks add up": np.maximum(result.num_blocks.sum(axis=-1) - batch["num_resource_blocks"], 0).astype(float),
        "least blocks": (result.num_blocks < least_blocks(batch)).any(axis=-1).astype(float),
        "in time": np.abs(finish_s(batch, result.num_blocks * block).max(axis=-1) / np.where(someone, deadline, 1.0) - someone),
        "could be sooner": (could & someone).astype(float),
        "bound": np.where(someone, result.bound_s / np.where(someone, deadline, 1.0) - 1.0, 0.0),
    }


# Who takes part

BOUNDS = 16


def selection(rng: np.random.Generator, hard: bool) -> Arrays:
    """The learning's prices are of one of a few kinds, so that there are batches."""
    cell_ = bandwidth(rng, hard, most=MOST_TO_CHOOSE, all_send=True)
    n = cell_["payload_bits"].size
    kind = np.random.default_rng(int(rng.integers(BOUNDS)) + BOUNDS * hard)
    variance = 10.0 ** kind.uniform(-3.0, 0.0)
    room = 10.0 ** kind.uniform(-6.0 if hard else -0.5, 1.0)
    target = variance / n * (1.0 + room) * (0.9 if hard and kind.random() < 0.1 else 1.0)
    return cell_ | {
        "optimisation_error": 10.0 ** kind.uniform(-2.0, 2.0),
        "bias_price": variance * 10.0 ** kind.uniform(-2.0, 1.0) * (kind.random() < 0.9),
        "variance_price": variance,
        "target": target,
        "fixed_s": np.asarray(10.0 ** rng.uniform(-3.0, 1.0) * (rng.random() < 0.8)),
    }


def selecting(batch: Arrays) -> ClientSelectionProblem:
    names = ("optimisation_error", "bias_price", "variance_price", "target", "fixed_s")
    return ClientSelectionProblem(bandwidth=cell(batch), **{name: batch[name] for name in names})


def rounds(batch: Arrays, number: np.ndarray) -> np.ndarray:
    n = batch["payload_bits"].shape[-1]
    lost = batch["bias_price"] * (n - number) / number + batch["variance_price"] / number
    room = LONG(batch["target"]) - lost
    return np.where(room > 0, batch["optimisation_error"] / np.where(room > 0, room, LONG(1.0)), LONG(np.inf))


def judge_selection(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    """A time that is a little less would need, with the m cheapest clients for whatever m, more than the band."""
    n = batch["payload_bits"].shape[-1]
    chosen = result.selected
    taking = batch | {"payload_bits": np.where(chosen, batch["payload_bits"], 0.0)}
    time_s = (np.asarray(result.deadline_s, LONG) + batch["fixed_s"]) * rounds(batch, chosen.sum(axis=-1).astype(LONG))
    could = np.zeros(time_s.shape, dtype=bool)
    for number in range(1, n + 1):
        deadline = time_s * (1.0 - SOONER) / rounds(batch, LONG(number)) - batch["fixed_s"]
        needed = np.sort(needed_hz(batch, deadline), axis=-1)[..., :number].sum(axis=-1)
        could |= needed <= batch["bandwidth_hz"]
    return {
        "bands add up": result.bandwidth_hz.sum(axis=-1) / batch["bandwidth_hz"] - 1.0,
        "in time": finish_s(taking, result.bandwidth_hz).max(axis=-1) / result.deadline_s - 1.0,
        "time": np.abs(time_s / result.training_latency_s - 1.0),
        "could be sooner": could.astype(float),
    }


def selection_twin(batch: Arrays, result: Any, index: int) -> float | None:
    problem = result.problem
    one = ClientSelectionProblem(
        bandwidth=problem.bandwidth[index],
        fixed_s=problem.fixed_s[index],
        **{name: batch[name] for name in ("optimisation_error", "bias_price", "variance_price", "target")},
    )
    return by_cvxpy(one.to_cvxpy(selected=result.selected[index]))


def out_of_reach(batch: Arrays) -> FloatArray:
    n = batch["payload_bits"].shape[-1]
    return np.maximum(short_of_band(batch), batch["variance_price"] / n / batch["target"] - 1.0 + 1e-15)


NOISE = ("noise_psd_w_per_hz",)
CASES = {
    "bandwidth": Case(
        draw=bandwidth,
        solve=lambda batch: minimize_deadline(cell(batch)),
        judge=judge_bandwidth,
        impossible=short_of_band,
        value=lambda result: result.deadline_s,
        second=bandwidth_twin,
        shared=NOISE,
    ),
    "least band of a rate": Case(
        draw=rates,
        solve=lambda batch: min_bandwidth_hz(**batch),
        judge=judge_min_bandwidth,
        residual=lambda band: np.zeros(len(band)),
        shared=NOISE,
    ),
    "resource blocks": Case(
        draw=blocks,
        solve=lambda batch: minimize_block_deadline(cell(batch), num_resource_blocks=batch["num_resource_blocks"]),
        judge=judge_blocks,
        impossible=short_of_blocks,
        residual=lambda result: np.zeros(len(result.deadline_s)),
        shared=(*NOISE, "num_resource_blocks"),
    ),
    "client selection": Case(
        draw=selection,
        solve=lambda batch: select_clients(selecting(batch)),
        judge=judge_selection,
        impossible=out_of_reach,
        value=lambda result: result.training_latency_s,
        second=selection_twin,
        shared=(*NOISE, "optimisation_error", "bias_price", "variance_price", "target"),
    ),
}
