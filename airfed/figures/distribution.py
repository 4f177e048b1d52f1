"""Distribution functions of samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from airfed.figures.style import COLOURS, LINE_STYLES, axes_or_new, plain


def draw_distribution(samples: Mapping[str, ArrayLike], *, label: str, ax: Axes | None = None) -> Axes:
    """The empirical distribution function of each named set of samples, one line a set.

    Args:
        samples: numbers, of any shape, by name.
        label: what they are, with the unit.
        ax: where to draw.
    """
    ax = axes_or_new(ax)
    for index, (name, values) in enumerate(samples.items()):
        colour, style = COLOURS[index % len(COLOURS)], LINE_STYLES[index % len(LINE_STYLES)]
        ax.ecdf(np.ravel(values), label=name, color=colour, linestyle=style, linewidth=1.8)
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    ax.set(xlabel=label, ylabel="cumulative distribution")
    plain(ax)
    ax.legend(frameon=False, loc="best", fontsize="small")
    return ax
