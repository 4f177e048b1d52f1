"""What a client's battery pays."""

from __future__ import annotations

from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def compute_energy_j(
    flops: ArrayLike, *, cpu_hz: ArrayLike, flops_per_cycle: float, effective_capacitance_w_per_hz3: float
) -> FloatArray:
    """Energy of local training, κ f² for each of flops/(flops per cycle) cycles.

    Source: Burd and Brodersen 1996, "Processor design for portable systems"; for federated learning Yang, Chen, Saad, Hong,
    Shikh-Bahaei 2021, section II-B.

    >>> round(float(compute_energy_j(1e9, cpu_hz=1e9, flops_per_cycle=1.0, effective_capacitance_w_per_hz3=1e-28)), 12)
    0.1
    """
    capacitance = checked("effective_capacitance_w_per_hz3", effective_capacitance_w_per_hz3, low=0.0)
    cycles = checked("flops", flops, low=0.0) / checked("flops_per_cycle", flops_per_cycle, low=0.0, open_low=True)
    return capacitance * checked("cpu_hz", cpu_hz, low=0.0) ** 2 * cycles


def transmit_energy_j(airtime_s: ArrayLike, *, power_w: ArrayLike) -> FloatArray:
    """Energy sent, power times time on air.

    >>> transmit_energy_j(0.5, power_w=[0.2, 0.0]).tolist()
    [0.1, 0.0]
    """
    return checked("airtime_s", airtime_s, low=0.0) * checked("power_w", power_w, low=0.0)
