"""Stations in rows under the roof of a hall."""

from __future__ import annotations

import numpy as np

from channels.arrays import check_count, checked
from channels.layouts.layout import Layout, layout_of


def hall_layout(
    *,
    num_clients: int,
    stations_along: int,
    stations_across: int,
    length_m: float,
    width_m: float,
    min_distance_m: float = 0.0,
    rng: np.random.Generator,
) -> Layout:
    """A rectangular hall around the origin, a station in the middle of each of equal parts, clients uniform over the floor.

    Neighbouring stations are length_m/stations_along and width_m/stations_across apart, and half of that from the walls.
    Clients are served by the nearest station.

    Args:
        num_clients: K.
        stations_along: how many stand in a row along the hall.
        stations_across: how many rows there are.
        length_m: of the hall, in the direction of x.
        width_m: of the hall.
        min_distance_m: no client stands nearer to any station.
        rng: source of the positions.

    Source: 3GPP TR 38.901, table 7.2-2 for offices and table 7.8-7 for factories.

    >>> layout = hall_layout(
    ...     num_clients=5, stations_along=3, stations_across=1, length_m=60.0, width_m=20.0, rng=np.random.default_rng(0)
    ... )
    >>> layout.station_xy_m.tolist()
    [[-20.0, 0.0], [0.0, 0.0], [20.0, 0.0]]
    """
    for name, count in (("num_clients", num_clients), ("stations_along", stations_along), ("stations_across", stations_across)):
        check_count(name, count)
    checked("length_m", length_m, low=0.0, open_low=True)
    checked("width_m", width_m, low=0.0, open_low=True)
    nearest_wall_m = 0.5 * min(length_m / stations_along, width_m / stations_across)
    checked("min_distance_m", min_distance_m, low=0.0, high=nearest_wall_m)  # most of the floor is left
    x_m = length_m * (2 * np.arange(stations_along) + 1 - stations_along) / (2 * stations_along)
    y_m = width_m * (2 * np.arange(stations_across) + 1 - stations_across) / (2 * stations_across)
    stations = np.stack(np.meshgrid(x_m, y_m), axis=-1).reshape(-1, 2)
    clients = np.empty((0, 2))
    while len(clients) < num_clients:
        drawn = np.array([length_m, width_m]) * (rng.random((num_clients, 2)) - 0.5)
        offset = drawn[:, None] - stations
        clients = np.concatenate([clients, drawn[np.hypot(offset[..., 0], offset[..., 1]).min(axis=1) >= min_distance_m]])
    return layout_of(station_xy_m=stations, client_xy_m=clients[:num_clients])
