"""The joint problem as a cone program, for CVXPY."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from channels.arrays import FloatArray
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.joint.client_terms import ClientPoint
from latency_opt.joint.energy_per_bit import energy_excess
from latency_opt.joint.tilted_rule import tilted_rule

NODES = 6
"""Of the rule for the energy, which it gives to 2e-7 where a constraint of the user's own makes q half as large again."""

SMALLEST = 1e-15
"""Least part of the deadline that is thought to depend on the bands."""


def convex_form(units: ClientPoint, *, bandwidth_hz: float, deadline_s: float | None, weights: FloatArray) -> CvxpyProgram:
    """min T, or min Σ w_i(κ_i C_i f_i² + e_i) for a given T, over what each client uses, in units of a given allocation.

    The closer that is to the optimum, the better the digits of an interior-point solver. Power-limited clients, or budgets
    that hardly suffice, would be decided by the last of them if times and energies were stated as they are: what counts is
    how much they exceed what the bits need with unlimited band, t⁰ and e⁰. Variables are, of each client,

        band        b/b̂,
        compute     the time C/f over that at f̂, of clients that compute,
        speed       f/f̂, of clients to whom its energy matters,
        excess      (e - e⁰)/(ê - e⁰), energy sent beyond the least,
        efficiency  q/q̂, and log_efficiency its logarithm, q being the nats per hertz and second,

    and `beyond`, where the deadline is minimised: T less what unlimited band would allow, in units of `scale`. The airtime is
    what computing leaves of T. With nodes u_m and weights w_m of `tilted_rule` the energy of the bits is

        log_efficiency + ln band + ln airtime >= 0,    exp(log_efficiency) <= efficiency,
        excess >= Σ_m w_m exp(log_efficiency + u_m q̂ (efficiency - 1)).

    Args:
        units: (n,) an allocation to clients all of whom send.
        bandwidth_hz: of the cell.
        deadline_s: the deadline, or None if it is what is minimised.
        weights: (n,) of the energies.
    """
    clients, num = units.terms, units.efficiency.size
    compute_s, compute_j, band_hat = units.compute_s, units.compute_j, units.bandwidth_hz
    finish = compute_s + units.airtime_s
    time_s = float(finish.max()) if deadline_s is None else deadline_s
    airtime_s = units.airtime_s + np.maximum(time_s - finish, 0.0)
    q = clients.nats / (band_hat * airtime_s)
    excess_j = clients.least_energy_j * energy_excess(q)
    works = np.flatnonzero(clients.cycles > 0.0)
    limited = np.isfinite(clients.budget_j)
    pays = np.flatnonzero((clients.compute_js2 > 0.0) & (limited | (deadline_s is not None)))
    of_client = np.eye(num)

    names = ("band", "excess", "log_efficiency", "efficiency")
    band, excess, log_efficiency, efficiency = (cp.Variable(num, name=name) for name in names)
    variables = {v.name(): v for v in (band, excess, log_efficiency, efficiency)}
    constraints = {}
    longer: cp.Expression | float = 0.0  # than in the given allocation: the deadline, and computing
    slower: cp.Expression | float = 0.0
    computing: cp.Expression | float = 0.0
    if deadline_s is None:
        latest = float((clients.least_compute_s + clients.least_airtime_s).max())
        late = max(time_s - latest, SMALLEST * time_s)
        scale = float(np.sqrt(time_s * late))
        beyond = cp.Variable(name="beyond")
        variables["beyond"] = beyond
        longer = scale * beyond - late
    if works.size:
        compute = variables["compute"] = cp.Variable(works.size, name="compute")
        constraints["max_cpu"] = compute >= units.cpu_hz[works] / clients.max_cpu_hz[works]
        slower = (of_client * compute_s)[:, works] @ (compute - 1.0)
    if pays.size:
        speed = variables["speed"] = cp.Variable(pays.size, name="speed")
        constraints["speed"] = cp.inv_pos(compute[np.searchsorted(works, pays)]) <= speed
        computing = (of_client * compute_j)[:, pays] @ cp.square(speed)

    airtime = 1.0 + cp.multiply(1.0 / airtime_s, longer - slower)
    node, weight = tilted_rule(q, num_nodes=NODES)
    exponent = _row(log_efficiency) + cp.multiply(node * q, _row(efficiency - 1.0))
    spare_s = airtime_s - clients.least_airtime_s
    needed_s = excess_j / clients.max_power_w
    room_s = np.maximum(spare_s, needed_s)
    constraints |= {
        "log_efficiency": log_efficiency + cp.log(band) + cp.log(airtime) >= 0.0,
        "efficiency": cp.exp(log_efficiency) <= efficiency,
        "delivery": excess >= cp.sum(cp.multiply(weight, cp.exp(exponent)), axis=0),
        "max_power": cp.multiply(needed_s / room_s, excess) <= spare_s / room_s + cp.multiply(1.0 / room_s, longer - slower),
        "bandwidth": cp.sum(cp.multiply(band_hat / bandwidth_hz, band)) <= 1.0,
    }
    spent = computing + cp.multiply(excess_j, excess)  # beyond what the bits need
    if limited.any():
        constraints["energy_budget"] = cp.multiply(1.0 / clients.margin_j[limited], spent[limited]) <= 1.0
    if deadline_s is None:
        objective = beyond + latest / scale
    else:
        least_j, more_j = float(weights @ clients.least_energy_j), float(weights @ (compute_j + excess_j))
        scale = float(np.sqrt((least_j + more_j) * more_j))
        objective = cp.sum(cp.multiply(weights / scale, spent)) + least_j / scale
    return CvxpyProgram(objective=cp.Minimize(objective), variables=variables, constraints=constraints, scale=scale)


def _row(vector: cp.Expression) -> cp.Expression:
    return cp.reshape(vector, (1, vector.size), order="C")
