"""Rounding against its closed forms, band shares against two other solvers, and the digital sum at signal level."""

import itertools
import math

import cvxpy as cp
import numpy as np
import pytest

from aircomp import ChannelInversion
from aircomp.updates.digital_aggregation import (
    DigitalAggregation,
    best_band_shares,
    bits_for_rounding_mse,
    equal_band_shares,
    rounding_mse,
)
from aircomp.updates.stochastic_quantization import gaussian_peak_to_rms, quantization_mse, stochastic_quantization
from channels import Rayleigh
from latency_opt.cell.bandwidth import BandwidthProblem, minimize_deadline

SPLITS = [best_band_shares, equal_band_shares]
each_split = pytest.mark.parametrize("split", SPLITS, ids=["best", "equal"])


def draws(num=50, num_clients=6, seed=0):
    return Rayleigh().draw((num, num_clients), rng=np.random.default_rng(seed))


def digital(bits=8, split=best_band_shares, peak_to_rms=4.0):
    return DigitalAggregation(bits_per_parameter=bits, peak_to_rms=peak_to_rms, band_shares=split)


def rates(snr, shares):
    return shares * np.log1p(snr / shares) / np.log(2.0)


# Rounding


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_rounding_is_to_a_neighbouring_level_up_as_often_as_it_must(bits):
    """The same written out value by value, with the same random numbers."""
    values = np.random.default_rng(0).standard_normal((4, 30))
    rounded = stochastic_quantization(values, bits_per_parameter=bits, rng=np.random.default_rng(1))
    chance = np.random.default_rng(1).random(values.shape)
    for row, column in np.ndindex(values.shape):
        largest, levels = max(abs(v) for v in values[row]), 2 ** (bits - 1) - 1
        scaled = values[row, column] / largest * levels
        level = math.floor(scaled)
        assert rounded[row, column] == largest * ((level + (chance[row, column] < scaled - level)) / levels)


@pytest.mark.parametrize("bits", [2, 4, 7])
def test_rounding_is_unbiased_and_its_error_is_the_conditional_expectation(bits):
    num = 20_000
    values = np.random.default_rng(2).standard_normal((3, 5))
    rng = np.random.default_rng(3)
    rounded = stochastic_quantization(np.broadcast_to(values, (num, 3, 5)), bits_per_parameter=bits, rng=rng)
    step = np.abs(values).max(axis=-1, keepdims=True) / (2 ** (bits - 1) - 1)
    up = values / step % 1.0
    assert (np.abs(rounded.mean(axis=0) - values) <= 4 * step * np.sqrt(up * (1 - up) / num) + 1e-12).all()
    error = np.sum((rounded - values) ** 2, axis=-1)
    expected = quantization_mse(values, bits_per_parameter=bits)
    assert (np.abs(error.mean(axis=0) - expected) < 4 * error.std(axis=0) / np.sqrt(num)).all()


def test_rounding_errs_most_in_the_middle_of_a_step_and_by_a_sixth_on_average():
    levels = 7  # 4 bits
    within = np.linspace(0.0, 1.0, 100_001)
    for middle, expected in ((np.array([0.5]), 1 / 4), (within, 1 / 6)):
        values = np.append(2.0 + middle, levels)  # in steps; the last sets the scale and is exact
        error = quantization_mse(values, bits_per_parameter=4) / len(middle)
        np.testing.assert_allclose(error, expected, rtol=2e-5)
    values = np.random.default_rng(4).standard_normal((50, 40))
    step = np.abs(values).max(axis=-1) / levels
    assert (quantization_mse(values, bits_per_parameter=4) <= 40 * step**2 / 4).all()


def test_nothing_to_round_is_exact():
    zero = np.zeros((2, 3), dtype=np.float32)
    rounded = stochastic_quantization(zero, bits_per_parameter=2, rng=np.random.default_rng(0))
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded, 0.0)
    np.testing.assert_array_equal(quantization_mse(zero, bits_per_parameter=2), 0.0)


@pytest.mark.parametrize("num_values", [1, 3, 1000])
def test_the_peak_of_gaussian_values(num_values):
    largest = np.abs(np.random.default_rng(5).standard_normal((10_000, num_values))).max(axis=1) ** 2
    assert abs(largest.mean() - gaussian_peak_to_rms(num_values) ** 2) < 4 * largest.std() / 100
    np.testing.assert_allclose(gaussian_peak_to_rms(1), 1.0, rtol=1e-12)
    # Between the union bound's E[max v²] <= 2 ln d + 2, and 2 ln d less what the tail's factor takes.
    for d in (10**3, 10**6, 10**12):
        assert 2 * np.log(d) - np.log(2 * np.log(d)) < gaussian_peak_to_rms(d) ** 2 < 2 * np.log(d) + 2


