"""What distance and obstacles take from a signal: one draw per link, fixed while nobody moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import BoolArray, FloatArray, checked
from channels.layouts.layout import Layout
from channels.summary import shown_by
from channels.units import db_to_linear


@shown_by("pathloss_db", "shadowing_db", "los")
@dataclass(frozen=True, kw_only=True, eq=False)
class LargeScale:
    """Path loss and shadowing of the links between N stations and K clients.

    Attributes:
        pathloss_db: (N, K) path loss, walls included, positive; infinite where nothing arrives.
        shadowing_db: (N, K) shadowing, positive where the link is worse than its path loss.
        los: (N, K) whether the link is in line of sight.
    """

    pathloss_db: FloatArray
    shadowing_db: FloatArray
    los: BoolArray

    def __post_init__(self) -> None:
        shapes = {self.pathloss_db.shape, self.shadowing_db.shape, self.los.shape}
        if len(shapes) > 1:
            raise ValueError(f"pathloss_db, shadowing_db, los: got shapes {shapes}; needed is one shape")
        checked("shadowing_db", self.shadowing_db)
        if not (self.pathloss_db > -np.inf).all():  # nor nan
            wrong = self.pathloss_db[~(self.pathloss_db > -np.inf)][0]
            raise ValueError(f"pathloss_db: got {wrong:g}; allowed is a number, or infinity where nothing arrives")

    @property
    def power_gain(self) -> FloatArray:
        """(N, K) mean power gain 10^(-(pathloss + shadowing)/10), the mean being over small-scale fading."""
        return db_to_linear(-(self.pathloss_db + self.shadowing_db))


class Propagation(Protocol):
    """A large-scale model: from a layout to path losses, lines of sight and shadowing."""

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links of a layout."""
        ...
