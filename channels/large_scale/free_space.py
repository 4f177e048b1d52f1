"""Free-space path loss (Friis)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.constants import SPEED_OF_LIGHT_M_PER_S
from channels.large_scale.large_scale import LargeScale
from channels.layouts.layout import Layout


def free_space_pathloss_db(distance_m: ArrayLike, *, carrier_hz: float) -> FloatArray:
    """Path loss between isotropic antennas, 20 log10(4π d f / c).

    Source: Friis 1946.

    >>> float(free_space_pathloss_db(100.0, carrier_hz=3.5e9).round(3))
    83.329
    """
    distance = checked("distance_m", distance_m, low=0.0, open_low=True)
    checked("carrier_hz", carrier_hz, low=0.0, open_low=True)
    return 20.0 * np.log10(4.0 * np.pi * distance * carrier_hz / SPEED_OF_LIGHT_M_PER_S)


@dataclass(frozen=True, kw_only=True)
class FreeSpace:
    """Every link in line of sight, with free-space path loss over the distance in space and no shadowing."""

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links (N, K) of a layout."""
        height_m = layout.station_height_m[:, None] - layout.client_height_m
        pathloss_db = free_space_pathloss_db(np.hypot(layout.link_distance_2d_m, height_m), carrier_hz=carrier_hz)
        return LargeScale(
            pathloss_db=pathloss_db,
            shadowing_db=np.zeros_like(pathloss_db),
            los=np.ones(pathloss_db.shape, dtype=bool),
        )
