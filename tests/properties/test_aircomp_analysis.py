"""Laws of closed forms: how errors scale, who takes part, and what noise keeps private."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import erf

from aircomp import (
    LeastMeanError,
    RenyiAccountant,
    aligned_snr,
    best_threshold,
    channel_noise_multiplier,
    composed_noise_multiplier,
    full_power_mse,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_rdp,
    inversion_mse_exceedance,
    inversion_mse_quantile,
    least_mean_error,
    least_mean_error_law,
    mean_inverse_participants,
    mean_square_shortfall,
    needed_noise_multiplier,
    noise_mse_of_mean,
    sampled_gaussian_rdp,
    silence_probability,
    truncation_misalignment,
    truncation_mse,
    truncation_participation,
)
from covered import law_of
from strategies import counts, decade_arrays, decades, permutations, refused

clients = st.integers(1, 10**6)
few_clients = st.integers(1, 200)
snrs = decades(1e-9, 1e12)
factors = decades(1.0, 1e3)
thresholds = decades(1e-6, 20.0)
probabilities = decades(1e-12, 0.999)
both_limits = pytest.mark.parametrize("average_power", [False, True])


@law_of(inversion_mse_exceedance, inversion_mse_quantile)
@given(probability=probabilities, number=clients, snr=snrs, factor=factors)
def test_quantiles_of_the_error_of_inversion(probability, number, snr, factor):
    mse = inversion_mse_quantile(probability, num_clients=number, snr=snr)
    exceeded = inversion_mse_exceedance(mse, num_clients=number, snr=snr)
    assert mse > 0.0
    np.testing.assert_allclose(exceeded, 1.0 - probability, rtol=1e-9)
    np.testing.assert_allclose(
        inversion_mse_quantile(probability, num_clients=number, snr=factor * snr), mse / factor, rtol=1e-9
    )
    assert inversion_mse_exceedance(factor * mse, num_clients=number, snr=snr) <= exceeded
    assert inversion_mse_exceedance(mse, num_clients=number + 1, snr=snr) >= exceeded


@law_of(mean_square_shortfall)
@given(scaling=decades(1e-6, 1e12), factor=factors)
def test_who_is_amplified_misses_less(scaling, factor):
    shortfall = mean_square_shortfall(scaling)
    assert 0.0 < shortfall <= min(1.0, 1.0 / (6.0 * scaling**2) * (1.0 + 1e-6))
    assert mean_square_shortfall(factor * scaling) <= shortfall * (1.0 + 1e-9)


@law_of(full_power_mse, least_mean_error, least_mean_error_law, LeastMeanError, truncation_mse)
@given(number=clients, snr=snrs, factor=factors, threshold=thresholds)
def test_rules_of_power_control_are_in_the_same_order_on_average(number, snr, factor, threshold):
    error = least_mean_error(num_clients=number, snr=snr)
    assert 0.0 < error.lower <= error.estimate <= error.upper
    np.testing.assert_allclose(error.relative_gap, error.upper / error.lower - 1.0)
    assert error.upper - error.lower < 0.2
    slack = 1.0 + 1e-9
    assert error.upper <= full_power_mse(num_clients=number, snr=snr) * slack
    assert error.upper <= truncation_mse(threshold, num_clients=number, snr=snr) * slack
    assert error.upper <= least_mean_error_law(num_clients=number, snr=snr) * slack
    better = least_mean_error(num_clients=number, snr=factor * snr)
    assert better.upper <= error.upper * slack
    assert better.lower <= error.lower * (1.0 + 1e-6)
    other = number * mean_square_shortfall(factor * error.receive_scaling) + (factor * error.receive_scaling) ** 2 / snr
    assert error.upper <= other * slack


@law_of(full_power_mse, least_mean_error_law)
@given(number=clients, snr=snrs, factor=factors)
def test_full_power_leaves_what_amplitudes_differ(number, snr, factor):
    error = full_power_mse(num_clients=number, snr=snr)
    assert number * (1.0 - np.pi / 4.0) * (1.0 - 1e-12) <= error <= number
    assert full_power_mse(num_clients=number, snr=factor * snr) <= error * (1.0 + 1e-12)
    law = least_mean_error_law(num_clients=number, snr=snr)
    np.testing.assert_allclose(least_mean_error_law(num_clients=number, snr=factor**2 * snr), law / factor, rtol=1e-9)


@law_of(full_power_mse, least_mean_error, least_mean_error_law, inversion_mse_quantile, truncation_mse, best_threshold)
@given(snr=decade_arrays((2, 1), 1e-6, 1e9))
def test_closed_forms_broadcast(snr):
    number = np.array([1, 7, 1000])
    for function in (
        full_power_mse,
        least_mean_error_law,
        best_threshold,
        lambda **given: least_mean_error(**given).upper,
        lambda **given: inversion_mse_quantile(0.3, **given),
        lambda **given: truncation_mse(0.5, **given),
    ):
        whole = function(num_clients=number, snr=snr)
        alone = [[function(num_clients=k, snr=g) for k in number] for g in snr[:, 0]]
        np.testing.assert_allclose(whole, alone, rtol=1e-9)


@law_of(truncation_participation, silence_probability, truncation_misalignment)
@given(threshold=thresholds, factor=st.floats(1.0, 10.0), number=clients)
def test_a_higher_threshold_silences_more(threshold, factor, number):
    some, fewer = truncation_participation([threshold, factor * threshold])
    assert 0.0 <= fewer <= some < 1.0
    silent, more = silence_probability([threshold, factor * threshold], num_clients=number)
    assert 0.0 <= silent <= more <= 1.0
    np.testing.assert_allclose(silent, (-np.expm1(-(threshold**2))) ** number, rtol=1e-9)
    assert silence_probability(threshold, num_clients=number + 1) <= silent
    missing = truncation_misalignment(threshold, num_clients=number)
    np.testing.assert_allclose(missing, number * (1.0 - some), rtol=1e-9, atol=1e-15 * number)
    assert truncation_participation(np.inf) == 0.0
    assert truncation_misalignment(np.inf, num_clients=number) == number


@law_of(aligned_snr, truncation_mse, truncation_misalignment)
@both_limits
@given(threshold=thresholds, number=clients, snr=snrs, factor=factors)
def test_an_average_limit_is_worth_more_than_one_in_each_draw(average_power, threshold, number, snr, factor):
    aligned = aligned_snr(threshold, snr=snr, average_power=average_power)
    assert aligned_snr(threshold, snr=snr, average_power=True) >= aligned_snr(threshold, snr=snr) * (1.0 - 1e-12)
    np.testing.assert_allclose(
        aligned_snr(threshold, snr=factor * snr, average_power=average_power), factor * aligned, rtol=1e-9
    )
    higher = aligned_snr(factor * threshold, snr=snr, average_power=average_power)
    assert higher >= aligned * (1.0 - 1e-12)
    error = truncation_mse(threshold, num_clients=number, snr=snr, average_power=average_power)
    np.testing.assert_allclose(error, truncation_misalignment(threshold, num_clients=number) + 1.0 / aligned, rtol=1e-12)


@law_of(best_threshold, truncation_mse)
@both_limits
@given(number=clients, snr=snrs, threshold=thresholds, near=st.floats(0.9, 1.1))
def test_no_threshold_beats_the_best(average_power, number, snr, threshold, near):
    def error(threshold):
        return truncation_mse(threshold, num_clients=number, snr=snr, average_power=average_power)

    best = best_threshold(num_clients=number, snr=snr, average_power=average_power)
    least = error(best)
    assert least <= number * (1.0 + 1e-9)
    for other in (threshold, near * best):
        assert least <= error(other) * (1.0 + 1e-9)


@law_of(mean_inverse_participants, noise_mse_of_mean, aligned_snr)
@given(threshold=thresholds, number=few_clients, snr=snrs, order=st.integers(1, 4), factor=st.floats(1.0, 10.0))
def test_means_over_more_clients_are_less_noisy(threshold, number, snr, order, factor):
    inverse = mean_inverse_participants(threshold, num_clients=number, order=order)
    assert float(number) ** -order * (1.0 - 1e-9) <= inverse <= 1.0 + 1e-9
    assert mean_inverse_participants(factor * threshold, num_clients=number, order=order) >= inverse * (1.0 - 1e-9)
    assert mean_inverse_participants(threshold, num_clients=number + 1, order=order) <= inverse * (1.0 + 1e-9)
    first = mean_inverse_participants(threshold, num_clients=number)
    assert inverse >= first**order * (1.0 - 1e-9)  # Jensen
    noise = noise_mse_of_mean(threshold, num_clients=number, snr=snr)
    second = mean_inverse_participants(threshold, num_clients=number, order=2)
    np.testing.assert_allclose(noise, second / aligned_snr(threshold, snr=snr), rtol=1e-9)


@law_of(channel_noise_multiplier)
@given(amplitude=decades(1e-12, 1e6), clip=decades(1e-6, 1e6), noise=decades(1e-30, 1e3), factor=factors)
def test_privacy_knows_only_signal_over_noise(amplitude, clip, noise, factor):
    def multiplier(amplitude, clip, noise, **kind):
        return channel_noise_multiplier(amplitude, clip=clip, noise_power_w=noise, **kind)

    at = multiplier(amplitude, clip, noise)
    for other in (
        multiplier(factor * amplitude, clip / factor, noise),
        multiplier(factor * amplitude, clip, factor**2 * noise),
        2.0 * multiplier(amplitude, clip, noise, replace=True),
    ):
        np.testing.assert_allclose(other, at, rtol=1e-9)
    assert multiplier(0.0, clip, noise) == np.inf


@law_of(composed_noise_multiplier)
@given(multipliers=counts.flatmap(lambda n: decade_arrays((2, n), 1e-6, 1e6)), factor=factors, data=st.data())
def test_rounds_together_are_less_private_than_each(multipliers, factor, data):
    together = composed_noise_multiplier(multipliers)
    assert (together <= multipliers.min(axis=-1) * (1.0 + 1e-12)).all()
    assert (together >= multipliers.min(axis=-1) / np.sqrt(multipliers.shape[1]) * (1.0 - 1e-12)).all()
    np.testing.assert_allclose(composed_noise_multiplier(factor * multipliers), factor * together, rtol=1e-9)
    order = data.draw(permutations(multipliers.shape[1]))
    np.testing.assert_allclose(composed_noise_multiplier(multipliers[:, order]), together, rtol=1e-12)
    silent = np.append(multipliers, np.full((2, 1), np.inf), axis=1)
    np.testing.assert_allclose(composed_noise_multiplier(silent), together, rtol=1e-12)
    assert composed_noise_multiplier([np.inf]) == np.inf


epsilons = st.just(0.0) | decades(1e-6, 1e3)
deltas = decades(1e-14, 0.9)
multipliers = decades(1e-2, 1e3)


@law_of(gaussian_delta)
@given(epsilon=epsilons, multiplier=decades(1e-6, 1e6), factor=factors)
def test_noise_and_budget_lower_delta(epsilon, multiplier, factor):
    delta = gaussian_delta(epsilon, noise_multiplier=multiplier)
    assert 0.0 <= delta <= 1.0
    slack = 1e-15
    assert gaussian_delta(factor * epsilon, noise_multiplier=multiplier) <= delta + slack
    assert gaussian_delta(epsilon, noise_multiplier=factor * multiplier) <= delta + slack
    assert gaussian_delta(epsilon, noise_multiplier=np.inf) == 0.0


@law_of(gaussian_delta)
@given(multiplier=decades(1e-3, 1e300))
@example(multiplier=1e15)
def test_without_budget_delta_is_the_total_variation(multiplier):
    """2Φ(μ/2) - 1, which is μ/√(2π) for small μ, to nearly all digits."""
    expected = erf(0.5 / multiplier / np.sqrt(2.0))
    np.testing.assert_allclose(gaussian_delta(0.0, noise_multiplier=multiplier), expected, rtol=1e-12)


@law_of(gaussian_epsilon, gaussian_delta)
@given(delta=deltas, multiplier=multipliers, factor=factors)
def test_epsilon_is_the_least_that_holds(delta, multiplier, factor):
    epsilon = gaussian_epsilon(delta, noise_multiplier=multiplier)
    assert epsilon >= 0.0
    assert gaussian_delta(epsilon, noise_multiplier=multiplier) <= delta
    if epsilon > 0.0:
        assert gaussian_delta(0.999 * epsilon, noise_multiplier=multiplier) >= delta * (1.0 - 1e-6)
    assert gaussian_epsilon(delta, noise_multiplier=factor * multiplier) <= epsilon * (1.0 + 1e-9)
    assert gaussian_epsilon(min(factor * delta, 0.99), noise_multiplier=multiplier) <= epsilon * (1.0 + 1e-9)


@law_of(needed_noise_multiplier, gaussian_delta)
@given(epsilon=epsilons, delta=decades(1e-100, 0.9), factor=factors)
@example(epsilon=0.0, delta=1e-20, factor=1.0)
@example(epsilon=0.0, delta=1e-100, factor=1.0)
def test_needed_noise_is_enough_and_no_more(epsilon, delta, factor):
    multiplier = needed_noise_multiplier(epsilon, delta=delta)
    assert 0.0 < multiplier < np.inf
    assert gaussian_delta(epsilon, noise_multiplier=multiplier) <= delta * (1.0 + 1e-9)
    assert gaussian_delta(epsilon, noise_multiplier=0.99 * multiplier) >= delta * (1.0 - 1e-6)
    assert needed_noise_multiplier(factor * epsilon, delta=delta) <= multiplier * (1.0 + 1e-9)
    assert needed_noise_multiplier(epsilon, delta=min(factor * delta, 0.99)) <= multiplier * (1.0 + 1e-9)


@law_of(gaussian_rdp, sampled_gaussian_rdp)
@given(
    order=st.integers(2, 1024), multiplier=decades(1e-3, 1e6), q=st.floats(0.0, 1.0), more=st.floats(0.0, 1.0), factor=factors
)
def test_sampling_hides(order, multiplier, q, more, factor):
    def divergence(order, q, multiplier=multiplier):
        return sampled_gaussian_rdp(order, noise_multiplier=multiplier, sampling_probability=q)

    whole = gaussian_rdp(order, noise_multiplier=multiplier)
    some = divergence(order, q)
    slack = 1e-12
    assert 0.0 <= some <= whole * (1.0 + 1e-9) + slack
    np.testing.assert_allclose(divergence(order, 1.0), whole, rtol=1e-9, atol=slack)
    assert divergence(order, 0.0) == 0.0
    assert divergence(order, q + more * (1.0 - q)) >= some * (1.0 - 1e-9) - slack
    assert divergence(order + 1, q) >= some * (1.0 - 1e-9) - slack
    assert divergence(order, q, factor * multiplier) <= some * (1.0 + 1e-9) + slack
    np.testing.assert_allclose(gaussian_rdp(order, noise_multiplier=factor * multiplier), whole / factor**2, rtol=1e-9)


@law_of(RenyiAccountant, gaussian_epsilon, gaussian_delta, composed_noise_multiplier)
@given(multiplier=decades(0.1, 1e3), rounds=st.integers(1, 1000), delta=decades(1e-12, 0.5), epsilon=decades(1e-3, 1e2))
def test_the_accountant_bounds_what_is_exact(multiplier, rounds, delta, epsilon):
    accountant = RenyiAccountant().compose(multiplier, num_rounds=rounds)
    exact = composed_noise_multiplier(np.full(rounds, multiplier))
    assert accountant.epsilon(delta) >= gaussian_epsilon(delta, noise_multiplier=exact) * (1.0 - 1e-9)
    assert 1.0 >= accountant.delta(epsilon) >= gaussian_delta(epsilon, noise_multiplier=exact) * (1.0 - 1e-9)


@law_of(RenyiAccountant)
@given(multiplier=decades(0.1, 1e3), first=st.integers(1, 50), second=st.integers(1, 50), q=st.floats(0.0, 1.0), delta=deltas)
def test_rounds_add_up_and_never_give_back(multiplier, first, second, q, delta):
    start = RenyiAccountant(orders=(2, 8, 64))
    once = start.compose(multiplier, sampling_probability=q, num_rounds=first)
    both = once.compose(multiplier, sampling_probability=q, num_rounds=second)
    together = start.compose(multiplier, sampling_probability=q, num_rounds=first + second)
    np.testing.assert_allclose(both.rdp, together.rdp, rtol=1e-9)
    assert both.epsilon(delta) >= once.epsilon(delta) >= start.epsilon(delta) == 0.0
    assert both.delta(1.0) >= once.delta(1.0) >= start.delta(1.0) == 0.0
    silent = once.compose(np.inf, num_rounds=second)
    np.testing.assert_array_equal(silent.rdp, once.rdp)
    for wrong in (0.0, 1.0, np.nan):
        with refused("delta"):
            once.epsilon(wrong)
