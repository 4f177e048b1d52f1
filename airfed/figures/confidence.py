"""Curves of many seeds as their mean, with how well the mean is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.confidence import mean_and_half_width
from airfed.figures.style import BAND_OPACITY, axes_or_new, curve_style, explain, in_percent, plain, whole_numbers
from channels.arrays import checked


def draw_mean_and_band(
    curves: Mapping[str, ArrayLike],
    *,
    x: ArrayLike | Mapping[str, ArrayLike] | None = None,
    xlabel: str,
    ylabel: str,
    confidence: float = 0.95,
    as_percent: bool = False,
    log_x: bool = False,
    log_y: bool = False,
    first_style: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """The mean over seeds of named curves as a line, and a band around it that covers the true mean with the given confidence.

    The band is ȳ ± t s/√S, s being the standard deviation over S seeds and t Student's quantile of S - 1 degrees of freedom. It
    is for values that are normal from seed to seed, and for each x by itself, not for the whole curve at once. Where bands of
    two curves on the same seeds overlap, their difference may still be sure: draw that, seed by seed. One seed has no band.

    Args:
        curves: (S, T) values by name, a row for each seed.
        x: (T,) where they are, for all curves or by name; 0 ... T - 1 if not given.
        xlabel: what x is, with the unit.
        ylabel: what the values are, with the unit.
        confidence: between 0 and 1.
        as_percent: whether values are shares, to be shown in per cent, as accuracies are.
        log_x: whether x is logarithmic.
        log_y: whether y is, as for a loss or a distance to the optimum.
        first_style: place of the first curve's colour and line style among those of the house, for axes drawn on again.
        ax: where to draw; a new figure if not given.

    Raises:
        ValueError: a curve is not of shape (S, T), or not as long as its x.
    """
    checked("confidence", confidence, low=0.0, high=1.0, open_low=True, open_high=True)
    ax = axes_or_new(ax)
    for index, (name, values) in enumerate(curves.items(), start=first_style):
        rows = np.asarray(values, dtype=float)
        if rows.ndim != 2 or not len(rows):
            raise ValueError(f"curves: got shape {rows.shape} for {name!r}; needed is (seeds, T)")
        own = x[name] if isinstance(x, Mapping) else x
        place = np.arange(rows.shape[1]) if own is None else np.asarray(own)
        if place.shape != rows.shape[1:]:
            raise ValueError(f"x: got shape {place.shape} for {name!r}; needed is {rows.shape[1:]}")
        mean, half = mean_and_half_width(rows, confidence=confidence)
        (line,) = ax.plot(place, mean, label=name, **curve_style(index))
        if len(rows) > 1:
            ax.fill_between(place, mean - half, mean + half, color=line.get_color(), alpha=BAND_OPACITY, linewidth=0.0)
    if log_x:
        ax.set_xscale("log")
    elif x is None:
        whole_numbers(ax.xaxis)
    if log_y:
        ax.set_yscale("log")
    if as_percent:
        in_percent(ax.yaxis)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    plain(ax)
    explain(ax)
    return ax
