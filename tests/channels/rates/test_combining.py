import numpy as np
import pytest

from channels.rates.combining import equal_gain_snr, maximum_ratio_snr, selection_snr

COMBINERS = [maximum_ratio_snr, equal_gain_snr, selection_snr]


@pytest.fixture(scope="module", params=[1, 2, 5])
def rayleigh(request):
    """Exponential branch SNR with mean 1, and the number of antennas."""
    return np.random.default_rng(11).exponential(size=(200_000, request.param)), request.param


def assert_mean(sample, expected):
    assert abs(sample.mean() - expected) < 4.0 * sample.std(ddof=1) / np.sqrt(len(sample))


def test_mean_snr_under_rayleigh_fading(rayleigh):
    snr, num_antennas = rayleigh
    assert_mean(maximum_ratio_snr(snr), num_antennas)
    assert_mean(equal_gain_snr(snr), 1.0 + (num_antennas - 1) * np.pi / 4.0)
    assert_mean(selection_snr(snr), (1.0 / np.arange(1, num_antennas + 1)).sum())


@pytest.mark.parametrize("level", [0.1, 1.0, 3.0])
def test_law_of_selection_under_rayleigh_fading(rayleigh, level):
    snr, num_antennas = rayleigh
    assert_mean((selection_snr(snr) <= level).astype(float), (1.0 - np.exp(-level)) ** num_antennas)


def test_maximum_ratio_is_best(rayleigh):
    snr, _ = rayleigh
    best = maximum_ratio_snr(snr) * (1.0 + 1e-14)
    assert (best >= equal_gain_snr(snr)).all()
    assert (best >= selection_snr(snr)).all()


def test_equal_branches():
    snr = np.full((3, 4), 2.0)
    np.testing.assert_allclose(maximum_ratio_snr(snr), 8.0)
    np.testing.assert_allclose(equal_gain_snr(snr), 8.0)
    np.testing.assert_allclose(selection_snr(snr), 2.0)


@pytest.mark.parametrize("combine", COMBINERS)
def test_antennas_permute_and_units_scale(combine):
    snr = np.random.default_rng(0).exponential(size=(4, 3, 6))
    combined = combine(snr)
    assert combined.shape == (4, 3)
    np.testing.assert_allclose(combine(snr[..., ::-1]), combined, rtol=1e-13)
    np.testing.assert_allclose(combine(7.0 * snr), 7.0 * combined, rtol=1e-13)


@pytest.mark.parametrize("combine", COMBINERS)
def test_negative_snr_is_an_error(combine):
    with pytest.raises(ValueError, match=r"branch_snr: got -1 at index \(1,\); allowed is a finite number >= 0"):
        combine([1.0, -1.0])
