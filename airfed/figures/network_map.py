"""A network seen from above."""

from __future__ import annotations

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from airfed.figures.style import axes_or_new, dot_style, explain, plain
from channels import Network, linear_to_db


def draw_network_map(network: Network, *, ax: Axes | None = None) -> Axes:
    """Stations, clients coloured by their mean uplink SNR, and a line from each client to the station that serves it.

    Where the area wraps around, lines lead to the nearest image of the station.
    """
    ax = axes_or_new(ax)
    layout = network.layout
    image_xy_m = layout.station_image_xy_m[layout.serving_cell, range(layout.num_clients)]
    lines = zip(layout.client_xy_m, image_xy_m, strict=True)
    ax.add_collection(LineCollection([list(line) for line in lines], colors="#cccccc", linewidths=0.8, zorder=1))
    x_m, y_m = layout.client_xy_m.T
    size = 0.5 * rcParams["lines.markersize"] ** 2
    points = ax.scatter(x_m, y_m, c=linear_to_db(network.mean_snr), s=size, cmap="viridis", zorder=2)
    ax.plot(*layout.station_xy_m.T, "^", label="station", **dot_style(0))
    ax.figure.colorbar(points, ax=ax, label="mean uplink SNR over the band (dB)", shrink=0.8)
    ax.set(aspect="equal", xlabel="x (m)", ylabel="y (m)")
    plain(ax)
    explain(ax)
    return ax
