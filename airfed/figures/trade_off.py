"""What one good costs in units of another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.figures.style import MARKERS, axes_or_new, curve_style, dot_style, explain, plain


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
        ax.plot(np.asarray(x)[order], np.asarray(y)[order], label=name, **curve_style(index))
    for index, (name, (x, y)) in enumerate((points or {}).items(), start=len(fronts)):
        ax.plot(x, y, marker=MARKERS[index % len(MARKERS)], label=name, **dot_style(index))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    plain(ax)
    explain(ax)
    return ax
