"""Laws of what carries updates: symbols, grids, scales, bits and bands."""

import functools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aircomp import (
    DigitalAggregation,
    DigitalAggregationPlan,
    LargestNorm,
    OFDMGrid,
    RootMeanSquareNorm,
    Scale,
    Standardized,
    best_band_shares,
    bits_for_rounding_mse,
    equal_band_shares,
    gaussian_peak_to_rms,
    num_symbols,
    pack_symbols,
    quantization_mse,
    rounding_mse,
    stochastic_quantization,
    unpack_symbols,
)
from channels import Numerology
from covered import law_of
from links import plan_settings
from strategies import batches, counts, decade_arrays, decades, permutations, power_gains, refused, seeds

SCALINGS = [LargestNorm(), RootMeanSquareNorm(), Standardized()]
every_scaling = pytest.mark.parametrize("scaling", SCALINGS, ids=lambda scaling: type(scaling).__name__)
bits = st.integers(2, 31)
factors = st.sampled_from([2.0**-20, 2.0**20])


@st.composite
def vectors(draw, *, low=1e-12, high=1e12):
    """(..., d) values of either sign over many decades, zeros among them."""
    shape = (*draw(batches), draw(st.integers(1, 9)))
    size = draw(decade_arrays(shape, low, high))
    return size * draw(arrays(float, shape, elements=st.sampled_from([-1.0, 0.0, 1.0])))


@law_of(num_symbols, pack_symbols, unpack_symbols)
@given(values=vectors())
def test_symbols_carry_values_there_and_back(values):
    symbols = pack_symbols(values)
    number = values.shape[-1]
    assert symbols.shape == (*values.shape[:-1], num_symbols(number))
    np.testing.assert_array_equal(unpack_symbols(symbols, number), values)
    np.testing.assert_allclose(np.sum(np.abs(symbols) ** 2, axis=-1), np.sum(values**2, axis=-1), rtol=1e-12)
    np.testing.assert_array_equal(pack_symbols(2.0 * values), 2.0 * symbols)


@law_of(num_symbols, pack_symbols, unpack_symbols)
def test_what_is_no_number_of_values_is_refused():
    for wrong in (-1, 0, 2.5):
        with refused("num_values"):
            num_symbols(wrong)
    with refused("values"):
        pack_symbols(np.array(1.0))
    with refused("symbols"):
        unpack_symbols(np.ones(2, dtype=complex), 5)


@st.composite
def grids(draw):
    return OFDMGrid(
        num_subcarriers=draw(st.integers(1, 20)),
        subcarrier_spacing_hz=draw(decades(1.0, 1e6)),
        cyclic_prefix_s=draw(st.just(0.0) | decades(1e-9, 1e-3)),
    )


@law_of(OFDMGrid)
@given(grid=grids(), values=vectors())
def test_grids_carry_values_there_and_back(grid, values):
    number = values.shape[-1]
    elements = grid.pack(values)
    assert elements.shape == (*values.shape[:-1], grid.num_ofdm_symbols(number), grid.num_subcarriers)
    np.testing.assert_array_equal(grid.unpack(elements, number), values)
    np.testing.assert_allclose(np.sum(np.abs(elements) ** 2, axis=(-2, -1)), np.sum(values**2, axis=-1), rtol=1e-12)
    where = grid.subcarriers(number)
    for subcarrier in range(grid.num_subcarriers):
        only = np.zeros_like(elements)
        only[..., subcarrier] = elements[..., subcarrier]
        np.testing.assert_array_equal(grid.unpack(only, number), np.where(where == subcarrier, values, 0.0))
    with refused("grid"):
        grid.unpack(elements[..., :-1, :], number)


@law_of(OFDMGrid)
@given(grid=grids(), number=st.integers(1, 10_000), more=st.integers(0, 1000))
def test_more_values_take_no_less_time(grid, number, more):
    time_s = grid.air_time_s(number)
    assert time_s <= grid.air_time_s(number + more)
    assert time_s >= number / (2.0 * grid.bandwidth_hz) * (1.0 - 1e-12)
    assert time_s <= (number / (2.0 * grid.num_subcarriers) + 1.0) * grid.symbol_s * (1.0 + 1e-12)
    assert grid.prefix_samples <= grid.cyclic_prefix_s * grid.bandwidth_hz * (1.0 + 1e-9)
    assert grid.symbol_s == 1.0 / grid.subcarrier_spacing_hz + grid.cyclic_prefix_s


