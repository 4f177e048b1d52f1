"""What distance and obstacles take from a signal: one draw per link, fixed while nobody moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, FloatArray
from channels.units import db_to_linear


@dataclass(frozen=True, kw_only=True, eq=False)
class LargeScale:
    """Path loss and shadowing of each link.

    Attributes:
        pathloss_db: (K,) path loss, positive.
        shadowing_db: (K,) shadowing, positive where the link is worse than its path loss.
        los: (K,) whether the link is in line of sight.
    """

    pathloss_db: FloatArray
    shadowing_db: FloatArray
    los: BoolArray

    @property
    def power_gain(self) -> FloatArray:
        """(K,) mean power gain 10^(-(pathloss + shadowing)/10), the mean being over small-scale fading."""
        return db_to_linear(-(self.pathloss_db + self.shadowing_db))


class Propagation(Protocol):
    """A large-scale model: from distances to path losses, lines of sight and shadowing."""

    def draw(self, distance_2d_m: ArrayLike, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for links of the given ground distances."""
        ...
