"""The optimal bands of a cell, and what they would be worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aircomp.result import Status
from channels.arrays import FloatArray
from channels.summary import shown_by
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd

    from latency_opt.cell.bandwidth import BandwidthProblem


@shown_by("status", "deadline_s", "bandwidth_hz", "shadow_price_s_per_hz", "kkt_residual", "iterations")
@dataclass(frozen=True, kw_only=True, eq=False)
class BandwidthResult:
    """The optimal bands of a batch of instances.

    Attributes:
        problem: what was solved.
        deadline_s: (...) when the last client is done.
        bandwidth_hz: (..., n) band of each client.
        fall_hz_per_s: (..., n) how fast the band that a client needs falls as the deadline moves out; 0 at its least band.
        shadow_price_s_per_hz: (...) how much sooner the deadline were with one more hertz.
        kkt_residual: largest dimensionless violation of the optimality conditions, over the batch.
        status: OPTIMAL if that is within tolerance.
        iterations: of the root finding.
    """

    problem: BandwidthProblem
    deadline_s: FloatArray
    bandwidth_hz: FloatArray
    fall_hz_per_s: FloatArray
    shadow_price_s_per_hz: FloatArray
    kkt_residual: float
    status: Status
    iterations: int

    def explain(self) -> pd.DataFrame:
        """What binds and what it costs: the band, and of each client when it has computed, its payload, power and least band.

        Since all bands b_i(t) add up to B, one more hertz moves the deadline by -1/Σf_i, f_i = -db_i/dt; a client's second of
        computing by f_i/Σf_j, its bit by that times its air time over its payload, and its received power by
        (b_i - f_i·air time)/Σf_j per unit of its logarithm, since b_i is homogeneous in rate and power.
        """
        problem, price = self.problem, self.shadow_price_s_per_hz
        sends = problem.payload_bits > 0.0
        weight = self.fall_hz_per_s * price[..., None]
        airtime_s = np.where(sends, self.deadline_s[..., None] - problem.compute_s, 0.0)
        per_bit = weight * airtime_s / np.where(sends, problem.payload_bits, 1.0)
        waits = weight > 0.0
        per_decibel = np.where(waits, 0.1 * np.log(10.0) * (self.bandwidth_hz * price[..., None] - weight * airtime_s), 0.0)
        held = sends & ~waits & (problem.min_bandwidth_hz > 0.0)
        rows = {"bandwidth_hz": Price(problem.bandwidth_hz, "Hz", price > 0.0, -price)}
        for i in range(sends.shape[-1]):
            one = (..., i)
            rows[f"client {i} compute_s"] = Price(problem.compute_s[one], "s", waits[one], weight[one])
            rows[f"client {i} payload_bits"] = Price(problem.payload_bits[one], "bit", waits[one], per_bit[one])
            received = 10.0 * np.log10(np.where(sends, problem.gain_power_w, 1.0)[one])
            rows[f"client {i} gain_power_w"] = Price(received, "dBW", waits[one], per_decibel[one])
            rows[f"client {i} min_bandwidth_hz"] = Price(
                problem.min_bandwidth_hz[one], "Hz", held[one], np.where(held[one], price, 0.0)
            )
        return price_table(rows, batch=price.shape)
