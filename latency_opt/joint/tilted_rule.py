"""A short quadrature for the energy that bits need beyond the least, near a given efficiency."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray

FINE = 64
"""Nodes of the Gauss-Legendre rule that stands for the integral; it is exact to rounding up to q = 100."""


def tilted_rule(efficiency: FloatArray, *, num_nodes: int) -> tuple[FloatArray, FloatArray]:
    """(m, n) nodes u and weights w > 0, Σw = 1, of the Gauss rule for the measure (1 - u) e^(q̂u) du on [0, 1].

    With it (G(q) - 1)/q = ∫₀¹ (1 - u) e^(uq) du is in proportion to Σ_m w_m exp(u_m (q - q̂)), exact to the term of order
    2m - 1 in q - q̂, whatever q̂: six nodes do where a rule for all q needs sixteen.

    Source: Golub and Welsch 1969, "Calculation of Gauss quadrature rules"; the recurrence is found by the process of Lanczos.

    >>> node, weight = tilted_rule(np.array([0.0]), num_nodes=1)
    >>> node.round(12).tolist(), weight.round(12).tolist()
    ([[0.333333333333]], [[1.0]])
    """
    fine, fine_weight = np.polynomial.legendre.leggauss(FINE)
    fine = 0.5 * (fine + 1.0)
    measure = fine_weight * (1.0 - fine) * np.exp((fine - 1.0) * efficiency[:, None])
    vector = np.sqrt(measure / measure.sum(axis=-1, keepdims=True))
    basis: list[FloatArray] = []
    jacobi = np.zeros((efficiency.size, num_nodes, num_nodes))
    for k in range(num_nodes):
        basis.append(vector)
        jacobi[:, k, k] = np.sum(fine * vector**2, axis=-1)
        rest = fine * vector
        for _ in range(2):  # orthogonal to rounding only the second time
            for other in basis:
                rest = rest - np.sum(rest * other, axis=-1, keepdims=True) * other
        norm = np.linalg.norm(rest, axis=-1)
        if k + 1 < num_nodes:
            jacobi[:, k, k + 1] = jacobi[:, k + 1, k] = norm
        vector = rest / norm[:, None]
    node, vectors = np.linalg.eigh(jacobi)
    return node.T, vectors[:, 0, :].T ** 2
