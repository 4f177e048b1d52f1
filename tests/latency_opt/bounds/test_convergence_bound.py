import numpy as np
import pytest

from latency_opt.bounds.convergence_bound import ConvergenceBound


def bound(num_rounds=10.0, error=2.0, **terms):
    return ConvergenceBound(
        num_rounds=num_rounds, optimisation_error=error, constant_terms=terms or {"noise": 0.1, "drift": 0.05}
    )


def test_terms_add_up_to_the_bound():
    batch = bound(num_rounds=np.array([[1.0], [10.0]]), noise=np.array([0.1, 0.2, 0.3]), drift=0.05)
    assert batch.total.shape == (2, 3)
    np.testing.assert_allclose(sum(batch.terms.values()), batch.total, rtol=1e-14)
    assert batch.dominant[0].tolist() == ["optimisation error"] * 3
    assert batch.dominant[1].tolist() == ["optimisation error", "optimisation error", "noise"]


def test_rounds_is_the_least_whole_number_that_does():
    rng = np.random.default_rng(0)
    error, noise, target = 10.0 ** rng.uniform(-2, 3, (3, 500))
    rounds = bound(error=error, noise=noise).rounds(target)
    reached = np.isfinite(rounds)
    np.testing.assert_array_equal(reached, target > noise)
    assert 100 < reached.sum() < 400
    error, noise, target, rounds = (values[reached] for values in (error, noise, target, rounds))
    assert (bound(rounds, error, noise=noise).total <= target * (1 + 1e-9)).all()
    fewer = rounds > 1
    assert (bound(rounds[fewer] - 1, error[fewer], noise=noise[fewer]).total > target[fewer]).all()


def test_rounding_does_not_add_a_round():
    assert bound(error=3.0, noise=0.1).rounds(0.4) == 10.0


def test_explain_has_a_row_a_term_largest_first():
    frame = bound().explain()
    assert frame.index.tolist() == ["optimisation error", "noise", "drift"]
    assert frame.index.name == "term"
    np.testing.assert_allclose(frame["value"], [0.2, 0.1, 0.05])
    np.testing.assert_allclose(frame["share"].sum(), 1.0)
    step = 1e-4
    slope = (bound(10.0 + step).total - bound(10.0 - step).total) / (2 * step)
    assert frame["change_per_round"].sum() == pytest.approx(float(slope), rel=1e-6)


def test_explain_is_for_one_setting():
    with pytest.raises(ValueError, match=r"explain: got a batch of shape \(2,\)"):
        bound(num_rounds=[1.0, 2.0]).explain()


def test_bad_input_names_the_argument():
    with pytest.raises(ValueError, match="num_rounds: got 0.5"):
        bound(num_rounds=0.5)
    with pytest.raises(ValueError, match="noise: got -1"):
        bound(noise=-1.0)
    with pytest.raises(ValueError, match="target: got 0"):
        bound().rounds(0.0)
