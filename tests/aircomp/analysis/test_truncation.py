"""The closed forms against the transceiver itself, over many draws, and against integrals, sums and searches."""

from math import comb

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from aircomp.analysis.truncation import (
    aligned_snr,
    best_threshold,
    noise_mse_of_mean,
    silence_probability,
    truncation_misalignment,
    truncation_mse,
    truncation_participation,
)
from aircomp.power_control.truncated_inversion import TruncatedInversion
from channels import Rayleigh

limits = pytest.mark.parametrize("average_power", [False, True], ids=["peak", "average"])


def plans(threshold, *, num_clients, snr, num=40_000, seed=0):
    gain = Rayleigh().draw((num, num_clients), rng=np.random.default_rng(seed))
    return TruncatedInversion(threshold=threshold).plan(gain, power_w=2.0, noise_power_w=2.0 / snr)


def assert_mean(sample, expected):
    """Within four standard errors."""
    assert abs(sample.mean() - expected) < 4 * sample.std(ddof=1) / np.sqrt(sample.size)


@pytest.mark.parametrize("threshold", [0.2, 0.8, 1.5])
@pytest.mark.parametrize("num_clients", [1, 3, 12])
def test_the_transceiver_does_so_on_average(threshold, num_clients):
    plan = plans(threshold, num_clients=num_clients, snr=5.0)
    assert_mean(plan.active.mean(axis=-1), truncation_participation(threshold))
    assert_mean(plan.misalignment_mse, truncation_misalignment(threshold, num_clients=num_clients))
    assert_mean(plan.mse, truncation_mse(threshold, num_clients=num_clients, snr=5.0))
    np.testing.assert_allclose(1.0 / plan.noise_mse, aligned_snr(threshold, snr=5.0))
    num_active = plan.active.sum(axis=-1)
    some = num_active > 0
    if num_clients < 12 and threshold > 0.2:  # else nobody is silent too seldom for a count to show it
        assert_mean(~some, silence_probability(threshold, num_clients=num_clients))
    error = plan.noise_mse[some] / num_active[some] ** 2
    if num_clients == 1:
        np.testing.assert_allclose(error, noise_mse_of_mean(threshold, num_clients=1, snr=5.0))
    else:
        assert_mean(error, noise_mse_of_mean(threshold, num_clients=num_clients, snr=5.0))


@pytest.mark.parametrize("threshold", [0.05, 0.5, 2.0])
def test_an_average_power_limit_is_met_and_used_up(threshold):
    spent = quad(lambda q: np.exp(-q) / q, threshold**2, np.inf, epsabs=0.0, epsrel=1e-11)[0]
    eta = aligned_snr(threshold, snr=3.0, average_power=True)
    np.testing.assert_allclose(eta * spent, 3.0, rtol=1e-9)
    gain = np.abs(Rayleigh().draw((400_000,), rng=np.random.default_rng(1)))
    assert_mean(np.where(gain >= threshold, eta / gain**2, 0.0), 3.0)
    assert eta > aligned_snr(threshold, snr=3.0)


@limits
@pytest.mark.parametrize("num_clients", [1, 2, 7, 60])
def test_noise_of_the_mean_is_the_sum_over_the_binomial_law(num_clients, average_power):
    thresholds = np.array([0.01, 0.4, 1.0, 2.5, 5.0])
    expected = []
    for threshold in thresholds:
        p, silent = truncation_participation(threshold), -np.expm1(-(threshold**2))
        law = [comb(num_clients, m) * p**m * silent ** (num_clients - m) for m in range(1, num_clients + 1)]
        square = sum(share / m**2 for m, share in enumerate(law, start=1)) / sum(law)
        expected.append(square / aligned_snr(threshold, snr=2.0, average_power=average_power))
    found = noise_mse_of_mean(thresholds, num_clients=num_clients, snr=2.0, average_power=average_power)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_noise_of_the_mean_of_very_many_and_behind_a_very_high_threshold():
    many = noise_mse_of_mean(0.5, num_clients=100_000, snr=1.0) * aligned_snr(0.5, snr=1.0)
    p = truncation_participation(0.5)
    to_second_order = (1.0 + 3.0 * (1.0 - p) / (100_000 * p)) / (100_000 * p) ** 2  # E M⁻² about the mean of M
    np.testing.assert_allclose(many, to_second_order, rtol=1e-8)
    alone = noise_mse_of_mean(30.0, num_clients=5, snr=1.0)  # p = e^(-900): if anybody, then one
    np.testing.assert_allclose(alone, 1.0 / aligned_snr(30.0, snr=1.0), rtol=1e-12)


