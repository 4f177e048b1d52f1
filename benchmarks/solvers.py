"""The batched solvers against CVXPY with Clarabel, in one run.

    python benchmarks/solvers.py                    a minute or two
    python benchmarks/solvers.py --reference 1000   every instance checked, some ten minutes

Instances have gains over 80 dB, slopes over three decades. Prints the time over ours, per instance, of a loop over
`to_cvxpy()`, of a loop over one program that is declared once with parameters (DPP), and of the solver alone in that loop; how
far optima are apart, and how often Clarabel does not say optimal. Then how our time grows up to 10,000 clients.
"""

from __future__ import annotations

import argparse
import contextlib
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from latency_opt import (
    BandwidthProblem,
    CvxpyProgram,
    PartitionProblem,
    TrainingBound,
    equal_bandwidth,
    minimize_deadline,
    minimize_round_latency,
    minimize_training_latency,
)

BOUND = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.5)
MAX_IMBALANCE = 0.2
Values = Mapping[str, np.ndarray]


def partition(num: int, size: int) -> PartitionProblem:
    rng = np.random.default_rng(size)
    weights = np.maximum(rng.dirichlet(np.full(size, 3.0), num), 1e-3)
    return PartitionProblem(
        fixed_latency_s=rng.uniform(0.0, 1.0, (num, size)),
        slope_s=10.0 ** rng.uniform(-1.0, 2.0, (num, size)),
        weights=weights / weights.sum(axis=-1, keepdims=True),
        min_fraction=np.asarray(0.01 / size),
    )


def bandwidth(num: int, size: int) -> BandwidthProblem:
    rng = np.random.default_rng(size)
    return BandwidthProblem(
        compute_s=rng.uniform(0.0, 0.5, (num, size)),
        payload_bits=rng.uniform(1e5, 2e6, (num, size)),
        gain_power_w=10.0 ** -rng.uniform(7.0, 15.0, (num, size)),
        noise_psd_w_per_hz=2e-20,
        bandwidth_hz=np.asarray(10e6),
    )


def one_partition(problem: PartitionProblem, index: int | slice) -> PartitionProblem:
    fields = ("fixed_latency_s", "slope_s", "weights", "min_fraction")
    return PartitionProblem(**{name: getattr(problem, name)[index] for name in fields})


def one_bandwidth(problem: BandwidthProblem, index: int | slice) -> BandwidthProblem:
    fields = {name: getattr(problem, name)[index] for name in ("compute_s", "payload_bits", "gain_power_w", "bandwidth_hz")}
    return BandwidthProblem(noise_psd_w_per_hz=problem.noise_psd_w_per_hz, **fields)


class Declared:
    """A program with parameters, compiled once: what a careful user of CVXPY loops over."""

    def __init__(self, size: int, names: tuple[str, ...]) -> None:
        self.parameters = {name: cp.Parameter(size, name=name) for name in names}

    def declare(self, objective: cp.Variable, constraints: list[cp.Constraint]) -> None:
        self.problem = cp.Problem(cp.Minimize(objective), constraints)
        assert self.problem.is_dcp(dpp=True)

    def solve(self, values: Values) -> float | None:
        """The optimum, or None where the solver does not say that it is one."""
        for name, parameter in self.parameters.items():
            parameter.value = values[name]
        try:
            self.problem.solve(solver=cp.CLARABEL)
        except cp.SolverError:
            return None
        return float(self.problem.value) if self.problem.status == cp.OPTIMAL else None


def partition_values(problem: PartitionProblem) -> tuple[Values, float]:
    """Parameters, and what the program's value is multiplied with."""
    unit_s = float(problem.latency_s(problem.balanced_fraction).max())
    root = np.sqrt(problem.weights)
    values = {
        "fixed": problem.fixed_latency_s / unit_s,
        "slope": problem.slope_s / unit_s,
        "inverse_root": 1.0 / root,
        "root": root,
        "least": problem.min_fraction,
    }
    return values, unit_s


