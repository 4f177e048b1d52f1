"""A global round in one cell: its edge rounds and its exchange with the cloud, in seconds and joules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import BoolArray, FloatArray
from channels.channel_state import CellChannel
from channels.summary import shown_by
from latency_opt.cell.multiple_access import MultipleAccess
from latency_opt.delays import backhaul_latency_s, compute_latency_s, multicast_latency_s
from latency_opt.energy import compute_energy_j, transmit_energy_j

DOWNLINK_BITS_PER_PARAMETER = 32


@dataclass(frozen=True, kw_only=True)
class CellWorkload:
    """What each client of a cell does in an edge round.

    Attributes:
        num_parameters: values of the model that it receives, trains and, unless stated otherwise, sends.
        flops: floating-point operations of its local steps.
        uplink_parameters: values that it sends, if not as many.
    """

    num_parameters: int
    flops: float
    uplink_parameters: int | None = None


@shown_by("latency_s", "downlink_s", "compute_s", "uplink_s", "backhaul_s", "energy_j")
@dataclass(frozen=True, kw_only=True, eq=False)
class CellRound:
    """Where the time and energy of E edge rounds went.

    Attributes:
        downlink_s: (E,) multicast of the model to the clients.
        compute_s: (E,) local training, until the last client is done with it.
        uplink_s: (E,) from then until the last update has arrived.
        finish_s: (E, n) from the start of local training until each client's update has arrived; 0 for those who send none.
        backhaul_s: one exchange with the cloud.
        energy_j: (n,) what each client spent, computing and sending.
    """

    downlink_s: FloatArray
    compute_s: FloatArray
    uplink_s: FloatArray
    finish_s: FloatArray
    backhaul_s: float
    energy_j: FloatArray

    @property
    def latency_s(self) -> float:
        """Length of the global round in this cell."""
        return float(self.latencies_s(len(self.downlink_s))[0])

    def latencies_s(self, edge_rounds: int) -> FloatArray:
        """Lengths of the global rounds that these edge rounds make, `edge_rounds` of them each."""
        edge_s = self.downlink_s + self.compute_s + self.uplink_s
        return edge_s.reshape(-1, edge_rounds).sum(axis=-1) + self.backhaul_s


def cell_round(
    channel: CellChannel,
    workload: CellWorkload,
    *,
    access: MultipleAccess,
    active: BoolArray,
    power_fraction: FloatArray,
) -> CellRound:
    """Time and energy of a global round in one cell, one edge round for each draw of the channel.

    An edge round takes downlink + max_i(compute_i + uplink_i), over the clients that take part; the others are known from
    the start, since the channel holds for the whole edge round, and neither compute nor send. Processors run at full speed and
    powers are as planned, unless the access chooses them too.

    Args:
        channel: E draws.
        workload: what a client does in an edge round.
        access: how the uplink is shared.
        active: (E, n) who takes part.
        power_fraction: (E, n) share of its power limit that each client sends with, or would if the access left it.

    Source: Liu, Zhang, Song, Letaief 2020, "Client-edge-cloud hierarchical federated learning", section IV, with the
    bandwidth shared as in Yang et al. 2021.
    """
    devices = channel.devices
    full_speed_s = compute_latency_s(workload.flops, cpu_hz=devices.cpu_hz, flops_per_cycle=devices.flops_per_cycle)
    sent = workload.num_parameters if workload.uplink_parameters is None else workload.uplink_parameters
    uplink = access.uplink(channel, compute_s=full_speed_s, num_parameters=sent, active=active)
    compute_s = full_speed_s / uplink.speed_share
    finish_s = uplink.finish_s.max(axis=-1)
    all_computed_s = np.max(np.where(active, compute_s, 0.0), axis=-1)

    downlink_bits = DOWNLINK_BITS_PER_PARAMETER * workload.num_parameters
    downlink_s = multicast_latency_s(
        downlink_bits / (1.0 - channel.load),
        bandwidth_hz=channel.bandwidth_hz,
        station_power_w=channel.station_power_w,
        power_gain=channel.broadcast_power_gain,
        noise_psd_w_per_hz=channel.client_noise_psd_w_per_hz,
    )
    backhaul_s = backhaul_latency_s(downlink_bits, rate_bps=channel.backhaul_rate_bps, delay_s=channel.backhaul_delay_s)
    training_j = compute_energy_j(
        workload.flops,
        cpu_hz=uplink.speed_share * devices.cpu_hz,
        flops_per_cycle=devices.flops_per_cycle,
        effective_capacitance_w_per_hz3=devices.effective_capacitance_w_per_hz3,
    )
    sending_j = transmit_energy_j(uplink.airtime_s, power_w=uplink.power_share * (power_fraction * channel.client_power_w))
    return CellRound(
        downlink_s=downlink_s,
        compute_s=all_computed_s,
        uplink_s=finish_s - all_computed_s,
        finish_s=uplink.finish_s,
        backhaul_s=float(backhaul_s),
        energy_j=np.sum(np.where(active, training_j + sending_j, 0.0), axis=0),
    )
