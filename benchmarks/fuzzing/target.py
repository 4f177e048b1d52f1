"""A reader that is given hostile input."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Target:
    """A reader that is given hostile input.

    Attributes:
        name: of the reader.
        seeds: inputs that it takes; others are made of them.
        mutated: another input, by way of what the format is made of, so that most get past the first check.
        read: has the reader read an input, with a folder to put files into; raises what the reader raises, or an AssertionError
            if what it read cannot be.
        refusals: the errors that the reader's documentation promises.
        num_inputs: how many are tried in the quick form.
    """

    name: str
    seeds: tuple[bytes, ...]
    mutated: Callable[[bytes, random.Random], bytes]
    read: Callable[[bytes, Path], None]
    refusals: tuple[type[Exception], ...]
    num_inputs: int
