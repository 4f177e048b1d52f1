import numpy as np
import pytest
from scipy.stats import norm

from channels.rates.finite_blocklength import finite_blocklength_rate


def test_value():
    assert finite_blocklength_rate(1.0, blocklength=500, error_probability=1e-3) == pytest.approx(0.82733, abs=5e-6)


def test_formula_as_published():
    snr, blocklength, error = np.meshgrid([0.3, 1.0, 30.0, 1e4], [100, 1000, 10**6], [1e-9, 1e-3, 0.3])
    dispersion = snr * (snr + 2.0) / (snr + 1.0) ** 2 * np.log2(np.e) ** 2
    expected = np.maximum(np.log2(1.0 + snr) - np.sqrt(dispersion / blocklength) * norm.isf(error), 0.0)
    rate = finite_blocklength_rate(snr, blocklength=blocklength, error_probability=error)
    np.testing.assert_allclose(rate, expected, rtol=1e-12, atol=1e-15)


def test_dispersion_is_the_variance_of_the_information_density():
    """Two real uses of Gaussian noise with inputs of constant power: the information of one complex use (Polyanskiy 2010)."""
    snr, rng = 3.0, np.random.default_rng(3)
    z = rng.standard_normal((400_000, 2))
    power = snr  # per real dimension the input is sqrt(snr), and the output has variance 1 + snr
    y = np.sqrt(power) + z
    density = (np.log1p(power) + y**2 / (1.0 + power) - z**2).sum(axis=1) / 2.0
    penalty = np.log1p(snr) - finite_blocklength_rate(snr, blocklength=10**8, error_probability=norm.sf(1.0)) * np.log(2.0)
    squares = (density - density.mean()) ** 2
    assert abs(squares.mean() - penalty**2 * 10**8) < 4.0 * squares.std() / np.sqrt(len(squares))


def test_rises_with_blocklength_to_capacity_and_with_error():
    blocklength, error = np.logspace(1, 14, 30), np.logspace(-12, -0.31, 30)
    rate = finite_blocklength_rate(5.0, blocklength=blocklength, error_probability=1e-5)
    assert (np.diff(rate) > 0.0).all()
    assert rate[-1] == pytest.approx(np.log2(6.0), rel=1e-6)
    assert (rate < np.log2(6.0)).all()
    assert (np.diff(finite_blocklength_rate(5.0, blocklength=200, error_probability=error)) > 0.0).all()


def test_never_negative():
    assert finite_blocklength_rate(1e-3, blocklength=10, error_probability=1e-6) == 0.0
    assert finite_blocklength_rate(0.0, blocklength=10, error_probability=0.1) == 0.0


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="blocklength: got 0; allowed is a finite number >= 1"):
        finite_blocklength_rate(1.0, blocklength=0, error_probability=0.1)
    for error in (0.0, 1.0):
        with pytest.raises(ValueError, match="error_probability: got .*; allowed is a finite number > 0 and < 1"):
            finite_blocklength_rate(1.0, blocklength=100, error_probability=error)
