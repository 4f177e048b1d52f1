import numpy as np
import pytest
from scipy import integrate, special, stats

from channels import CorrelatedRayleigh, exponential_correlation, one_ring_correlation

MATRICES = [
    exponential_correlation(4, coefficient=0.7),
    exponential_correlation(4, coefficient=0.6 * np.exp(1j)),
    one_ring_correlation(4, angle_rad=0.5, angular_spread_rad=np.deg2rad(10.0)),
    one_ring_correlation(4, angle_rad=-1.0, angular_spread_rad=1.0, spacing_wavelengths=1.5),
]


@pytest.mark.parametrize("matrix", MATRICES)
def test_correlations_are_hermitian_positive_with_unit_diagonal(matrix):
    np.testing.assert_allclose(matrix, matrix.conj().T)
    np.testing.assert_allclose(np.diag(matrix), 1.0)
    assert np.linalg.eigvalsh(matrix).min() > -1e-12


@pytest.mark.parametrize(("angle_rad", "spread_rad", "spacing"), [(0.0, 0.2, 0.5), (0.7, 0.05, 0.5), (-1.2, 3.0, 2.0)])
def test_one_ring_against_adaptive_quadrature(angle_rad, spread_rad, spacing):
    num_antennas = 24
    matrix = one_ring_correlation(num_antennas, angle_rad=angle_rad, angular_spread_rad=spread_rad, spacing_wavelengths=spacing)
    for lag in (1, 5, 23):
        turn = 2 * np.pi * spacing * lag
        expected, _ = integrate.quad(
            lambda a, turn=turn: np.exp(-1j * turn * np.sin(angle_rad + a)) / (2 * spread_rad),
            -spread_rad,
            spread_rad,
            limit=500,
            complex_func=True,
        )
        assert matrix[lag, 0] == pytest.approx(expected, abs=1e-7)


def test_a_full_ring_is_clarke():
    matrix = one_ring_correlation(8, angle_rad=0.3, angular_spread_rad=np.pi, spacing_wavelengths=0.4)
    np.testing.assert_allclose(matrix[:, 0], special.j0(2 * np.pi * 0.4 * np.arange(8)), atol=1e-12)


@pytest.mark.parametrize("matrix", MATRICES)
def test_draws_have_the_correlation_and_rayleigh_envelopes(matrix):
    num = 40_000
    h = CorrelatedRayleigh(correlation=matrix).draw((num, 4), rng=np.random.default_rng(0))
    product = h[:, :, None] * h[:, None, :].conj()
    error = np.sqrt(product.real.var(axis=0) + product.imag.var(axis=0)) / np.sqrt(num)
    assert (np.abs(product.mean(axis=0) - matrix) < 4 * error).all()
    for antenna in range(4):
        assert stats.kstest(np.abs(h[:, antenna]), "rayleigh", args=(0, np.sqrt(0.5))).pvalue > 1e-3


def test_bad_values_say_what_is_wrong():
    with pytest.raises(ValueError, match="num_antennas: got 0"):
        exponential_correlation(0, coefficient=0.5)
    with pytest.raises(ValueError, match=r"\|coefficient\|: got 2"):
        exponential_correlation(2, coefficient=-2.0)
    with pytest.raises(ValueError, match="angular_spread_rad: got 0"):
        one_ring_correlation(2, angle_rad=0.0, angular_spread_rad=0.0)
    with pytest.raises(ValueError, match="least eigenvalue of -1"):
        CorrelatedRayleigh(correlation=np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(ValueError, match="not Hermitian"):
        CorrelatedRayleigh(correlation=np.array([[1.0, 0.5], [0.2, 1.0]]))
    with pytest.raises(ValueError, match=r"shape: got \(3,\); needed is \(..., 2\)"):
        CorrelatedRayleigh(correlation=np.eye(2)).draw((3,), rng=np.random.default_rng(0))
