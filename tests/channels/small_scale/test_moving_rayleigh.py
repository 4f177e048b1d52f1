import numpy as np
import pytest
from scipy import special, stats

from channels import MovingRayleigh


def test_draws_follow_jakes_law_within_a_process_and_forget_it_after():
    fading = MovingRayleigh(doppler_hz=2.0, interval_s=0.1)
    drawn = fading.draw((258, 20_000, 1), rng=np.random.default_rng(0))[..., 0]
    assert drawn.shape == (258, 20_000)
    for lag in (1, 2, 5):
        correlation = np.mean(drawn[lag] * drawn[0].conj())
        # Real and imaginary parts of a product of unit Gaussians have a variance of at most one.
        assert abs(correlation - special.j0(2 * np.pi * 0.2 * lag)) < 5 / np.sqrt(20_000)
    assert abs(np.mean(drawn[256] * drawn[255].conj())) < 5 / np.sqrt(20_000)


def test_each_draw_is_rayleigh():
    fading = MovingRayleigh(doppler_hz=30.0, interval_s=0.3)
    power = np.abs(fading.draw((3, 5000, 2), rng=np.random.default_rng(1))) ** 2
    assert stats.kstest(power[2].ravel(), "expon").pvalue > 1e-3
    assert fading.amplitude_quantile(0.1) == pytest.approx(np.sqrt(-np.log(0.9)))


def test_who_stands_still_keeps_the_channel():
    drawn = MovingRayleigh(doppler_hz=0.0, interval_s=1.0).draw((100, 4, 2), rng=np.random.default_rng(0))
    assert np.abs(drawn - drawn[0]).max() < 1e-12


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"doppler_hz": -1.0, "interval_s": 1.0}, "doppler_hz: got -1"),
        ({"doppler_hz": 100.0, "interval_s": 1.0}, "doppler_hz·interval_s: got 100; allowed is a finite number <= 10"),
    ],
)
def test_bad_motion_is_told(values, message):
    with pytest.raises(ValueError, match=message):
        MovingRayleigh(**values)
