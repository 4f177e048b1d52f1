"""The library's own matrix product that adds to what is there, open to other threads while it runs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.linalg import cython_blas

from channels.arrays import FloatArray

PRECISIONS = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}
"""The library's letters for types."""


def accumulate(out: FloatArray, left: FloatArray, right: FloatArray) -> None:
    """out ← out + left right for matrices in single or double precision, in place.

    `numpy.matmul` overwrites, and what `scipy.linalg.blas` offers keeps the interpreter to itself meanwhile.

    Args:
        out: (m, n), the entries of a row side by side.
        left: (m, k), the entries of a row or of a column side by side.
        right: (k, n) likewise.

    Raises:
        ValueError: if shapes, types or the order in memory are others; the library would read and write whatever is there.

    >>> out = np.ones((2, 2))
    >>> accumulate(out, np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> out.tolist()
    [[2.0, 3.0], [4.0, 5.0]]
    """
    if not (out.dtype == left.dtype == right.dtype and out.dtype in PRECISIONS):
        raise ValueError(f"out: got {out.dtype} for {left.dtype} times {right.dtype}; needed is one type, float32 or float64")
    if left.shape[1] != right.shape[0] or out.shape != (left.shape[0], right.shape[1]):
        raise ValueError(f"out: got shape {out.shape} for {left.shape} times {right.shape}")
    integer, number = ctypes.c_int, np.ctypeslib.as_ctypes_type(out.dtype)
    (turn_right, step_right), (turn_left, step_left) = _lie(right), _lie(left)
    # To the library all are their transposes.
    _routine(f"{PRECISIONS[out.dtype]}gemm")(
        turn_right,
        turn_left,
        *(ctypes.byref(integer(size)) for size in (out.shape[1], out.shape[0], left.shape[1])),
        ctypes.byref(number(1.0)),
        right.ctypes.data,
        ctypes.byref(integer(step_right)),
        left.ctypes.data,
        ctypes.byref(integer(step_left)),
        ctypes.byref(number(1.0)),
        out.ctypes.data,
        ctypes.byref(integer(_step(out))),
    )


def _lie(matrix: FloatArray) -> tuple[bytes, int]:
    """Whether the rows lie one after the other or the columns do, and how far apart they are."""
    return (b"N", _step(matrix)) if matrix.strides[1] == matrix.itemsize else (b"T", _step(matrix.T))


def _step(matrix: FloatArray) -> int:
    """From one row to the next; if there is no next, the library still wants no less than a row."""
    rows, columns = matrix.shape
    step, rest = divmod(matrix.strides[0], matrix.itemsize)
    if matrix.strides[1] != matrix.itemsize or (rows > 1 and (rest or step < columns)):
        raise ValueError(f"strides: got {matrix.strides}; needed are entries of a row, or of a column, side by side")
    return max(step, columns)


@cache
def _routine(name: str) -> Callable[..., None]:
    """A routine of the linear algebra that scipy has.

    scipy hands out the addresses for compiled code (`scipy.linalg.cython_blas`), in capsules of Python's C interface.
    """
    capsule = cython_blas.__pyx_capi__[name]
    text, thing, pointer = ctypes.c_char_p, ctypes.py_object, ctypes.c_void_p
    signature = ctypes.PYFUNCTYPE(text, thing)(("PyCapsule_GetName", ctypes.pythonapi))(capsule)
    address = ctypes.PYFUNCTYPE(pointer, thing, text)(("PyCapsule_GetPointer", ctypes.pythonapi))(capsule, signature)
    routine: Callable[..., None] = ctypes.CFUNCTYPE(None, text, text, *(pointer,) * 11)(address)
    return routine
