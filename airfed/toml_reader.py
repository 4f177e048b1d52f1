"""TOML from files and commands of anybody: read in time in proportion to its length, and nothing in it that cannot be told."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MAX_DEPTH = 32
"""Tables and lists within each other; a scenario has up to five."""
MAX_ENTRIES = 100_000
"""Of a table or list; to tell what is wrong with one takes seconds beyond that."""
MAX_INTEGER_BITS = 64

# Python's reader takes time by the square of the number of parts of a key. Here a part begins where none can be going on, and
# nothing of it is given back once it is matched, so that looking takes time in proportion to the length.
_PART = r"""(?>[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{{MAX_DEPTH}}}")


def read_toml(text: str) -> dict[str, Any]:
    """The document.

    Raises:
        ValueError: it is not valid TOML, is nested deeper than `MAX_DEPTH`, has more than `MAX_ENTRIES` in one place, or an
            integer of more than 64 bits, the most that TOML promises; all on one line.

    >>> read_toml("network.num_cells = 3")
    {'network': {'num_cells': 3}}
    """
    if _LONG_KEY.search(text):
        raise ValueError(f"a key of more than {MAX_DEPTH} parts")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from None
    _check(document, depth=1)
    return document


def _check(part: Any, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(part, (dict, list)):
        if len(part) > MAX_ENTRIES:
            raise ValueError(f"a {'table' if isinstance(part, dict) else 'list'} of more than {MAX_ENTRIES} entries")
        for inner in part.values() if isinstance(part, dict) else part:
            _check(inner, depth=depth + 1)
    elif isinstance(part, int) and part.bit_length() > MAX_INTEGER_BITS:
        raise ValueError(f"an integer of {part.bit_length()} bits; allowed are up to {MAX_INTEGER_BITS}")
