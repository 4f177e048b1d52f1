"""Clients that take turns on the whole band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import BoolArray, FloatArray, check_count
from channels.channel_state import CellChannel
from channels.rates.coding import SHANNON, Coding
from channels.rates.shannon import shannon_rate_bps
from latency_opt.cell.cell_problems import cell_bandwidth_problem
from latency_opt.cell.multiple_access import UplinkTime


@dataclass(frozen=True, kw_only=True)
class TDMA:
    """One client after the other sends bits over the whole band, in the order in which they have something.

    In that order, whoever is on air, the last is done as soon as in any other: f_k = max(f_{k-1}, c_k) + a_k with computing
    times c_1 <= c_2 <= ... and air times a_k, s/r_k(B) at Shannon's rate, that is f_k = max_{j<=k} (c_j + a_j + ... + a_k). A
    client that sends over the whole band is on air for a shorter time than over a part of it, and so spends less.

    Attributes:
        bits_per_parameter: length of a value.
        coding: how near to Shannon's rate they go.

    Source: the makespan of jobs with release dates on one machine; Pinedo 2016, "Scheduling: theory, algorithms, and systems",
    chapter 3.
    """

    bits_per_parameter: int = 32
    coding: Coding = SHANNON

    def __post_init__(self) -> None:
        check_count("bits_per_parameter", self.bits_per_parameter)

    @property
    def is_proportional(self) -> bool:
        return self.coding.is_proportional

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        bits = self.bits_per_parameter * num_parameters
        problem = cell_bandwidth_problem(channel, compute_s=compute_s, payload_bits=bits, active=active)
        rate_bps = shannon_rate_bps(
            channel.bandwidth_hz, gain_power_w=problem.gain_power_w, noise_psd_w_per_hz=problem.noise_psd_w_per_hz
        )
        stretch = self.coding.stretch(bits, snr=problem.gain_power_w / channel.noise_power_w)
        takes_s = stretch * problem.payload_bits / np.where(active, rate_bps, 1.0)
        order = np.argsort(np.broadcast_to(compute_s, active.shape), axis=-1, kind="stable")
        finish_s = np.empty(active.shape)
        np.put_along_axis(
            finish_s,
            order,
            _in_turn(
                np.take_along_axis(np.where(active, compute_s, 0.0), order, axis=-1),
                np.take_along_axis(takes_s, order, axis=-1),
            ),
            axis=-1,
        )
        return UplinkTime(finish_s=np.where(active, finish_s, 0.0), airtime_s=(1.0 - channel.load) * takes_s)


def _in_turn(ready_s: FloatArray, takes_s: FloatArray) -> FloatArray:
    """(..., n) when each is done, of those who are ready in this order; who takes no time holds nobody up.

    >>> _in_turn(np.array([0.0, 1.0, 5.0]), np.array([2.0, 2.0, 1.0])).tolist()
    [2.0, 4.0, 6.0]
    """
    before_s = np.cumsum(takes_s, axis=-1) - takes_s
    return np.maximum.accumulate(ready_s - before_s, axis=-1) + before_s + takes_s