def declare_round(size: int) -> Declared:
    program = Declared(size, ("fixed", "slope", "inverse_root", "root", "least"))
    p, fraction, latency = program.parameters, cp.Variable(size), cp.Variable()
    program.declare(
        latency,
        [
            p["fixed"] + cp.multiply(p["slope"], fraction) <= latency,
            cp.sum(fraction) == 1.0,
            fraction >= p["least"],
            cp.sum_squares(cp.multiply(p["inverse_root"], fraction) - p["root"]) <= MAX_IMBALANCE,
        ],
    )
    return program


def declare_total(size: int) -> Declared:
    program = Declared(size, ("fixed", "slope", "inverse_root", "root", "least"))
    p, weighted, inverse, latency = program.parameters, cp.Variable(size), cp.Variable(nonneg=True), cp.Variable()
    skew = cp.quad_over_lin(cp.multiply(p["inverse_root"], weighted) - p["root"] * inverse, inverse)
    program.declare(
        latency,
        [
            p["fixed"] * inverse + cp.multiply(p["slope"], weighted) <= latency,
            cp.sum(weighted) == inverse,
            weighted >= p["least"] * inverse,
            BOUND.imbalance_price / BOUND.target * skew + 1.0 <= inverse,
        ],
    )
    return program


def total_values(problem: PartitionProblem) -> tuple[Values, float]:
    values, unit_s = partition_values(problem)
    return values, unit_s * BOUND.optimisation_error / BOUND.target


def bandwidth_values(problem: BandwidthProblem) -> tuple[Values, float]:
    """Without an answer to take units from: bands over a guess, times over the deadline in equal bands."""
    scale = float(problem.finish_s(equal_bandwidth(problem)).max())
    bits, snr, band = problem.payload_bits, problem.snr_hz, problem.bandwidth_hz
    guess = bits / np.log1p(snr * len(bits) / band)
    guess *= band / guess.sum()
    ratio = snr / guess
    reference = np.maximum(ratio, 1.0)
    full = np.log1p(ratio)
    values = {
        "compute": problem.compute_s / scale,
        "airtime": bits * np.log(2.0) / (guess * full) / scale,
        "share": guess / band,
        "inverse_reference": 1.0 / reference,
        "offset": ratio / reference,
        "inverse_nats": 1.0 / full,
        "log_reference": np.log(reference) / full,
    }
    return values, scale


def declare_bandwidth(size: int) -> Declared:
    names = ("compute", "airtime", "share", "inverse_reference", "offset", "inverse_nats", "log_reference")
    program = Declared(size, names)
    p, share, deadline = program.parameters, cp.Variable(size), cp.Variable()
    entropy, rate, inverse_rate = cp.Variable(size), cp.Variable(size), cp.Variable(size)  # keep parameters from multiplying
    program.declare(
        deadline,
        [
            cp.rel_entr(share, cp.multiply(p["inverse_reference"], share) + p["offset"]) <= entropy,
            rate <= cp.multiply(p["log_reference"], share) - cp.multiply(p["inverse_nats"], entropy),
            cp.inv_pos(rate) <= inverse_rate,
            p["compute"] + cp.multiply(p["airtime"], inverse_rate) <= deadline,
            p["share"] @ share <= 1.0,
        ],
    )
    return program


@dataclass(frozen=True, kw_only=True)
class Contest:
    """A problem, our solver, and both programs for CVXPY."""

    make: Callable[[int, int], Any]
    one: Callable[[Any, Any], Any]
    solve: Callable[[Any], Any]
    optimum: str
    twin: Callable[[Any], CvxpyProgram]
    declare: Callable[[int], Declared]
    values: Callable[[Any], tuple[Values, float]]


