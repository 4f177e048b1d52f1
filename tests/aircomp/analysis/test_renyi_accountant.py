"""Rényi divergences against integrals, and what is made of them against the exact answer where there is one."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from aircomp.analysis.privacy import composed_noise_multiplier, gaussian_delta, gaussian_epsilon
from aircomp.analysis.renyi_accountant import ORDERS, RenyiAccountant, gaussian_rdp, sampled_gaussian_rdp


def divergence(log_p, log_q, order, reach):
    def integrand(t):
        return np.exp(order * log_p(t) - (order - 1) * log_q(t))

    return np.log(quad(integrand, -reach, reach, points=[0.0, 1.0, order], limit=500, epsabs=0.0, epsrel=1e-11)[0]) / (
        order - 1
    )


@pytest.mark.parametrize("noise_multiplier", [0.7, 1.0, 3.0])
@pytest.mark.parametrize("order", [1.5, 2.0, 7.0])
def test_the_divergence_of_two_gaussians_is_the_integral(order, noise_multiplier):
    s = noise_multiplier
    expected = divergence(lambda t: norm.logpdf(t, 1.0, s), lambda t: norm.logpdf(t, 0.0, s), order, 20 * s + order)
    np.testing.assert_allclose(gaussian_rdp(order, noise_multiplier=s), expected, rtol=1e-9)


@pytest.mark.parametrize("noise_multiplier", [0.7, 1.0, 3.0])
@pytest.mark.parametrize("probability", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("order", [2, 3, 8])
def test_the_divergence_under_sampling_is_the_integral_and_the_larger_of_both_ways(order, probability, noise_multiplier):
    s = noise_multiplier

    def without(t):
        return norm.logpdf(t, 0.0, s)

    def sampled(t):
        return np.logaddexp(np.log1p(-probability) + without(t), np.log(probability) + norm.logpdf(t, 1.0, s))

    found = sampled_gaussian_rdp(order, noise_multiplier=s, sampling_probability=probability)
    np.testing.assert_allclose(found, divergence(sampled, without, order, 20 * s + order), rtol=1e-7)
    assert found >= divergence(without, sampled, order, 20 * s + order) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("order", "probability", "noise_multiplier", "expected"),  # of mpmath, at 60 digits
    [
        (2, 0.01, 1.0, 1.7181342207454794e-4),
        (32, 0.01, 1.0, 11.246275937048069),
        (256, 0.1, 2.0, 29.688385161543233),
        (2, 1e-9, 1.0, 1.7182818284590454e-18),
        (1024, 0.001, 0.5, 2041.0854922720648),
        (5, 0.3, 100.0, 2.2502441518040959e-5),
    ],
)
def test_the_divergence_under_sampling_to_many_digits(order, probability, noise_multiplier, expected):
    found = sampled_gaussian_rdp(order, noise_multiplier=noise_multiplier, sampling_probability=probability)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_sampling_everybody_nobody_or_a_silent_client():
    multiplier = np.array([0.01, 0.5, 2.0, 1e3])
    for order in (2, 5, 64, 1024):
        always = sampled_gaussian_rdp(order, noise_multiplier=multiplier, sampling_probability=1.0)
        np.testing.assert_allclose(always, gaussian_rdp(order, noise_multiplier=multiplier), rtol=1e-11)
        never = sampled_gaussian_rdp(order, noise_multiplier=multiplier, sampling_probability=0.0)
        np.testing.assert_array_equal(never, np.zeros(4))
        assert sampled_gaussian_rdp(order, noise_multiplier=np.inf, sampling_probability=0.5) == 0.0
    seldom = sampled_gaussian_rdp(4, noise_multiplier=1.0, sampling_probability=np.array([1e-3, 1e-5, 1e-7]))
    np.testing.assert_allclose(seldom / np.array([1e-6, 1e-10, 1e-14]), 2.0 * np.expm1(1.0), rtol=0.05)  # α q²(e^(μ²) - 1)/2


def test_the_divergence_rises_with_the_order_and_the_probability_and_falls_with_the_noise():
    probability, multiplier = np.geomspace(1e-4, 1.0, 20)[:, None], np.geomspace(0.3, 30.0, 15)
    table = np.stack(
        [sampled_gaussian_rdp(order, noise_multiplier=multiplier, sampling_probability=probability) for order in range(2, 40)]
    )
    assert (np.diff(table, axis=0) > 0.0).all()
    assert (np.diff(table, axis=1) > 0.0).all()
    assert (np.diff(table, axis=2) < 0.0).all()


@pytest.mark.parametrize("noise_multiplier", [0.5, 1.0, 5.0, 20.0])
def test_without_sampling_the_bound_is_above_the_exact_answer_and_near_it(noise_multiplier):
    accountant = RenyiAccountant().compose(noise_multiplier)
    for delta, slack in ((1e-3, 1.25), (1e-5, 1.12), (1e-10, 1.06)):
        exact = gaussian_epsilon(delta, noise_multiplier=noise_multiplier)
        assert exact < accountant.epsilon(delta) < slack * exact
    for epsilon in (0.0, 1.0, 5.0):
        assert accountant.delta(epsilon) >= gaussian_delta(epsilon, noise_multiplier=noise_multiplier)


@pytest.mark.parametrize(("probability", "noise_multiplier"), [(0.1, 1.0), (0.5, 2.0), (0.02, 0.5)])
def test_with_sampling_the_bound_is_above_the_exact_answer_of_a_round(probability, noise_multiplier):
    s = noise_multiplier
    accountant = RenyiAccountant().compose(s, sampling_probability=probability)
    for epsilon in (0.1, 0.5, 1.5):
        # An update present exceeds e^ε times an update absent where the Gaussian does, by another ε.
        other = np.log1p(np.expm1(epsilon) / probability)
        exact = probability * gaussian_delta(other, noise_multiplier=s)
        assert exact < accountant.delta(epsilon) < 1.0


@pytest.mark.parametrize(
    ("probability", "noise_multiplier", "num_rounds", "epsilon", "delta"),  # of dp-accounting 0.6.0 at these orders
    [
        (0.01, 1.0, 1000, 2.1077530754515745, 2.1260621826702888e-5),
        (0.2, 4.0, 100, 2.2989473338423467, 9.033691311063101e-5),
        (1.0, 20.0, 100, 2.1680106367839715, 3.9488981964019665e-5),
    ],
)
def test_another_accountant_says_the_same(probability, noise_multiplier, num_rounds, epsilon, delta):
    accountant = RenyiAccountant(orders=(*range(2, 65), 128, 256, 512, 1024)).compose(
        noise_multiplier, sampling_probability=probability, num_rounds=num_rounds
    )
    np.testing.assert_allclose(accountant.epsilon(1e-5), epsilon, rtol=1e-12)
    np.testing.assert_allclose(accountant.delta(2.0), delta, rtol=1e-12)


def test_rounds_of_all_kinds_add_up_in_any_order():
    rounds = [(1.0, 1.0, 1), (3.0, 0.1, 10), (np.inf, 1.0, 5), (2.0, 0.5, 2)]
    ledger, reverse, one_by_one = RenyiAccountant(), RenyiAccountant(), RenyiAccountant()
    for multiplier, probability, num in rounds:
        ledger = ledger.compose(multiplier, sampling_probability=probability, num_rounds=num)
        for _ in range(num):
            one_by_one = one_by_one.compose(multiplier, sampling_probability=probability)
    for multiplier, probability, num in reversed(rounds):
        reverse = reverse.compose(multiplier, sampling_probability=probability, num_rounds=num)
    np.testing.assert_allclose(ledger.rdp, reverse.rdp, rtol=1e-13)
    np.testing.assert_allclose(ledger.rdp, one_by_one.rdp, rtol=1e-13)
    always = RenyiAccountant().compose(2.0).compose(3.0)
    np.testing.assert_allclose(always.rdp, RenyiAccountant().compose(composed_noise_multiplier([2.0, 3.0])).rdp, rtol=1e-11)


def test_composing_leaves_what_was_before_as_it_was():
    before = RenyiAccountant().compose(2.0)
    kept = before.rdp.copy()
    after = before.compose(2.0)
    np.testing.assert_array_equal(before.rdp, kept)
    assert (after.rdp > before.rdp).all()
    with pytest.raises(AttributeError):
        before.rdp = after.rdp  # type: ignore[misc]


def test_a_batch_of_clients_is_each_client_alone():
    multiplier, probability = np.array([1.0, 4.0, np.inf]), np.array([0.1, 1.0, 0.5])
    batch = RenyiAccountant().compose(multiplier, sampling_probability=probability, num_rounds=7)
    assert batch.rdp.shape == (3, len(ORDERS))
    for client in range(3):
        alone = RenyiAccountant().compose(multiplier[client], sampling_probability=probability[client], num_rounds=7)
        np.testing.assert_allclose(batch.epsilon(1e-6)[client], alone.epsilon(1e-6), rtol=1e-13)
        np.testing.assert_allclose(batch.delta(0.5)[client], alone.delta(0.5), rtol=1e-13)


def test_epsilon_and_delta_undo_each_other():
    accountant = RenyiAccountant().compose(1.5, sampling_probability=0.05, num_rounds=300)
    delta = np.geomspace(1e-12, 1e-2, 30)
    epsilon = accountant.epsilon(delta)
    assert (np.diff(epsilon) < 0.0).all()
    np.testing.assert_allclose(accountant.delta(epsilon), delta, rtol=1e-11)


def test_nothing_learnt_is_nothing_leaked_and_much_is_all():
    for accountant in (RenyiAccountant(), RenyiAccountant().compose(np.inf, num_rounds=100)):
        assert accountant.epsilon(1e-300) == 0.0
        assert accountant.delta(0.0) == 0.0
    weak = RenyiAccountant().compose(1e6)
    assert weak.epsilon(1e-5) == 0.0
    assert gaussian_delta(0.0, noise_multiplier=1e6) < weak.delta(0.0) < 1e-5
    assert RenyiAccountant().compose(0.01).delta(1.0) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_rdp(1.0, noise_multiplier=1.0), "order: got 1"),
        (
            lambda: sampled_gaussian_rdp(1, noise_multiplier=1.0, sampling_probability=0.5),
            "order: got 1; allowed is an integer >= 2",
        ),
        (lambda: sampled_gaussian_rdp(2.5, noise_multiplier=1.0, sampling_probability=0.5), "order: got 2.5"),
        (lambda: sampled_gaussian_rdp(2, noise_multiplier=0.0, sampling_probability=0.5), "noise_multiplier: got 0"),
        (lambda: sampled_gaussian_rdp(2, noise_multiplier=1.0, sampling_probability=1.5), "sampling_probability: got 1.5"),
        (lambda: RenyiAccountant(orders=()), "orders: got none"),
        (lambda: RenyiAccountant(orders=(2, 1)), "order: got 1"),
        (lambda: RenyiAccountant(orders=(2, 3), rdp=np.zeros(3)), r"rdp: got shape \(3,\); needed is \(..., 2\)"),
        (lambda: RenyiAccountant(rdp=np.array([-1.0])), "rdp: got -1"),
        (lambda: RenyiAccountant().compose(1.0, num_rounds=0), "num_rounds: got 0"),
        (lambda: RenyiAccountant().epsilon(0.0), "delta: got 0"),
        (lambda: RenyiAccountant().delta(-1.0), "epsilon: got -1"),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
