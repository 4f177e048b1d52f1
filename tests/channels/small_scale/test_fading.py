import numpy as np
import pytest
from scipy import stats

from channels import (
    CorrelatedRayleigh,
    DiscretePaths,
    Nakagami,
    Rayleigh,
    Rician,
    TappedDelayLine,
    TDLProfile,
    exponential_correlation,
)

NUM = 50_000
PATHS = DiscretePaths(amplitude=np.array([[3.0, 2.0, 1.0]]), delay_s=np.array([[0.0, 1e-7, 3e-7]]))
FADINGS = [
    Rayleigh(),
    Rician(k_factor_db=-10.0),
    Rician(k_factor_db=6.0),
    Nakagami(m=0.5),
    Nakagami(m=4.0),
    CorrelatedRayleigh(correlation=exponential_correlation(1, coefficient=0.0)),
    PATHS,
    *(TappedDelayLine.tr38901(profile, delay_spread_s=1e-7) for profile in TDLProfile),
]


@pytest.mark.parametrize("fading", FADINGS, ids=str)
def test_unit_mean_power_and_no_mean_amplitude(fading):
    h = fading.draw((NUM, 1, 1), rng=np.random.default_rng(0))[:, 0, 0]
    power = np.abs(h) ** 2
    assert abs(power.mean() - 1.0) < 4 * power.std() / np.sqrt(NUM)
    assert abs(h.mean()) < 4 / np.sqrt(NUM)


def test_rayleigh_power_is_exponential():
    power = np.abs(Rayleigh().draw((NUM,), rng=np.random.default_rng(1))) ** 2
    assert stats.kstest(power, "expon").pvalue > 1e-3


@pytest.mark.parametrize("k_factor_db", [-10.0, 0.0, 6.0, 15.0])
def test_rician_envelope_and_power_variance(k_factor_db):
    k = 10 ** (k_factor_db / 10)
    envelope = np.abs(Rician(k_factor_db=k_factor_db).draw((NUM,), rng=np.random.default_rng(2)))
    law = stats.rice(np.sqrt(2 * k), scale=np.sqrt(0.5 / (k + 1)))
    assert stats.kstest(envelope, law.cdf).pvalue > 1e-3
    # var|h|² = (1 + 2K)/(1 + K)²
    deviation = (envelope**2 - 1.0) ** 2
    assert abs(deviation.mean() - (1 + 2 * k) / (1 + k) ** 2) < 4 * deviation.std() / np.sqrt(NUM)


@pytest.mark.parametrize("fading", FADINGS, ids=str)
@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9])
def test_amplitude_quantile(fading, probability):
    amplitude = np.abs(fading.draw((NUM, 1, 1), rng=np.random.default_rng(3)))
    share = np.mean(amplitude <= fading.amplitude_quantile(probability))
    draws = 1 / (1 / NUM + 1 / 50_000) if fading is PATHS else NUM  # that quantile is one of draws itself
    assert abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / draws)


@pytest.mark.parametrize("m", [0.5, 1.0, 2.5, 20.0])
def test_nakagami_power_is_gamma_and_its_phase_uniform(m):
    h = Nakagami(m=m).draw((NUM,), rng=np.random.default_rng(4))
    assert stats.kstest(np.abs(h) ** 2, stats.gamma(m, scale=1 / m).cdf).pvalue > 1e-3
    assert stats.kstest(np.angle(h) / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3
    deviation = (np.abs(h) ** 2 - 1.0) ** 2
    assert abs(deviation.mean() - 1 / m) < 4 * deviation.std() / np.sqrt(NUM)


def test_nakagami_of_one_is_rayleigh():
    for probability in (0.01, 0.5, 0.99):
        expected = Rayleigh().amplitude_quantile(probability)
        assert Nakagami(m=1.0).amplitude_quantile(probability) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match="m: got 0.4"):
        Nakagami(m=0.4)


def test_rician_without_strong_path_is_rayleigh():
    assert Rician(k_factor_db=-90.0).amplitude_quantile(0.3) == pytest.approx(Rayleigh().amplitude_quantile(0.3), rel=1e-6)
