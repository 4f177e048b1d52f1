"""Matrix products that are added to matrices where these lie."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.linalg import cython_blas

from channels.arrays import FloatArray

SMALL_PRODUCT = 10**6
"""Multiplications up to which OpenBLAS takes matrices as they are, where it would otherwise first copy them into blocks."""

TINY_PRODUCT = 2**18
"""Multiplications up to which adding the products afterwards takes less than a call for each of them."""


def add_products(out: FloatArray, left: FloatArray, right: FloatArray) -> None:
    """out_i ← out_i + left_i right_i for each of g matrices, in place.

    `numpy.matmul` overwrites, and to write a product down and then add it takes three more passes over a large matrix. So large
    ones go to the library's own product, which adds. They are cut along their longest side into small ones, which is faster,
    and other threads may run meanwhile, as they may not within `scipy.linalg.blas`.

    Args:
        out: (g, m, n) in single or double precision, the entries of a row side by side.
        left: (g, m, k) of the same precision, the entries of a row or of a column side by side.
        right: (g, k, n) likewise.

    >>> out = np.ones((1, 2, 2))
    >>> add_products(out, np.eye(2)[None], np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    >>> out.tolist()
    [[[2.0, 3.0], [4.0, 5.0]]]
    """
    (_, rows, columns), inner = out.shape, left.shape[-1]
    if rows * columns * inner <= TINY_PRODUCT:
        out += np.matmul(left, right)
        return
    parts = _parts((rows, columns, inner), out.dtype.char, out.strides[1:], left.strides[1:], right.strides[1:])
    at_left, at_right, at_out = left.ctypes.data, right.ctypes.data, out.ctypes.data
    for _ in range(len(out)):
        for add, left_byte, right_byte, out_byte in parts:
            add(at_left + left_byte, at_right + right_byte, at_out + out_byte)
        at_left, at_right, at_out = at_left + left.strides[0], at_right + right.strides[0], at_out + out.strides[0]


class _Part(NamedTuple):
    """A product of parts of the matrices, with the bytes from where each of these begins."""

    add: Callable[[int, int, int], None]
    left: int
    right: int
    out: int


Strides = tuple[int, ...]


@lru_cache(maxsize=1024)
def _parts(shape: tuple[int, int, int], char: str, out: Strides, left: Strides, right: Strides) -> tuple[_Part, ...]:
    """What a product (m, n, k) is cut into: every part but the last is as long as it may be."""
    side = int(np.argmax(shape))
    length = max(1, SMALL_PRODUCT * shape[side] // (shape[0] * shape[1] * shape[2]))
    # As equal as can be.
    number = -(-shape[side] // length)
    parts = []
    for place in range(number):
        begin, end = (shape[side] * (place + more) // number for more in (0, 1))
        size = [*shape]
        size[side] = end - begin
        row, column, inner = (begin if side == axis else 0 for axis in range(3))
        parts.append(
            _Part(
                add=_product(char, *size, out=out, left=left, right=right),
                left=row * left[0] + inner * left[1],
                right=inner * right[0] + column * right[1],
                out=row * out[0] + column * out[1],
            )
        )
    return tuple(parts)


def _product(
    char: str, rows: int, columns: int, inner: int, *, out: Strides, left: Strides, right: Strides
) -> Callable[[int, int, int], None]:
    """A function of where left, right and out are in memory; to the library, all three are their transposes."""
    number = ctypes.c_float if char == "f" else ctypes.c_double
    size, one = ctypes.sizeof(number), ctypes.byref(number(1.0))
    m, n, k, leading = (_integer(value) for value in (columns, rows, inner, max(out[0] // size, columns)))
    turn_right, step_right = _operand(right, inner, columns, size)
    turn_left, step_left = _operand(left, rows, inner, size)
    gemm = _routine(f"{'s' if char == 'f' else 'd'}gemm")

    def add(left: int, right: int, out: int) -> None:
        gemm(turn_right, turn_left, m, n, k, one, right, step_right, left, step_left, one, out, leading)

    return add


def _operand(strides: Strides, rows: int, columns: int, size: int) -> tuple[bytes, object]:
    """How it lies, and from one row or column to the next; the library wants a step there even if there is no next."""
    if strides[1] == size:
        return b"N", _integer(max(strides[0] // size, columns))
    return b"T", _integer(max(strides[1] // size, rows))


def _integer(value: int) -> object:
    return ctypes.byref(ctypes.c_int(value))


def _routine(name: str) -> Callable[..., None]:
    """A routine of the linear algebra that scipy has, called without the interpreter's lock.

    scipy hands out the addresses for compiled code (`scipy.linalg.cython_blas`), in capsules of the C interface of Python.
    """
    capsule = cython_blas.__pyx_capi__[name]
    signature = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))(capsule)
    address = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))(
        capsule, signature
    )
    transposed, pointer = ctypes.c_char_p, ctypes.c_void_p
    routine: Callable[..., None] = ctypes.CFUNCTYPE(None, transposed, transposed, *(pointer,) * 11)(address)
    return routine
