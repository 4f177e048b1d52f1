"""Products of stacks of matrices, in parts small enough for the fast paths of the library and of the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from channels.arrays import FloatArray
from fl_models.models.accumulation import accumulate
from fl_models.models.workspace import Workspace

SMALL_PRODUCT = 10**6
"""Multiplications up to which OpenBLAS takes matrices as they are, where it would otherwise first copy them into blocks."""

CACHED_BYTES = 2**19
"""A matrix up to this size is in the cache when it is added."""

_WORKSPACE = Workspace()


def multiply(left: FloatArray, right: FloatArray, *, out: FloatArray) -> FloatArray:
    """out_i = left_i right_i for each of g matrices; returns out.

    As `numpy.matmul`, but summed over parts of the inner side, which takes a quarter less for some hundred rows and columns.

    Args:
        left: (g, m, k).
        right: (g, k, n).
        out: (g, m, n), which shares memory with neither.

    >>> multiply(np.ones((1, 2, 3)), np.ones((1, 3, 2)), out=np.empty((1, 2, 2))).tolist()
    [[[3.0, 3.0], [3.0, 3.0]]]
    """
    _, rows, inner = left.shape
    first, *more = _parts(inner, -(-rows * inner * out.shape[2] // SMALL_PRODUCT))
    np.matmul(left[:, :, first], right[:, first], out=out)
    if more:
        summand = _WORKSPACE.empty("summand", out.shape, out.dtype)
        for part in more:
            out += np.matmul(left[:, :, part], right[:, part], out=summand)
    return out


def add_product(out: FloatArray, left: FloatArray, right: FloatArray) -> None:
    """out_i ← out_i + left_i right_i for each of g matrices, in place.

    Products too large for the cache are never written down: the library adds them as it makes them, matrix by matrix.

    Args:
        out: (g, m, n), the entries of a row side by side.
        left: (g, m, k), the entries of a row or of a column side by side.
        right: (g, k, n) likewise.

    >>> out = np.ones((1, 2, 2))
    >>> add_product(out, np.eye(2)[None], np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    >>> out.tolist()
    [[[2.0, 3.0], [4.0, 5.0]]]
    """
    if out[0].nbytes > CACHED_BYTES:
        for own, first, second in zip(out, left, right, strict=True):
            accumulate(own, first, second)
        return
    stack, rows, columns = out.shape
    for part in _parts(rows, -(-rows * columns * left.shape[2] // SMALL_PRODUCT)):
        summand = _WORKSPACE.empty("summand", (stack, part.stop - part.start, columns), out.dtype)
        out[:, part] += np.matmul(left[:, part], right, out=summand)


def _parts(length: int, number: int) -> Iterator[slice]:
    """So many slices, as equal as can be."""
    number = min(max(number, 1), length)
    for place in range(number):
        yield slice(place * length // number, (place + 1) * length // number)
