"""What more of each resource would save."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from airfed.figures.style import COLOURS, axes_or_new, plain
from channels.quantity import name_and_unit


def draw_prices(saved: Mapping[str, float], *, label: str, most: int = 12, ax: Axes | None = None) -> Axes:
    """Resources by what a step of each saves, the largest on top, with the sum of those that there is no room for below.

    Args:
        saved: by resource, named as in the tables of `explain`, all in the same unit.
        label: what the numbers are, with the unit.
        most: so many bars at most.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    ranked = sorted(saved.items(), key=lambda item: item[1], reverse=True)
    if len(ranked) > most:
        shown, rest = ranked[: most - 1], ranked[most - 1 :]
        ranked = [*shown, (f"{len(rest)} others together", sum(value for _, value in rest))]
    place = range(len(ranked))[::-1]
    bars = ax.barh(place, [value for _, value in ranked], color=COLOURS[1], height=0.6)
    ax.bar_label(bars, [f"{value:.2g}" for _, value in ranked], padding=4, fontsize="small")
    ax.set_yticks(place, [name_and_unit(name)[0] for name, _ in ranked], fontsize="small")
    ax.margins(x=0.12)
    ax.set_xlabel(label)
    plain(ax)
    ax.grid(False, axis="y")
    return ax
