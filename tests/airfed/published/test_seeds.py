"""What differences over seeds prove, and what they do not."""

import joblib
import numpy as np
import pytest

from airfed.published.claim import Verdict
from airfed.published.seeds import ahead_claim, over_seeds, stated, trend


def claim(ahead, **options):
    return ahead_claim(says="A is ahead of B", source="a figure", ahead=ahead, **options)


def test_being_ahead_must_be_more_than_chance():
    assert claim([2.0, 2.1, 1.9, 2.2]).passed
    assert not claim([4.0, -1.0, 3.0, -0.5]).passed  # ahead on average, and by chance
    assert not claim([-2.0, -2.1, -1.9]).passed
    assert claim([4.0, -1.0, 3.0, -0.5]).verdict is Verdict.OPEN
    assert claim([-2.0, -2.1, -1.9]).verdict is Verdict.FAIL
    assert claim({"open": [4.0, -1.0, 3.0, -0.5], "wrong": [-2.0, -2.1, -1.9]}).verdict is Verdict.FAIL
    assert claim([-5.0]).verdict is Verdict.OPEN


def test_what_makes_no_difference_at_all_is_not_ahead():
    same = [0.0, 0.0, 0.0]
    assert claim(same).verdict is Verdict.FAIL
    assert claim({"ahead": [2.0, 2.1, 1.9], "same": same}).verdict is Verdict.FAIL
    assert claim(same, margin=0.5).passed
    assert str(claim(same).published) == "0.0"  # and not -0.0


def test_a_margin_lets_level_pass_and_no_more():
    level = [0.1, -0.1, 0.05, -0.05]
    assert not claim(level).passed
    assert claim(level, margin=0.5).passed
    assert not claim([-1.0, -1.1, -0.9], margin=0.5).passed


def test_one_seed_proves_nothing():
    assert not claim([5.0]).passed
    assert np.isnan(claim([5.0]).ours)
    assert not claim({"sure": [1.0, 1.1], "one seed": [5.0]}).passed


def test_a_claim_of_several_cases_is_the_worst_of_them():
    cases = {"far": [9.0, 9.1, 9.2], "near": [1.0, 1.1, 1.2], "loud": [0.0, 9.0, 18.0]}
    worst = claim(cases)
    assert not worst.passed
    assert "the worst of 3 cases: loud" in worst.reason
    assert claim({name: cases[name] for name in ("far", "near")}).passed


def test_intervals_cover_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(0)
    wrong = sum(claim(rng.standard_normal(5)).passed for _ in range(600))
    expected = 0.025 * 600  # a two-sided interval of 95 % lies above 0 by chance once in 40
    assert abs(wrong - expected) < 4.0 * np.sqrt(expected)


def test_trend_is_the_slope_of_a_straight_line():
    rows = np.array([[1.0, 5.0], [3.0, 5.5], [5.0, 6.0], [7.0, 6.5]])
    np.testing.assert_allclose(trend(rows), [2.0, 0.5])
    np.testing.assert_allclose(trend(rows[::-1]), [-2.0, -0.5])


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_runs_come_back_under_their_names_in_the_order_of_seeds(backend):
    with joblib.parallel_config(backend=backend):
        found = over_seeds(lambda base, seed: np.array([base, seed]), {"a": (1,), "b": (2,)}, range(4, 7))
    assert found["a"].tolist() == [[1, 4], [1, 5], [1, 6]]
    assert found["b"].tolist() == [[2, 4], [2, 5], [2, 6]]


def test_statements_name_how_many_seeds():
    assert stated([1.0, 2.0]).endswith("95 % confidence over 2 seeds")
