"""Where base stations and clients stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray, checked


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Positions on the plane and the cell that serves each client.

    Attributes:
        station_xy_m: (N, 2) base stations.
        client_xy_m: (K, 2) clients.
        serving_cell: (K,) index of the station that serves each client.
    """

    station_xy_m: FloatArray
    client_xy_m: FloatArray
    serving_cell: IntArray

    def __post_init__(self) -> None:
        for name in ("station_xy_m", "client_xy_m"):
            array = getattr(self, name)
            if array.ndim != 2 or array.shape[1] != 2 or not len(array):
                raise ValueError(f"{name}: got shape {array.shape}; needed is (number of nodes >= 1, 2)")
            checked(name, array)
        if self.serving_cell.shape != (self.num_clients,):
            raise ValueError(f"serving_cell: got shape {self.serving_cell.shape}; needed is ({self.num_clients},)")
        checked("serving_cell", self.serving_cell, low=0, high=self.num_cells - 1)

    @property
    def num_cells(self) -> int:
        return len(self.station_xy_m)

    @property
    def num_clients(self) -> int:
        return len(self.client_xy_m)

    @property
    def distance_2d_m(self) -> FloatArray:
        """(K,) ground distance of each client to the station that serves it."""
        offset = self.client_xy_m - self.station_xy_m[self.serving_cell]
        return np.hypot(offset[:, 0], offset[:, 1])

    def clients_of(self, cell: int) -> IntArray:
        """Indices of the clients that `cell` serves, ascending."""
        return np.flatnonzero(self.serving_cell == cell)


def hexagonal_sites(num_cells: int, *, radius_m: float) -> FloatArray:
    """(N, 2) centres of hexagonal cells, spiralling outwards from the origin.

    Neighbouring centres stand sqrt(3) radii apart, `radius_m` being the circumradius of a cell.

    >>> hexagonal_sites(3, radius_m=100.0).round(1).tolist()
    [[0.0, 0.0], [173.2, 0.0], [86.6, 150.0]]
    """
    if num_cells < 1:
        raise ValueError(f"num_cells: got {num_cells}; allowed is an integer >= 1")
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
    q, r = np.array(axial[:num_cells], dtype=float).T
    return np.sqrt(3.0) * radius_m * np.stack([q + r / 2, r * np.sqrt(3.0) / 2], axis=-1)


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
    *, num_cells: int, clients_per_cell: int, radius_m: float, min_distance_m: float = 0.0, rng: np.random.Generator
) -> Layout:
    """Hexagonal cells with clients uniform in each, every client served by its own cell.

    Args:
        num_cells: number of cells N, filled in a spiral from the centre.
        clients_per_cell: clients in each cell.
        radius_m: circumradius of a cell.
        min_distance_m: no client stands nearer to its station.
        rng: source of the positions.
    """
    if clients_per_cell < 1:
        raise ValueError(f"clients_per_cell: got {clients_per_cell}; allowed is an integer >= 1")
    sites = hexagonal_sites(num_cells, radius_m=radius_m)
    serving = np.repeat(np.arange(num_cells), clients_per_cell)
    offset = uniform_in_hexagon(len(serving), radius_m=radius_m, min_distance_m=min_distance_m, rng=rng)
    return Layout(station_xy_m=sites, client_xy_m=sites[serving] + offset, serving_cell=serving)
