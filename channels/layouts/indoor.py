"""Who is inside a building, and on which floor."""

from __future__ import annotations

import numpy as np

from channels.arrays import BoolArray, FloatArray, check_count, checked


def draw_indoor(num_clients: int, *, indoor_share: float, rng: np.random.Generator) -> BoolArray:
    """(K,) each client is indoors with the given probability, independently."""
    check_count("num_clients", num_clients)
    checked("indoor_share", indoor_share, low=0.0, high=1.0)
    return rng.random(num_clients) < indoor_share


def floor_height_m(indoor: BoolArray, *, outdoor_height_m: float = 1.5, rng: np.random.Generator) -> FloatArray:
    """(K,) heights of clients: 3(n - 1) + 1.5 m on floor n for those indoors.

    A client's building has 4 to 8 floors and it is on any one of them, both uniform.

    Source: 3GPP TR 38.901, table 7.2-1, with the heights of TR 36.873, table 6-1.

    >>> floor_height_m(np.array([False, True]), rng=np.random.default_rng(1)).tolist()
    [1.5, 16.5]
    """
    checked("outdoor_height_m", outdoor_height_m, low=0.0, open_low=True)
    floors = rng.integers(4, 9, size=len(indoor))
    floor = rng.integers(1, floors + 1)
    return np.where(indoor, 3.0 * (floor - 1) + 1.5, outdoor_height_m)
