"""Bands, transmit powers and processor speeds chosen together, on the clock of a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aircomp.result import InfeasibleProblem, certified
from channels.arrays import BoolArray, FloatArray, check_count, checked
from channels.channel_state import CellChannel
from channels.rates.shannon import shannon_rate_bps
from latency_opt.cell.cell_problems import cell_joint_problem
from latency_opt.cell.multiple_access import UplinkTime
from latency_opt.joint.deadline import minimize_joint_deadline
from latency_opt.joint.energy import minimize_energy
from latency_opt.joint.problem import JointProblem
from latency_opt.joint.result import JointResult


@dataclass(frozen=True, kw_only=True)
class JointOFDMA:
    """Every client has a band, a power and a processor speed of its own, all chosen together, and sends bits at Shannon's rate.

    The last client of a cell is done as soon as the budgets allow, or, with a `deadline_factor` above 1, by so many times that
    time, and then all together spend the least. Without a budget, and with a factor of 1, that is full speed, full power and
    the bands of `OptimalBandwidth`.

    Everything is chosen by what is known of the channel; how long it takes to send follows from the true one, as if
    retransmissions made up for what is not known, so that a client may then be late and spend more than its budget. A budget
    holds whatever the payload, so a round is not in proportion to it. Interference from other cells stays what it is at full
    power.

    Attributes:
        energy_budget_j: most that a client may spend in an edge round, on training and sending; infinite for no limit.
        deadline_factor: >= 1, how long an edge round may last from the start of training, over the least.
        bits_per_parameter: length of a value.

    Raises:
        InfeasibleProblem: at an uplink, if a budget cannot send the payload with any band and time.

    Source: Yang, Chen, Saad, Hong, Shikh-Bahaei 2021, "Energy efficient federated learning over wireless communication
    networks": section III-D for the least time, section III for the least energy.
    """

    energy_budget_j: float = np.inf
    deadline_factor: float = 1.0
    bits_per_parameter: int = 32

    def __post_init__(self) -> None:
        if self.energy_budget_j != np.inf:
            checked("energy_budget_j", self.energy_budget_j, low=0.0, open_low=True)
        checked("deadline_factor", self.deadline_factor, low=1.0)
        check_count("bits_per_parameter", self.bits_per_parameter)

    @property
    def is_proportional(self) -> bool:
        return self.energy_budget_j == np.inf

    def uplink(self, channel: CellChannel, *, compute_s: FloatArray, num_parameters: int, active: BoolArray) -> UplinkTime:
        devices, free, bits = channel.devices, 1.0 - channel.load, self.bits_per_parameter * num_parameters
        try:
            problem = cell_joint_problem(
                replace(channel, response=channel.estimated_response),
                flops=compute_s * devices.cpu_hz * devices.flops_per_cycle,
                payload_bits=bits,
                energy_budget_j=self.energy_budget_j,
                active=active,
            )
        except InfeasibleProblem as error:
            advice = "give more, or let who is in a deep fade sit out"
            raise InfeasibleProblem(f"{error}; {advice}", infeasible=error.infeasible) from None
        found = self.allocation(problem)
        rate_bps = shannon_rate_bps(
            found.bandwidth_hz,
            gain_power_w=found.power_w * channel.power_gain,
            noise_psd_w_per_hz=channel.noise_psd_w_per_hz,
        )
        computes = found.cpu_hz > 0.0
        speed_share = np.where(computes, found.cpu_hz / devices.cpu_hz, 1.0)
        airtime_s = np.where(active, bits / np.where(active, rate_bps, 1.0), 0.0)
        return UplinkTime(
            finish_s=np.where(active, compute_s / speed_share + airtime_s, 0.0),
            airtime_s=free * airtime_s,
            power_share=found.power_w / (free * channel.client_power_w),
            speed_share=speed_share,
        )

    def allocation(self, problem: JointProblem) -> JointResult:
        """The optimum, with its certificate: the least deadline, or the least energy under a longer one."""
        soonest = certified(minimize_joint_deadline(problem))
        if self.deadline_factor == 1.0:
            return soonest
        deadline_s = self.deadline_factor * soonest.deadline_s
        return certified(minimize_energy(problem, deadline_s=np.where(deadline_s > 0.0, deadline_s, 1.0)))
