"""Curves of many draws as their median with the quartiles: for values whose mean says little, or does not exist."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.figures.style import BAND_OPACITY, axes_or_new, curve_style, explain, plain
from channels.arrays import FloatArray


def draw_median_and_quartiles(
    curves: Mapping[str, ArrayLike],
    *,
    x: ArrayLike,
    xlabel: str,
    ylabel: str,
    laws: Mapping[str, ArrayLike] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """The median over draws of named curves as a line, and a band from the lower to the upper quartile.

    Under Rayleigh fading the mean time of a digital uplink and the mean error of channel inversion are infinite, and the mean
    of any sample follows its few worst draws: the median does not. The band tells how draws spread, not how well the median is
    known.

    Args:
        curves: (D, S) values by name, a row for each draw; or (S,) values by themselves, which have no band.
        x: (S,) where they are.
        xlabel: what x is, with the unit.
        ylabel: what the values are, with the unit.
        laws: (S,) what a closed form says, by name, as crosses in the colour of the curve of that name.
        log_x: whether x is logarithmic.
        log_y: whether y is.
        ax: where to draw; a new figure if not given.

    Raises:
        ValueError: values are not as long as x, or a law has no curve of its name.
    """
    ax, place = axes_or_new(ax), np.asarray(x, dtype=float)
    colours = {}
    for index, (name, values) in enumerate(curves.items()):
        rows = np.atleast_2d(np.asarray(values, dtype=float))
        if rows.ndim != 2 or not len(rows) or rows.shape[1:] != place.shape:
            raise ValueError(f"curves: got shape {np.shape(values)} for {name!r}; needed is {place.shape}, or draws of it")
        low, middle, high = quartiles(rows)
        (line,) = ax.plot(place, middle, label=name, **curve_style(index))
        colours[name] = line.get_color()
        if len(rows) > 1:
            ax.fill_between(place, low, high, color=colours[name], alpha=BAND_OPACITY, linewidth=0.0)
    for name, law in (laws or {}).items():
        if name not in colours:
            raise ValueError(f"laws: got {name!r}; needed is the name of a curve: {', '.join(map(repr, colours))}")
        ax.plot(place, law, "x", color=colours[name])
    if laws:
        ax.plot([], [], "kx", label="closed form")
    if log_x:
        ax.set_xscale("log")
    if log_y:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    plain(ax)
    explain(ax)
    return ax


def draw_error_vs_snr(
    mse: Mapping[str, ArrayLike],
    *,
    snr_db: ArrayLike,
    laws: Mapping[str, ArrayLike] | None = None,
    ylabel: str = "mean-square error of the sum",
    ax: Axes | None = None,
) -> Axes:
    """The error of transceivers against the SNR in dB, on a logarithmic axis: the median over draws, and the quartiles.

    Args:
        mse: (D, S) errors by name of the transceiver, a row for each draw, as `TransceiverPlan.mse` is; or (S,).
        snr_db: (S,) the SNR, P/σ² where the channel has unit power.
        laws: (S,) what closed forms say, by the same names.
        ylabel: which error.
        ax: where to draw; a new figure if not given.
    """
    return draw_median_and_quartiles(mse, x=snr_db, xlabel="SNR (dB)", ylabel=ylabel, laws=laws, log_y=True, ax=ax)


def quartiles(rows: ArrayLike) -> FloatArray:
    """(3, S) lower quartile, median and upper quartile over D draws of values (D, S), of which some may be infinite.

    >>> quartiles([[1.0], [2.0], [4.0], [np.inf], [3.0]]).ravel().tolist()
    [2.0, 3.0, 4.0]
    """
    values = np.asarray(rows, dtype=float)
    # Between an infinite value and another there is nothing to interpolate: quartiles are values that occur.
    low, high = np.quantile(values, [0.25, 0.75], axis=0, method="inverted_cdf")
    return np.array([low, np.median(values, axis=0), high])
