"""The joint problem as a cone program, for CVXPY."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from channels.arrays import FloatArray
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.joint.client_terms import ClientPoint
from latency_opt.joint.energy_per_bit import energy_excess

NODES = 16
"""Of the Gauss-Legendre rule for ∫₀¹ e^(uq) du, which it gives to 1e-12 up to q = 23 nats, 33 bit, per hertz and second."""


def convex_form(units: ClientPoint, *, bandwidth_hz: float, deadline_s: float | None, weights: FloatArray) -> CvxpyProgram:
    """min T, or min Σ w_i(κ_i C_i f_i² + e_i) for a given T, over each client's `speed`, `band`, `airtime` and `energy`.

    The variables are in units of a given allocation (f̂, b̂, t̂, ê, T̂); the closer that is to the optimum, the better the digits
    of an interior-point solver. The time is `deadline`. With one more variable, `efficiency`, the energy of the bits is

        ln efficiency_i + ln band_i + ln airtime_i >= 0,
        energy_i >= Σ_m v_m exp(u_m q̂_i efficiency_i)/G(q̂_i),   G(q) = ∫₀¹ e^(uq) du = Σ_m v_m e^(u_m q),

    with nodes u_m and weights v_m > 0 of a Gauss-Legendre rule that is exact to 1e-12.

    Args:
        units: (n,) an allocation to clients all of whom send.
        bandwidth_hz: of the cell.
        deadline_s: the deadline, or None if it is what is minimised.
        weights: (n,) of the energies.
    """
    clients, num = units.terms, units.efficiency.size
    node, weight = np.polynomial.legendre.leggauss(NODES)
    node, weight = 0.5 * (node + 1.0), 0.5 * weight
    q, band_hat, airtime_hat, energy_hat = units.efficiency, units.bandwidth_hz, units.airtime_s, units.transmit_j
    compute_hat, compute_j_hat = units.compute_s, units.compute_j
    time_hat = float((compute_hat + airtime_hat).max()) if deadline_s is None else deadline_s
    cpu_hat = np.where(clients.cycles > 0.0, units.cpu_hz, clients.max_cpu_hz)

    speed, band = cp.Variable(num, name="speed"), cp.Variable(num, name="band")
    airtime, energy = cp.Variable(num, name="airtime"), cp.Variable(num, name="energy")
    efficiency = cp.Variable(num, name="efficiency")
    deadline = cp.Variable(name="deadline") if deadline_s is None else cp.Constant(1.0)
    growth = weight[:, None] * np.exp(node[:, None] * q) / (1.0 + energy_excess(q))
    exponent = cp.multiply(node[:, None] * q, cp.reshape(efficiency - 1.0, (1, num), order="C"))
    finish = cp.multiply(compute_hat / time_hat, cp.inv_pos(speed)) + cp.multiply(airtime_hat / time_hat, airtime)
    spent = cp.multiply(compute_j_hat, cp.square(speed)) + cp.multiply(energy_hat, energy)
    constraints = {
        "efficiency": cp.log(efficiency) + cp.log(band) + cp.log(airtime) >= 0.0,
        "delivery": energy >= cp.sum(cp.multiply(growth, cp.exp(exponent)), axis=0),
        "deadline": finish <= deadline,
        "max_power": cp.multiply(energy_hat / (clients.max_power_w * airtime_hat), energy) <= airtime,
        "max_cpu": speed <= clients.max_cpu_hz / cpu_hat,
        "bandwidth": cp.sum(cp.multiply(band_hat / bandwidth_hz, band)) <= 1.0,
    }
    limited = np.flatnonzero(np.isfinite(clients.budget_j))
    if limited.size:
        constraints["energy_budget"] = cp.multiply(1.0 / clients.budget_j[limited], spent[limited]) <= 1.0
    variables = {v.name(): v for v in (speed, band, airtime, energy, efficiency)}
    if deadline_s is None:
        objective, scale = deadline, time_hat
        variables["deadline"] = deadline
    else:
        scale = float(np.sum(weights * (compute_j_hat + energy_hat)))
        objective = cp.sum(cp.multiply(weights / scale, spent))
    return CvxpyProgram(objective=cp.Minimize(objective), variables=variables, constraints=constraints, scale=scale)
