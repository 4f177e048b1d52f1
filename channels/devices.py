"""Processors of the clients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray, check_count, checked
from channels.summary import shown_by


@shown_by("cpu_hz", "flops_per_cycle", "effective_capacitance_w_per_hz3")
@dataclass(frozen=True, kw_only=True, eq=False)
class Devices:
    """What each client computes with.

    Attributes:
        cpu_hz: (K,) clock frequency.
        flops_per_cycle: floating-point operations done in a cycle.
        effective_capacitance_w_per_hz3: κ in the dynamic power κ f³ of a processor at frequency f, κ f² a cycle.
    """

    cpu_hz: FloatArray
    flops_per_cycle: float = 1.0
    effective_capacitance_w_per_hz3: float = 1e-28

    def __post_init__(self) -> None:
        object.__setattr__(self, "cpu_hz", np.atleast_1d(checked("cpu_hz", self.cpu_hz, low=0.0, open_low=True)))
        checked("flops_per_cycle", self.flops_per_cycle, low=0.0, open_low=True)
        checked("effective_capacitance_w_per_hz3", self.effective_capacitance_w_per_hz3, low=0.0)

    def of(self, clients: IntArray) -> Devices:
        """The processors of some of the clients."""
        return Devices(
            cpu_hz=self.cpu_hz[clients],
            flops_per_cycle=self.flops_per_cycle,
            effective_capacitance_w_per_hz3=self.effective_capacitance_w_per_hz3,
        )


def draw_cpu_hz(num_clients: int, *, min_cpu_hz: float, max_cpu_hz: float, rng: np.random.Generator) -> FloatArray:
    """(K,) clock frequencies, log-uniform between the slowest and the fastest.

    >>> draw_cpu_hz(2, min_cpu_hz=1e9, max_cpu_hz=1e9, rng=np.random.default_rng(0)).tolist()
    [1000000000.0, 1000000000.0]
    """
    check_count("num_clients", num_clients)
    checked("min_cpu_hz", min_cpu_hz, low=0.0, open_low=True)
    checked("max_cpu_hz", max_cpu_hz, low=min_cpu_hz)
    return min_cpu_hz * (max_cpu_hz / min_cpu_hz) ** rng.random(num_clients)
