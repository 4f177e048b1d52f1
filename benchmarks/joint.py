"""Band, processor speed and power together: a batch in one call against a loop over CVXPY and over SciPy's SLSQP.

    python benchmarks/joint.py

Prints the time per instance of both over ours, how far apart the optima are where they report success, how often they do not,
and how far from optimal ours can be at most. CVXPY (Clarabel) has our convex form in units of the optimum; SLSQP has the
geometric program in logarithms, with gradients, from equal bands.
"""

from __future__ import annotations

import argparse
import time
import warnings

import cvxpy as cp
import numpy as np
from scipy.optimize import minimize

from latency_opt.joint.client_terms import ClientPoint
from latency_opt.joint.convex_form import convex_form
from latency_opt.joint.deadline import minimize_joint_deadline
from latency_opt.joint.energy import minimize_energy
from latency_opt.joint.energy_per_bit import energy_excess, energy_slope
from latency_opt.joint.least_band import equal_bands_late_s, least_band
from latency_opt.joint.problem import JointProblem

NOISE, BAND = 2e-20, 10e6
SLACK = 1.3
"""The energy problem's deadline over the least one."""


def draw(num: int, size: int) -> JointProblem:
    rng = np.random.default_rng(size)
    shape = (num, size)
    gain = 10.0 ** -rng.uniform(9.0, 13.0, shape)
    bits = rng.uniform(1e5, 2e6, shape)
    cycles, max_cpu = 10.0 ** rng.uniform(7.0, 9.0, shape), 10.0 ** rng.uniform(8.5, 9.5, shape)
    capacitance = 10.0 ** rng.uniform(-28.0, -26.5, shape)
    least = bits * np.log(2.0) * NOISE / gain
    wanted = capacitance * cycles * max_cpu**2 + 5.0 * least
    return JointProblem(
        cycles=cycles,
        max_cpu_hz=max_cpu,
        effective_capacitance_w_per_hz3=capacitance,
        payload_bits=bits,
        power_gain=gain,
        max_power_w=0.2,
        energy_budget_j=least + wanted * 10.0 ** rng.uniform(-1.0, 1.0, shape),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=np.asarray(BAND),
    )


def one(problem: JointProblem, index: int) -> JointProblem:
    names = ("cycles", "max_cpu_hz", "effective_capacitance_w_per_hz3", "payload_bits", "power_gain", "max_power_w")
    fields = {name: getattr(problem, name)[index] for name in (*names, "energy_budget_j", "bandwidth_hz")}
    return JointProblem(noise_psd_w_per_hz=problem.noise_psd_w_per_hz, **fields)


