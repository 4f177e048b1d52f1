"""Who takes part in a global round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import IntArray, check_count, checked


class Selection(Protocol):
    """From a cell's number of clients to those who take part, settled before anything is sent."""

    def draw(self, num_clients: int, *, rng: np.random.Generator) -> IntArray:
        """(m,) places in the cell, ascending, at least one."""
        ...


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """All clients of every cell."""

    def draw(self, num_clients: int, *, rng: np.random.Generator) -> IntArray:
        return np.arange(num_clients)


@dataclass(frozen=True, kw_only=True)
class UniformCount:
    """M clients of each cell, chosen uniformly without replacement; all, where there are fewer.

    Attributes:
        num_clients: M >= 1.

    >>> len(UniformCount(num_clients=3).draw(20, rng=np.random.default_rng(0)))
    3
    """

    num_clients: int

    def __post_init__(self) -> None:
        check_count("num_clients", self.num_clients)

    def draw(self, num_clients: int, *, rng: np.random.Generator) -> IntArray:
        return np.sort(rng.choice(num_clients, size=min(self.num_clients, num_clients), replace=False))


@dataclass(frozen=True, kw_only=True)
class UniformShare:
    """A share of the clients of each cell, rounded to whole clients, at least one, chosen uniformly without replacement.

    Attributes:
        share: between 0 and 1.

    >>> len(UniformShare(share=0.5).draw(20, rng=np.random.default_rng(0)))
    10
    """

    share: float

    def __post_init__(self) -> None:
        checked("share", self.share, low=0.0, high=1.0, open_low=True)

    def draw(self, num_clients: int, *, rng: np.random.Generator) -> IntArray:
        return UniformCount(num_clients=max(1, round(self.share * num_clients))).draw(num_clients, rng=rng)
