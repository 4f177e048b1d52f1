"""Random streams by identity, so that results depend neither on order nor on the number of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np


class Stream(IntEnum):
    """What a random stream is for. The numbers are part of every result: never renumber, only append."""

    LAYOUT = 0
    LARGE_SCALE = 1
    DEVICES = 2
    SPLIT = 3
    MODEL = 4
    PLANNING = 5
    FADING = 6
    BATCHES = 7
    PARTITION = 8
    UPLINK = 9
    THRESHOLD = 10
    SELECTION = 11
    LOCAL = 12


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The generators of an experiment, each from its purpose and identity (round, client, ...) alone.

    Schemes that use the same streams see the same fading, mini-batches and partitions.

    >>> one, two = (Streams(seed=7).rng(Stream.FADING, 3).random() for _ in range(2))
    >>> one == two
    True
    """

    seed: int

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, (int, np.integer)) or self.seed < 0:
            raise ValueError(f"seed: got {self.seed}; allowed is an integer >= 0")

    def rng(self, stream: Stream, *identity: int) -> np.random.Generator:
        """A fresh generator at the start of the stream."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(int(stream), *identity)))

    def rngs(self, streams: Sequence[tuple[int, ...]]) -> Sequence[np.random.Generator]:
        """The generators of several streams (stream, *identity), each made when it is first asked for, which few models do."""
        return _Generators(self, streams)


class _Generators(Sequence[np.random.Generator]):
    def __init__(self, source: Streams, streams: Sequence[tuple[int, ...]]) -> None:
        self._source, self._streams = source, streams
        self._made: dict[int, np.random.Generator] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def __getitem__(self, place: Any) -> Any:
        place = range(len(self))[place]
        if isinstance(place, range):
            return [self[i] for i in place]
        if place not in self._made:
            stream, *identity = self._streams[place]
            self._made[place] = self._source.rng(Stream(stream), *identity)
        return self._made[place]