def by_slsqp(problem: JointProblem, deadline_s: float | None) -> tuple[float, bool]:
    """In logarithms of compute times, airtimes and bands over those that a client has in equal bands, and of the deadline.

    The constraints are those of a geometric program, hence convex; each is the logarithm of used over allowed.
    """
    terms, band, n = problem.terms, float(problem.bandwidth_hz), problem.cycles.size
    earliest = terms.least_compute_s + terms.least_airtime_s
    at_s = float((earliest + equal_bands_late_s(terms, np.asarray(band / n))).max()) if deadline_s is None else deadline_s
    start = least_band(terms, spare_s=np.maximum(at_s - earliest, 1e-3 * earliest))

    def parts(x: np.ndarray) -> tuple[np.ndarray, ...]:
        compute, airtime, bands = (base * np.exp(part) for base, part in zip(bases, x[: 3 * n].reshape(3, n), strict=True))
        q = terms.nats / (bands * airtime)
        sent = terms.least_energy_j * (1.0 + energy_excess(q))
        return compute, airtime, bands, sent, -q * terms.least_energy_j * energy_slope(q), terms.compute_js2 / compute**2

    bases = start.compute_s, start.airtime_s, start.bandwidth_hz
    eye, none = np.eye(n), np.zeros((n, n))
    unit_j = float(start.energy_j.sum())

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        if deadline_s is None:
            return float(np.exp(x[-1])), np.append(np.zeros(3 * n), np.exp(x[-1]))
        _, _, _, sent, slope, computing = parts(x)
        return float((sent + computing).sum() / unit_j), np.concatenate([-2.0 * computing, slope, slope, [0.0]]) / unit_j

    def room(x: np.ndarray) -> np.ndarray:
        compute, airtime, bands, sent, _, computing = parts(x)
        late, spent = (compute + airtime) / (at_s * np.exp(x[-1])), (sent + computing) / terms.budget_j
        power, speed = sent / (airtime * terms.max_power_w), terms.fastest_s / compute
        return -np.log(np.concatenate([late, spent, power, speed, [bands.sum() / band]]))

    def room_slope(x: np.ndarray) -> np.ndarray:
        compute, airtime, bands, sent, slope, computing = parts(x)
        last, zero = np.ones((n, 1)), np.zeros((n, 1))
        late, spent = compute + airtime, sent + computing
        rows = [
            np.hstack([eye * (compute / late), eye * (airtime / late), none, -last]),
            np.hstack([eye * (-2.0 * computing / spent), eye * (slope / spent), eye * (slope / spent), zero]),
            np.hstack([none, eye * (slope / sent - 1.0), eye * (slope / sent), zero]),
            np.hstack([-eye, none, none, zero]),
            np.concatenate([np.zeros(2 * n), bands / bands.sum(), [0.0]])[None],
        ]
        return -np.vstack(rows)

    answer = minimize(
        objective,
        np.zeros(3 * n + 1),
        jac=True,
        method="SLSQP",
        bounds=[(-20.0, 20.0)] * (3 * n) + [(-20.0, 20.0) if deadline_s is None else (0.0, 0.0)],
        constraints={"type": "ineq", "fun": room, "jac": room_slope},
        options={"maxiter": 500, "ftol": 1e-10},
    )
    good = bool(answer.success) and float(room(answer.x).min()) > -1e-6
    return float(answer.fun) * (at_s if deadline_s is None else unit_j), good


def by_cvxpy(units: ClientPoint, deadline_s: float | None) -> tuple[float, bool]:
    """Given the optimum for its units; `to_cvxpy` finds that by our solver, whose time shall not count here."""
    program = convex_form(units, bandwidth_hz=BAND, deadline_s=deadline_s, weights=np.ones(units.efficiency.size))
    reference = cp.Problem(program.objective, list(program.constraints.values()))
    try:
        reference.solve(solver=cp.CLARABEL)
    except cp.SolverError:
        return np.nan, False
    return program.scale * float(reference.value), reference.status == cp.OPTIMAL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1000, help="in our batch")
    parser.add_argument("--reference", type=int, default=20, help="of these also solved one by one")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="Solution may be inaccurate")

    print(f"{'minimised':<11}{'n':>4}{'ours ms':>9}{'residual':>10}{'rival':>8}{'/ ours':>9}{'apart':>9}{'failed':>8}")
    for size in (4, 10, 20, 50):
        problem = draw(arguments.instances, size)
        minimize_joint_deadline(one(problem, 0))  # warm-up
        rows = np.arange(arguments.instances)[:, None]
        deadline = SLACK * minimize_joint_deadline(problem).deadline_s
        for name in ("deadline", "energy"):
            start = time.perf_counter()
            ours = minimize_joint_deadline(problem) if name == "deadline" else minimize_energy(problem, deadline_s=deadline)
            ours_s = (time.perf_counter() - start) / arguments.instances
            optimum = ours.deadline_s if name == "deadline" else ours.energy_j
            for rival in ("CVXPY", "SLSQP"):
                rival_s, apart, failed = 0.0, [0.0], 0
                for index in range(arguments.reference):
                    instance, units = one(problem, index), ours.point.of(problem.terms.sends & (rows == index))
                    limit = None if name == "deadline" else float(deadline[index])
                    start = time.perf_counter()
                    value, good = by_cvxpy(units, limit) if rival == "CVXPY" else by_slsqp(instance, limit)
                    rival_s += (time.perf_counter() - start) / arguments.reference
                    if good:
                        apart.append(abs(value / optimum[index] - 1.0))
                    failed += not good
                print(
                    f"{name:<11}{size:>4}{1e3 * ours_s:>9.3f}{ours.kkt_residual.max():>10.0e}{rival:>8}{rival_s / ours_s:>9.0f}"
                    f"{max(apart):>9.0e}{failed:>5}/{arguments.reference}"
                )


if __name__ == "__main__":
    main()
