"""Real vectors as complex symbols: two real values ride on one symbol."""

from __future__ import annotations

import numpy as np

from channels.arrays import ComplexArray, FloatArray, check_count


def num_symbols(num_values: int) -> int:
    """Complex symbols that carry the given number of real values.

    >>> num_symbols(5)
    3
    """
    check_count("num_values", num_values)
    return (num_values + 1) // 2


def pack_symbols(values: FloatArray) -> ComplexArray:
    """(..., d) real values as (..., ceil(d/2)) symbols: values 2t and 2t+1 are the parts of symbol t.

    >>> pack_symbols(np.array([1.0, 2.0, 3.0])).tolist()
    [(1+2j), (3+0j)]
    """
    if not values.ndim:
        raise ValueError("values: got a number; needed is (..., values)")
    *batch, num_values = values.shape
    padded = np.zeros((*batch, 2 * num_symbols(num_values)))
    padded[..., :num_values] = values
    return padded.view(complex)


def unpack_symbols(symbols: ComplexArray, num_values: int) -> FloatArray:
    """The first `num_values` real values that the symbols carry; undoes `pack_symbols`.

    >>> unpack_symbols(np.array([1 + 2j, 3 + 0j]), 3).tolist()
    [1.0, 2.0, 3.0]
    """
    parts = np.ascontiguousarray(symbols, dtype=complex).view(float)
    if parts.shape[-1] < num_values:
        raise ValueError(f"symbols: got {symbols.shape[-1]}; needed for {num_values} values are {num_symbols(num_values)}")
    return parts[..., :num_values]
