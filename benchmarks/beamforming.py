"""Uniform forcing at several antennas: our beamformers side by side, and against a loop over CVXPY.

    python benchmarks/beamforming.py

Per draw: the time of the semidefinite relaxation in CVXPY (Clarabel; whole call, and solver alone) over ours, the time of each
beamformer over that of successive convex approximation, the relaxation included, and how far its error is above the certified
bound. At a single antenna ours is a closed form. Then how the time of a draw grows with clients and antennas, and how many
clients device selection keeps.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import cvxpy as cp
import numpy as np

from aircomp.beamforming.beamformer import Beamformer, ForcedChannel
from aircomp.beamforming.difference_of_convex import DifferenceOfConvex
from aircomp.beamforming.difference_of_convex_selection import DifferenceOfConvexSelection
from aircomp.beamforming.greedy_selection import GreedySelection
from aircomp.beamforming.matched_filters import MatchedFilters
from aircomp.beamforming.randomization import GaussianRandomization
from aircomp.beamforming.relaxation import relax, relaxation_program
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from channels import Rayleigh
from channels.arrays import ComplexArray

T = TypeVar("T")

BEAMFORMERS: dict[str, Beamformer] = {
    "SCA": SuccessiveConvexApproximation(),
    "SCA, one start": SuccessiveConvexApproximation(num_starts=1),
    "SCA, no bound": SuccessiveConvexApproximation(start=MatchedFilters()),
    "randomisation": GaussianRandomization(),
    "randomisation, 1000": GaussianRandomization(num_candidates=1000),
    "DC": DifferenceOfConvex(),
}
SLOW = {"DC"}


def draws(num: int, num_clients: int, num_antennas: int) -> ComplexArray:
    return Rayleigh().draw((num, num_clients, num_antennas), rng=np.random.default_rng(num_clients * num_antennas))


def seconds_of(action: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def against_cvxpy(num: int, num_reference: int) -> None:
    print("the relaxation:")
    print(f"{'K':>5}{'A':>4}{'ours ms':>10}{'CVXPY / ours':>14}{'Clarabel alone / ours':>23}{'apart':>9}{'inaccurate':>12}")
    for num_clients in (10, 30, 100):
        for num_antennas in (1, 4, 16):
            forced = ForcedChannel.of(draws(num, num_clients, num_antennas))
            ours_s, answer = seconds_of(lambda forced=forced: relax(forced))
            whole_s, alone_s, apart, inaccurate = 0.0, 0.0, [0.0], 0
            for index in range(num_reference):
                start = time.perf_counter()
                problem = relaxation_program(forced.gain[index]).to_cvxpy()
                problem.solve(solver=cp.CLARABEL)
                whole_s += time.perf_counter() - start
                alone_s += problem.solver_stats.solve_time
                if problem.status == cp.OPTIMAL:
                    apart.append(abs(problem.value / answer.bound[index] - 1.0))
                else:
                    inaccurate += 1
            ours = ours_s / num
            print(
                f"{num_clients:>5}{num_antennas:>4}{1e3 * ours:>10.2f}{whole_s / num_reference / ours:>14.1f}"
                f"{alone_s / num_reference / ours:>23.1f}{max(apart):>9.0e}{inaccurate:>12}"
            )


def side_by_side(num: int, num_slow: int) -> None:
    print(f"\nbeamformers: time over that of SCA, and mean distance to the bound over {num_slow} draws")
    print(f"{'K':>5}{'A':>4}" + "".join(f"{name:>22}" for name in BEAMFORMERS))
    for num_clients in (10, 30, 100):
        for num_antennas in (1, 4, 16):
            channel = draws(num, num_clients, num_antennas)
            bound = BEAMFORMERS["randomisation"].solve(channel).bound
            unit = None
            cells = []
            for name, beamformer in BEAMFORMERS.items():
                some = min(num, num_slow) if name in SLOW else num
                seconds, result = seconds_of(lambda b=beamformer, c=channel[:some]: b.solve(c))
                unit = unit or seconds / some
                distance = np.mean(10.0 * np.log10(result.square_norm / bound[:some])[:num_slow])
                shown = f"{1e3 * seconds / some:.1f} ms" if name == "SCA" else f"{seconds / some / unit:.2f}"
                cells.append(f"{shown} {round(distance, 2) + 0.0:>6.2f} dB")
            print(f"{num_clients:>5}{num_antennas:>4}" + "".join(f"{cell:>22}" for cell in cells))


def growth(num: int) -> None:
    print("\nmilliseconds a draw as clients grow (A = 4), and as antennas grow (K = 30):")
    quick = BEAMFORMERS["SCA, no bound"]
    for name, sizes in (
        ("K", [(count, 4) for count in (10, 30, 100, 300)]),
        ("A", [(30, count) for count in (1, 2, 4, 8, 16, 32)]),
    ):
        for num_clients, num_antennas in sizes:
            forced = ForcedChannel.of(channel := draws(max(num // 4, 2), num_clients, num_antennas))
            relax_s, _ = seconds_of(lambda forced=forced: relax(forced))
            descent_s, _ = seconds_of(lambda channel=channel: quick.solve(channel))
            size = num_clients if name == "K" else num_antennas
            scale = 1e3 / len(channel)
            print(f"  {name} = {size:>3}: relaxation {relax_s * scale:>7.2f}, SCA without it {descent_s * scale:>7.2f}")


def selections(num: int) -> None:
    print("\nclients kept where the limit is 0.3 of what serving all needs at least:")
    for num_clients, num_antennas in ((10, 2), (30, 4), (50, 8)):
        channel = draws(max(num // 4, 2), num_clients, num_antennas)
        limit = 0.3 * BEAMFORMERS["randomisation"].solve(channel).bound
        for selection in (GreedySelection(), DifferenceOfConvexSelection()):
            seconds, result = seconds_of(lambda s=selection, c=channel, most=limit: s.select(c, max_square_norm=most))
            print(
                f"  K = {num_clients:>2}, A = {num_antennas}: {type(selection).__name__:<28}{result.num_selected.mean():>6.2f} "
                f"of at most {result.bound.mean():>6.2f} on average, {1e3 * seconds / len(channel):.1f} ms a draw"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100, help="in our batch")
    parser.add_argument("--reference", type=int, default=20, help="of these also solved by CVXPY, or by what is slow")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="Solution may be inaccurate")

    reference = min(arguments.reference, arguments.draws)
    BEAMFORMERS["SCA"].solve(draws(10, 5, 2))  # warm-up
    against_cvxpy(arguments.draws, reference)
    side_by_side(arguments.draws, reference)
    growth(arguments.draws)
    selections(arguments.draws)


if __name__ == "__main__":
    main()
