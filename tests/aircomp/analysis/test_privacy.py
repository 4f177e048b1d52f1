"""Privacy of what is really received: the channel noise against simulation, integrals, and many digits."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from aircomp.air.superposition import superpose
from aircomp.analysis.privacy import (
    channel_noise_multiplier,
    composed_noise_multiplier,
    gaussian_delta,
    gaussian_epsilon,
    needed_noise_multiplier,
)
from aircomp.power_control.channel_inversion import ChannelInversion
from aircomp.power_control.truncated_inversion import TruncatedInversion
from channels import Rayleigh


def assert_delta(log_ratio, epsilon, expected):
    """E max(1 - e^(ε - L), 0) over the privacy loss L is δ(ε), within four standard errors."""
    share = np.maximum(-np.expm1(epsilon - log_ratio), 0.0)
    assert np.count_nonzero(share) > 0
    assert abs(share.mean() - expected) < 4 * share.std(ddof=1) / np.sqrt(share.size)


@pytest.mark.parametrize("replace", [False, True], ids=["add or remove", "replace"])
def test_the_receiver_learns_what_the_multiplier_says_and_no_more(replace):
    """Likelihood ratios of received symbols, with the update of client 0 and with another in its place."""
    rng = np.random.default_rng(0)
    num_clients, num_symbols, num = 4, 6, 40_000
    weights, clip = np.array([1.0, 2.0, 0.5, 1.0]), 2.0
    gain = Rayleigh().draw((num_clients,), rng=rng)
    plan = ChannelInversion().plan(gain, power_w=0.2, noise_power_w=0.1, weights=weights)
    amplitude = np.abs(gain * plan.transmit)
    np.testing.assert_allclose(amplitude, np.sqrt(plan.eta) * weights)
    noise_power_w = 2.0 * (0.9 * amplitude[0] * clip) ** 2  # neither hides all nor nothing
    multiplier = channel_noise_multiplier(amplitude, clip=clip, noise_power_w=noise_power_w, replace=replace)

    symbols = rng.standard_normal((num_clients, num_symbols)) + 1j * rng.standard_normal((num_clients, num_symbols))
    symbols *= clip / np.linalg.norm(symbols, axis=-1, keepdims=True)
    other = symbols.copy()
    other[0] = -symbols[0] if replace else 0.0
    channel = {"gain": gain, "transmit": plan.transmit}
    without_noise = [superpose(s, **channel, noise_power_w=0.0, rng=rng) for s in (symbols, other)]
    received = superpose(np.broadcast_to(symbols, (num, *symbols.shape)), **channel, noise_power_w=noise_power_w, rng=rng)
    square = [np.sum(np.abs(received - signal) ** 2, axis=-1) for signal in without_noise]
    log_ratio = (square[1] - square[0]) / noise_power_w  # the density of CN(0, σ²) is ∝ e^(-|z|²/σ²)
    for epsilon in (0.0, 0.5, 2.0):
        assert_delta(log_ratio, epsilon, gaussian_delta(epsilon, noise_multiplier=multiplier[0]))


def test_rounds_compose_exactly():
    rng = np.random.default_rng(1)
    multipliers = np.array([1.0, 3.0, 5.0, 2.0, np.inf])
    mean = 1.0 / multipliers
    outputs = mean + rng.standard_normal((100_000, 5))
    log_ratio = np.sum(mean * outputs - 0.5 * mean**2, axis=-1)
    total = composed_noise_multiplier(multipliers)
    for epsilon in (0.0, 1.0, 3.0):
        assert_delta(log_ratio, epsilon, gaussian_delta(epsilon, noise_multiplier=total))
    assert total < 1.0
    np.testing.assert_allclose(composed_noise_multiplier(np.full((100, 3), 20.0), axis=0), 2.0)
    assert composed_noise_multiplier([np.inf, np.inf]) == np.inf


def test_who_is_silent_leaks_nothing():
    plan = TruncatedInversion(threshold=0.8).plan([1.0, 0.5, 0.8j], power_w=2.0, noise_power_w=0.1)
    amplitude = np.abs(np.array([1.0, 0.5, 0.8j]) * plan.transmit)
    multiplier = channel_noise_multiplier(amplitude, clip=1.0, noise_power_w=0.1)
    assert (multiplier == np.inf).tolist() == [False, True, False]
    assert (gaussian_delta(0.0, noise_multiplier=multiplier) == 0.0).tolist() == [False, True, False]
    assert (gaussian_epsilon(1e-9, noise_multiplier=multiplier) == 0.0).tolist() == [False, True, False]


@pytest.mark.parametrize("noise_multiplier", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0, 4.0])
def test_delta_is_the_integral_of_what_one_density_exceeds_the_other_by(epsilon, noise_multiplier):
    s = noise_multiplier

    def excess(t):
        return norm.pdf(t, 1.0, s) - np.exp(epsilon) * norm.pdf(t, 0.0, s)

    meet = 0.5 + epsilon * s**2
    expected = quad(excess, meet, meet + 14.0 * s + 2.0, epsabs=0.0, epsrel=1e-11, limit=200)[0]
    np.testing.assert_allclose(gaussian_delta(epsilon, noise_multiplier=s), expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("epsilon", "noise_multiplier", "expected"),  # of mpmath, at 60 digits
    [
        (0.0, 1.0, 0.38292492254802621),
        (1.0, 1.0, 0.12693673750664395),
        (5.0, 1.0, 5.7937216919194941e-7),
        (30.0, 1.0, 4.7093263180975222e-193),
        (1e-3, 1e3, 8.3357132125208489e-5),
        (0.01, 200.0, 4.2666207367985841e-5),
        (3.0, 0.1, 0.99999753621303558),
        (2000.0, 0.02, 2.8202890555335747e-51),
    ],
)
def test_delta_to_many_digits(epsilon, noise_multiplier, expected):
    np.testing.assert_allclose(gaussian_delta(epsilon, noise_multiplier=noise_multiplier), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("delta", "noise_multiplier", "expected"),  # of mpmath, at 60 digits
    [
        (1e-5, 1.0, 4.3771780956812246),
        (1e-5, 10.0, 0.34066936468432641),
        (1e-10, 0.1, 112.84032670423222),
        (1e-300, 1.0, 37.448847912139105),
        (1e-5, 1000.0, 0.0019387249698601099),
        (0.3, 0.5, 2.1934646047430788),
    ],
)
def test_epsilon_to_many_digits_and_back(delta, noise_multiplier, expected):
    np.testing.assert_allclose(gaussian_epsilon(delta, noise_multiplier=noise_multiplier), expected, rtol=1e-12)
    np.testing.assert_allclose(needed_noise_multiplier(expected, delta=delta), noise_multiplier, rtol=1e-11)


def test_epsilon_and_the_needed_noise_undo_delta():
    epsilon, multiplier = np.geomspace(0.01, 50.0, 12)[:, None], np.geomspace(0.05, 50.0, 15)
    delta = gaussian_delta(epsilon, noise_multiplier=multiplier)
    inner = (delta > 1e-290) & (delta < 1.0 - 1e-6)
    assert inner.sum() > 60
    for given, found in (
        (epsilon, gaussian_epsilon(np.where(inner, delta, 0.5), noise_multiplier=multiplier)),
        (multiplier, needed_noise_multiplier(epsilon, delta=np.where(inner, delta, 0.5))),
    ):
        np.testing.assert_allclose(found[inner], np.broadcast_to(given, delta.shape)[inner], rtol=1e-8)


def test_what_is_returned_is_private():
    delta, multiplier = np.geomspace(1e-200, 0.9, 40)[:, None], np.geomspace(0.02, 1e3, 30)
    epsilon = gaussian_epsilon(delta, noise_multiplier=multiplier)
    assert (gaussian_delta(epsilon, noise_multiplier=multiplier) <= delta).all()
    assert (epsilon[delta[:, 0] > 0.5][:, multiplier > 1.0] == 0.0).all()  # δ(0) is below already
    epsilon = np.array([0.0, 0.1, 10.0, 1e4])
    assert (
        gaussian_delta(epsilon, noise_multiplier=needed_noise_multiplier(epsilon, delta=delta)) <= delta * (1 + 1e-14)
    ).all()


def test_more_noise_and_a_larger_epsilon_never_leak_more():
    delta = gaussian_delta(np.linspace(0.0, 20.0, 50)[:, None], noise_multiplier=np.geomspace(0.01, 1e4, 60))
    assert ((delta >= 0.0) & (delta <= 1.0)).all()
    rounding = 1e-13  # of a δ near 1
    assert (np.diff(delta, axis=0) <= rounding).all()
    assert (np.diff(delta, axis=1) <= rounding).all()
    epsilon = gaussian_epsilon(np.geomspace(1e-300, 0.9, 50)[:, None], noise_multiplier=np.geomspace(0.01, 1e4, 60))
    assert (np.diff(epsilon, axis=0) <= 0.0).all()
    assert (np.diff(epsilon, axis=1) <= 0.0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: channel_noise_multiplier(-1.0, clip=1.0, noise_power_w=1.0), "received_amplitude: got -1"),
        (lambda: channel_noise_multiplier(1.0, clip=0.0, noise_power_w=1.0), "clip: got 0"),
        (lambda: channel_noise_multiplier(1.0, clip=1.0, noise_power_w=0.0), "noise_power_w: got 0"),
        (lambda: composed_noise_multiplier([1.0, 0.0]), r"noise_multiplier: got 0 at index \(1,\)"),
        (lambda: gaussian_delta(-0.1, noise_multiplier=1.0), "epsilon: got -0.1"),
        (lambda: gaussian_delta(0.1, noise_multiplier=np.nan), "noise_multiplier: got nan"),
        (lambda: gaussian_epsilon(0.0, noise_multiplier=1.0), "delta: got 0"),
        (lambda: gaussian_epsilon(1.0, noise_multiplier=1.0), "delta: got 1"),
        (lambda: needed_noise_multiplier(np.inf, delta=0.1), "epsilon: got inf"),
        (lambda: needed_noise_multiplier(1.0, delta=1.5), "delta: got 1.5"),
    ],
)
def test_bad_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