@law_of(OFDMGrid)
@given(index=st.integers(0, 4), blocks=st.integers(1, 275))
def test_carriers_of_5g_fill_their_slots(index, blocks):
    numerology = Numerology(index=index)
    grid = OFDMGrid.from_numerology(numerology, num_resource_blocks=blocks)
    np.testing.assert_allclose(14.0 * grid.symbol_s, numerology.slot_s, rtol=1e-12)
    np.testing.assert_allclose(grid.bandwidth_hz, numerology.occupied_bandwidth_hz(blocks), rtol=1e-12)


@law_of(LargestNorm, RootMeanSquareNorm, Standardized)
@every_scaling
@given(updates=vectors().filter(lambda values: values.ndim == 2), factor=factors, data=st.data())
def test_scales_follow_the_updates_and_know_no_order(scaling, updates, factor, data):
    scale, larger = scaling.scale(updates), scaling.scale(factor * updates)
    assert isinstance(scale, Scale)
    assert scale.factor >= 0.0
    np.testing.assert_allclose([larger.factor, larger.offset], [factor * scale.factor, factor * scale.offset], rtol=1e-9)
    turned = scaling.scale(updates[data.draw(permutations(len(updates)))])
    tolerance = 1e-12 * np.abs(updates).max()
    np.testing.assert_allclose([turned.factor, turned.offset], [scale.factor, scale.offset], rtol=1e-9, atol=tolerance)
    flipped = scaling.scale(-updates)
    np.testing.assert_allclose([flipped.factor, flipped.offset], [scale.factor, -scale.offset], rtol=1e-12)
    nothing = scaling.scale(0.0 * updates)
    assert nothing.factor == nothing.offset == 0.0


@law_of(LargestNorm, RootMeanSquareNorm, Standardized, pack_symbols)
@given(updates=vectors().filter(lambda values: values.ndim == 2))
def test_symbol_power_is_one_for_the_largest_or_on_average(updates):
    assume(np.ptp(updates) > 1e-6 * np.abs(updates).max())

    def power(scaling):
        scale = scaling.scale(updates)
        symbols = pack_symbols((updates - scale.offset) / scale.factor)
        return np.mean(np.abs(symbols) ** 2, axis=-1)

    np.testing.assert_allclose(power(LargestNorm()).max(), 1.0, rtol=1e-9)
    np.testing.assert_allclose(power(RootMeanSquareNorm()).mean(), 1.0, rtol=1e-9)
    count = updates.shape[-1]
    np.testing.assert_allclose(power(Standardized()).mean(), count / (2.0 * num_symbols(count)), rtol=1e-6)


@law_of(stochastic_quantization, quantization_mse)
@given(values=vectors(low=1e-300, high=1e300) | vectors(), bits=bits, seed=seeds)
def test_rounding_goes_to_the_level_above_or_below(values, bits, seed):
    rounded, again = (
        stochastic_quantization(values, bits_per_parameter=bits, rng=np.random.default_rng(seed)) for _ in range(2)
    )
    np.testing.assert_array_equal(rounded, again)
    largest = np.abs(values).max(axis=-1, keepdims=True)
    step = largest / (2 ** (bits - 1) - 1)
    assert (np.abs(rounded - values) <= step * (1.0 + 1e-6)).all()
    assert (np.abs(rounded) <= largest * (1.0 + 1e-12)).all()
    np.testing.assert_allclose(np.abs(rounded).max(axis=-1), largest[..., 0], rtol=1e-12)
    assert (rounded[values == 0.0] == 0.0).all()


@law_of(stochastic_quantization, quantization_mse)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(scale=st.integers(1, 2**20), bits=bits, seed=seeds)
def test_the_smallest_numbers_are_rounded_too(kind, scale, bits, seed):
    """Whose step is smaller than any number."""
    smallest = np.finfo(kind).smallest_subnormal
    values = (scale * np.array([[1.0, -0.5, 0.0]])).astype(kind) * smallest
    rounded = stochastic_quantization(values, bits_per_parameter=bits, rng=np.random.default_rng(seed))
    assert rounded.dtype == kind
    assert np.isfinite(rounded).all()
    assert (np.abs(rounded) <= np.abs(values[0, 0])).all()
    assert np.isfinite(quantization_mse(values, bits_per_parameter=bits)).all()


