"""Stations and clients scattered as Poisson processes."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray, checked
from channels.layouts.layout import NO_WRAP_XY_M, Layout, layout_of

MAX_POINTS = 10_000_000


def poisson_layout(
    *,
    stations_per_km2: float,
    clients_per_km2: float,
    width_m: float,
    min_distance_m: float = 0.0,
    wrap_around: bool = False,
    rng: np.random.Generator,
) -> Layout:
    """Stations and clients as independent Poisson processes on a square, clients served by the nearest station.

    Numbers of stations and of clients are Poisson, given that there is at least one of each. Without edges (wrapped around)
    and minimum distance, the distance to the serving station has P(D > d) = e^(-λ π d²), λ being the density of stations.

    Args:
        stations_per_km2: density of stations.
        clients_per_km2: density of clients.
        width_m: side of the square, centred on the origin.
        min_distance_m: clients nearer to any station are taken away.
        wrap_around: whether the square repeats to fill the plane.
        rng: source of numbers and positions.

    Source: Andrews, Baccelli, Ganti 2011, "A tractable approach to coverage and rate in cellular networks", section II.
    """
    checked("stations_per_km2", stations_per_km2, low=0.0, open_low=True)
    checked("clients_per_km2", clients_per_km2, low=0.0, open_low=True)
    checked("width_m", width_m, low=0.0, open_low=True)
    checked("min_distance_m", min_distance_m, low=0.0)
    shifts = np.array([-width_m, 0.0, width_m])
    wrap = np.stack(np.meshgrid(shifts, shifts), axis=-1).reshape(-1, 2) if wrap_around else NO_WRAP_XY_M
    layout = layout_of(
        station_xy_m=_scatter("stations_per_km2", stations_per_km2, width_m, rng),
        client_xy_m=_scatter("clients_per_km2", clients_per_km2, width_m, rng),
        wrap_xy_m=wrap,
    )
    kept = layout.distance_2d_m >= min_distance_m
    if not kept.any():
        raise ValueError(
            f"min_distance_m: got {min_distance_m:g}; all {layout.num_clients} clients stand nearer to a station than that"
        )
    return layout_of(station_xy_m=layout.station_xy_m, client_xy_m=layout.client_xy_m[kept], wrap_xy_m=wrap)


def _scatter(name: str, density_per_km2: float, width_m: float, rng: np.random.Generator) -> FloatArray:
    mean = density_per_km2 * (width_m / 1e3) ** 2
    if not 1e-3 <= mean <= MAX_POINTS:
        raise ValueError(
            f"{name}: got {density_per_km2:g}, on average {mean:g} in the square; allowed is 0.001 to {MAX_POINTS:g}"
        )
    number = 0
    while number == 0:
        number = int(rng.poisson(mean))
    return width_m * (rng.random((number, 2)) - 0.5)
