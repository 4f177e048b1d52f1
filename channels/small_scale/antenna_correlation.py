"""Several antennas whose fading is alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from channels.arrays import ComplexArray, check_count, checked
from channels.small_scale.rayleigh import Rayleigh
from channels.summary import shown_by

NODES = 24


def exponential_correlation(num_antennas: int, *, coefficient: complex) -> ComplexArray:
    """(A, A) correlation R_mn = E[h_m h_n*] = ρ^(m - n) for m >= n, and its conjugate above the diagonal.

    Args:
        num_antennas: A, in a row.
        coefficient: ρ, correlation of neighbours, |ρ| <= 1.

    Source: Loyka 2001, "Channel capacity of MIMO architecture using the exponential correlation matrix", eq. 2.

    >>> exponential_correlation(3, coefficient=0.5).real.tolist()
    [[1.0, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 1.0]]
    """
    check_count("num_antennas", num_antennas)
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
    check_count("num_antennas", num_antennas)
    checked("angle_rad", angle_rad)
    checked("angular_spread_rad", angular_spread_rad, low=0.0, high=np.pi, open_low=True)
    checked("spacing_wavelengths", spacing_wavelengths, low=0.0, open_low=True)
    # Gauss-Legendre on parts of the ring over which the phase between the outermost antennas turns little.
    turns = 2.0 * spacing_wavelengths * num_antennas * angular_spread_rad
    node, weight = np.polynomial.legendre.leggauss(NODES)
    edges = np.linspace(-1.0, 1.0, int(turns) + 2)
    nodes = (edges[:-1, None] + edges[1:, None] + np.diff(edges)[:, None] * node) / 2.0
    weights = np.broadcast_to(weight / 2.0 / len(nodes), nodes.shape)
    path = spacing_wavelengths * np.sin(angle_rad + angular_spread_rad * nodes.ravel())
    column = np.exp(-2j * np.pi * np.arange(num_antennas)[:, None] * path) @ weights.ravel()
    return linalg.toeplitz(column)


@shown_by("correlation")
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
        """Draws of shape (..., A), independent but for the last axis."""
        if not shape or shape[-1] != self.num_antennas:
            raise ValueError(f"shape: got {shape}; needed is (..., {self.num_antennas}), an entry for each antenna")
        return Rayleigh().draw(shape, rng=rng) @ self._root.T

    def amplitude_quantile(self, probability: float) -> float:
        """That of Rayleigh fading, at any one antenna."""
        return Rayleigh().amplitude_quantile(probability)

    @property
    def num_antennas(self) -> int:
        return len(self.correlation)

    @cached_property
    def _root(self) -> ComplexArray:
        value, vector = np.linalg.eigh(self.correlation)
        return vector * np.sqrt(np.maximum(value, 0.0))