@pytest.mark.parametrize(("bits", "tolerance"), [(3, 1e-3), (5, 1e-9)])
def test_gaussian_values_err_as_if_uniform_within_a_step(bits, tolerance):
    """By quadrature over the density, at a fixed step; at 2 bits less, by the share that the docstring states."""
    v = np.linspace(-9.0, 9.0, 2_000_001)
    density = np.exp(-(v**2) / 2) * (v[1] - v[0]) / np.sqrt(2 * np.pi)

    def over_model(bits, peak):
        step = peak / (2 ** (bits - 1) - 1)
        up = v / step - np.floor(v / step)
        error = 2 * np.sum(density * up * (1 - up)) * step**2 / 2  # two values of mean square 1/2
        return error / rounding_mse(bits, weights=[1.0], peak_to_rms=peak)

    assert abs(over_model(bits, 5.0) - 1.0) < tolerance
    k = np.arange(1, 6)
    less = 6 / np.pi**2 * np.sum(np.exp(-2 * np.pi**2 * k**2 / 3.5**2) / k**2)
    np.testing.assert_allclose(over_model(2, 3.5), 1.0 - less, rtol=1e-5)
    assert 0.115 < less < 0.125


def test_each_bit_quarters_the_error_and_bits_are_found_from_it():
    weights = np.array([[1.0, 2.0, 0.5], [1.0, 0.0, 0.0]])
    bits = np.array([2, 2.7, 5, 12, 20])[:, None]
    error = rounding_mse(bits, weights=weights, peak_to_rms=3.0)
    assert error.shape == (5, 2)
    np.testing.assert_allclose(bits_for_rounding_mse(error, weights=weights, peak_to_rms=3.0), bits + np.zeros(2), rtol=1e-12)
    ratio = rounding_mse(15, weights=[1.0], peak_to_rms=3.0) / rounding_mse(16, weights=[1.0], peak_to_rms=3.0)
    np.testing.assert_allclose(ratio, 4.0, rtol=1e-3)
    assert bits_for_rounding_mse(1e9, weights=[1.0], peak_to_rms=3.0) == 2.0
    assert bits_for_rounding_mse(0.0, weights=[1.0], peak_to_rms=3.0) == np.inf


# Shares of the band


@pytest.mark.parametrize("mean_snr", [1e-6, 1e-2, 1.0, 1e4])
@pytest.mark.parametrize("num_clients", [1, 3, 20])
def test_band_shares_agree_with_lamberts_function(num_clients, mean_snr):
    snr = mean_snr * np.random.default_rng(6).exponential(size=(100, num_clients))
    problem = BandwidthProblem(
        compute_s=np.zeros(num_clients), payload_bits=1.0, gain_power_w=snr, noise_psd_w_per_hz=1.0, bandwidth_hz=1.0
    )
    other = minimize_deadline(problem)
    shares = best_band_shares(snr)
    np.testing.assert_allclose(shares, other.bandwidth_hz, atol=1e-11)
    np.testing.assert_allclose(1.0 / rates(snr, shares).min(axis=-1), other.deadline_s, rtol=1e-11)


def test_a_convex_program_finds_the_same_shares():
    for snr in 10.0 ** np.random.default_rng(7).uniform(-1.0, 2.0, (10, 5)):
        share, rate = cp.Variable(5), cp.Variable()
        problem = cp.Problem(cp.Maximize(rate), [rate <= -cp.rel_entr(share, share + snr), cp.sum(share) <= 1])
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
        shares = best_band_shares(snr)
        np.testing.assert_allclose(shares, share.value, atol=1e-5)
        np.testing.assert_allclose(rates(snr, shares).min() * np.log(2.0), rate.value, rtol=1e-7)


@pytest.mark.parametrize("mean_snr", [1e-20, 1e-9, 1.0, 1e9, 1e30])
@pytest.mark.parametrize("decades", [0, 3, 8])
def test_shares_make_all_finish_together_at_any_snr(mean_snr, decades):
    for num_clients in (2, 10, 300):
        snr = mean_snr * 10.0 ** (decades * np.random.default_rng(8).standard_normal((20, num_clients)))
        shares = best_band_shares(snr)
        np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=1e-12)
        rate = rates(snr, shares)
        assert (rate.max(axis=-1) <= rate.min(axis=-1) * (1 + 1e-12)).all()


