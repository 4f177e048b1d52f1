import numpy as np
import pytest
from scipy import special, stats

from channels import (
    CorrelatedRayleigh,
    Rayleigh,
    age,
    draw_jakes,
    exponential_correlation,
    jakes_autocorrelation,
    max_doppler_hz,
)

NUM = 20_000


@pytest.mark.parametrize("span", [0.0, 0.1, 1.0, 30.0, 1000.0])
def test_the_quadrature_gives_the_bessel_function_to_rounding(span):
    """The waves' correlation, computed from the process without any draw, against J0 up to 2π f_d τ = 2π·span."""
    time_s = np.linspace(0.0, span, 7)

    class OneWaveADraw:
        """A generator under which the i-th process consists of the i-th wave alone."""

        def standard_normal(self, shape):
            parts = np.zeros(shape)
            index = np.arange(min(shape[:2]))
            parts[index, index, 0] = np.sqrt(2.0)
            return parts

    waves = draw_jakes((4000,), time_s=time_s, doppler_hz=1.0, rng=OneWaveADraw())
    correlation = waves.T @ waves.conj()
    expected = special.j0(2 * np.pi * (time_s[:, None] - time_s))
    np.testing.assert_allclose(correlation, expected, atol=1e-11)


def test_autocorrelation_is_the_bessel_function():
    time_s = np.array([0.0, 1e-3, 4e-3, 7e-3, 20e-3])
    h = draw_jakes((NUM,), time_s=time_s, doppler_hz=100.0, rng=np.random.default_rng(0))
    for i in range(5):
        product = h * h[:, [i]].conj()
        expected = jakes_autocorrelation(time_s - time_s[i], doppler_hz=100.0)
        error = np.sqrt((product.real.var(axis=0) + product.imag.var(axis=0)) / NUM)
        assert (np.abs(product.mean(axis=0) - expected) < 4 * error).all()


def test_envelopes_are_rayleigh_and_increments_normal():
    h = draw_jakes((NUM,), time_s=[0.0, 2e-3], doppler_hz=100.0, rng=np.random.default_rng(1))
    for instant in range(2):
        assert stats.kstest(np.abs(h[:, instant]), "rayleigh", args=(0, np.sqrt(0.5))).pvalue > 1e-3
    step = (h[:, 1] - h[:, 0]).real
    deviation = np.sqrt(1.0 - special.j0(0.4 * np.pi))
    assert stats.kstest(step / deviation, "norm").pvalue > 1e-3


def test_level_crossings_of_a_long_trace():
    """Rice: |h| crosses its root mean square upwards √(2π) e^(-1) f_d times a second."""
    doppler, seconds = 50.0, 2.0
    time_s = np.arange(0.0, seconds, 1e-4)
    h = np.abs(draw_jakes((60,), time_s=time_s, doppler_hz=doppler, rng=np.random.default_rng(2)))
    crossings = np.sum((h[:, :-1] < 1.0) & (h[:, 1:] >= 1.0), axis=1)
    expected = np.sqrt(2 * np.pi) * np.exp(-1.0) * doppler * seconds
    assert abs(crossings.mean() - expected) < 4 * crossings.std() / np.sqrt(len(crossings))


def test_without_motion_nothing_changes():
    h = draw_jakes((5,), time_s=[0.0, 10.0], doppler_hz=0.0, rng=np.random.default_rng(3))
    np.testing.assert_allclose(h[:, 0], h[:, 1])
    np.testing.assert_array_equal(age(h, fresh=h[::-1], delay_s=1.0, doppler_hz=0.0), h)


@pytest.mark.parametrize("delay_s", [1e-3, 5e-3])
def test_ageing_correlates_by_the_bessel_function_and_keeps_the_power(delay_s):
    rng = np.random.default_rng(4)
    now = Rayleigh().draw((NUM,), rng=rng)
    before = age(now, fresh=Rayleigh().draw((NUM,), rng=rng), delay_s=delay_s, doppler_hz=80.0)
    product = before * now.conj()
    error = np.sqrt((product.real.var() + product.imag.var()) / NUM)
    assert abs(product.mean() - special.j0(2 * np.pi * 80.0 * delay_s)) < 4 * error
    assert stats.kstest(np.abs(before) ** 2, "expon").pvalue > 1e-3


def test_ageing_keeps_the_correlation_between_antennas():
    matrix = exponential_correlation(3, coefficient=0.9 * np.exp(1j))
    fading, rng = CorrelatedRayleigh(correlation=matrix), np.random.default_rng(5)
    before = age(fading.draw((NUM, 3), rng=rng), fresh=fading.draw((NUM, 3), rng=rng), delay_s=1e-3, doppler_hz=200.0)
    product = before[:, :, None] * before[:, None, :].conj()
    error = np.sqrt(product.real.var(axis=0) + product.imag.var(axis=0)) / np.sqrt(NUM)
    assert (np.abs(product.mean(axis=0) - matrix) < 4 * error).all()


def test_largest_shift_and_bad_values():
    assert max_doppler_hz(30.0, carrier_hz=3.5e9) == pytest.approx(350.24, abs=0.01)
    with pytest.raises(ValueError, match="speed_m_per_s: got -1"):
        max_doppler_hz(-1.0, carrier_hz=1e9)
    with pytest.raises(ValueError, match="delay_s: got -1"):
        age(np.ones(1), fresh=np.ones(1), delay_s=-1.0, doppler_hz=1.0)
    with pytest.raises(ValueError, match="time_s: got shape"):
        draw_jakes((1,), time_s=0.0, doppler_hz=1.0, rng=np.random.default_rng(0))
