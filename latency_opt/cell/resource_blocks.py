"""A cell's band in whole resource blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aircomp.result import InfeasibleProblem, certified
from channels.arrays import FloatArray, IntArray, check_count
from channels.summary import shown_by
from latency_opt.cell.bandwidth import BandwidthProblem, minimize_deadline
from latency_opt.cell.min_bandwidth import min_bandwidth_hz


@shown_by("deadline_s", "bound_s", "num_blocks")
@dataclass(frozen=True, kw_only=True, eq=False)
class ResourceBlockResult:
    """The optimal whole resource blocks of a batch of instances.

    Attributes:
        num_blocks: (..., n) blocks of each client; 0 without payload.
        deadline_s: (...) when the last client is done.
        bound_s: (...) the deadline were bands any number from one block on: no blocks can be sooner.
    """

    num_blocks: IntArray
    deadline_s: FloatArray
    bound_s: FloatArray


def minimize_block_deadline(problem: BandwidthProblem, *, num_resource_blocks: int) -> ResourceBlockResult:
    """min max_i (c_i + s_i/r_i(k_i·B/N)) over whole k_i >= f_i N/B, at least 1, that add up to N blocks; the global optimum.

    One block after the other goes to whoever would be done last: he has to get one if the deadline is to be sooner, so no other
    order is better. It starts from blocks that no optimum can be without: those needed to be done when everybody is with the
    bands of the relaxed problem rounded down.

    Args:
        problem: a batch of instances.
        num_resource_blocks: N.

    Raises:
        InfeasibleProblem: if some instance has more clients that send, or least bands, than blocks.
        UncertifiedSolution: if the relaxed problem's bands do not meet their conditions to tolerance.

    Source: a separable min-max resource allocation over integers; Ibaraki and Katoh 1988, "Resource allocation problems",
    chapter 5.

    >>> problem = BandwidthProblem(compute_s=[0.0, 0.1], payload_bits=1e6, gain_power_w=[1e-12, 1e-13],
    ...                            noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> result = minimize_block_deadline(problem, num_resource_blocks=5)
    >>> result.num_blocks.tolist(), float(result.deadline_s.round(4)), float(result.bound_s.round(4))
    ([2, 3], 0.5023, 0.4497)
    """
    check_count("num_resource_blocks", num_resource_blocks)
    block_hz = problem.bandwidth_hz[..., None] / num_resource_blocks
    sends = problem.payload_bits > 0.0
    blocks = np.where(sends, np.maximum(np.ceil(problem.min_bandwidth_hz / block_hz * (1.0 - 1e-12)), 1.0), 0.0)
    if (blocks.sum(axis=-1) > num_resource_blocks).any():
        raise InfeasibleProblem(
            f"num_resource_blocks: got {num_resource_blocks}; at least {int(blocks.sum(axis=-1).max())} are needed, one or the "
            "least band for each client that sends",
            infeasible=blocks.sum(axis=-1) > num_resource_blocks,
        )
    relaxed = certified(minimize_deadline(replace(problem, min_bandwidth_hz=blocks * block_hz)))
    whole = np.floor(relaxed.bandwidth_hz / block_hz * (1.0 + 1e-12))
    # These fit, so the optimum is not later; and what a client needs to be done by then, it has at the optimum too.
    latest_s = problem.finish_s(whole * block_hz).max(axis=-1, keepdims=True)
    airtime_s = latest_s - problem.compute_s
    lasts = sends & (airtime_s > 0.0)  # beside a long computing time rounding may leave nothing of a short airtime
    rate = np.where(lasts, problem.payload_bits, 0.0) / np.where(lasts, airtime_s, 1.0)
    needed_hz = min_bandwidth_hz(rate, gain_power_w=problem.gain_power_w, noise_psd_w_per_hz=problem.noise_psd_w_per_hz)
    needed_hz = np.where(sends & ~lasts, np.inf, needed_hz)
    blocks = np.maximum(blocks, np.minimum(np.ceil(needed_hz / block_hz * (1.0 - 1e-12)), whole))
    left = num_resource_blocks - blocks.sum(axis=-1)
    while (left > 0.0).any():
        finish_s = np.where(sends, problem.finish_s(blocks * block_hz), -np.inf)
        last = np.argmax(finish_s, axis=-1)[..., None]
        gets = (left > 0.0)[..., None] & sends.any(axis=-1, keepdims=True)
        np.put_along_axis(blocks, last, np.take_along_axis(blocks, last, axis=-1) + gets, axis=-1)
        left = np.where(gets[..., 0], left - 1.0, 0.0)
    return ResourceBlockResult(
        num_blocks=blocks.astype(int),
        deadline_s=problem.finish_s(blocks * block_hz).max(axis=-1),
        bound_s=relaxed.deadline_s,
    )
