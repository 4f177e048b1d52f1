"""What the solvers need to know of each client."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from channels.arrays import BoolArray, FloatArray
from latency_opt.joint.energy_per_bit import energy_excess


@dataclass(frozen=True, kw_only=True, eq=False)
class ClientTerms:
    """Constants of the clients, all (..., n); those that send nothing have stand-ins that cost nothing.

    Attributes:
        sends: whether there is a payload.
        nats: S = s ln 2.
        snr_hz_per_w: g/N0, the SNR of one watt in one hertz.
        max_power_w: p_max.
        budget_j: E.
        cycles: C.
        max_cpu_hz: f_max.
        capacitance: κ, in W/Hz³.
    """

    sends: BoolArray
    nats: FloatArray
    snr_hz_per_w: FloatArray
    max_power_w: FloatArray
    budget_j: FloatArray
    cycles: FloatArray
    max_cpu_hz: FloatArray
    capacitance: FloatArray

    def of(self, clients: BoolArray) -> ClientTerms:
        """(m,) the chosen ones of all instances in one row."""
        return ClientTerms(**{field.name: getattr(self, field.name)[clients] for field in fields(self)})

    @cached_property
    def least_energy_j(self) -> FloatArray:
        """e0 = S N0/g, of sending with unlimited band."""
        with np.errstate(divide="ignore"):
            return self.nats / self.snr_hz_per_w

    @cached_property
    def margin_j(self) -> FloatArray:
        """E - e0, what the budget leaves for computing and for packing bits densely."""
        return self.budget_j - self.least_energy_j

    @cached_property
    def compute_js2(self) -> FloatArray:
        """K = κC³: computing in the time c costs K/c²."""
        return self.capacitance * self.cycles**3

    @cached_property
    def fastest_s(self) -> FloatArray:
        """C/f_max."""
        return self.cycles / self.max_cpu_hz

    @cached_property
    def thrifty_s(self) -> FloatArray:
        """√(K/(E - e0)): computing faster than this would leave less than e0 for sending."""
        return np.sqrt(self.compute_js2 / self.margin_j)

    @cached_property
    def least_compute_s(self) -> FloatArray:
        """The longer of both, the compute time with unlimited band."""
        return np.maximum(self.fastest_s, self.thrifty_s)

    @cached_property
    def least_airtime_s(self) -> FloatArray:
        """e0/p_max, the airtime with unlimited band."""
        return self.least_energy_j / self.max_power_w

    @cached_property
    def full_speed_spare_j(self) -> FloatArray:
        """E - e0 - κC f_max², what computing at full speed leaves for packing; negative where it cannot be afforded."""
        return self.margin_j - self.capacitance * self.cycles * self.max_cpu_hz**2

    def slowdown_s(self, excess_j: FloatArray) -> FloatArray:
        """How much longer than `thrifty_s` computing takes if sending costs e0 + excess: c = √(K/(E - e0 - excess))."""
        part = np.minimum(excess_j / self.margin_j, 1.0 - 1e-15)
        return self.thrifty_s * np.expm1(-0.5 * np.log1p(-part))


@dataclass(frozen=True, kw_only=True, eq=False)
class ClientPoint:
    """How each client uses its resources, all (..., n).

    Attributes:
        terms: the clients.
        efficiency: q, nats per hertz and second.
        airtime_s: t.
        compute_s: c = C/f.
    """

    terms: ClientTerms
    efficiency: FloatArray
    airtime_s: FloatArray
    compute_s: FloatArray

    def of(self, clients: BoolArray) -> ClientPoint:
        """(m,) the chosen ones of all instances in one row."""
        return ClientPoint(
            terms=self.terms.of(clients),
            efficiency=self.efficiency[clients],
            airtime_s=self.airtime_s[clients],
            compute_s=self.compute_s[clients],
        )

    @cached_property
    def bandwidth_hz(self) -> FloatArray:
        """b = S/(q t); 0 for who does not send."""
        with np.errstate(divide="ignore"):
            return np.where(self.terms.sends, self.terms.nats / (self.efficiency * self.airtime_s), 0.0)

    @cached_property
    def transmit_j(self) -> FloatArray:
        """e = e0 G(q); 0 for who does not send."""
        return np.where(self.terms.sends, self.terms.least_energy_j * (1.0 + energy_excess(self.efficiency)), 0.0)

    @cached_property
    def compute_j(self) -> FloatArray:
        """K/c²; 0 for who does not compute."""
        works = self.terms.cycles > 0.0
        return np.where(works, self.terms.compute_js2 / np.where(works, self.compute_s, 1.0) ** 2, 0.0)

    @property
    def energy_j(self) -> FloatArray:
        return self.transmit_j + self.compute_j

    @property
    def power_w(self) -> FloatArray:
        return self.transmit_j / self.airtime_s

    @property
    def cpu_hz(self) -> FloatArray:
        works = self.terms.cycles > 0.0
        return np.where(works, self.terms.cycles / np.where(works, self.compute_s, 1.0), 0.0)
