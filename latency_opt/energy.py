"""What a client's battery pays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray


def compute_energy_j(
    flops: ArrayLike, *, cpu_hz: ArrayLike, flops_per_cycle: float, effective_capacitance_w_per_hz3: float
) -> FloatArray:
    """Energy of local training, κ f² for each of flops/(flops per cycle) cycles.

    Source: Burd and Brodersen 1996, "Processor design for portable systems"; for federated learning Yang, Chen, Saad, Hong,
    Shikh-Bahaei 2021, section II-B.

    >>> round(float(compute_energy_j(1e9, cpu_hz=1e9, flops_per_cycle=1.0, effective_capacitance_w_per_hz3=1e-28)), 12)
    0.1
    """
    return effective_capacitance_w_per_hz3 * np.asarray(cpu_hz) ** 2 * np.asarray(flops) / flops_per_cycle


def transmit_energy_j(airtime_s: ArrayLike, *, power_w: ArrayLike) -> FloatArray:
    """Energy sent, power times time on air.

    >>> transmit_energy_j(0.5, power_w=[0.2, 0.0]).tolist()
    [0.1, 0.0]
    """
    return np.asarray(airtime_s) * np.asarray(power_w)
