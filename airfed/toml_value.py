"""Values in TOML's notation."""

from __future__ import annotations

import json
import re


def toml_value(value: object) -> str:
    """A value in TOML's notation, tables inline.

    >>> toml_value({"kind": "uma", "loads": (0.0, 3.5e9)})
    '{ kind = "uma", loads = [0.0, 3.5e9] }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = short_number(value)
        return text if any(mark in text for mark in ".en") else text + ".0"  # n as in inf and nan
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(inner) for inner in value) + "]"
    raise TypeError(f"value: got {type(value).__name__}, which TOML cannot hold")


def short_number(value: float) -> str:
    """The shorter of the plain and the scientific notation that reads back as the same number.

    >>> short_number(3.5e9), short_number(0.1 + 0.2), short_number(1000)
    ('3.5e9', '0.30000000000000004', '1000')
    """
    short = re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", f"{value:g}")
    return short if float(short) == value else repr(value)
