"""Memory that a computation uses again every time it runs."""

from __future__ import annotations

import threading
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from channels.arrays import FloatArray


class Workspace(threading.local):
    """Arrays by name, kept from call to call, each thread having its own.

    What the system gives out anew it first fills with zeros, page by page, which takes longer than many an operation on it.
    An array is valid until the same thread asks for that name again, so none must leave the function that asked.

    >>> workspace = Workspace()
    >>> first = workspace.empty("columns", (2, 3), np.float32)
    >>> np.shares_memory(first, workspace.empty("columns", (5,), np.float32))
    True
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, np.dtype], FloatArray] = {}

    def empty(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> FloatArray:
        """An array with whatever is in it."""
        size, key = prod(shape), (name, np.dtype(dtype))
        kept = self._kept.get(key)
        if kept is None or kept.size < size:
            kept = self._kept[key] = np.empty(size, dtype=dtype)
        return kept[:size].reshape(shape)
