"""A claim passes when the values agree, and fails when they do not."""

import re
from dataclasses import replace

import numpy as np
import pytest

from airfed.published import Claim, Findings, Kind, Paper, Relation, Request, Takes, half_of_the_last_digit, standard_error
from airfed.published.paper import compared

EXACT = {"says": "a value", "source": "eq. 1", "reason": "exact"}


@pytest.mark.parametrize(
    ("relation", "good", "bad"),
    [
        (Relation.EQUAL, [1.9, 2.0, 2.1], [1.89, 2.11]),
        (Relation.AT_MOST, [-5.0, 2.0, 2.1], [2.11]),
        (Relation.AT_LEAST, [1.9, 2.0, 50.0], [1.89, -5.0]),
        (Relation.BELOW, [-5.0, 2.0, 2.1], [2.11]),
        (Relation.ABOVE, [1.9, 2.0, 50.0], [1.89, -5.0]),
    ],
)
def test_relations_and_their_tolerance(relation, good, bad):
    claim = Claim.law(published=2.0, ours=2.0, tolerance=0.1 + 1e-12, relation=relation, **EXACT)
    assert all(replace(claim, ours=value).passed for value in good)
    assert not any(replace(claim, ours=value).passed for value in [*bad, np.nan])


def test_level_is_neither_above_nor_below_but_by_the_tolerance():
    for relation in (Relation.BELOW, Relation.ABOVE):
        level = Claim.order(ours=1.0, bound=1.0, relation=relation, **EXACT)
        assert not level.passed
        assert replace(level, tolerance=1e-9).passed
        assert f"must be {relation.name.lower()} that" in compared(level)


def test_a_printed_number_has_to_round_to_its_digits():
    claim = Claim.printed(says="rate", source="section V", printed="0.30", ours=0.3049)
    assert claim.kind is Kind.NUMBER
    assert claim.published == 0.3
    assert claim.passed
    assert not replace(claim, ours=0.3051).passed
    assert half_of_the_last_digit("-12.5") == 0.05
    with pytest.raises(ValueError, match="printed: got '1,5'"):
        half_of_the_last_digit("1,5")


def test_bad_claims_are_refused():
    with pytest.raises(ValueError, match="source: got an empty text"):
        Claim.order(says="x", source="", ours=0.0, reason="exact")
    with pytest.raises(ValueError, match="tolerance: got -1; allowed is a finite number >= 0"):
        Claim.law(published=0.0, ours=0.0, tolerance=-1.0, **EXACT)
    with pytest.raises(ValueError, match="published: got nan"):
        Claim.law(published=np.nan, ours=0.0, tolerance=1.0, **EXACT)
    with pytest.raises(ValueError, match="relation: got '='; allowed is a member of Relation"):
        Claim.law(published=0.0, ours=0.0, tolerance=1.0, relation="=", **EXACT)
    with pytest.raises(ValueError, match="claims: got none"):
        Findings(data="none", claims=(), panels=())
    with pytest.raises(ValueError, match="samples: got 1; needed are at least 2"):
        standard_error([1.0])


def test_values_are_shown_to_the_digits_that_the_tolerance_calls_for():
    claim = Claim.law(published=5.672425342, ours=5.672425351, tolerance=1e-7, **EXACT)
    assert compared(claim) == "law 5.672425342, ours 5.672425351; must be equal within 1e-07: exact"
    assert "bound 0, ours -7.5 dB; must be at most that: exact" in compared(Claim.order(ours=-7.5, unit="dB", **EXACT))


def test_standard_error_is_that_of_the_mean():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((4000, 25)).mean(axis=-1)
    one = np.mean([standard_error(rng.standard_normal(25)) for _ in range(500)])
    assert one == pytest.approx(means.std(), rel=0.05)


def test_a_reproduction_passes_if_all_claims_do_and_says_which_do_not():
    good = Claim.law(published=1.0, ours=1.0, tolerance=0.0, **EXACT)
    asked = []

    def run(request):
        asked.append(request)
        return Findings(data="drawn", claims=(good, replace(good, ours=2.0)), panels=())

    paper = Paper(name="mine2020", citation="M. Ine 2020", runs="one thing", run=run, takes=Takes.SECONDS)
    found = paper.reproduce(Request(quick=True, seed=3))
    assert asked == [Request(quick=True, seed=3)]
    assert asked[0].of(100, quick=10) == 10
    assert Request().of(100, quick=10) == 100
    assert (found.passed, found.failed) == (False, True)
    assert found.table["verdict"].tolist() == ["pass", "FAIL"]
    assert found.table.loc[1, ["published", "ours"]].tolist() == [1.0, 2.0]
    lines = found.report().splitlines()
    assert [line[:4] for line in lines if "a value" in line] == ["pass", "FAIL"]
    assert lines[2] == "data: drawn"
    assert lines[-1] == "1 of 2 claims pass"
    assert repr(found) == "Reproduction(paper='mine2020', passed=1 of 2)"
    assert repr(found.findings).startswith("Findings(num_claims=2, num_beyond=0, num_panels=0, data='drawn'")
    assert re.findall("<td[^>]*>(pass|FAIL)</td>", found._repr_html_()) == ["pass", "FAIL"]
    assert compared(good) in found._repr_html_()

    shaky = replace(good, ours=2.0, at_best=0.5, relation=Relation.AT_MOST)
    undecided = replace(paper, run=lambda _: Findings(data="drawn", claims=(good, shaky), panels=())).reproduce(Request())
    assert (undecided.passed, undecided.failed) == (False, False)
    assert undecided.table["verdict"].tolist() == ["pass", "open"]
    assert undecided.report().endswith("1 of 2 claims pass, 1 open: neither shown nor shown to be wrong by so few seeds")

    with pytest.raises(ValueError, match="data_folder: got there; mine2020 reads no data set"):
        paper.reproduce(Request(data_folder="there"))
