"""Laws of what is known of a channel: estimates from pilots, and radios that are not synchronous."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import (
    ChannelKnowledge,
    Estimator,
    Rayleigh,
    exponential_correlation,
    least_squares_estimate,
    mmse_error_power,
    mmse_estimate,
    phase_rotation,
    timing_rotation,
)
from covered import law_of
from strategies import batches, complex_gains, counts, decades, refused, rngs, seeds

pilot_snrs = decades(1e-10, 1e20)
factors = decades(1.0, 1e6)


@law_of(least_squares_estimate)
@given(channel=batches.flatmap(complex_gains), pilot_snr=pilot_snrs, factor=factors, seed=seeds)
def test_four_times_the_pilots_halve_the_error(channel, pilot_snr, factor, seed):
    def error(pilot_snr):
        estimate = least_squares_estimate(0.0 * channel, pilot_snr=pilot_snr, rng=np.random.default_rng(seed))
        assert estimate.shape == channel.shape
        whole = least_squares_estimate(channel, pilot_snr=pilot_snr, rng=np.random.default_rng(seed))
        np.testing.assert_allclose(whole, channel + estimate, rtol=1e-12)
        return estimate

    np.testing.assert_allclose(np.sqrt(factor) * error(factor * pilot_snr), error(pilot_snr), rtol=1e-9)


@law_of(mmse_estimate, least_squares_estimate)
@given(channel=complex_gains((3, 4)), pilot_snr=pilot_snrs, seed=seeds)
def test_without_correlation_mmse_shrinks_least_squares(channel, pilot_snr, seed):
    rngs = [np.random.default_rng(seed) for _ in range(3)]
    plain = mmse_estimate(channel, pilot_snr=pilot_snr, rng=rngs[0])
    unit = mmse_estimate(channel, pilot_snr=pilot_snr, correlation=np.eye(4), rng=rngs[1])
    least_squares = least_squares_estimate(channel, pilot_snr=pilot_snr, rng=rngs[2])
    np.testing.assert_allclose(plain, least_squares * pilot_snr / (1.0 + pilot_snr), rtol=1e-9)
    np.testing.assert_allclose(unit, plain, rtol=1e-9, atol=1e-300)


@law_of(mmse_error_power, exponential_correlation)
@given(num_antennas=counts, coefficient=st.floats(0.0, 1.0), pilot_snr=pilot_snrs, factor=factors)
def test_correlation_and_pilots_lower_the_error(num_antennas, coefficient, pilot_snr, factor):
    correlation = exponential_correlation(num_antennas, coefficient=coefficient)
    error = mmse_error_power(pilot_snr, correlation=correlation)
    slack = 1e-12
    assert -slack <= error <= mmse_error_power(pilot_snr) + slack
    assert mmse_error_power(factor * pilot_snr, correlation=correlation) <= error + slack
    assert mmse_error_power(pilot_snr, correlation=np.eye(num_antennas)) == pytest.approx(1.0 / (1.0 + pilot_snr), abs=slack)


@law_of(mmse_error_power, mmse_estimate)
@given(coefficient=st.floats(0.0, 0.999), pilot_snr=decades(1e-3, 1e6), seed=seeds)
def test_the_error_is_that_of_the_estimates(coefficient, pilot_snr, seed):
    """Over 4000 draws of two antennas, within six standard errors of a mean of exponential variables."""
    rng = np.random.default_rng(seed)
    correlation = exponential_correlation(2, coefficient=coefficient)
    channel = Rayleigh().draw((4000, 2), rng=rng) @ np.linalg.cholesky(correlation).T
    estimate = mmse_estimate(channel, pilot_snr=pilot_snr, correlation=correlation, rng=rng)
    measured = np.mean(np.abs(estimate - channel) ** 2)
    assert measured == pytest.approx(mmse_error_power(pilot_snr, correlation=correlation), rel=6.0 / np.sqrt(4000.0))


@law_of(phase_rotation, timing_rotation)
@given(shape=batches, deviation=decades(1e-12, 1e3), factor=factors, seed=seeds)
def test_rotations_turn_and_nothing_else(shape, deviation, factor, seed):
    phase = phase_rotation(shape, deviation_rad=deviation, rng=np.random.default_rng(seed))
    frequency_hz = np.array([-1.0, 0.0, 1.0])
    timing = timing_rotation(shape, deviation_s=deviation, frequency_hz=frequency_hz, rng=np.random.default_rng(seed))
    assert phase.shape == shape
    assert timing.shape == (*shape, 3)
    np.testing.assert_allclose(np.abs(phase), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(timing), 1.0, rtol=1e-12)
    assert (timing[..., 1] == 1.0).all()
    np.testing.assert_allclose(timing[..., 0], timing[..., 2].conj(), rtol=1e-9, atol=1e-9)
    other = timing_rotation(
        shape, deviation_s=deviation / factor, frequency_hz=factor * frequency_hz, rng=np.random.default_rng(seed)
    )
    np.testing.assert_allclose(other, timing, atol=1e-6)


@st.composite
def knowledge(draw):
    maybe = st.just(0.0)
    return ChannelKnowledge(
        pilot_snr_db=draw(st.none() | st.floats(-100.0, 200.0)),
        estimator=draw(st.sampled_from(Estimator)),
        delay_s=draw(maybe | decades(1e-6, 1.0)),
        doppler_hz=draw(maybe | decades(1e-3, 1e3)),
        phase_deviation_rad=draw(maybe | decades(1e-6, 10.0)),
        timing_deviation_s=draw(maybe | decades(1e-12, 1e-6)),
    )


@law_of(ChannelKnowledge)
@given(known=knowledge(), num_clients=counts, num_antennas=counts, seed=seeds)
def test_an_estimate_is_of_the_shape_of_the_channel(known, num_clients, num_antennas, seed):
    shape = (2, num_clients, num_antennas, 3)
    response = Rayleigh().draw(shape, rng=np.random.default_rng(1))
    frequency_hz = np.array([-1e6, 0.0, 1e6])

    def estimate():
        rng = np.random.default_rng(seed)
        return known.estimate(response, frequency_hz=frequency_hz, redraw=lambda: Rayleigh().draw(shape, rng=rng), rng=rng)

    first = estimate()
    assert first.shape == shape
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, estimate())
    if known.is_perfect:
        assert first is response


@law_of(ChannelKnowledge)
@given(phase=decades(1e-6, 10.0), timing=decades(1e-12, 1e-6), rng=rngs)
def test_antennas_of_a_station_share_its_clock(phase, timing, rng):
    known = ChannelKnowledge(phase_deviation_rad=phase, timing_deviation_s=timing)
    response = Rayleigh().draw((2, 3, 4, 2), rng=rng)
    turn = known.estimate(response, frequency_hz=np.array([-1e6, 1e6]), rng=rng) / response
    np.testing.assert_allclose(np.abs(turn), 1.0, rtol=1e-9)
    np.testing.assert_allclose(turn, np.broadcast_to(turn[:, :, :1], turn.shape), rtol=1e-9, atol=1e-9)


@law_of(ChannelKnowledge)
@given(rng=rngs)
def test_what_cannot_be_known_so_is_refused(rng):
    response = np.ones((1, 2, 1, 1), dtype=complex)
    with refused("response"):
        ChannelKnowledge().estimate(response, frequency_hz=np.zeros(2), rng=rng)
    with refused("timing_deviation_s"):
        ChannelKnowledge(timing_deviation_s=1e-6).estimate(response, frequency_hz=np.zeros(1), rng=rng)
    with refused("redraw"):
        ChannelKnowledge(delay_s=1.0, doppler_hz=1.0).estimate(response, frequency_hz=np.zeros(1), rng=rng)
