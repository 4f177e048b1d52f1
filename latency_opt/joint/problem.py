"""Sharing a cell's band among clients that also choose their processor's speed and their transmit power: the problem."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from aircomp.result import InfeasibleProblem
from channels.arrays import BoolArray, FloatArray, checked, matching_shape
from channels.summary import shown_by
from latency_opt.batch import instances
from latency_opt.cell.noise_range import check_noise
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.joint.client_terms import ClientTerms
from latency_opt.joint.convex_form import convex_form


@shown_by(
    "bandwidth_hz",
    "noise_psd_w_per_hz",
    "payload_bits",
    "power_gain",
    "max_power_w",
    "max_cpu_hz",
    "cycles",
    "effective_capacitance_w_per_hz3",
    "energy_budget_j",
)
@dataclass(frozen=True, kw_only=True, eq=False)
class JointProblem:
    """n clients compute C_i cycles at a speed f_i, then send s_i bits in a band b_i with a power p_i.

    Client i is done after C_i/f_i + t_i, where t_i b_i log2(1 + p_i g_i/(N0 b_i)) = s_i, and has then spent
    κ_i C_i f_i² + p_i t_i. The limits are f_i <= f_max, p_i <= p_max, κ_i C_i f_i² + p_i t_i <= E_i and Σ b_i <= B.

    In f_i, b_i, t_i and the energy e_i = p_i t_i this is convex: the energy that the bits need, with S_i = s_i ln 2,

        e_i = (b_i t_i N0/g_i)(exp(S_i/(b_i t_i)) - 1) = (N0 S_i/g_i) ∫₀¹ exp(u S_i/(b_i t_i)) du,

    is convex in (b_i, t_i), since 1/(b t) is. So what meets the conditions of optimality is the global optimum.

    Leading axes are a batch of independent instances; arguments broadcast. A client without payload is not waited for,
    computes nothing and gets no band.

    Attributes:
        cycles: (..., n) C_i >= 0, processor cycles of the local training.
        max_cpu_hz: (..., n) f_max > 0.
        effective_capacitance_w_per_hz3: (..., n) κ_i >= 0, so that a cycle at speed f costs κ f².
        payload_bits: (..., n) s_i >= 0.
        power_gain: (..., n) g_i >= 0.
        max_power_w: (..., n) p_max > 0.
        energy_budget_j: (..., n) E_i > 0; infinite where there is none.
        noise_psd_w_per_hz: noise density N0, a little at least, see `check_noise`.
        bandwidth_hz: (...) band of the cell, B.

    Raises:
        InfeasibleProblem: if a client has bits but no channel, or a budget that cannot send them with any band and time,
            E_i <= N0 s_i ln 2/g_i.

    Source: Yang, Chen, Saad, Hong, Shikh-Bahaei 2021, "Energy efficient federated learning over wireless communication
    networks", section II, for the model; convexity is shown in docs/theory.md.
    """

    cycles: FloatArray
    max_cpu_hz: FloatArray
    effective_capacitance_w_per_hz3: FloatArray
    payload_bits: FloatArray
    power_gain: FloatArray
    max_power_w: FloatArray
    energy_budget_j: FloatArray
    noise_psd_w_per_hz: float
    bandwidth_hz: FloatArray

    def __post_init__(self) -> None:
        zero_allowed = ("cycles", "effective_capacitance_w_per_hz3", "payload_bits", "power_gain")
        arrays = {name: checked(name, getattr(self, name), low=0.0) for name in zero_allowed}
        for name in ("max_cpu_hz", "max_power_w"):
            arrays[name] = checked(name, getattr(self, name), low=0.0, open_low=True)
        budget = np.asarray(self.energy_budget_j, dtype=float)
        checked("energy_budget_j", np.where(budget == np.inf, 1.0, budget), low=0.0, open_low=True)
        arrays["energy_budget_j"] = budget
        band = checked("bandwidth_hz", self.bandwidth_hz, low=0.0, open_low=True)
        shape = matching_shape("JointProblem", arrays, without_last={"bandwidth_hz": band})
        for name, array in arrays.items():
            object.__setattr__(self, name, np.broadcast_to(array, shape))
        object.__setattr__(self, "bandwidth_hz", np.broadcast_to(band, shape[:-1]))
        received_w = self.max_power_w * self.power_gain
        check_noise(self.noise_psd_w_per_hz, received_w=received_w, bandwidth_hz=self.bandwidth_hz)
        self._check_that_all_can_send()

    def _check_that_all_can_send(self) -> None:
        cut_off = (self.payload_bits > 0.0) & (self.power_gain == 0.0)
        if cut_off.any():
            raise InfeasibleProblem(
                f"power_gain: client {_first(cut_off)} has a payload but no channel; leave it out",
                infeasible=cut_off.any(axis=-1),
            )
        short = (self.payload_bits > 0.0) & (self.energy_budget_j <= self.terms.least_energy_j)
        if short.any():
            needed = np.where(short, self.terms.least_energy_j, 0.0)
            client = tuple(int(i) for i in np.unravel_index(np.argmax(needed), needed.shape))
            raise InfeasibleProblem(
                f"energy_budget_j: client {client} has {self.energy_budget_j[client]:g} J; its payload alone needs more than "
                f"{needed[client]:g} J, whatever the band and the time",
                infeasible=short.any(axis=-1),
            )

    def __getitem__(self, index: Any) -> JointProblem:
        """Some instances of a batch, as numpy's indices pick them along it: `problem[0]`, `problem[~error.infeasible]`."""
        if self.payload_bits.ndim == 1:
            raise IndexError("JointProblem: this is a single instance; only a batch can be indexed")
        return instances(self, index)

    @cached_property
    def terms(self) -> ClientTerms:
        """What the solvers need to know of each client."""
        sends = self.payload_bits > 0.0
        return ClientTerms(
            sends=sends,
            nats=np.where(sends, self.payload_bits * np.log(2.0), 1.0),
            snr_hz_per_w=np.where(sends, self.power_gain / self.noise_psd_w_per_hz, 1.0),
            max_power_w=np.where(sends, self.max_power_w, 1.0),
            budget_j=np.where(sends, self.energy_budget_j, np.inf),
            cycles=np.where(sends, self.cycles, 0.0),
            max_cpu_hz=self.max_cpu_hz,
            capacitance=self.effective_capacitance_w_per_hz3,
        )

    def energy_weights(self, weights: ArrayLike) -> FloatArray:
        """(..., n) checked and broadcast weights of the clients' energies."""
        return checked("weights", weights, low=0.0, open_low=True, shape=self.payload_bits.shape)

    def to_cvxpy(self, *, deadline_s: float | None = None, weights: ArrayLike = 1.0) -> CvxpyProgram:
        """The same problem for CVXPY, one instance at a time; see `convex_form`. Its variables are in units of the optimum.

        Args:
            deadline_s: if given, the least weighted energy under this deadline is asked for; else the least deadline.
            weights: (n,) of the clients' energies.

        Raises:
            InfeasibleProblem: if the deadline cannot be kept.
        """
        from latency_opt.joint.deadline import minimize_joint_deadline
        from latency_opt.joint.energy import minimize_energy

        if self.payload_bits.ndim != 1:
            raise ValueError(f"to_cvxpy: got a batch of shape {self.payload_bits.shape[:-1]}; needed is one instance")
        sends, weights = self.terms.sends, self.energy_weights(weights)
        if deadline_s is None:
            units = minimize_joint_deadline(self).point
        else:
            units = minimize_energy(self, deadline_s=deadline_s, weights=weights).point
        band = float(self.bandwidth_hz)
        return convex_form(units.of(sends), bandwidth_hz=band, deadline_s=deadline_s, weights=weights[sends])


def _first(where: BoolArray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(where)[0])
