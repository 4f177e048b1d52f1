"""Every optimisation on thousands of random instances, half of them badly scaled, against judges that know nothing of it.

    python benchmarks/stress_solvers.py                                        10,000 of each problem
    python benchmarks/stress_solvers.py --only bandwidth --first 17 --instances 1 --hard    one instance again

An instance is drawn from its seed alone: as networks are, or with gains over 250 dB, one client or hundreds, clients that are
all alike or have nothing to send, computing times over twelve decades, budgets at the edge of what is feasible, subnormal
noise, bands without end. A judge checks each OPTIMAL answer in 80-bit arithmetic: that it is feasible, and that nothing that is
better by a millionth is; each INFEASIBLE one: that it is. Some are solved by CVXPY with Clarabel too. Warnings are errors.
"""

from __future__ import annotations

import argparse
import time
import warnings

from stress import beam_cases, cell_cases, design_cases, joint_cases, partition_cases, power_cases
from stress.case import Case, Tally, stress

CASES: dict[str, Case] = {
    **cell_cases.CASES,
    **joint_cases.CASES,
    **partition_cases.CASES,
    **design_cases.CASES,
    **power_cases.CASES,
    **beam_cases.CASES,
}

SHOWN = 8
"""Of what is wrong with a problem, and of seeds that are INACCURATE."""


def tally_of(name: str, seeds: range, *, hard: bool, compared: int) -> Tally:
    """With warnings as errors, but for those of CVXPY."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")
        warnings.filterwarnings("ignore", message=".*power.* is being approximated")
        return stress(CASES[name], seeds, hard=hard, compared=compared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=10_000, help="of each problem, half of them badly scaled")
    parser.add_argument("--compared", type=int, default=200, help="of each problem also by the second solver")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--hard", action="store_true", help="badly scaled ones only")
    parser.add_argument("--only", nargs="+", default=list(CASES), choices=list(CASES))
    arguments = parser.parse_args()

    print(
        f"{'problem':<28}{'scaling':>8}{'instances':>10}{'OPTIMAL':>9}{'INACCURATE':>12}{'INFEASIBLE':>12}{'refused':>9}{'wrong':>7}"
        f"{'certificate':>13}{'error':>9}{'compared':>10}{'apart':>9}{'seconds':>9}",
        flush=True,
    )
    complaints = []
    for name in arguments.only:
        number = arguments.instances if arguments.hard else -(-arguments.instances // 2)
        for hard in (True,) if arguments.hard else (False, True):
            start = time.perf_counter()
            seeds = range(arguments.first, arguments.first + number)
            size = max(1, min(arguments.compared // 2, number))
            t = tally_of(name, seeds, hard=hard, compared=size)
            counts = (t.instances, len(t.optimal), len(t.inaccurate), len(t.infeasible), len(t.refused))
            wrong, seconds = len({seed for seed, _ in t.wrong}), time.perf_counter() - start
            print(
                f"{name:<28}{'hard' if hard else 'drawn':>8}"
                + "".join(f"{count:>{width}}" for count, width in zip(counts, (10, 9, 12, 12, 9), strict=True))
                + f"{wrong:>7}{t.certificate:>13.0e}{t.error:>9.0e}{t.compared:>10}{t.apart:>9.0e}{seconds:>9.0f}",
                flush=True,
            )
            scaling = "hard" if hard else "drawn"
            complaints += [f"{name}, {scaling}, seed {seed}: {what}" for seed, what in t.wrong[:SHOWN]]
            if t.inaccurate:
                complaints.append(f"{name}, {scaling}: INACCURATE at seeds {t.inaccurate[:SHOWN]}")
            if t.apart > 1e-5:
                complaints.append(f"{name}, {scaling}, seed {t.farthest}: {t.apart:.1e} from the second solver")
    print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
