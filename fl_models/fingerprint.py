"""What a training depends on, as short texts that differ where it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fl_models.training import Training

PARTS = ("algorithm", "task", "network", "aggregator", "clock", "streams", "selection")
"""Of a training, what its results depend on."""


def fingerprints(trainings: Iterable[Training]) -> tuple[dict[str, str], ...]:
    """For each training the SHA-256 of each of its parts; what they share is read once.

    Two parts have the same if their types have the same name and their fields are the same: numbers, texts, arrays to the bit,
    and so on down. Of functions the name counts, not what they do.
    """
    known: dict[int, bytes] = {}
    return tuple({name: _digest(getattr(training, name), known).hex() for name in PARTS} for training in trainings)


def digest(value: Any) -> str:
    """SHA-256 of a value and all that it is made of.

    >>> digest(np.arange(3)) == digest(np.array([0, 1, 2])), digest(1) == digest(1.0)
    (True, False)
    """
    return _digest(value, {}).hex()


def _digest(value: Any, known: dict[int, bytes]) -> bytes:
    """As `digest`; `known` are those of objects that live while it is used, and marks those that are being read."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, Enum, np.generic)):
        return _sum(type(value).__qualname__, repr(value).encode())
    if isinstance(value, (list, tuple, range)):
        return _sum("sequence", *(_digest(each, known) for each in value))
    if id(value) not in known:
        known[id(value)] = b"itself"  # an object that leads back to itself is not read twice
        known[id(value)] = _digest_of_object(value, known)
    return known[id(value)]


def _digest_of_object(value: Any, known: dict[int, bytes]) -> bytes:
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return _digest(value.tolist(), known)
    if isinstance(value, np.ndarray):
        plain = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        return _sum("array", value.dtype.str.encode(), repr(value.shape).encode(), plain.data)
    if isinstance(value, Mapping):
        return _sum("mapping", *sorted(_digest(key, known) + _digest(own, known) for key, own in value.items()))
    if isinstance(value, (set, frozenset)):
        return _sum("set", *sorted(_digest(each, known) for each in value))
    kind = type(value)
    if isinstance(value, type) or hasattr(value, "__code__"):
        return _sum("named", value.__qualname__.encode())
    if is_dataclass(value):
        names = [each.name for each in fields(value)]
    else:  # an object of a user's own: its attributes, but for those that are its private affair, such as caches
        kept = getattr(value, "__dict__", {})
        names = sorted(name for name in kept if name[0] != "_" and not isinstance(getattr(kind, name, None), cached_property))
    content = [part for name in names for part in (name.encode(), _digest(getattr(value, name), known))]
    return _sum(kind.__qualname__, *content)


def _sum(kind: str, *parts: bytes | memoryview) -> bytes:
    total = hashlib.sha256(kind.encode())
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.digest()
