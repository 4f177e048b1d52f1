"""Inner products of Gaussian vectors, without the vectors."""

from __future__ import annotations

from functools import cache

import numpy as np

from channels.arrays import FloatArray, IntArray, checked


def bartlett_factor(num_vectors: int, *, dimension: int, rng: np.random.Generator) -> FloatArray:
    """(k, k) lower triangular L such that LLᵀ is distributed as the inner products of k vectors N(0, I) in R^D, D >= k.

    Moreover G = LQ with Q (k, D) of orthonormal rows, uniform among them and independent of L, is k such vectors; so

        ‖G_i‖ = ‖L_i‖   and   Σ_i a_i G_i = ‖aᵀL‖ u,  u uniform on the unit sphere of R^D,

    whatever a is made of L and of what is independent of Q. For Gram and Schmidt find, in the i-th vector, i - 1 components
    N(0, 1) along those before it and a rest whose length is χ with D - i + 1 degrees of freedom; and QO is distributed as Q
    for every rotation O, which makes aᵀLQ uniform in direction.

    Source: Bartlett 1933, "On the theory of statistical regression"; Muirhead 1982, "Aspects of multivariate statistical
    theory", theorem 3.2.14.

    >>> factor = bartlett_factor(3, dimension=1_000_000, rng=np.random.default_rng(0))
    >>> bool(np.allclose(factor @ factor.T / 1e6, np.eye(3), atol=0.01))
    True
    """
    checked("dimension", dimension, low=num_vectors)
    factor = np.zeros(num_vectors * num_vectors)
    below, diagonal = _triangle(num_vectors)
    factor[below] = rng.standard_normal(len(below))
    factor[diagonal] = np.sqrt(rng.chisquare(dimension - np.arange(num_vectors)))
    return factor.reshape(num_vectors, num_vectors)


@cache
def _triangle(size: int) -> tuple[IntArray, IntArray]:
    """Where the entries below the diagonal of a flat matrix are, and those on it."""
    rows, columns = np.tril_indices(size, -1)
    return rows * size + columns, np.arange(size) * (size + 1)
