"""The most clients that one combining vector serves within an error: what is asked, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from channels.summary import shown_by


@shown_by("num_selected", "bound", "square_norm", "selected", "combiner")
@dataclass(frozen=True, kw_only=True, eq=False)
class SelectionResult:
    """Who takes part, over a batch of draws (leading axes).

    Attributes:
        selected: (..., K) clients with |mᴴg_i| >= 1.
        combiner: (..., A) m, as short as it serves them; 0 where nobody can be served.
        square_norm: (...) ‖m‖², within the limit.
        bound: (...) certified upper bound of the number of clients that any m within the limit serves.
    """

    selected: BoolArray
    combiner: ComplexArray
    square_norm: FloatArray
    bound: IntArray

    @property
    def num_selected(self) -> IntArray:
        """(...) how many take part."""
        return np.sum(self.selected, axis=-1)


class DeviceSelection(Protocol):
    """A rule for max |S| subject to |mᴴg_i| >= 1 for i in S and ‖m‖² <= limit, in general NP-hard."""

    def select(self, channel: ArrayLike, *, max_square_norm: ArrayLike) -> SelectionResult:
        """A set of clients for each draw.

        Args:
            channel: (..., K, A) complex g_i = √P_i h_i/w_i. A client with g_i = 0 is never selected.
            max_square_norm: the limit, allowed error of the sum over the noise power; a number or (...).
        """
        ...
