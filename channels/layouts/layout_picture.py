"""A layout as a small inline picture for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from channels.layouts.layout import Layout

SIDE = 240
"""Of the picture, in CSS pixels."""
MARGIN = 10
MOST_CLIENTS = 500
"""Of more, every so many-th is drawn, so that a notebook stays small."""
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")


def layout_picture(layout: Layout) -> str:
    """Inline SVG: stations as triangles, clients as dots in the colour of their cell."""
    points = np.concatenate([layout.station_xy_m, layout.client_xy_m])
    low, span = points.min(axis=0), np.ptp(points, axis=0).max()
    if span == 0.0:
        return ""  # nobody knows where they stand
    width, height = (np.ptp(points, axis=0) / span * (SIDE - 2 * MARGIN) + 2 * MARGIN).round()

    def placed(xy_m: np.ndarray) -> np.ndarray:
        x, y = ((xy_m - low) / span * (SIDE - 2 * MARGIN) + MARGIN).T
        return np.column_stack([x, height - y]).round(1)

    shown = np.arange(layout.num_clients)[:: -(-layout.num_clients // MOST_CLIENTS)]
    dots = [
        f'<circle cx="{x}" cy="{y}" r="2.5" fill="{COLOURS[cell % len(COLOURS)]}"/>'
        for (x, y), cell in zip(placed(layout.client_xy_m[shown]), layout.serving_cell[shown], strict=True)
    ]
    stations = [f'<path d="M{x} {y - 6}l5 9h-10z" stroke="white"/>' for x, y in placed(layout.station_xy_m)]
    size = f'width="{width:.0f}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(dots + stations)}</svg>'
