"""Uplink plans that take the mean block by block, so that the updates of a large cell are never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.aggregation.aggregator import UplinkPlan

BLOCK_BYTES = 2**26
"""Updates of a cell that are in memory at once, where the plan can do with a block of them."""

Blocks = Iterator[tuple[IntArray, FloatArray]]
"""Clients' places in the cell (m,), ascending from block to block, and their updates (m, d), which are gone with the next."""


@runtime_checkable
class BlockwisePlan(UplinkPlan, Protocol):
    """A plan whose mean needs to see each update once, and not all of them together."""

    def mean_of_blocks(self, blocks: Blocks, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        """(d,) what `mean` gives, from the updates of those who are active, in at least one block."""
        ...


def rows_per_block(update_bytes: int, *, group_size: int) -> int:
    """Updates in a block: whole groups of clients that train together, at least one group.

    >>> rows_per_block(2**20, group_size=10)
    60
    """
    return max(group_size, BLOCK_BYTES // update_bytes // group_size * group_size)
