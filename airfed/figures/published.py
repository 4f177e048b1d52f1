"""The figure of a published result: its panels beside each other, as files for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from airfed.figures.files import FORMATS, picture
from airfed.figures.style import MARKERS, axes_or_new, curve_style, explain, plain, plain_log_ticks


class Panel(Protocol):
    """Draws on the axes that it is given, as every figure function here does once `functools.partial` holds its data."""

    def __call__(self, *, ax: Axes) -> object: ...


PANEL_INCHES = (5.0, 4.0)
PANELS_IN_A_ROW = 3
MANY_POINTS = 25
"""From so many points on a curve has no markers."""


def draw_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    laws: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """What we find as lines with markers, and what a law says as thin dotted lines, in the colours that come next.

    Args:
        curves: x and y, (M,) each, by name.
        xlabel: what x is, with the unit.
        ylabel: what y is, with the unit.
        laws: x and y of laws by name.
        log_x: whether x is logarithmic.
        log_y: whether y is.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    for index, (name, (x, y)) in enumerate(curves.items()):
        marker = MARKERS[index % len(MARKERS)] if np.size(x) < MANY_POINTS else ""
        ax.plot(x, y, marker=marker, markersize=4, label=name, **curve_style(index))
    for index, (name, (x, y)) in enumerate((laws or {}).items(), start=len(curves)):
        ax.plot(x, y, label=name, **curve_style(index) | {"linestyle": ":", "linewidth": 1.4, "zorder": 3})
    if log_x:
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis, *ax.get_xlim())
    if log_y:
        ax.set_yscale("log")
        plain_log_ticks(ax.yaxis, *ax.get_ylim())
    ax.set(xlabel=xlabel, ylabel=ylabel)
    plain(ax)
    explain(ax)
    return ax


def draw_panels(panels: Sequence[Panel]) -> Figure:
    """A figure with each panel on axes of its own, side by side, from four on in rows of at most three."""
    rows = -(-len(panels) // PANELS_IN_A_ROW)
    columns = -(-len(panels) // rows)
    width, height = PANEL_INCHES
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, ax in zip(panels, every, strict=False):
        panel(ax=ax)
    for ax in every[len(panels) :]:
        ax.remove()
    return figure


def published_files(name: str, panels: Sequence[Panel]) -> dict[str, bytes]:
    """The figure by file name, NAME.png, NAME.pdf and NAME.svg; the same bytes each time."""
    figure = draw_panels(panels)
    return {f"{name}.{kind}": picture(figure, kind) for kind in FORMATS}
