"""Array types and the checks that every model makes of its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating]
ComplexArray = NDArray[np.complexfloating]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.integer]

BLOCK_VALUES = 2**17


def checked(
    name: str,
    value: ArrayLike,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    open_low: bool = False,
    open_high: bool = False,
    shape: tuple[int, ...] | None = None,
) -> FloatArray:
    """`value` as a float array, finite and within the range; else a ValueError that says which entry is not.

    `open_low` and `open_high` exclude the end points; `shape`, if given, is broadcast to.

    >>> checked("bandwidth_hz", [1e6, -1.0], low=0.0, open_low=True)
    Traceback (most recent call last):
        ...
    ValueError: bandwidth_hz: got -1 at index (1,); allowed is a finite number > 0
    """
    if np.iscomplexobj(value):
        raise ValueError(f"{name}: got complex numbers; needed are real ones")
    array = np.asarray(value, dtype=float)
    above = array > low if open_low else array >= low
    below = array < high if open_high else array <= high
    good = np.isfinite(array) & above & below
    if not good.all():
        index = tuple(int(i) for i in np.argwhere(~good)[0])
        where = f" at index {index}" if index else ""
        raise ValueError(f"{name}: got {array[index]:g}{where}; allowed is {_range(low, high, open_low, open_high)}")
    if shape is not None:
        try:
            array = np.broadcast_to(array, shape)
        except ValueError:
            raise ValueError(f"{name}: got shape {array.shape}; needed is a number or shape {shape}") from None
    return array


def matching_shape(
    owner: str, arrays: Mapping[str, FloatArray], *, without_last: Mapping[str, FloatArray] | None = None
) -> tuple[int, ...]:
    """The shape that all arrays of a model broadcast to; else a ValueError that names them with their shapes.

    Args:
        owner: name of the model.
        arrays: by name.
        without_last: arrays that lack the last axis of the others.

    >>> matching_shape("Cell", {"rate": np.ones((3, 1)), "gain": np.ones(2)}, without_last={"band": np.ones(3)})
    (3, 2)
    """
    fewer = without_last or {}
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays.values()), *((*a.shape, 1) for a in fewer.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in {**arrays, **fewer}.items())
        raise ValueError(f"{owner}: shapes do not match: {shapes}") from None


def check_member(name: str, value: Any, kind: type[Enum]) -> None:
    """A ValueError unless `value` is a member of `kind`: a text is not, even if it is a member's value.

    >>> from channels import TDLProfile
    >>> check_member("profile", "A", TDLProfile)
    Traceback (most recent call last):
        ...
    ValueError: profile: got 'A'; allowed is a member of TDLProfile: A, B, C, D, E
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name}: got {value!r}; allowed is a member of {kind.__name__}: {', '.join(kind.__members__)}")


def check_object(name: str, value: Any, *, method: str, example: str) -> None:
    """A ValueError unless `value` is an object, not a class or a text, with the method.

    >>> check_object("transceiver", "full power", method="plan", example="FullPower()")
    Traceback (most recent call last):
        ...
    ValueError: transceiver: got 'full power'; needed is an object with a method plan, such as FullPower()
    """
    if isinstance(value, type) or not callable(getattr(value, method, None)):
        raise ValueError(f"{name}: got {value!r}; needed is an object with a method {method}, such as {example}")


def check_count(name: str, value: Any) -> None:
    """A ValueError unless `value` is an integer >= 1.

    >>> check_count("num_antennas", 2.5)
    Traceback (most recent call last):
        ...
    ValueError: num_antennas: got 2.5; allowed is an integer >= 1
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}: got {value}; allowed is an integer >= 1")


def _range(low: float, high: float, open_low: bool, open_high: bool) -> str:
    if low == high:
        return f"{low:g}"
    parts = []
    if low > -np.inf:
        parts.append(f"{'>' if open_low else '>='} {low:g}")
    if high < np.inf:
        parts.append(f"{'<' if open_high else '<='} {high:g}")
    return "a finite number" + (" " + " and ".join(parts) if parts else "")


def row_blocks(num_rows: int, num_columns: int) -> Iterator[slice]:
    """Slices of rows that hold up to 1 MiB of floats each, so that what is computed on one stays in the processor's cache.

    >>> list(row_blocks(5, 60_000))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    rows = max(1, BLOCK_VALUES // num_columns)
    return (slice(start, start + rows) for start in range(0, num_rows, rows))
