"""How objects that hold arrays show themselves: one line in a terminal, a table in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

import numpy as np

from channels.html_table import html_table
from channels.quantity import FEW, name_and_unit, quantity

T = TypeVar("T")
SHORT = 3
"""Up to so many numbers are shown in a line."""
LONGEST_LINE = 160
"""Characters in a line; what comes after is left to the table."""


def shown_by(
    *names: str, picture: Callable[[Any], str] | None = None, **derived: Callable[[Any], Any]
) -> Callable[[type[T]], type[T]]:
    """A class decorator: objects are shown by some of their attributes rather than by all that they hold.

    `repr` is one line. A notebook, which asks for `_repr_html_`, gets a table with units, as the names tell them. What is
    None is left out.

    Args:
        names: attributes, in order.
        picture: inline SVG of an object, to be put above the table.
        derived: what is not an attribute, by name.

    >>> import re
    >>> from dataclasses import dataclass
    >>> @shown_by("band_hz", total_hz=lambda cell: cell.band_hz.sum())
    ... @dataclass
    ... class Cell:
    ...     band_hz: np.ndarray
    >>> Cell(band_hz=np.arange(1e6, 5e6, 1e6))
    Cell(band_hz=1e+06 to 4e+06 (4,), total_hz=1e+07)
    >>> re.findall(">([^<]+)<", Cell(band_hz=np.array([1e6, 2e6]))._repr_html_())
    ['Cell', 'band', '1, 2 MHz', 'total', '3 MHz']
    """

    def values(shown: Any) -> dict[str, Any]:
        found = {name: getattr(shown, name) for name in names} | {name: of(shown) for name, of in derived.items()}
        return {name: value for name, value in found.items() if value is not None}

    def line(self: Any) -> str:
        parts = [f"{name}={_brief(value)}" for name, value in values(self).items()]
        ends = np.cumsum([len(part) + 2 for part in parts])
        fit = max(1, int(np.searchsorted(ends, LONGEST_LINE)))
        return f"{type(self).__name__}({', '.join([*parts[:fit], *['...'] * (fit < len(parts))])})"

    def html(self: Any) -> str:
        rows = []
        for name, value in values(self).items():
            label, unit = name_and_unit(name)
            rows.append((label, quantity(value, unit)))
        return (picture(self) if picture else "") + html_table(rows, title=type(self).__name__)

    def show(kind: type[T]) -> type[T]:
        for name, method in {"__repr__": line, "_repr_html_": html}.items():
            setattr(kind, name, method)
        return kind

    return show


def _brief(value: Any) -> str:
    """A value without unit, for a line in which others follow."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return repr(value)
    if isinstance(value, tuple) and len(value) <= FEW and all(isinstance(entry, (int, float)) for entry in value):
        return repr(value)
    if not isinstance(value, (float, np.generic, np.ndarray)):
        return quantity(value)
    array = np.asarray(value)
    if array.dtype.kind == "b" and array.ndim:
        return f"{int(array.sum())} of {array.size}"
    if array.dtype.kind not in "ifuc" or not array.size:
        return quantity(array)
    form = ".4g" if array.dtype.kind in "fc" else "d"
    size, bars = (np.abs(array), "|") if array.dtype.kind == "c" else (array, "")
    if array.ndim <= 1 and array.size <= SHORT:
        text = bars + ", ".join(format(entry, form) for entry in size.reshape(-1)) + bars
        return f"[{text}]" if array.ndim else text
    ends = [format(end, form) for end in (size.min(), size.max())]
    return f"{bars}{' to '.join(dict.fromkeys(ends))}{bars} {array.shape}"
