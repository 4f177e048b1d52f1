import numpy as np
import pytest
from scipy import stats

from channels import Rayleigh, Rician

NUM = 50_000
FADINGS = [Rayleigh(), Rician(k_factor_db=-10.0), Rician(k_factor_db=6.0)]


@pytest.mark.parametrize("fading", FADINGS, ids=str)
def test_unit_mean_power_and_no_mean_amplitude(fading):
    h = fading.draw((NUM,), rng=np.random.default_rng(0))
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
    amplitude = np.abs(fading.draw((NUM,), rng=np.random.default_rng(3)))
    share = np.mean(amplitude <= fading.amplitude_quantile(probability))
    assert abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / NUM)


def test_rician_without_strong_path_is_rayleigh():
    assert Rician(k_factor_db=-90.0).amplitude_quantile(0.3) == pytest.approx(Rayleigh().amplitude_quantile(0.3), rel=1e-6)
