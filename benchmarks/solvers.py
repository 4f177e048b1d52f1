"""The batched solvers against a loop over CVXPY, in one run.

    python benchmarks/solvers.py

Prints the time of CVXPY (Clarabel) over ours, per instance, and how far the optima are apart.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import cvxpy as cp
import numpy as np

from latency_opt import (
    BandwidthProblem,
    PartitionProblem,
    TrainingBound,
    minimize_deadline,
    minimize_round_latency,
    minimize_training_latency,
)

BOUND = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.5)


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
        gain_power_w=10.0 ** -rng.uniform(8.0, 14.0, (num, size)),
        noise_psd_w_per_hz=2e-20,
        bandwidth_hz=np.asarray(10e6),
    )


def one_partition(problem: PartitionProblem, index: int) -> PartitionProblem:
    fields = ("fixed_latency_s", "slope_s", "weights", "min_fraction")
    return PartitionProblem(**{name: getattr(problem, name)[index] for name in fields})


def one_bandwidth(problem: BandwidthProblem, index: int) -> BandwidthProblem:
    fields = {name: getattr(problem, name)[index] for name in ("compute_s", "payload_bits", "gain_power_w", "bandwidth_hz")}
    return BandwidthProblem(noise_psd_w_per_hz=problem.noise_psd_w_per_hz, **fields)


def seconds_of(action: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1000, help="in our batch")
    parser.add_argument("--reference", type=int, default=50, help="of these also solved by CVXPY")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="Solution may be inaccurate")

    rounds = (partition, one_partition, lambda p: minimize_round_latency(p, max_imbalance=0.2), "round_latency_s")
    total = (partition, one_partition, lambda p: minimize_training_latency(p, bound=BOUND), "training_latency_s")
    deadline = (bandwidth, one_bandwidth, minimize_deadline, "deadline_s")
    programs = {
        "partition, round form": (*rounds, lambda p: p.to_cvxpy(max_imbalance=0.2)),
        "partition, total form": (*total, lambda p: p.to_cvxpy(bound=BOUND)),
        "bandwidth in a cell": (*deadline, lambda p: p.to_cvxpy()),
    }
    headings = f"{'problem':<24}{'N':>4}{'CVXPY / ours':>14}{'solver alone / ours':>21}"
    print(headings + f"{'KKT residual':>14}{'gap':>9}{'inaccurate':>12}")
    for name, (make, one, solve, value, twin) in programs.items():
        for size in (4, 10, 50):
            problem = make(arguments.instances, size)
            solve(one(problem, slice(0, 10)))  # warm-up
            ours_s, result = seconds_of(lambda problem=problem, solve=solve: solve(problem))
            loop_s, alone_s, gaps, inaccurate = 0.0, 0.0, [], 0
            for index in range(arguments.reference):
                instance = one(problem, index)
                start = time.perf_counter()
                program = twin(instance)
                reference = cp.Problem(program.objective, list(program.constraints.values()))
                reference.solve(solver=cp.CLARABEL)
                loop_s += time.perf_counter() - start
                alone_s += reference.solver_stats.solve_time
                if reference.status == cp.OPTIMAL:
                    gaps.append(abs(program.scale * reference.value / getattr(result, value)[index] - 1.0))
                else:
                    inaccurate += 1
            scale = arguments.instances / arguments.reference
            print(
                f"{name:<24}{size:>4}{loop_s * scale / ours_s:>14.0f}{alone_s * scale / ours_s:>21.0f}"
                f"{np.max(result.kkt_residual):>14.0e}{max(gaps):>9.0e}{inaccurate:>12}"
            )


if __name__ == "__main__":
    main()