@limits
@pytest.mark.parametrize(
    ("num_clients", "snr"), [(1, 2.8), (3, 1.0), (10, 0.3), (10, 10.0), (500, 0.01), (1000, 1e4), (1e6, 1e6)]
)
def test_no_threshold_is_better_than_the_best(num_clients, snr, average_power):
    best = best_threshold(num_clients=num_clients, snr=snr, average_power=average_power)

    def error(threshold):
        return truncation_mse(threshold, num_clients=num_clients, snr=snr, average_power=average_power)

    assert error(best) < num_clients
    assert error(best) <= error(best * np.geomspace(1e-3, 1e3, 5001)).min() * (1 + 1e-13)
    local = minimize_scalar(
        lambda log: error(best * np.exp(log)), bounds=(-0.4, 0.3), method="bounded", options={"xatol": 1e-9}
    )
    assert abs(local.x) < 1e-6  # the error is flat there, to the root of its last digit
    np.testing.assert_allclose(local.fun, error(best), rtol=1e-12)


@pytest.mark.parametrize("array_snr", [1e-3, np.e**2 / 4 * 0.99, np.e**2 / 4, 2.5, np.e * (1 - 1e-9)])
def test_silence_is_best_where_no_threshold_has_an_error_below_the_number_of_clients(array_snr):
    thresholds = np.geomspace(1e-2, 12.0, 4001)
    errors = truncation_mse(thresholds, num_clients=4, snr=array_snr / 4)
    assert (errors[thresholds < 5.0] > 4.0).all()
    assert errors[-1] == pytest.approx(4.0, rel=0.7 / array_snr)
    best = best_threshold(num_clients=4, snr=array_snr / 4)
    assert best == np.inf
    assert truncation_mse(best, num_clients=4, snr=1.0) == 4.0
    assert (truncation_participation(best), silence_probability(best, num_clients=4)) == (0.0, 1.0)
    assert truncation_mse(best, num_clients=4, snr=1.0, average_power=True) == 4.0


def test_where_silence_ends_being_best_it_is_as_good_as_one_threshold():
    just_above = np.e * (1 + 1e-9)
    best = best_threshold(num_clients=2, snr=just_above / 2)
    assert best == pytest.approx(1.0, abs=1e-8)
    np.testing.assert_allclose(truncation_mse(best, num_clients=2, snr=just_above / 2), 2.0, rtol=1e-8)


def test_the_least_error_grows_as_a_root_under_a_peak_limit_and_as_a_logarithm_under_an_average():
    num_clients, snr = np.array([1e4, 1e6, 1e8]), 10.0
    array = {"num_clients": num_clients, "snr": snr}
    peak = truncation_mse(best_threshold(**array), **array)
    np.testing.assert_allclose(peak, 2.0 * np.sqrt(num_clients / snr), rtol=1.0 / np.sqrt(num_clients[0] * snr))
    average = truncation_mse(best_threshold(**array, average_power=True), **array, average_power=True)
    np.testing.assert_allclose(average, (np.log(num_clients * snr) + 1.0 - np.euler_gamma) / snr, rtol=1e-5)


def test_more_power_never_raises_the_error_and_arguments_broadcast():
    snr = np.geomspace(0.01, 1e4, 50)
    thresholds = np.array([0.1, 0.7, 2.0])[:, None]
    for average_power in (False, True):
        errors = truncation_mse(thresholds, num_clients=8, snr=snr, average_power=average_power)
        assert errors.shape == (3, 50)
        assert (np.diff(errors, axis=-1) < 0.0).all()
        assert noise_mse_of_mean(thresholds, num_clients=8, snr=snr, average_power=average_power).shape == (3, 50)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: truncation_participation(0.0), "threshold: got 0; allowed is a finite number > 0"),
        (lambda: truncation_participation([1.0, np.nan]), r"threshold: got nan at index \(1,\)"),
        (lambda: silence_probability(1.0, num_clients=0), "num_clients: got 0"),
        (lambda: aligned_snr(1.0, snr=-1.0), "snr: got -1"),
        (lambda: truncation_mse(-np.inf, num_clients=2, snr=1.0), "threshold: got -inf"),
        (lambda: truncation_misalignment(1.0, num_clients=0.5), "num_clients: got 0.5"),
        (lambda: noise_mse_of_mean(np.inf, num_clients=2, snr=1.0), "threshold: got inf"),
        (lambda: noise_mse_of_mean(1.0, num_clients=2.5, snr=1.0), "num_clients: got 2.5; allowed is an integer >= 1"),
        (lambda: best_threshold(num_clients=2, snr=0.0), "snr: got 0"),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
