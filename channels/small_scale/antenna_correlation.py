"""Several antennas whose fading is alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from channels.arrays import ComplexArray, checked
from channels.small_scale.rayleigh import Rayleigh


def exponential_correlation(num_antennas: int, *, coefficient: complex) -> ComplexArray:
    """(A, A) correlation R_mn = ρ^(m - n) for m >= n, and its conjugate above the diagonal.

    Args:
        num_antennas: A, in a row.
        coefficient: ρ, correlation of neighbours, |ρ| <= 1.

    Source: Loyka 2001, "Channel capacity of MIMO architecture using the exponential correlation matrix", eq. 2.

    >>> exponential_correlation(3, coefficient=0.5).real.tolist()
    [[1.0, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 1.0]]
    """
    _check_antennas(num_antennas)
    checked("|coefficient|", abs(coefficient), low=0.0, high=1.0)
    return linalg.toeplitz(np.asarray(coefficient, dtype=complex) ** np.arange(num_antennas))


def one_ring_correlation(
    num_antennas: int, *, angle_rad: float, angular_spread_rad: float, spacing_wavelengths: float = 0.5
) -> ComplexArray:
    """(A, A) correlation of a uniform linear array that sees scatterers on a ring around the client.

    R_mn = 1/(2Δ) ∫_{-Δ}^{Δ} e^{-j 2π D (m - n) sin(θ + α)} dα

    Args:
        num_antennas: A.
        angle_rad: θ, direction of the client, from the broadside of the array.
        angular_spread_rad: Δ, half the angle that the ring fills, more than 0 and at most π.
        spacing_wavelengths: D, distance of neighbouring antennas.

    Source: Adhikary, Nam, Ahn, Caire 2013, "Joint spatial division and multiplexing", eq. 4; Shiu, Foschini, Gans, Kahn 2000.

    >>> correlation = one_ring_correlation(4, angle_rad=0.0, angular_spread_rad=np.pi)  # from everywhere: J0(2π D (m - n))
    >>> correlation[0].real.round(4).tolist()
    [1.0, -0.3042, 0.2203, -0.1812]
    """
    _check_antennas(num_antennas)
    checked("angle_rad", angle_rad)
    checked("angular_spread_rad", angular_spread_rad, low=0.0, high=np.pi, open_low=True)
    checked("spacing_wavelengths", spacing_wavelengths, low=0.0, open_low=True)
    # Gauss-Legendre: nodes for the phase to turn between the outermost antennas all over the ring, and some to spare.
    turns = 2.0 * np.pi * spacing_wavelengths * num_antennas * angular_spread_rad
    node, weight = np.polynomial.legendre.leggauss(int(turns) + 40)
    path = spacing_wavelengths * np.sin(angle_rad + angular_spread_rad * node)
    column = np.exp(-2j * np.pi * np.arange(num_antennas)[:, None] * path) @ (weight / 2.0)
    return linalg.toeplitz(column)


@dataclass(frozen=True, kw_only=True, eq=False)
class CorrelatedRayleigh:
    """h ~ CN(0, R) over the antennas of a station: the last axis of a draw has as many entries as R has rows.

    Attributes:
        correlation: (A, A) R, Hermitian, positive semidefinite, with a diagonal of ones.

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, section 7.3.8.

    >>> fading = CorrelatedRayleigh(correlation=exponential_correlation(2, coefficient=1.0))
    >>> first, second = fading.draw((2,), rng=np.random.default_rng(0))
    >>> bool(np.isclose(first, second))
    True
    """

    correlation: ComplexArray

    def __post_init__(self) -> None:
        matrix = np.asarray(self.correlation)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
            raise ValueError(f"correlation: got shape {matrix.shape}; needed is a finite square matrix")
        if not (np.allclose(matrix, matrix.conj().T) and np.allclose(np.diag(matrix), 1.0)):
            raise ValueError("correlation: got a matrix that is not Hermitian with a diagonal of ones")
        least = np.linalg.eigvalsh(matrix)[0]
        if least < -1e-9 * len(matrix):
            raise ValueError(f"correlation: got a least eigenvalue of {least:g}; needed is a positive semidefinite matrix")

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        num_antennas = len(self.correlation)
        if not shape or shape[-1] != num_antennas:
            raise ValueError(f"shape: got {shape}; needed is (..., {num_antennas}), an entry for each antenna")
        value, vector = np.linalg.eigh(self.correlation)
        root = vector * np.sqrt(np.maximum(value, 0.0))
        return Rayleigh().draw(shape, rng=rng) @ root.T

    def amplitude_quantile(self, probability: float) -> float:
        """That of Rayleigh fading, at any one antenna."""
        return Rayleigh().amplitude_quantile(probability)


def _check_antennas(num_antennas: int) -> None:
    if num_antennas < 1:
        raise ValueError(f"num_antennas: got {num_antennas}; allowed is an integer >= 1")
