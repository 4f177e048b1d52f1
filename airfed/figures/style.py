"""One look for all figures: colour-blind safe, told apart in grey by line style too, and legible in a column of a paper."""

from __future__ import annotations

import textwrap
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.pyplot as plt
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

# Okabe and Ito 2008, "Color universal design", without yellow, which is too faint for a line.
COLOURS = ("#000000", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
LINE_STYLES = ("-", "--", "-.", ":", "-", "--", ":")
"""Colours that share one differ in how light they are."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
CELL_COLOURS = (("#0072B2", "white"), ("#E69F00", "black"), ("#009E73", "white"), ("#CC79A7", "black"), ("#56B4E9", "black"))
"""Of areas side by side, with what can be read on each."""
GUIDE: dict[str, Any] = {"color": "#888888", "linewidth": 1.0, "linestyle": ":", "zorder": 0}
"""Of a line that is no curve: a target, a limit."""
BAND_OPACITY = 0.15
"""Such that a line is seen through the bands of others."""

COLUMN_INCHES = 3.5
"""Width of a column, as IEEE's journals have it."""
PAGE_INCHES = 7.16
"""Width of a page of two columns."""
PAPER: Any = {
    "figure.figsize": (COLUMN_INCHES, 2.5),
    "font.size": 8.0,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "legend.handlelength": 2.4,
    "legend.labelspacing": 0.3,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
}


def paper_style() -> AbstractContextManager[None]:
    """Within this context figures are one column wide, with letters of 7 and 8 points and thinner lines.

    >>> with paper_style():
    ...     width, _ = plt.rcParams["figure.figsize"]
    >>> width
    3.5
    """
    return rc_context(PAPER)


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    return plt.figure(layout="constrained").subplots() if ax is None else ax


def curve_style(index: int) -> dict[str, Any]:
    """Colour, line style and width of the curve with a place among others."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": LINE_STYLES[index % len(LINE_STYLES)],
        "linewidth": 1.2 * rcParams["lines.linewidth"],
    }


def dot_style(index: int) -> dict[str, Any]:
    """Of a single point on or beside the curves."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "markersize": 1.2 * rcParams["lines.markersize"],
        "markeredgecolor": "white",
        "linestyle": "",
        "zorder": 3,
    }


def wrapped(scheme: str) -> str:
    """A scheme's name on as many lines as a label beside the axes needs."""
    return "\n".join(textwrap.wrap(scheme, width=24))


def plain(ax: Axes) -> None:
    """Light grid, no box."""
    ax.grid(True, which="major", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def explain(ax: Axes, **options: Any) -> None:
    """A legend where it hides least unless told otherwise; what is behind it fades, so that it can be read."""
    backed = {"framealpha": 0.8, "edgecolor": "none", "borderpad": 0.2}
    ax.legend(**backed | {"loc": "best", "fontsize": "small"} | options)


def in_percent(axis: Axis) -> None:
    """Shares are shown in per cent; the label says so."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100.0 * share:.6g}"))


def whole_numbers(axis: Axis) -> None:
    """Ticks at whole numbers, as rounds and samples are counted."""
    axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def plain_log_ticks(axis: Axis, low: float, high: float) -> None:
    """Numbers as people say them on a logarithmic axis, at 2 and 5 too if it spans less than two decades."""
    say = FuncFormatter(lambda value, _: f"{value:g}")
    axis.set_major_formatter(say)
    few = high < 100.0 * low
    axis.set_minor_locator(LogLocator(subs=(2.0, 5.0) if few else "auto"))
    axis.set_minor_formatter(say if few else NullFormatter())
