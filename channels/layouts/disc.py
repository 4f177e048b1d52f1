"""One station in the middle of a disc."""

from __future__ import annotations

import numpy as np

from channels.arrays import check_count, checked
from channels.layouts.layout import Layout, layout_of


def disc_layout(*, num_clients: int, radius_m: float, min_distance_m: float = 0.0, rng: np.random.Generator) -> Layout:
    """A single cell, its clients uniform over the ring between two distances from the station.

    A client's distance d has density 2d/(R² - r²) on [r, R].

    >>> layout = disc_layout(num_clients=5, radius_m=100.0, min_distance_m=10.0, rng=np.random.default_rng(0))
    >>> bool((layout.distance_2d_m >= 10.0).all() and (layout.distance_2d_m <= 100.0).all())
    True
    """
    check_count("num_clients", num_clients)
    checked("radius_m", radius_m, low=0.0, open_low=True)
    checked("min_distance_m", min_distance_m, low=0.0, high=radius_m, open_high=True)
    distance = np.sqrt(min_distance_m**2 + (radius_m**2 - min_distance_m**2) * rng.random(num_clients))
    angle = 2.0 * np.pi * rng.random(num_clients)
    xy = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return layout_of(station_xy_m=np.zeros((1, 2)), client_xy_m=xy)
