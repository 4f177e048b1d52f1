import numpy as np
import pytest
from scipy import special, stats

from channels import FadingProcess, MovingRayleigh, Rayleigh

NUM = 20_000


def course(fading, shape, *, first=0, seed=0):
    return fading.course(shape, first=first, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("first", [0, 12_345_678])
def test_draws_follow_jakes_law_however_late_and_far_apart(first):
    fading = MovingRayleigh(doppler_hz=2.0, interval_s=0.1)
    begin = course(fading, (1, NUM), first=first)[0]
    for lag in (1, 2, 5, 119):
        later = course(fading, (1, NUM), first=first + lag)[0]
        correlation = np.mean(later * begin.conj())
        # Real and imaginary parts of a product of unit Gaussians have a variance of at most one.
        assert abs(correlation - special.j0(2 * np.pi * 0.2 * lag)) < 5 / np.sqrt(NUM)


def test_each_draw_is_rayleigh():
    fading = MovingRayleigh(doppler_hz=30.0, interval_s=0.3)
    for drawn in (course(fading, (3, 5000, 2), first=7)[2], fading.draw((5000, 2), rng=np.random.default_rng(1))):
        assert stats.kstest((np.abs(drawn) ** 2).ravel(), "expon").pvalue > 1e-3
    assert fading.amplitude_quantile(0.1) == pytest.approx(np.sqrt(-np.log(0.9)))


def test_a_course_goes_on_from_any_draw_to_the_bit():
    """With more links than are in memory together, whose waves follow each other in the stream."""
    fading = MovingRayleigh(doppler_hz=3.0, interval_s=0.1)
    whole = course(fading, (4, 3, 3000))
    assert (course(fading, (2, 3, 3000), first=2) == whole[2:]).all()
    assert not (course(fading, (2, 3, 3000), first=2, seed=1) == whole[2:]).any()


def test_links_have_waves_of_their_own_and_a_mean_power_off_by_what_is_told():
    drawn = course(MovingRayleigh(doppler_hz=1.0, interval_s=1e3 / 7), (500, 400))
    power = np.mean(np.abs(drawn) ** 2, axis=0)
    # Over 500 times that are far apart the mean has a deviation of 1/√500 by itself, besides 1/√128.
    expected = np.sqrt(1 / 128 + 1 / 500)
    assert power.mean() == pytest.approx(1.0, abs=4 * expected / np.sqrt(400))
    assert power.std() == pytest.approx(expected, rel=4 / np.sqrt(2 * 400))


def test_who_stands_still_keeps_the_channel():
    drawn = course(MovingRayleigh(doppler_hz=0.0, interval_s=1.0), (100, 4, 2))
    assert (drawn == drawn[0]).all()


def test_it_is_a_process_and_others_are_not():
    assert isinstance(MovingRayleigh(doppler_hz=1.0, interval_s=1.0), FadingProcess)
    assert not isinstance(Rayleigh(), FadingProcess)


@pytest.mark.parametrize("values", [{"doppler_hz": -1.0, "interval_s": 1.0}, {"doppler_hz": 1.0, "interval_s": -1.0}])
def test_bad_motion_is_told(values):
    with pytest.raises(ValueError, match=r"(doppler_hz|interval_s): got -1"):
        MovingRayleigh(**values)


def test_bad_shapes_and_times_are_told():
    fading = MovingRayleigh(doppler_hz=1.0, interval_s=1.0)
    with pytest.raises(ValueError, match=r"shape: got \(\); needed is at least one axis"):
        course(fading, ())
    with pytest.raises(ValueError, match="first: got -1; allowed is a finite number >= 0"):
        course(fading, (1, 1), first=-1)
