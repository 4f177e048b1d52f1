"""Pieces of figures of published learning results."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.confidence import mean_and_half_width
from airfed.figures.published import Panel
from airfed.figures.style import COLOURS, GUIDE, MARKERS, axes_or_new, plain


def titled(title: str, draw: Callable[..., Axes], *data: object, **options: object) -> Panel:
    """A panel that draws some data, with a title, for those that differ in their case alone."""

    def panel(*, ax: Axes) -> Axes:
        draw(*data, **options, ax=ax).set_title(title, fontsize="medium")
        return ax

    return panel


def draw_differences(
    groups: Mapping[str, Mapping[str, ArrayLike]],
    *,
    xlabel: str,
    confidence: float = 0.95,
    first_style: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Means of differences over seeds, and the intervals that cover the true means with the given confidence.

    Args:
        groups: for each group, a marker and colour each, (S,) differences by name, a line of the plot each.
        xlabel: what the differences are of, with the unit.
        confidence: between 0 and 1; one seed has no interval.
        first_style: place of the first group's colour and marker among those of the house.
        ax: axes; those of a new figure if not given.

    >>> draw_differences({"one kind": {"A": [1.0, 2.0], "B": [0.0, 3.0]}}, xlabel="ahead by (points)").get_xlabel()
    'ahead by (points)'
    """
    ax = axes_or_new(ax)
    names = list(dict.fromkeys(name for rows in groups.values() for name in rows))
    for index, (group, rows) in enumerate(groups.items()):
        style = first_style + index
        shift = 0.6 * ((index + 0.5) / len(groups) - 0.5)
        mean, half = np.array(
            [np.ravel(mean_and_half_width(np.asarray(row)[:, None], confidence=confidence)) for row in rows.values()]
        ).T
        ax.errorbar(
            mean,
            [names.index(name) + shift for name in rows],
            xerr=np.nan_to_num(half),
            fmt=MARKERS[style % len(MARKERS)],
            color=COLOURS[style % len(COLOURS)],
            markersize=5,
            capsize=2.5,
            label=group,
        )
    ax.axvline(0.0, **GUIDE)
    ax.set_yticks(range(len(names)), names, fontsize="small")
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    plain(ax)
    if len(groups) > 1:
        ax.legend(frameon=False, fontsize="small", loc="best")
    return ax
