"""Hermitian matrices as real vectors."""

from __future__ import annotations

import numpy as np

from channels.arrays import ComplexArray, FloatArray


def adjoint(matrix: ComplexArray) -> ComplexArray:
    """(..., B, A) the conjugate transpose of (..., A, B)."""
    return np.swapaxes(matrix, -1, -2).conj()


def outer(vector: ComplexArray) -> ComplexArray:
    """(..., A, A) vvᴴ of vectors (..., A)."""
    return vector[..., :, None] * vector[..., None, :].conj()


def as_real(matrix: ComplexArray) -> FloatArray:
    """(..., A²) entries of Re X + Im X of Hermitian X (..., A, A): ⟨X, Y⟩ is the dot product of what X and Y become.

    Re X is symmetric and Im X antisymmetric, so that mixed products cancel.

    >>> x = np.array([[1.0, 2.0 + 3.0j], [2.0 - 3.0j, 4.0]])
    >>> as_real(x).tolist(), float(as_real(x) @ as_real(x)), float(np.sum(np.abs(x) ** 2))
    ([1.0, 5.0, -1.0, 4.0], 43.0, 43.0)
    """
    return (matrix.real + matrix.imag).reshape(*matrix.shape[:-2], -1)


def as_hermitian(vector: FloatArray) -> ComplexArray:
    """(..., A, A) the Hermitian X of `as_real(X)` (..., A²).

    >>> as_hermitian(np.array([1.0, 5.0, -1.0, 4.0])).tolist()
    [[(1+0j), (2+3j)], [(2-3j), (4+0j)]]
    """
    size = round(vector.shape[-1] ** 0.5)
    square = vector.reshape(*vector.shape[:-1], size, size)
    across = np.swapaxes(square, -1, -2)
    hermitian = np.empty(square.shape, dtype=complex)
    hermitian.real, hermitian.imag = (square + across) / 2.0, (square - across) / 2.0
    return hermitian
