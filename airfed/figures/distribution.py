"""Distribution functions of samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.figures.style import axes_or_new, curve_style, explain, plain, plain_log_ticks


def draw_distribution(samples: Mapping[str, ArrayLike], *, label: str, log_x: bool = False, ax: Axes | None = None) -> Axes:
    """The empirical distribution function of each named set of samples, one line a set.

    Args:
        samples: numbers, of any shape, by name.
        label: what they are, with the unit.
        log_x: whether they are on a logarithmic axis, as rates and times of many sizes are.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    for index, (name, values) in enumerate(samples.items()):
        ax.ecdf(np.ravel(values), label=name, **curve_style(index))
    if log_x:
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis, *ax.get_xlim())
    ax.set(xlabel=label, ylabel="cumulative distribution", ylim=(0.0, 1.02))
    plain(ax)
    explain(ax)
    return ax
