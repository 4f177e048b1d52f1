"""Mean errors against the transceivers over many draws, against integrals, and against each other."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import erf

from aircomp.analysis.error_scaling import (
    full_power_mse,
    inversion_mse_exceedance,
    inversion_mse_quantile,
    least_mean_error,
    least_mean_error_law,
    mean_square_shortfall,
)
from aircomp.analysis.truncation import best_threshold, truncation_mse
from aircomp.power_control.channel_inversion import ChannelInversion
from aircomp.power_control.full_power import FullPower
from aircomp.power_control.optimal_power_control import OptimalPowerControl
from aircomp.power_control.truncated_inversion import TruncatedInversion
from channels import Rayleigh


def draws(num_clients, *, num, seed=0):
    return Rayleigh().draw((num, num_clients), rng=np.random.default_rng(seed))


def standard_error(sample):
    return sample.std(ddof=1) / np.sqrt(sample.size)


@pytest.mark.parametrize("num_clients", [1, 10, 100])
def test_errors_of_full_inversion_are_spread_as_said(num_clients):
    num, arguments = 20_000, {"num_clients": num_clients, "snr": 4.0}
    errors = ChannelInversion().plan(draws(num_clients, num=num), power_w=4.0, noise_power_w=1.0).mse
    for probability in (0.1, 0.5, 0.9):
        quantile = inversion_mse_quantile(probability, **arguments)
        assert abs((errors <= quantile).mean() - probability) < 4 * np.sqrt(probability * (1 - probability) / num)
        np.testing.assert_allclose(inversion_mse_exceedance(quantile, **arguments), 1.0 - probability, rtol=1e-12)
    np.testing.assert_allclose(inversion_mse_quantile(0.5, **arguments), num_clients / (4.0 * np.log(2.0)))


def test_the_mean_error_of_full_inversion_has_no_end():
    """The integral of P(MSE > x) up to x grows as (K/γ) ln x."""
    far = [
        quad(lambda log: np.exp(log) * inversion_mse_exceedance(np.exp(log), num_clients=3, snr=2.0), -20, end)[0]
        for end in (20, 40)
    ]
    assert far[1] - far[0] == pytest.approx(1.5 * 20, rel=1e-6)


@pytest.mark.parametrize(("num_clients", "snr"), [(1, 0.5), (10, 1.0), (200, 10.0)])
def test_full_power_with_one_receive_scaling(num_clients, snr):
    amplitude = np.sqrt(snr) * np.abs(draws(num_clients, num=20_000, seed=1))

    def error(x):
        return np.sum((1.0 - amplitude * x) ** 2, axis=-1) + x**2

    x = 0.5 * num_clients * np.sqrt(np.pi * snr) / (num_clients * snr + 1.0)
    expected = full_power_mse(num_clients=num_clients, snr=snr)
    assert abs(error(x).mean() - expected) < 4 * standard_error(error(x))
    for beside in (0.9 * x, 1.1 * x):
        more = error(beside) - error(x)
        assert more.mean() > 4 * standard_error(more)
    with_own_scaling = FullPower().plan(amplitude, power_w=1.0, noise_power_w=1.0).mse
    assert (with_own_scaling <= error(x) * (1 + 1e-12)).all()
    if num_clients == 200:
        gained = error(x) - with_own_scaling
        assert abs(gained.mean() - (1.0 - np.pi / 4)) < 4 * standard_error(gained) + 1.0 / num_clients


def test_full_power_leaves_a_share_of_the_sum_however_many_send():
    share = full_power_mse(num_clients=np.array([1e2, 1e4, 1e6]), snr=1.0) / np.array([1e2, 1e4, 1e6])
    np.testing.assert_allclose(share, 1.0 - np.pi / 4, atol=0.8e-2)
    np.testing.assert_allclose(share[-1], 1.0 - np.pi / 4, rtol=1e-5)


def test_mean_square_shortfall_is_the_integral():
    scaling = np.array([0.01, 0.3, 0.9, 2.0, 15.0, 400.0, 1e5])
    expected = [
        quad(lambda a, x=x: (1.0 - a * x) ** 2 * 2.0 * a * np.exp(-(a**2)), 0.0, min(1.0 / x, 12.0))[0] for x in scaling
    ]
    np.testing.assert_allclose(mean_square_shortfall(scaling), expected, rtol=1e-11)
    x = scaling[:5]
    closed = 1.0 - np.sqrt(np.pi) * x * erf(1.0 / x) - x**2 * np.expm1(-1.0 / x**2)
    np.testing.assert_allclose(mean_square_shortfall(x), closed, rtol=1e-9)
    np.testing.assert_allclose(mean_square_shortfall(1e6), 1.0 / 6e12, rtol=1e-10)


@pytest.mark.parametrize(("num_clients", "snr"), [(1, 1e-3), (1, 1.0), (10, 10.0), (300, 0.1), (1e5, 1e3)])
def test_a_search_over_integrals_finds_the_same_scaling(num_clients, snr):
    def mean_error(log):
        x = np.exp(log)
        short = quad(
            lambda a: (1.0 - a * x) ** 2 * 2.0 * a * np.exp(-(a**2)), 0.0, min(1.0 / x, 12.0), epsabs=0.0, epsrel=1e-12
        )[0]
        return num_clients * short + x**2 / snr

    error = least_mean_error(num_clients=num_clients, snr=snr)
    found = minimize_scalar(mean_error, bracket=(-3.0, 2.0), options={"xtol": 1e-9})
    np.testing.assert_allclose(error.upper, found.fun, rtol=1e-10)
    np.testing.assert_allclose(np.log(error.receive_scaling), found.x, atol=1e-5)  # the error is flat there


@pytest.mark.parametrize("snr", [0.1, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize(("num_clients", "num"), [(1, 100_000), (3, 60_000), (10, 40_000), (30, 20_000), (300, 4_000)])
def test_optimal_power_control_stays_between_the_bounds(num_clients, num, snr):
    gain = draws(num_clients, num=num, seed=2)
    errors = OptimalPowerControl().plan(gain, power_w=snr, noise_power_w=1.0).mse
    error = least_mean_error(num_clients=num_clients, snr=snr)
    noise = 4 * standard_error(errors)
    assert error.lower - noise < errors.mean() < error.upper + noise
    if num_clients >= 30:
        assert abs(errors.mean() - error.estimate) < noise + 0.01 * error.estimate
    x = error.receive_scaling / np.sqrt(snr)
    for_all_draws = np.sum(np.maximum(1.0 - np.sqrt(snr) * np.abs(gain) * x, 0.0) ** 2, axis=-1) + x**2
    assert abs(for_all_draws.mean() - error.upper) < 4 * standard_error(for_all_draws)


@pytest.mark.parametrize("rival", [FullPower(), TruncatedInversion(threshold=0.3), ChannelInversion()], ids=str)
def test_no_other_power_control_is_below_the_lower_bound(rival):
    errors = rival.plan(draws(20, num=20_000, seed=3), power_w=2.0, noise_power_w=1.0).mse
    errors = np.minimum(errors, 100.0)  # the mean of full inversion is infinite; to cap it only lowers it
    assert errors.mean() - 4 * standard_error(errors) > least_mean_error(num_clients=20, snr=2.0).lower


def test_the_bounds_are_never_a_fifth_apart_and_meet_as_clients_become_many():
    num_clients, snr = np.geomspace(1.0, 1e10, 401)[:, None], np.geomspace(1e-6, 1e6, 13)
    error = least_mean_error(num_clients=num_clients, snr=snr)
    assert (error.lower <= error.estimate).all()
    assert (error.estimate <= error.upper).all()
    spread = error.upper**2 / error.lower - error.upper  # V, a function of Kγ alone that rises to 1/5
    resolved = spread > 1e-9 * error.upper
    assert (spread[resolved] < 0.2).all()
    assert (error.upper - error.lower < 0.2).all()
    np.testing.assert_allclose(spread[-1, -6], 0.2, rtol=1e-3)
    law = least_mean_error_law(num_clients=num_clients, snr=snr)
    late = (num_clients * snr > 1e8) & (num_clients / snr > 1e8)
    np.testing.assert_allclose((error.upper / law)[late], 1.0, rtol=1e-3)
    np.testing.assert_allclose(error.relative_gap[late], 0.2 / law[late], rtol=1e-2)


def test_more_power_never_raises_the_error_nor_do_fewer_clients():
    error = least_mean_error(num_clients=np.arange(1.0, 200.0)[:, None], snr=np.geomspace(1e-3, 1e4, 60))
    for bound in (error.upper, error.lower, error.estimate):
        assert (np.diff(bound, axis=1) < 0.0).all()
    assert (np.diff(error.upper, axis=0) > 0.0).all()


def test_truncation_costs_a_factor_of_root_six():
    array = {"num_clients": 1e9, "snr": 10.0}
    truncated = truncation_mse(best_threshold(**array), **array)
    np.testing.assert_allclose(truncated / least_mean_error(**array).upper, np.sqrt(6.0), rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inversion_mse_exceedance(0.0, num_clients=1, snr=1.0), "mse: got 0"),
        (lambda: inversion_mse_quantile(1.0, num_clients=1, snr=1.0), "probability: got 1"),
        (lambda: full_power_mse(num_clients=0, snr=1.0), "num_clients: got 0"),
        (lambda: mean_square_shortfall([1.0, -1.0]), r"receive_scaling: got -1 at index \(1,\)"),
        (lambda: least_mean_error(num_clients=1, snr=np.inf), "snr: got inf"),
        (lambda: least_mean_error_law(num_clients=1, snr=0.0), "snr: got 0"),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
