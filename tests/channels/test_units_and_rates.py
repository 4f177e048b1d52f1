import numpy as np
import pytest

from channels import (
    db_to_linear,
    dbm_to_watt,
    linear_to_db,
    shannon_rate_bps,
    thermal_noise_psd_w_per_hz,
    watt_to_dbm,
)


def test_decibels_and_back():
    values = np.linspace(-200.0, 200.0, 401)
    np.testing.assert_allclose(linear_to_db(db_to_linear(values)), values, atol=1e-12)
    np.testing.assert_allclose(watt_to_dbm(dbm_to_watt(values)), values, atol=1e-12)
    assert linear_to_db(0.0) == -np.inf


def test_noise_figure_multiplies_noise():
    quiet, loud = (thermal_noise_psd_w_per_hz(noise_figure_db=f) for f in (0.0, 7.0))
    assert loud / quiet == pytest.approx(10**0.7, rel=1e-12)
    with pytest.raises(ValueError, match="noise_figure_db: got -1"):
        thermal_noise_psd_w_per_hz(noise_figure_db=-1.0)


def test_shannon_rate_rises_with_bandwidth_to_its_limit():
    gain_power, noise = 1e-12, 4e-20
    bandwidth = np.logspace(0, 14, 200)
    rate = shannon_rate_bps(bandwidth, gain_power_w=gain_power, noise_psd_w_per_hz=noise)
    limit = gain_power / (noise * np.log(2.0))
    assert (np.diff(rate) > 0.0).all()
    assert (rate < limit).all()
    assert rate[-1] == pytest.approx(limit, rel=1e-6)


def test_shannon_rate_is_zero_without_band_or_power():
    assert shannon_rate_bps(0.0, gain_power_w=1.0, noise_psd_w_per_hz=1.0) == 0.0
    assert shannon_rate_bps(1.0, gain_power_w=0.0, noise_psd_w_per_hz=1.0) == 0.0
