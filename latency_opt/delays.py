"""How long each part of an edge round takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.rates.shannon import shannon_rate_bps


def compute_latency_s(flops: ArrayLike, *, cpu_hz: ArrayLike, flops_per_cycle: ArrayLike = 1.0) -> FloatArray:
    """Time of local training, flops/(flops per cycle · f).

    Source: Tran, Bao, Zomaya, Nguyen, Hong 2019, "Federated learning over wireless networks", section III-A.

    >>> float(compute_latency_s(2e8, cpu_hz=1e9))
    0.2
    """
    per_cycle = checked("flops_per_cycle", flops_per_cycle, low=0.0, open_low=True)
    return checked("flops", flops, low=0.0) / (per_cycle * checked("cpu_hz", cpu_hz, low=0.0, open_low=True))


def aircomp_uplink_latency_s(num_parameters: ArrayLike, *, bandwidth_hz: ArrayLike) -> FloatArray:
    """Air time of an over-the-air sum, d/(2B): two real values a complex symbol, B symbols a second, however many clients.

    Source: Zhu, Wang, Huang 2019, "Broadband analog aggregation for low-latency federated edge learning", section IV.

    >>> float(aircomp_uplink_latency_s(20_000, bandwidth_hz=1e6))
    0.01
    """
    values = checked("num_parameters", num_parameters, low=0.0)
    return values / (2.0 * checked("bandwidth_hz", bandwidth_hz, low=0.0, open_low=True))


def multicast_latency_s(
    payload_bits: ArrayLike,
    *,
    bandwidth_hz: ArrayLike,
    station_power_w: ArrayLike,
    power_gain: ArrayLike,
    noise_psd_w_per_hz: ArrayLike,
) -> FloatArray:
    """(...) time to send the same bits to all clients of a cell, at the rate of the one that hears worst; inf if one is deaf.

    Args:
        power_gain: (..., n) power gains |h|² of the clients.
        noise_psd_w_per_hz: noise density, a number or (..., n) for each client.

    Source: Jindal and Luo 2006, "Capacity limits of multiple antenna multicast", for one antenna.
    """
    payload = checked("payload_bits", payload_bits, low=0.0)
    band = checked("bandwidth_hz", bandwidth_hz, low=0.0, open_low=True)
    power = checked("station_power_w", station_power_w, low=0.0)
    gain = checked("power_gain", power_gain, low=0.0)
    worst = np.min(gain / checked("noise_psd_w_per_hz", noise_psd_w_per_hz, low=0.0, open_low=True), axis=-1)
    rate = shannon_rate_bps(band, gain_power_w=power * worst, noise_psd_w_per_hz=1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(payload > 0.0, payload / rate, 0.0)


def backhaul_latency_s(payload_bits: ArrayLike, *, rate_bps: ArrayLike, delay_s: ArrayLike) -> FloatArray:
    """Time of one exchange between a station and the cloud: the model up and the new one down, 2(delay + bits/rate).

    >>> float(backhaul_latency_s(1e6, rate_bps=1e8, delay_s=0.01))
    0.04
    """
    payload, rate = checked("payload_bits", payload_bits, low=0.0), checked("rate_bps", rate_bps, low=0.0, open_low=True)
    return 2.0 * (checked("delay_s", delay_s, low=0.0) + payload / rate)
