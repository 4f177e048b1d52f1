"""Keys of scenario files that have moved since, so that the files go on working."""

from __future__ import annotations

from typing import Any

KINDS = {"data": "digits", "split": "two_level"}
MOVED = {
    "test_fraction": ("data", "test_fraction"),
    "min_samples": ("split", "min_samples"),
    "cell_concentration": ("split", "over_cells", "concentration"),
    "client_concentration": ("split", "over_clients", "concentration"),
}
"""Of `[learning]`, when data were digits and splits were Dirichlet at two levels."""


def with_keys_moved(learning: dict[str, Any]) -> dict[str, Any]:
    """The table with such keys in the tables that they are in now.

    Raises:
        ValueError: if such a table is there, too.

    >>> with_keys_moved({"rounds": 3, "min_samples": 2})
    {'rounds': 3, 'split': {'kind': 'two_level', 'min_samples': 2}}
    """
    earlier = {key: value for key, value in learning.items() if key in MOVED}
    moved = {key: value for key, value in learning.items() if key not in MOVED}
    for key, value in earlier.items():
        place, *way, last = MOVED[key]
        if place in learning:
            now = ".".join((place, *way, last))
            raise ValueError(f"{key}: got {value!r} beside a table learning.{place}; write it there, as learning.{now}")
        table = moved.setdefault(place, {"kind": KINDS[place]})
        for step in way:
            table = table.setdefault(step, {"kind": "dirichlet"})
        table[last] = value
    return moved
