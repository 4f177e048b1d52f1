"""Changes of bytes and of JSON, and what a reader may not expect."""

from __future__ import annotations

import json
import random
from typing import Any

CHUNKS: tuple[bytes, ...] = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\r\n", b"\r", b"\n", b"\x0b",
    b"\x85", b"\xe2\x80\xa8", b'"', b"'", b'"""', b"\\", b",", b"=", b"#", b".", b"[", b"]", b"{", b"}", b" ", b"\t", b"0",
    b"-1", b"1e999", b"nan", b"inf", b"9" * 30, b"0x" + b"f" * 40, b"\xd9\xa3", b"\xc2\xb2", b"A" * 70,
)  # fmt: skip
LONG = (b"9" * 5000, b"[" * 3000, b"a." * 500, b"0x" + b"f" * 5000, b"x" * 20_000, b"{a=" * 500, b"\\u0041" * 500)

JSON_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 2**31, 2**63, 10**30, 0.0, -0.0, 0.5, 1e308, 5e-324, float("nan"), float("inf"), "", "0",
    "nan", "reached", "diverged", "\x00", "\ud800", "é" * 40, "x" * 5000, [], {}, [[]], [None], {"": None}, {"a": {"b": [1]}},
    [1.0, 2.0],
)  # fmt: skip


def with_bytes_changed(data: bytes, rng: random.Random) -> bytes:
    """One to four places changed, put in, left out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(changed) + 1)
        end = min(len(changed), start + rng.choice((1, 1, 2, 4, 16, 64)))
        match rng.randrange(8):
            case 0 if start < len(changed):
                changed[start] ^= 1 << rng.randrange(8)
            case 1 if start < len(changed):
                changed[start] = rng.randrange(256)
            case 2:
                changed[start:start] = rng.choice(CHUNKS)
            case 3:
                changed[start:end] = rng.choice(CHUNKS)
            case 4:
                del changed[start:end]
            case 5:
                changed[start:start] = changed[start:end] * rng.choice((1, 2, 50))
            case 6 if rng.random() < 0.2:
                changed[start:start] = rng.choice(LONG)
            case 7:
                del changed[start : start + rng.choice((1, 10, 10**6))]
    return bytes(changed)


def with_json_changed(data: bytes, rng: random.Random) -> bytes:
    """The document with some of its values others, keys missing or new; of bytes that are no JSON, some changed."""
    try:
        document = json.loads(data)
        for _ in range(rng.choice((1, 1, 2, 3))):
            document = _changed(document, rng)
        return json.dumps(document).encode()
    except (ValueError, RecursionError):
        return with_bytes_changed(data, rng)


def _changed(part: Any, rng: random.Random) -> Any:
    if not isinstance(part, (dict, list)) or not part or rng.random() < 0.1:
        return rng.choice(JSON_VALUES)
    copy = part.copy()
    place = rng.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
    match rng.randrange(8):
        case 0:
            del copy[place]
        case 1 if isinstance(copy, dict):
            copy[rng.choice(("", "rows", "point", "scheme", "outcome", "a" * 100))] = rng.choice(JSON_VALUES)
        case 1:
            copy.insert(place, copy[place])
        case _:
            copy[place] = _changed(copy[place], rng)
    return copy