@law_of(quantization_mse, stochastic_quantization)
@given(values=vectors(), bits=st.integers(2, 30), factor=factors)
def test_more_bits_lower_the_bound_and_units_scale_the_error(values, bits, factor):
    error = quantization_mse(values, bits_per_parameter=bits)
    assert error.shape == values.shape[:-1]
    step = np.abs(values).max(axis=-1) / (2 ** (bits - 1) - 1)
    assert (error >= 0.0).all()
    assert (error <= 0.25 * step**2 * values.shape[-1] * (1.0 + 1e-9)).all()
    np.testing.assert_allclose(quantization_mse(factor * values, bits_per_parameter=bits), factor**2 * error, rtol=1e-9)


@law_of(quantization_mse, stochastic_quantization)
@given(values=vectors(low=1e-2, high=1e2), bits=st.integers(2, 8), seed=seeds)
def test_the_error_is_that_of_the_rounding(values, bits, seed):
    """Without bias, within six standard errors of a mean of 2000; an error is at most a step."""
    repeated = np.broadcast_to(values, (2000, *values.shape))
    rounded = stochastic_quantization(repeated, bits_per_parameter=bits, rng=np.random.default_rng(seed))
    step = np.abs(values).max(axis=-1, keepdims=True) / (2 ** (bits - 1) - 1)
    tolerance = 6.0 / np.sqrt(2000.0)
    assert (np.abs(rounded.mean(axis=0) - values) <= 0.5 * tolerance * step + 1e-12).all()
    measured = np.sum((rounded - values) ** 2, axis=-1).mean(axis=0)
    expected = quantization_mse(values, bits_per_parameter=bits)
    assert (np.abs(measured - expected) <= tolerance * step[..., 0] ** 2 * values.shape[-1]).all()


@law_of(stochastic_quantization, quantization_mse)
@pytest.mark.parametrize("bits", [1, 32, 2.5, np.nan, -1])
def test_bits_are_whole_and_enough(bits):
    for function in (quantization_mse, functools.partial(stochastic_quantization, rng=np.random.default_rng(0))):
        with refused("bits_per_parameter"):
            function(np.ones(3), bits_per_parameter=bits)


@law_of(gaussian_peak_to_rms)
@given(number=st.integers(1, 10**9), more=st.floats(1.0, 10.0))
def test_the_largest_of_more_is_larger(number, more):
    peak = gaussian_peak_to_rms(number)
    assert 1.0 - 1e-9 <= peak <= np.sqrt(2.0 * np.log(2.0 * number)) + 1.0
    assert gaussian_peak_to_rms(int(number * more)) >= peak * (1.0 - 1e-9)


@law_of(rounding_mse, bits_for_rounding_mse)
@given(
    bits=st.floats(2.0, 31.0),
    weights=counts.flatmap(lambda n: decade_arrays(n, 1e-6, 1e6)),
    peak=decades(1e-2, 1e3),
    factor=factors,
    more=st.floats(0.0, 20.0),
)
def test_bits_and_errors_are_inverse(bits, weights, peak, factor, more):
    error = rounding_mse(bits, weights=weights, peak_to_rms=peak)
    np.testing.assert_allclose(bits_for_rounding_mse(error, weights=weights, peak_to_rms=peak), bits, rtol=1e-6)
    assert rounding_mse(bits + more, weights=weights, peak_to_rms=peak) <= error
    np.testing.assert_allclose(rounding_mse(bits, weights=factor * weights, peak_to_rms=peak), factor**2 * error, rtol=1e-9)
    np.testing.assert_allclose(rounding_mse(bits, weights=weights, peak_to_rms=factor * peak), factor**2 * error, rtol=1e-9)
    assert bits_for_rounding_mse(0.0, weights=weights, peak_to_rms=peak) == np.inf
    assert bits_for_rounding_mse(1e300, weights=weights, peak_to_rms=peak) == 2.0


@st.composite
def snrs(draw):
    """(2, K) SNRs over 240 dB, some of them 0."""
    snr = 1e12 * draw(power_gains((2, draw(counts)), zeros=True))
    snr[:, 0] = np.where(snr[:, 0] > 0.0, snr[:, 0], 1.0)
    return snr


