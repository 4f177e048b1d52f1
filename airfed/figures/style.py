"""One look for all figures: colour-blind safe, and told apart in grey by line style too."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

# Okabe and Ito 2008, "Color universal design", without yellow, which is too faint for a line.
COLOURS = ("#000000", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
LINE_STYLES = ("-", "--", "-.", "-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
CELL_COLOURS = (("#0072B2", "white"), ("#E69F00", "black"), ("#009E73", "white"), ("#CC79A7", "black"), ("#56B4E9", "black"))
"""Of areas side by side, with what can be read on each."""


def wrapped(scheme: str) -> str:
    """A scheme's name on as many lines as a label beside the axes needs."""
    return "\n".join(textwrap.wrap(scheme, width=24))


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    return plt.figure(layout="constrained").subplots() if ax is None else ax


def plain(ax: Axes) -> None:
    """Light grid, no box."""
    ax.grid(True, which="major", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
