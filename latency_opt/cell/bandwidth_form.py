"""The bandwidth problem as a cone program, for CVXPY."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np

from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.joint.energy_per_bit import energy_excess

if TYPE_CHECKING:
    from latency_opt.cell.bandwidth_result import BandwidthResult

DENSE = 1.0
"""Above this many nats per hertz and second the rate itself is stated; below, how much longer than at least a client sends."""

NODES = 8
"""Of the Gauss-Legendre rule for the excess, which it gives to 1e-12 up to q = 4 and to 1e-7 up to q = 9."""


def bandwidth_form(units: BandwidthResult) -> CvxpyProgram:
    """min T over the clients' bands, all in units of a given solution, so that they are of order one near it.

    Variables are `share`, the bands in units of b̂, and `beyond`, the deadline less l = max_i(c_i + t⁰_i) in units of
    U = √(T̂(T̂ - l)), where t⁰ = s N0 ln 2/(p g) is the airtime with unlimited band. The objective is the deadline in units of
    U, that of `scale`. `airtime` t/t̂ is affine in `beyond`, where t̂ = T̂ - c. With A the SNR in b̂, the efficiency q̂ = ln(1 + A)
    and the load S/(b̂ t̂ q̂), 1 for who is done in b̂ at T̂ and less for who is done before, clients with q̂ > 1 must have

        share ln(1 + A/share)/q̂ >= load/airtime.

    For the others this would be a small difference of large terms, since their rate hardly depends on the band: the excess
    t/t⁰ - 1 = ∫₀¹ (1 - u) q e^(uq) du = Σ_m v_m (1 - u_m) q e^(u_m q) is stated, with the nodes and positive weights of a
    Gauss-Legendre rule, and two more variables, `log_efficiency` and `efficiency`, for ln(q/q̂) and q/q̂:

        log_efficiency + ln share + ln airtime >= ln load,    exp(log_efficiency) <= efficiency,
        Σ_m v_m (1 - u_m) q̂ exp(log_efficiency + u_m q̂ efficiency) <= t/t⁰ - 1.

    Args:
        units: of one instance, in which somebody sends.
    """
    problem, bandwidth_hz = units.problem, float(units.problem.bandwidth_hz)
    sends = np.flatnonzero(problem.payload_bits > 0.0)
    snr_hz, band, compute = problem.snr_hz[sends], units.bandwidth_hz[sends], problem.compute_s[sends]
    nats, ratio = problem.payload_bits[sends] * np.log(2.0), snr_hz / band
    least_airtime = nats / snr_hz
    latest = float((compute + least_airtime).max())
    gap = latest - (compute + least_airtime)
    q = np.log1p(ratio)
    excess = least_airtime * energy_excess(q)
    late = float((excess - gap).max())
    unit = float(np.sqrt((latest + late) * late))
    spare = gap + late
    airtime_hat = least_airtime + spare
    load = nats / (band * airtime_hat * q)

    share, beyond = cp.Variable(sends.size, name="share"), cp.Variable(name="beyond")
    airtime = 1.0 - late / airtime_hat + cp.multiply(unit / airtime_hat, beyond)
    variables = {"share": share, "beyond": beyond}
    constraints = {
        "bandwidth": cp.sum(cp.multiply(band / bandwidth_hz, share)) <= 1.0,
        "min_bandwidth": share >= problem.min_bandwidth_hz[sends] / band,
    }
    dense, sparse = np.flatnonzero(q > DENSE), np.flatnonzero(q <= DENSE)
    if dense.size:
        # u ln(1 + A/u) as -rel_entr(u, (u + A)/m) + u ln m with m = max(A, 1), all of whose terms are of order one.
        part, reference = share[dense], np.maximum(ratio[dense], 1.0)
        relative = cp.multiply(1.0 / reference, part) + ratio[dense] / reference
        rate = cp.multiply(np.log(reference) / q[dense], part) - cp.multiply(1.0 / q[dense], cp.rel_entr(part, relative))
        constraints["delivery"] = rate >= cp.multiply(load[dense], cp.inv_pos(airtime[dense]))
    if sparse.size:
        node, weight = np.polynomial.legendre.leggauss(NODES)
        node, weight = 0.5 * (node + 1.0)[:, None], 0.5 * weight[:, None]
        log_efficiency, efficiency = (cp.Variable(sparse.size, name=name) for name in ("log_efficiency", "efficiency"))
        variables |= {"log_efficiency": log_efficiency, "efficiency": efficiency}
        growth = weight * (1.0 - node) * np.exp(node * q[sparse])
        growth *= (excess / spare)[sparse] / growth.sum(axis=0)
        exponent = _row(log_efficiency) + cp.multiply(node * q[sparse], _row(efficiency - 1.0))
        room = (gap / spare)[sparse] + cp.multiply(unit / spare[sparse], beyond)
        constraints |= {
            "log_efficiency": log_efficiency + cp.log(share[sparse]) + cp.log(airtime[sparse]) >= np.log(load[sparse]),
            "efficiency": cp.exp(log_efficiency) <= efficiency,
            "excess": cp.sum(cp.multiply(growth, cp.exp(exponent)), axis=0) <= room,
        }
    return CvxpyProgram(objective=cp.Minimize(beyond + latest / unit), variables=variables, constraints=constraints, scale=unit)


def _row(vector: cp.Expression) -> cp.Expression:
    return cp.reshape(vector, (1, vector.size), order="C")
