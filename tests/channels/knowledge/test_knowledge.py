import numpy as np
import pytest
from scipy import special

from channels import (
    ChannelKnowledge,
    CorrelatedRayleigh,
    Estimator,
    Rayleigh,
    exponential_correlation,
    least_squares_estimate,
    mmse_error_power,
    mmse_estimate,
    phase_rotation,
    timing_rotation,
)
from channels.arrays import checked

NUM = 40_000
AT_CARRIER = np.zeros(1)


def error_of(estimate, truth):
    """Mean square error and its standard error."""
    square = np.abs(estimate - truth) ** 2
    return square.mean(), square.std() / np.sqrt(square.size)


@pytest.mark.parametrize("pilot_snr", [0.1, 1.0, 30.0])
def test_least_squares_errs_by_the_noise_and_mmse_by_less(pilot_snr):
    rng = np.random.default_rng(0)
    h = Rayleigh().draw((NUM, 1), rng=rng)
    error, deviation = error_of(least_squares_estimate(h, pilot_snr=pilot_snr, rng=rng), h)
    assert abs(error - 1 / pilot_snr) < 4 * deviation
    known = mmse_estimate(h, pilot_snr=pilot_snr, rng=rng)
    error, deviation = error_of(known, h)
    assert abs(error - mmse_error_power(pilot_snr)) < 4 * deviation
    # The error of the best estimate is orthogonal to it.
    product = (h - known) * known.conj()
    assert abs(product.mean()) < 4 * np.abs(product).std() / np.sqrt(NUM)


@pytest.mark.parametrize("coefficient", [0.5, 0.95 * np.exp(0.7j)])
def test_correlation_between_antennas_helps(coefficient):
    matrix = exponential_correlation(4, coefficient=coefficient)
    rng = np.random.default_rng(1)
    h = CorrelatedRayleigh(correlation=matrix).draw((NUM, 4), rng=rng)
    known = mmse_estimate(h, pilot_snr=2.0, correlation=matrix, rng=rng)
    square = np.mean(np.abs(known - h) ** 2, axis=1)
    expected = mmse_error_power(2.0, correlation=matrix)
    assert abs(square.mean() - expected) < 4 * square.std() / np.sqrt(NUM)
    assert expected < mmse_error_power(2.0)
    assert mmse_error_power(2.0, correlation=np.eye(4)) == pytest.approx(mmse_error_power(2.0))


def test_perfect_knowledge_is_the_channel_and_draws_nothing():
    rng = np.random.default_rng(2)
    h = Rayleigh().draw((3, 4, 1, 1), rng=rng)
    before = rng.bit_generator.state
    np.testing.assert_array_equal(ChannelKnowledge().estimate(h, frequency_hz=AT_CARRIER, rng=rng), h)
    assert rng.bit_generator.state == before


def test_age_noise_and_phase_multiply():
    """E[ĥ h*] = J0(2π f_d τ)·γ/(1 + γ)·e^(-s²/2)."""
    knowledge = ChannelKnowledge(pilot_snr_db=3.0, delay_s=2e-3, doppler_hz=60.0, phase_deviation_rad=0.4)
    rng = np.random.default_rng(3)
    h = Rayleigh().draw((NUM, 1, 1, 1), rng=rng)
    known = knowledge.estimate(h, redraw=lambda: Rayleigh().draw(h.shape, rng=rng), frequency_hz=AT_CARRIER, rng=rng)
    product = known * h.conj()
    snr = 10**0.3
    expected = special.j0(2 * np.pi * 0.12) * snr / (1 + snr) * np.exp(-0.08)
    error = np.sqrt((product.real.var() + product.imag.var()) / NUM)
    assert abs(product.mean() - expected) < 4 * error


def test_the_estimator_is_the_one_asked_for():
    h = Rayleigh().draw((NUM, 1, 1, 1), rng=np.random.default_rng(4))
    for estimator, expected in ((Estimator.LEAST_SQUARES, 1.0), (Estimator.MMSE, 0.5)):
        knowledge = ChannelKnowledge(pilot_snr_db=0.0, estimator=estimator)
        error, deviation = error_of(knowledge.estimate(h, frequency_hz=AT_CARRIER, rng=np.random.default_rng(5)), h)
        assert abs(error - expected) < 4 * deviation


def test_phase_offsets_are_common_to_the_antennas_and_timing_turns_subcarriers():
    h = np.ones((2, 3, 4, 8), dtype=complex)
    frequency = np.linspace(-4e6, 4e6, 8)
    phase = ChannelKnowledge(phase_deviation_rad=1.0).estimate(h, frequency_hz=frequency, rng=np.random.default_rng(6))
    np.testing.assert_allclose(phase, np.broadcast_to(phase[:, :, :1, :1], phase.shape))
    assert len(np.unique(phase[:, :, 0, 0].round(9))) == 6
    timing = ChannelKnowledge(timing_deviation_s=1e-7).estimate(h, frequency_hz=frequency, rng=np.random.default_rng(7))
    np.testing.assert_allclose(np.abs(timing), 1.0)
    np.testing.assert_allclose(timing, np.broadcast_to(timing[:, :, :1], timing.shape))
    slope = np.diff(np.unwrap(np.angle(timing[0, 0, 0])))
    np.testing.assert_allclose(slope, slope[0])


def test_rotations_have_their_means():
    rotation = phase_rotation((NUM,), deviation_rad=0.7, rng=np.random.default_rng(8))
    assert abs(rotation.mean() - np.exp(-0.245)) < 4 / np.sqrt(NUM)
    turned = timing_rotation((NUM,), deviation_s=1e-7, frequency_hz=np.array([2e6]), rng=np.random.default_rng(9))
    assert abs(turned.mean() - np.exp(-((2 * np.pi * 0.2) ** 2) / 2)) < 4 / np.sqrt(NUM)


def test_bad_values_say_what_is_wrong():
    with pytest.raises(ValueError, match="delay_s: got -1"):
        ChannelKnowledge(delay_s=-1.0)
    with pytest.raises(ValueError, match="pilot_snr: got 0"):
        least_squares_estimate(np.ones(1), pilot_snr=0.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="estimator: got 'mmse'; allowed is a member of Estimator: LEAST_SQUARES, MMSE"):
        ChannelKnowledge(estimator="mmse")
    with pytest.raises(ValueError, match="redraw: got None"):
        ChannelKnowledge(delay_s=1.0, doppler_hz=1.0).estimate(
            np.ones((1, 1, 1, 1), complex), frequency_hz=AT_CARRIER, rng=np.random.default_rng(0)
        )
    with pytest.raises(ValueError, match="timing_deviation_s: got 1e-07 with a single subcarrier"):
        ChannelKnowledge(timing_deviation_s=1e-7).estimate(
            np.ones((1, 1, 1, 1), complex), frequency_hz=AT_CARRIER, rng=np.random.default_rng(0)
        )


@pytest.mark.parametrize("shape", [(20,), (5, 20), (5, 20, 4)])
def test_a_response_without_axes_for_antennas_and_subcarriers_is_refused(shape):
    """A phase offset is one for each client: which axis that is must be clear."""
    with pytest.raises(ValueError, match="response: got shape .*; needed is .* 1 subcarriers"):
        ChannelKnowledge(phase_deviation_rad=1.0).estimate(
            np.ones(shape, dtype=complex), frequency_hz=np.zeros(1), rng=np.random.default_rng(0)
        )


def test_complex_numbers_are_not_taken_for_real_ones():
    with pytest.raises(ValueError, match="power_w: got complex numbers; needed are real ones"):
        checked("power_w", np.array([0.5j, 1.0]))
