"""Cells of which only is known how many clients they have."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import checked
from channels.layouts.layout import Layout


def unplaced_layout(cell_sizes: ArrayLike) -> Layout:
    """Cells with given numbers of clients, all at the origin: for networks whose SNR is given, not found from distances.

    Models that need distances refuse it, since all are 0.

    Args:
        cell_sizes: (N,) clients of each cell, integers of at least 1.

    >>> unplaced_layout([2, 1]).serving_cell.tolist()
    [0, 0, 1]
    """
    sizes = checked("cell_sizes", cell_sizes, low=1.0)
    if sizes.ndim != 1 or not len(sizes) or (sizes % 1.0).any():
        raise ValueError(f"cell_sizes: got {sizes.tolist()}; needed is a list of integers, one for each cell")
    serving = np.repeat(np.arange(len(sizes)), sizes.astype(int))
    return Layout(
        station_xy_m=np.zeros((len(sizes), 2)),
        client_xy_m=np.zeros((len(serving), 2)),
        serving_cell=serving,
        station_height_m=np.array(0.0),
        client_height_m=np.array(0.0),
    )
