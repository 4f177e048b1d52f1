"""What one good costs in units of another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.figures.style import COLOURS, LINE_STYLES, MARKERS, axes_or_new, plain


def draw_trade_off(
    fronts: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    points: Mapping[str, tuple[float, float]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Fronts as lines, which nothing lies below and left of, and single choices as points beside them.

    Args:
        fronts: x and y, (M,) each, by name.
        xlabel: what x is, with the unit.
        ylabel: what y is, with the unit.
        points: x and y of single choices by name.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    for index, (name, (x, y)) in enumerate(fronts.items()):
        order = np.argsort(x, kind="stable")
        style = LINE_STYLES[index % len(LINE_STYLES)]
        ax.plot(
            np.asarray(x)[order], np.asarray(y)[order], style, color=COLOURS[index % len(COLOURS)], linewidth=1.8, label=name
        )
    for index, (name, (x, y)) in enumerate((points or {}).items(), start=len(fronts)):
        marker = MARKERS[index % len(MARKERS)]
        ax.plot(x, y, marker, color=COLOURS[index % len(COLOURS)], markersize=8, markeredgecolor="white", zorder=3, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    plain(ax)
    ax.legend(frameon=False, loc="best", fontsize="small")
    return ax
