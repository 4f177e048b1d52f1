"""What a setting of the network makes of a round, beside what the scenario's own makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from airfed.figures.quartiles import draw_error_vs_snr, quartiles
from airfed.figures.style import GUIDE, axes_or_new, curve_style, dot_style, plain, plain_log_ticks, wrapped

if TYPE_CHECKING:
    from airfed.explorer.outlook import Outlook

OUTLOOK_INCHES = (9.0, 3.4)
"""Width and height of `outlook_figure`."""

NO_LESS_WIDE = 30.0
"""The time axis spans at least so many times its smallest value, so that it does not jump at every move."""


def draw_round_outlook(outlook: Outlook, *, before: Outlook | None = None, ax: Axes | None = None) -> Axes:
    """Length of a global round by scheme: the median over draws of the fading as a dot, the quartiles as a bar.

    Args:
        outlook: of a setting.
        before: of another, whose medians are shown as grey rings.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    names = list(outlook.round_s)
    place = np.arange(len(names))[::-1]
    for index, (height, name) in enumerate(zip(place, names, strict=True)):
        low, middle, high = quartiles(outlook.round_s[name][:, None])[:, 0]
        ax.plot([low, high], [height, height], **curve_style(index) | {"linestyle": "-", "linewidth": 3.0, "alpha": 0.5})
        ax.plot(middle, height, "o", **dot_style(index))
        ax.annotate(f"{middle:.3g} s", (middle, height + 0.18), ha="center", va="bottom", fontsize="small")
        if before is not None and name in before.round_s:
            (was,) = quartiles(before.round_s[name][:, None])[1]
            ax.plot(was, height, "o", color="none", markeredgecolor="#888888", markersize=10.0, zorder=2)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.set_xlim(0.7 * low, max(1.4 * high, NO_LESS_WIDE * low))
    plain_log_ticks(ax.xaxis, *ax.get_xlim())
    ax.set_yticks(place, [wrapped(name) for name in names], fontsize="small")
    ax.set(xlabel="global round (s)", ylim=(-0.5, len(names) - 0.3))
    plain(ax)
    ax.grid(False, axis="y")
    return ax


def draw_error_outlook(outlook: Outlook, *, ax: Axes | None = None) -> Axes:
    """Error of the mean of a cell's clients over the air against their median SNR, with the setting's SNR as a guide.

    Args:
        outlook: of a setting.
        ax: where to draw; a new figure if not given.
    """
    ax = draw_error_vs_snr(outlook.error, snr_db=outlook.median_snr_db, ylabel="mean-square error of the mean", ax=ax)
    ax.axvline(float(np.median(outlook.snr_db)), **GUIDE)
    ax.set_xlabel("median SNR of the clients (dB)")
    return ax


def outlook_figure(outlook: Outlook, *, before: Outlook | None = None) -> Figure:
    """Both side by side. The margins are fixed, since finding them takes longer than drawing."""
    figure = Figure(figsize=OUTLOOK_INCHES)
    rounds, errors = figure.subplots(
        1, 2, gridspec_kw={"left": 0.19, "right": 0.99, "bottom": 0.15, "top": 0.97, "wspace": 0.26}
    )
    draw_round_outlook(outlook, before=before, ax=rounds)
    draw_error_outlook(outlook, ax=errors)
    return figure
