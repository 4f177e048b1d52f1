"""Hexagonal cells."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray, check_count, checked
from channels.layouts.layout import NO_WRAP_XY_M, Layout

# Clusters that tile the plane, as the axial coordinates (i, j) of the nearest copy: i² + i j + j² cells.
CLUSTER_SHIFT = {1: (1, 0), 3: (1, 1), 7: (2, 1), 19: (3, 2)}


def hexagonal_sites(num_cells: int, *, radius_m: float) -> FloatArray:
    """(N, 2) centres of hexagonal cells, spiralling outwards from the origin.

    Neighbouring centres stand sqrt(3) radii apart, `radius_m` being the circumradius of a cell.

    >>> hexagonal_sites(3, radius_m=100.0).round(1).tolist()
    [[0.0, 0.0], [173.2, 0.0], [86.6, 150.0]]
    """
    check_count("num_cells", num_cells)
    checked("radius_m", radius_m, low=0.0, open_low=True)
    steps = [(-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0), (0, 1)]  # axial coordinates, counter-clockwise
    axial = [(0, 0)]
    ring = 1
    while len(axial) < num_cells:
        q, r = ring, 0
        for step_q, step_r in steps:
            for _ in range(ring):
                axial.append((q, r))
                q, r = q + step_q, r + step_r
        ring += 1
    return _from_axial(np.array(axial[:num_cells]), radius_m)


def hexagonal_wrap(num_cells: int, *, radius_m: float) -> FloatArray:
    """(7, 2) shifts at which a cluster of 1, 3, 7 or 19 hexagonal cells repeats to fill the plane, (0, 0) first.

    With the cluster wrapped around, every cell sees the same surroundings and none is at an edge.

    Source: 3GPP TR 38.901, section 7.8 (wrapping by geographical distance); Goldberg and Caspar 1962 for the shifts.

    >>> hexagonal_wrap(7, radius_m=100.0).round(0).tolist()[:3]
    [[0.0, 0.0], [433.0, 150.0], [87.0, 450.0]]
    """
    if num_cells not in CLUSTER_SHIFT:
        raise ValueError(f"num_cells: got {num_cells}; cells that wrap around are {', '.join(map(str, CLUSTER_SHIFT))}")
    q, r = CLUSTER_SHIFT[num_cells]
    axial = [(0, 0)]
    for _ in range(6):
        axial.append((q, r))
        q, r = -r, q + r  # a sixth of a turn
    return _from_axial(np.array(axial), radius_m)


def uniform_in_hexagon(num_points: int, *, radius_m: float, min_distance_m: float, rng: np.random.Generator) -> FloatArray:
    """(num_points, 2) points uniform over a hexagon around the origin, outside the disc of `min_distance_m`."""
    checked("radius_m", radius_m, low=0.0, open_low=True)
    inradius_m = radius_m * np.sqrt(3.0) / 2
    checked("min_distance_m", min_distance_m, low=0.0, high=inradius_m, open_high=True)
    # The hexagon is three rhombi, each spanned by every second pair of its vertices.
    angle = np.deg2rad(30.0 + 120.0 * np.arange(3))
    vertices = radius_m * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    points = np.empty((0, 2))
    while len(points) < num_points:
        rhombus = rng.integers(3, size=num_points)
        along = rng.random((2, num_points, 1))
        drawn = along[0] * vertices[rhombus] + along[1] * vertices[(rhombus + 1) % 3]
        points = np.concatenate([points, drawn[np.hypot(drawn[:, 0], drawn[:, 1]) >= min_distance_m]])
    return points[:num_points]


def hexagonal_layout(
    *,
    num_cells: int,
    clients_per_cell: int,
    radius_m: float,
    min_distance_m: float = 0.0,
    wrap_around: bool = False,
    rng: np.random.Generator,
) -> Layout:
    """Hexagonal cells with clients uniform in each, every client served by its own cell.

    Args:
        num_cells: number of cells N, filled in a spiral from the centre.
        clients_per_cell: clients in each cell.
        radius_m: circumradius of a cell.
        min_distance_m: no client stands nearer to its station.
        wrap_around: whether the cells, 1, 3, 7 or 19 of them, repeat to fill the plane.
        rng: source of the positions.
    """
    check_count("clients_per_cell", clients_per_cell)
    sites = hexagonal_sites(num_cells, radius_m=radius_m)
    serving = np.repeat(np.arange(num_cells), clients_per_cell)
    offset = uniform_in_hexagon(len(serving), radius_m=radius_m, min_distance_m=min_distance_m, rng=rng)
    return Layout(
        station_xy_m=sites,
        client_xy_m=sites[serving] + offset,
        serving_cell=serving,
        wrap_xy_m=hexagonal_wrap(num_cells, radius_m=radius_m) if wrap_around else NO_WRAP_XY_M,
    )


def _from_axial(axial: np.ndarray, radius_m: float) -> FloatArray:
    q, r = axial.T.astype(float)
    return np.sqrt(3.0) * radius_m * np.stack([q + r / 2, r * np.sqrt(3.0) / 2], axis=-1)
