"""Stations that serve nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from channels.arrays import IntArray
from channels.large_scale.large_scale import LargeScale
from channels.layouts.layout import Layout


def without_idle_stations(layout: Layout, large_scale: LargeScale) -> tuple[Layout, LargeScale, IntArray]:
    """The layout and its links without the stations that serve no client, and which of the old stations the new ones are.

    They take no part in learning, and are taken to be silent.

    >>> import numpy as np
    >>> from channels import FreeSpace, layout_of
    >>> layout = layout_of(station_xy_m=[[0, 0], [500, 0], [900, 0]], client_xy_m=[[10, 0], [880, 0]])
    >>> drawn = FreeSpace().draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(0))
    >>> busy, links, kept = without_idle_stations(layout, drawn)
    >>> busy.serving_cell.tolist(), links.los.shape, kept.tolist()
    ([0, 1], (2, 2), [0, 2])
    """
    kept, serving = np.unique(layout.serving_cell, return_inverse=True)
    busy = replace(
        layout,
        station_xy_m=layout.station_xy_m[kept],
        station_height_m=layout.station_height_m[kept],
        serving_cell=serving,
    )
    links = replace(
        large_scale,
        pathloss_db=large_scale.pathloss_db[kept],
        shadowing_db=large_scale.shadowing_db[kept],
        los=large_scale.los[kept],
    )
    return busy, links, kept
