"""How the clients of a cell share the uplink, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from channels.arrays import BoolArray, FloatArray
from channels.channel_state import CellChannel
from channels.summary import shown_by
from latency_opt.cell.bandwidth_policy import BandwidthPolicy
from latency_opt.cell.cell_problems import cell_bandwidth_problem
from latency_opt.delays import aircomp_uplink_latency_s


@shown_by("finish_s", "airtime_s")
@dataclass(frozen=True, kw_only=True, eq=False)
class UplinkTime:
    """When and how long each client sends, over a batch of draws; 0 for clients that do not take part.

    Attributes:
        finish_s: (..., n) when the client's part has arrived, from the start of local training.
        airtime_s: (..., n) how long it was on air, in the slots that other traffic leaves.
    """

    finish_s: FloatArray
    airtime_s: FloatArray


class MultipleAccess(Protocol):
    """A way of sharing the uplink."""

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        """Times of an uplink of `num_parameters` values by each of the `active` (..., n) clients."""
        ...


@dataclass(frozen=True, kw_only=True)
class OFDMA:
    """Every client has a band of its own and sends bits at its Shannon rate.

    Bands are shared out by what is known of the channel; the rates are those of the true one, as if retransmissions made up
    for what is not known.

    Attributes:
        policy: who gets how much of the band.
        bits_per_parameter: length of a value.
    """

    policy: BandwidthPolicy
    bits_per_parameter: int = 32

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        problem = cell_bandwidth_problem(
            channel, compute_s=compute_s, payload_bits=self.bits_per_parameter * num_parameters, active=active
        )
        known = problem
        if not channel.is_known:
            known = replace(problem, gain_power_w=channel.client_power_w * channel.estimated_power_gain)
        finish_s = problem.finish_s(self.policy.bandwidth_hz(known))
        airtime_s = (1.0 - channel.load) * np.where(active, finish_s - compute_s, 0.0)
        return UplinkTime(finish_s=finish_s, airtime_s=airtime_s)


@dataclass(frozen=True, kw_only=True)
class AirComp:
    """All clients send at once, analog, as soon as the last of them has its update."""

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        airtime_s = aircomp_uplink_latency_s(num_parameters, bandwidth_hz=channel.bandwidth_hz)
        start_s = np.where(active, compute_s, 0.0).max(axis=-1, keepdims=True)
        return UplinkTime(
            finish_s=np.where(active, start_s + airtime_s / (1.0 - channel.load), 0.0),
            airtime_s=np.where(active, airtime_s, 0.0),
        )