@law_of(best_band_shares, equal_band_shares)
@pytest.mark.parametrize("shares", [best_band_shares, equal_band_shares])
@given(snr=snrs(), data=st.data())
def test_the_band_is_shared_out_among_those_who_are_heard(shares, snr, data):
    share = shares(snr)
    np.testing.assert_allclose(share.sum(axis=-1), 1.0, rtol=1e-12)
    assert ((share > 0.0) == (snr > 0.0)).all()
    order = data.draw(permutations(snr.shape[1]))
    np.testing.assert_allclose(shares(snr[:, order]), share[:, order], rtol=1e-9)
    for draw in range(2):
        np.testing.assert_allclose(shares(snr[draw]), share[draw], rtol=1e-9)
    for wrong in ([-1.0, 1.0], [np.nan], [0.0, 0.0]):
        with refused("snr"):
            shares(wrong)


def rates(share, snr):
    return np.where(snr > 0.0, share * np.log1p(snr / np.where(share > 0.0, share, 1.0)), np.inf)


@law_of(best_band_shares, equal_band_shares)
@given(snr=snrs(), factor=decades(1.0, 1e6))
def test_best_shares_make_all_rates_equal(snr, factor):
    rate = rates(best_band_shares(snr), snr)
    slowest = rate.min(axis=-1)
    fastest = np.where(np.isfinite(rate), rate, 0.0).max(axis=-1)
    np.testing.assert_allclose(fastest, slowest, rtol=1e-9)
    assert (slowest >= rates(equal_band_shares(snr), snr).min(axis=-1) * (1.0 - 1e-9)).all()
    assert (rates(best_band_shares(factor * snr), factor * snr).min(axis=-1) >= slowest * (1.0 - 1e-9)).all()
    if snr.shape[1] == 1:
        np.testing.assert_array_equal(best_band_shares(snr), 1.0)


@law_of(DigitalAggregation, DigitalAggregationPlan)
@given(setting=plan_settings(), bits=st.floats(2.0, 31.0), peak=st.floats(1.0, 10.0), noise=decades(1e-15, 1e3))
def test_more_bits_cost_time_and_save_error(setting, bits, peak, noise):
    setting = setting.but(noise_power_w=noise)
    plan = setting.plan(DigitalAggregation(bits_per_parameter=bits, peak_to_rms=peak))
    equal = setting.plan(DigitalAggregation(bits_per_parameter=bits, peak_to_rms=peak, band_shares=equal_band_shares))
    more = setting.plan(DigitalAggregation(bits_per_parameter=31.0, peak_to_rms=peak))
    assert (plan.mse >= more.mse * (1.0 - 1e-12)).all()
    assert (plan.symbols_per_value <= more.symbols_per_value).all()
    assert (plan.symbols_per_value <= equal.symbols_per_value * (1.0 + 1e-6)).all()
    assert np.isfinite(plan.symbols_per_value).all()
    assert (plan.rate_spread < 1e-6).all()
    assert ((plan.rate > 0.0) == plan.active).all()
    silent = np.sum(np.where(setting.gain == 0.0, setting.weights**2, 0.0), axis=-1)
    np.testing.assert_allclose(plan.silent_mse, silent, rtol=1e-12)
    rounding = rounding_mse(bits, weights=setting.weights * plan.active, peak_to_rms=peak)
    np.testing.assert_allclose(plan.mse, silent + rounding, rtol=1e-9)
    assert (plan.bits_for(0.5 * silent) == np.inf).all()
    target = 2.0 * plan.mse
    assert (plan.bits_for(target) <= bits * (1.0 + 1e-9)).all()
    np.testing.assert_allclose(plan.air_time_ratio(target), 2.0 * plan.bits_for(target) / bits * plan.symbols_per_value)


@law_of(DigitalAggregation, DigitalAggregationPlan)
@given(setting=plan_settings(deaf=False), noise=decades(1e-15, 1e3), factor=decades(1.0, 1e6))
def test_power_buys_time_and_noise_costs_it(setting, noise, factor):
    digital = DigitalAggregation(bits_per_parameter=8, peak_to_rms=4.0)
    setting = setting.but(noise_power_w=noise)
    at = setting.plan(digital).symbols_per_value
    assert (setting.but(power_w=factor * setting.power_w).plan(digital).symbols_per_value <= at * (1.0 + 1e-6)).all()
    assert (setting.but(noise_power_w=factor * noise).plan(digital).symbols_per_value >= at * (1.0 - 1e-6)).all()
    louder = setting.but(power_w=1024.0 * setting.power_w, noise_power_w=1024.0 * noise).plan(digital)
    np.testing.assert_allclose(louder.symbols_per_value, at, rtol=1e-9)
