"""Where two documents differ."""

from __future__ import annotations

from typing import Any

from channels.shortened import shortened


def first_difference(held: Any, wanted: Any, *, key: str = "") -> str:
    """Where two documents first differ, in words; '' if they do not.

    >>> first_difference({"seeds": [0, 1]}, {"seeds": [0, 2]})
    'seeds.1 is 1 there and 2 here'
    """
    if isinstance(held, dict) and isinstance(wanted, dict):
        pairs = [(name, held.get(name), wanted.get(name)) for name in {**wanted, **held}]
    elif isinstance(held, list) and isinstance(wanted, list) and len(held) == len(wanted):
        pairs = [(str(place), one, other) for place, (one, other) in enumerate(zip(held, wanted, strict=True))]
    elif held == wanted:
        return ""
    else:
        return f"{key or 'it'} is {_short(held)} there and {_short(wanted)} here"
    found = (first_difference(one, other, key=f"{key}.{name}" if key else name) for name, one, other in pairs)
    return next(filter(None, found), "")


def _short(value: Any) -> str:
    return "missing" if value is None else shortened(repr(value), longest=120)