def test_equal_clients_get_equal_shares_and_who_is_not_heard_none():
    for snr in (1e-18, 1e-6, 1.0, 1e12):
        for split in SPLITS:
            np.testing.assert_allclose(split([snr, 0.0, snr, snr]), [1 / 3, 0.0, 1 / 3, 1 / 3], rtol=1e-12)
    for split in SPLITS:
        with pytest.raises(ValueError, match="snr: got a draw in which every client's is 0"):
            split([[1.0, 0.0], [0.0, 0.0]])
        with pytest.raises(ValueError, match="snr: got -1"):
            split([1.0, -1.0])


# The sum


@pytest.mark.parametrize("bits", [3, 4, 6])
def test_signal_level_error_meets_the_closed_form(bits):
    """Gaussian blocks rounded and added, errors a complex symbol: within four standard errors over blocks."""
    num, num_values = 300, 1024
    values = np.random.default_rng(9).standard_normal((num, 4, num_values)) / np.sqrt(2.0)  # two make a symbol of unit power
    received = stochastic_quantization(values, bits_per_parameter=bits, rng=np.random.default_rng(bits))
    for gain in ([1.0, 0.5j, 2.0, -0.1], [1.0, 0.5j, 2.0, 0.0]):
        plan = digital(bits, peak_to_rms=gaussian_peak_to_rms(num_values)).plan(
            gain, power_w=1.0, noise_power_w=0.1, weights=[1.0, 0.5, 2.0, 0.3]
        )
        wanted = np.einsum("i,nid->nd", plan.weights, values)
        got = np.einsum("i,nid->nd", plan.weights * plan.active, received)
        error = np.sum((got - wanted) ** 2, axis=-1) / (num_values / 2)
        expected = plan.silent_mse + (plan.mse - plan.silent_mse) * (1 - 1 / num_values)  # the largest value is exact
        assert abs(error.mean() - expected) < 4 * error.std() / np.sqrt(num)


def test_costs_by_hand():
    """Two clients of SNR 3/2 over the band: in half of it 3, so 1 bit each a channel use."""
    plan = digital(bits=5, peak_to_rms=3.0).plan([1.0, -1.0j], power_w=3.0, noise_power_w=2.0)
    np.testing.assert_allclose(plan.band_share, 0.5, rtol=1e-12)
    np.testing.assert_allclose(plan.rate, 1.0, rtol=1e-12)
    np.testing.assert_allclose(plan.symbols_per_value, 5.0, rtol=1e-12)
    np.testing.assert_allclose(plan.mse, 2 * 9 / (6 * 15**2), rtol=1e-12)
    np.testing.assert_allclose(plan.air_time_ratio(plan.mse), 5.0 / 0.5, rtol=1e-12)


def test_in_equal_bands_the_strong_are_done_before_the_weak():
    """SNRs of 1/2 and 7/2 over the band are 1 and 7 in half of it: 1/2 and 3/2 bits, three times as many."""
    plan = digital(split=equal_band_shares).plan(np.sqrt([0.5, 3.5]), power_w=1.0, noise_power_w=1.0)
    np.testing.assert_allclose(plan.rate, [0.5, 1.5], rtol=1e-12)
    np.testing.assert_allclose([plan.rate_spread, plan.symbols_per_value], [2.0, 16.0], rtol=1e-12)


@each_split
def test_equal_error_air_time_against_an_over_the_air_sum(split):
    """The bits it says give the analog error, and take the analog time times the ratio; whole ones no more error."""
    gain, power, noise = draws(), np.arange(1.0, 7.0), 2.0
    analog = ChannelInversion().plan(gain, power_w=power, noise_power_w=noise)
    plan = digital(split=split).plan(gain, power_w=power, noise_power_w=noise)
    bits = plan.bits_for(analog.mse)
    finer = bits > 2.0
    assert 25 < finer.sum() < 50
    again = rounding_mse(bits, weights=plan.weights, peak_to_rms=4.0)
    np.testing.assert_allclose(again[finer], analog.mse[finer], rtol=1e-9)
    assert (again[~finer] <= analog.mse[~finer]).all()
    np.testing.assert_allclose(plan.air_time_ratio(analog.mse), 2.0 * bits / plan.rate.min(axis=-1), rtol=1e-12)
    whole = rounding_mse(np.ceil(bits), weights=plan.weights, peak_to_rms=4.0)
    assert (whole <= analog.mse * (1 + 1e-12)).all()