CONTESTS = {
    "partition, round form": Contest(
        make=partition,
        one=one_partition,
        solve=lambda p: minimize_round_latency(p, max_imbalance=MAX_IMBALANCE),
        optimum="round_latency_s",
        twin=lambda p: p.to_cvxpy(max_imbalance=MAX_IMBALANCE),
        declare=declare_round,
        values=partition_values,
    ),
    "partition, total form": Contest(
        make=partition,
        one=one_partition,
        solve=lambda p: minimize_training_latency(p, bound=BOUND),
        optimum="training_latency_s",
        twin=lambda p: p.to_cvxpy(bound=BOUND),
        declare=declare_total,
        values=total_values,
    ),
    "bandwidth in a cell": Contest(
        make=bandwidth,
        one=one_bandwidth,
        solve=minimize_deadline,
        optimum="deadline_s",
        twin=lambda p: p.to_cvxpy(),
        declare=declare_bandwidth,
        values=bandwidth_values,
    ),
}


def seconds_of(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def build_and_solve(program: CvxpyProgram) -> None:
    with contextlib.suppress(cp.SolverError):
        cp.Problem(program.objective, list(program.constraints.values())).solve(solver=cp.CLARABEL)


def compare(name: str, contest: Contest, size: int, *, instances: int, reference: int) -> None:
    problem = contest.make(instances, size)
    contest.solve(contest.one(problem, slice(0, 10)))  # warm-up
    ours_s, result = seconds_of(lambda: contest.solve(problem))
    optimum = getattr(result, contest.optimum)
    program = contest.declare(size)
    program.solve(contest.values(contest.one(problem, 0))[0])  # compiles
    loop_s, declared_s, alone_s, gaps, inaccurate = 0.0, 0.0, 0.0, [], 0
    for index in range(reference):
        instance = contest.one(problem, index)
        if index < 50:
            loop_s += seconds_of(lambda instance=instance: build_and_solve(contest.twin(instance)))[0]
        start = time.perf_counter()
        values, scale = contest.values(instance)
        value = program.solve(values)
        declared_s += time.perf_counter() - start
        alone_s += program.problem.solver_stats.solve_time
        if value is not None:
            gaps.append(abs(scale * value / optimum[index] - 1.0))
        else:
            inaccurate += 1
    ours = ours_s / instances
    print(
        f"{name:<24}{size:>4}{loop_s / min(reference, 50) / ours:>10.0f}{declared_s / reference / ours:>8.0f}"
        f"{alone_s / reference / ours:>8.0f}{np.max(result.kkt_residual):>14.0e}{max(gaps):>9.0e}{inaccurate:>12}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1000, help="in our batch")
    parser.add_argument("--reference", type=int, default=50, help="of these also solved by CVXPY")
    parser.add_argument("--sizes", type=int, nargs="+", default=[4, 10, 50])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="Solution may be inaccurate")

    print(f"{'':<28}{'times over ours':^26}")
    print(f"{'problem':<24}{'N':>4}{'loop':>10}{'DPP':>8}{'alone':>8}{'KKT residual':>14}{'gap':>9}{'inaccurate':>12}")
    for name, contest in CONTESTS.items():
        for size in arguments.sizes:
            compare(name, contest, size, instances=arguments.instances, reference=arguments.reference)

    print("\nmicroseconds a client or cell, as their number grows:")
    for name, contest in CONTESTS.items():
        cells = []
        for size in (10, 100, 1000, 10_000):
            problem = contest.make(max(1, 100_000 // size), size)
            times = [seconds_of(lambda problem=problem, contest=contest: contest.solve(problem)) for _ in range(3)]
            seconds = min(time_s for time_s, _ in times)
            residual = np.max(times[0][1].kkt_residual)
            cells.append(f"{size:>7}: {seconds / problem_size(problem) * 1e6:6.2f} ({residual:.0e})")
        print(f"{name:<24}{''.join(cells)}")


def problem_size(problem: PartitionProblem | BandwidthProblem) -> int:
    return (problem.slope_s if isinstance(problem, PartitionProblem) else problem.payload_bits).size


if __name__ == "__main__":
    main()
