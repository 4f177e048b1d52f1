"""How the clients of a cell share the uplink, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from channels.arrays import BoolArray, FloatArray, check_count, check_object, checked
from channels.channel_state import CellChannel
from channels.rates.coding import SHANNON, Coding
from channels.summary import shown_by
from latency_opt.cell.bandwidth import BandwidthProblem
from latency_opt.cell.bandwidth_policy import BandwidthPolicy
from latency_opt.cell.cell_problems import cell_bandwidth_problem
from latency_opt.delays import aircomp_uplink_latency_s

MAX_SHARINGS = 4
"""Each is some ten times nearer to bands with which all are done together than the one before."""


@shown_by("finish_s", "airtime_s", "power_share", "speed_share")
@dataclass(frozen=True, kw_only=True, eq=False)
class UplinkTime:
    """When and how long each client sends, over a batch of draws; 0 for clients that do not take part.

    Attributes:
        finish_s: (..., n) when the client's part has arrived, from the start of local training.
        airtime_s: (..., n) how long it was on air, in the slots that other traffic leaves.
        power_share: (..., n) of the power that it would send with, what the access has it send with.
        speed_share: (..., n) of its processor's speed, what the access has it train at, > 0.
    """

    finish_s: FloatArray
    airtime_s: FloatArray
    power_share: FloatArray = field(default_factory=lambda: np.asarray(1.0))
    speed_share: FloatArray = field(default_factory=lambda: np.asarray(1.0))


class MultipleAccess(Protocol):
    """A way of sharing the uplink.

    An access under which a round is not in proportion to what clients train and send says so with an attribute
    `is_proportional`, False: planning with shares of a model then knows that it has a curve before it, and not a line.
    """

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        """An uplink of `num_parameters` values by each of the `active` (..., n) clients.

        Args:
            channel: of the cell, over a batch of draws.
            compute_s: (n,) or (..., n) how long each trains at its processor's full speed; more at a share of it.
            num_parameters: values that each sends.
            active: (..., n) who takes part.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class OFDMA:
    """Every client has a band of its own and sends bits.

    Bands are shared out by what is known of the channel; how long it takes follows from the true one, as if retransmissions
    made up for what is not known. Short of Shannon's rate, where what bits take depends on the SNR in the band that they get,
    bands are shared anew for it up to `MAX_SHARINGS` times, until next to nothing changes.

    Attributes:
        policy: who gets how much of the band.
        bits_per_parameter: length of a value.
        coding: how near to Shannon's rate they go.
        overhead: share of what is on air that carries no data, in [0, 1).
    """

    policy: BandwidthPolicy
    bits_per_parameter: int = 32
    coding: Coding = SHANNON
    overhead: float = 0.0

    def __post_init__(self) -> None:
        check_object("policy", self.policy, method="bandwidth_hz", example="OptimalBandwidth()")
        check_count("bits_per_parameter", self.bits_per_parameter)
        check_object("coding", self.coding, method="stretch", example="Shannon()")
        checked("overhead", self.overhead, low=0.0, high=1.0, open_high=True)

    @property
    def is_proportional(self) -> bool:
        return self.coding.is_proportional

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        bits = self.bits_per_parameter * num_parameters
        problem = cell_bandwidth_problem(channel, compute_s=compute_s, payload_bits=bits / (1.0 - self.overhead), active=active)
        known = problem
        if not channel.is_known:
            known = replace(problem, gain_power_w=channel.client_power_w * channel.estimated_power_gain)
        coded = known
        for _ in range(MAX_SHARINGS):
            bandwidth_hz = self.policy.bandwidth_hz(coded)
            before, coded = coded, self._coded(known, bits, bandwidth_hz)
            if np.array_equal(coded.payload_bits, before.payload_bits):
                break
        finish_s = self._coded(problem, bits, bandwidth_hz).finish_s(bandwidth_hz)
        airtime_s = (1.0 - channel.load) * np.where(active, finish_s - compute_s, 0.0)
        return UplinkTime(finish_s=finish_s, airtime_s=airtime_s)

    def _coded(self, problem: BandwidthProblem, bits: float, bandwidth_hz: FloatArray) -> BandwidthProblem:
        """The problem at Shannon's rate that takes as long in these bands: as if there were more to send."""
        snr = problem.snr_hz / np.where(bandwidth_hz > 0.0, bandwidth_hz, np.inf)
        return replace(problem, payload_bits=problem.payload_bits * self.coding.stretch(bits, snr=snr))


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