def test_who_has_no_channel_is_left_out_and_counted():
    plan = digital().plan([1.0, 0.0, 0.5j], power_w=1.0, noise_power_w=0.1, weights=[1.0, 2.0, 1.0])
    without = digital().plan([1.0, 0.5j], power_w=1.0, noise_power_w=0.1)
    assert plan.active.tolist() == [True, False, True]
    assert plan.rate[1] == plan.band_share[1] == 0.0
    np.testing.assert_allclose(plan.symbols_per_value, without.symbols_per_value, rtol=1e-12)
    np.testing.assert_allclose(plan.mse, without.mse + 4.0, rtol=1e-12)
    assert plan.bits_for(4.0) == plan.bits_for(3.0) == plan.air_time_ratio(3.9) == np.inf
    np.testing.assert_allclose(plan.bits_for(4.0 + without.mse), 8.0, rtol=1e-9)
    with pytest.raises(ValueError, match="gain: got a draw in which every"):
        digital().plan([0.0, 0.0], power_w=1.0, noise_power_w=0.1)


def test_the_best_split_is_never_slower_and_no_small_change_to_it_is_faster():
    gain = draws()
    best, equal = (digital(split=split).plan(gain, power_w=1.0, noise_power_w=0.3) for split in SPLITS)
    assert (best.symbols_per_value < equal.symbols_per_value).all()
    assert (best.rate_spread < 1e-12).all()
    assert (equal.rate_spread > 1e-3).all()
    rng, snr = np.random.default_rng(11), np.abs(gain) ** 2 / 0.3
    for size in (1e-6, 1e-3, 0.3):
        other = best.band_share * np.exp(size * rng.standard_normal((200, *gain.shape)))
        other /= other.sum(axis=-1, keepdims=True)
        assert (rates(snr, other).min(axis=-1) < best.rate.min(axis=-1)).all()


@each_split
def test_more_power_never_takes_longer_and_more_clients_do(split):
    cost = [digital(split=split).plan(draws(), power_w=p, noise_power_w=0.1).symbols_per_value for p in (0.1, 0.2, 1.0, 50.0)]
    assert all((later < earlier).all() for earlier, later in itertools.pairwise(cost))
    fewer = digital(split=split).plan(draws()[:, :5], power_w=1.0, noise_power_w=0.1)
    assert (fewer.symbols_per_value < cost[2]).all()


@each_split
def test_permuting_clients_permutes_the_plan_and_units_do_not_matter(split):
    gain, order, power = draws(), np.random.default_rng(12).permutation(6), np.arange(1.0, 7.0)
    plan = digital(split=split).plan(gain, power_w=power, noise_power_w=0.1)
    other = digital(split=split).plan(gain[:, order], power_w=1000.0 * power[order], noise_power_w=np.full(50, 100.0))
    np.testing.assert_allclose(other.rate, plan.rate[:, order], rtol=1e-11)
    np.testing.assert_allclose(other.mse, plan.mse)
    alone = digital(split=split).plan(gain[3], power_w=power, noise_power_w=0.1)
    np.testing.assert_allclose(alone.symbols_per_value, plan.symbols_per_value[3], rtol=1e-11)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: digital(bits=1.5), "bits_per_parameter: got 1.5; allowed is a finite number >= 2 and <= 31"),
        (lambda: digital(peak_to_rms=0.5), "peak_to_rms: got 0.5"),
        (lambda: digital().plan([1.0], power_w=1.0, noise_power_w=0.0), "noise_power_w: got 0; allowed is a finite number > 0"),
        (lambda: digital().plan([1.0], power_w=0.0, noise_power_w=1.0), "power_w: got 0"),
        (lambda: digital().plan([1.0], power_w=1.0, noise_power_w=1.0).bits_for(-1.0), "target_mse: got -1"),
        (lambda: rounding_mse(1, weights=[1.0], peak_to_rms=2.0), "bits_per_parameter: got 1"),
        (lambda: quantization_mse(np.ones(2), bits_per_parameter=32), "bits_per_parameter: got 32"),
        (lambda: quantization_mse(np.ones(2), bits_per_parameter=2.5), "bits_per_parameter: got 2.5; allowed is an integer"),
        (lambda: gaussian_peak_to_rms(0), "num_values: got 0"),
    ],
)
def test_bad_input_names_the_argument(make, message):
    with pytest.raises(ValueError, match=message):
        make()
