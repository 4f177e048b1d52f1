"""The problems of a cell, from its channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, FloatArray, checked
from channels.channel_state import CellChannel
from latency_opt.cell.bandwidth import BandwidthProblem
from latency_opt.joint.problem import JointProblem


def cell_bandwidth_problem(
    channel: CellChannel, *, compute_s: ArrayLike, payload_bits: ArrayLike, active: BoolArray | None = None
) -> BandwidthProblem:
    """How the clients of a cell share its band, over the draws of its channel: all send at their largest power.

    Other traffic takes a share of the slots; rates hold in those that it leaves, which is as if there were more to send.

    Args:
        channel: of the cell, over a batch of draws.
        compute_s: (..., n) when each client has something to send.
        payload_bits: (..., n) what it sends.
        active: (..., n) who sends at all; everybody if not given.
    """
    shape = channel.power_gain.shape
    payload = np.broadcast_to(checked("payload_bits", payload_bits, low=0.0), shape) / (1.0 - channel.load)
    return BandwidthProblem(
        compute_s=np.asarray(compute_s, dtype=float),
        payload_bits=payload if active is None else np.where(active, payload, 0.0),
        gain_power_w=channel.client_power_w * channel.power_gain,
        noise_psd_w_per_hz=channel.noise_psd_w_per_hz,
        bandwidth_hz=np.full(shape[:-1], channel.bandwidth_hz),
    )


def cell_joint_problem(
    channel: CellChannel,
    *,
    flops: ArrayLike,
    payload_bits: ArrayLike,
    energy_budget_j: ArrayLike = np.inf,
    active: BoolArray | None = None,
) -> JointProblem:
    """The same with the processors' speeds and the powers to be chosen too.

    Where other traffic takes a share of the slots, a client is on air in the others only: over all slots its band and its power
    are that much smaller, and its energy is counted as it is spent.

    Args:
        channel: of the cell, over a batch of draws.
        flops: (..., n) floating-point operations of local training.
        payload_bits: (..., n) what each client sends.
        energy_budget_j: (..., n) what each may spend on both.
        active: (..., n) who takes part; everybody if not given.
    """
    free, devices = 1.0 - channel.load, channel.devices
    shape = channel.power_gain.shape
    payload: FloatArray = np.broadcast_to(checked("payload_bits", payload_bits, low=0.0), shape)
    return JointProblem(
        cycles=checked("flops", flops, low=0.0) / devices.flops_per_cycle,
        max_cpu_hz=devices.cpu_hz,
        effective_capacitance_w_per_hz3=np.asarray(devices.effective_capacitance_w_per_hz3),
        payload_bits=payload if active is None else np.where(active, payload, 0.0),
        power_gain=channel.power_gain,
        max_power_w=free * channel.client_power_w,
        energy_budget_j=np.asarray(energy_budget_j, dtype=float),
        noise_psd_w_per_hz=channel.noise_psd_w_per_hz,
        bandwidth_hz=np.full(shape[:-1], free * channel.bandwidth_hz),
    )
