"""Every optimisation on a few hundred random instances, well and badly scaled; the benchmark itself does 10,000 of each."""

from dataclasses import replace

import numpy as np
import pytest
from stress.case import stress
from stress_solvers import CASES

NUM = 100
FEWER = {
    "joint, deadline": 20,
    "joint, energy": 8,
    "client selection": 50,
    "fading, fixed price": 20,
    "fading, virtual queue": 20,
    "semidefinite relaxation": 20,
    "difference of convex": 20,
    "selection, d. of convex": 20,
    "FedZO design": 50,
}
"""Of those that, or whose judges, take longest."""


@pytest.mark.parametrize("name", CASES)
def test_networks_are_solved(name):
    """As drawn, every instance is certified or infeasible."""
    tally = stress(CASES[name], range(FEWER.get(name, NUM)), hard=False)
    assert tally.wrong == []
    assert tally.inaccurate == tally.refused == []
    assert len(tally.optimal) > 0.4 * tally.instances


@pytest.mark.parametrize("name", CASES)
def test_bad_scaling_is_solved_or_told(name):
    tally = stress(CASES[name], range(FEWER.get(name, NUM)), hard=True)
    assert tally.wrong == []
    assert tally.instances == FEWER.get(name, NUM)
    assert len(tally.optimal) > 0.3 * tally.instances


@pytest.mark.parametrize(
    ("name", "seeds"),
    [
        ("bandwidth", [5, 15, 17]),  # an SNR whose fourth power overflows, in a series that is for small ones
        ("resource blocks", [19]),  # an airtime that rounding takes away from beside a long computing time
        ("client selection", [0, 3, 9]),  # the same, after which no band would do
        ("joint, deadline", [4, 18, 24]),  # the bound let go of clients whose band costs nothing
        ("schedule", [2, 17, 30]),  # neither noise nor drift
        ("least error", [118]),  # Newton's steps fail where others than those who fall short get short on the way
    ],
)
def test_what_once_was_wrong(name, seeds):
    for seed in seeds:
        tally = stress(CASES[name], range(seed, seed + 1), hard=True)
        assert tally.wrong == []
        assert tally.inaccurate == []


@pytest.mark.parametrize("seed", [3, 84, 94])
def test_computing_that_takes_all_but_a_trillionth_of_the_deadline(seed):
    """Once no efficiency was left of the rest, and a band without end needed; now the budget's last digits decide."""
    assert stress(CASES["joint, deadline"], range(seed, seed + 1), hard=True).wrong == []


def test_a_wrong_answer_is_found():
    """Judges and bookkeeping, on a solver that says so and one that hands out a band too many."""
    case = CASES["bandwidth"]

    def generous(batch):
        result = case.solve(batch)
        result.bandwidth_hz[...] *= 1.01
        return result

    assert {what.split(":")[0] for _, what in stress(_like(case, generous), range(10), hard=False).wrong} == {"bands add up"}

    def fails(batch):
        raise FloatingPointError("overflow")

    tally = stress(_like(case, fails), range(3), hard=False)
    assert sorted(seed for seed, _ in tally.wrong) == [0, 1, 2]
    assert tally.instances == 3


def test_a_batch_is_solved_as_its_instances_are():
    """Whatever else is in the batch."""
    case = CASES["bandwidth"]
    whole = stress(case, range(60), hard=True)
    alone = [stress(case, range(seed, seed + 1), hard=True) for seed in range(60)]
    for status in ("optimal", "inaccurate", "infeasible", "refused"):
        assert sorted(getattr(whole, status)) == [seed for tally in alone for seed in getattr(tally, status)]


def _like(case, solve):
    return replace(case, solve=solve, residual=lambda result: np.zeros(()))
