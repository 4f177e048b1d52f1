"""Optimal power control over the air: a batch in one call against numpy's sort of it, and against a loop over CVXPY.

    python benchmarks/power_control.py

Prints the time of a plan over that of sorting the same array, that of CVXPY (Clarabel) over ours per draw, and how far the
errors are apart.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cvxpy as cp
import numpy as np

from aircomp import ChannelInversion, FullPower, OptimalPowerControl, Transceiver, TruncatedInversion
from channels import Rayleigh

NOISE_POWER_W = 0.1


def least_seconds(action: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def plan(transceiver: Transceiver, gain: np.ndarray, weights: np.ndarray | None = None) -> object:
    return transceiver.plan(gain, power_w=1.0, noise_power_w=NOISE_POWER_W, weights=weights)


class ConvexProgram:
    """min Σ(r_i - 1)² + σ²x² subject to r_i <= a_i x, compiled once, as a careful user of CVXPY would."""

    def __init__(self, num_clients: int) -> None:
        x, arrived = cp.Variable(), cp.Variable(num_clients)
        self.reach = cp.Parameter(num_clients, nonneg=True)
        error = cp.sum_squares(arrived - 1.0) + NOISE_POWER_W * cp.square(x)
        self.problem = cp.Problem(cp.Minimize(error), [arrived <= cp.multiply(self.reach, x), x >= 0])

    def mse(self, gain: np.ndarray) -> float:
        self.reach.value = np.abs(gain)
        self.problem.solve(solver=cp.CLARABEL)
        return float(self.problem.value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7, help="the shortest time counts")
    parser.add_argument("--reference", type=int, default=200, help="draws also solved by CVXPY")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)

    gain = Rayleigh().draw((arguments.draws, 20), rng=rng)
    amplitude, weights = np.abs(gain), rng.uniform(0.5, 2.0, 20)
    sort_s = least_seconds(lambda: np.sort(amplitude, axis=-1), arguments.repeats)
    print(f"{arguments.draws} draws of 20 clients{'plan / sort':>24}")
    for transceiver in (OptimalPowerControl(), ChannelInversion(), TruncatedInversion(threshold=0.3), FullPower()):
        seconds = least_seconds(lambda transceiver=transceiver: plan(transceiver, gain), arguments.repeats)
        print(f"{type(transceiver).__name__:<32}{seconds / sort_s:>16.1f}")
    seconds = least_seconds(lambda: plan(OptimalPowerControl(), gain, weights), arguments.repeats)
    print(f"{'OptimalPowerControl, weighted':<32}{seconds / sort_s:>16.1f}")

    print(f"\n{'clients':<10}{'ns a client':>14}{'CVXPY / ours':>16}{'largest gap':>14}")
    for num_clients in (5, 20, 100):
        few = Rayleigh().draw((arguments.reference, num_clients), rng=rng)
        many = Rayleigh().draw((2_000_000 // num_clients, num_clients), rng=rng)
        program = ConvexProgram(num_clients)
        program.mse(few[0])  # compiles
        start = time.perf_counter()
        reference = np.array([program.mse(draw) for draw in few])
        loop_s = (time.perf_counter() - start) / len(few)
        ours_s = least_seconds(lambda many=many: plan(OptimalPowerControl(), many), arguments.repeats) / len(many)
        found = OptimalPowerControl().plan(few, power_w=1.0, noise_power_w=NOISE_POWER_W).mse
        gap = float(np.max(np.abs(found / reference - 1.0)))
        print(f"{num_clients:<10}{ours_s / num_clients * 1e9:>14.1f}{loop_s / ours_s:>16.0f}{gap:>14.1e}")


if __name__ == "__main__":
    main()
