"""Accuracy against what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, PercentFormatter

from airfed.figures.style import COLOURS, LINE_STYLES, axes_or_new, plain
from fl_models import History, RoundRecord

FEW_ROUNDS = 15
"""Up to so many rounds each is marked by a dot of its own."""


def draw_accuracy_vs_time(
    histories: Sequence[History], *, target_accuracy: float | None = None, ax: Axes | None = None
) -> Axes:
    """Test accuracy against network time, one line a scheme, with a dot where each reaches the target."""
    ax = _draw(histories, lambda record: record.time_s, target_accuracy, ax)
    ax.set_xlabel("network time (s)")
    return ax


def draw_accuracy_vs_uplink(
    histories: Sequence[History], *, target_accuracy: float | None = None, ax: Axes | None = None
) -> Axes:
    """Test accuracy against uplink traffic per client, one line a scheme, with a dot where each reaches the target."""
    ax = _draw(histories, lambda record: record.uplink_bits / 1e6, target_accuracy, ax)
    ax.set_xlabel("uplink per client (Mbit; an analog value counts as 32 bit)")
    return ax


def _draw(
    histories: Sequence[History],
    cost: Callable[[RoundRecord], float],
    target_accuracy: float | None,
    ax: Axes | None,
) -> Axes:
    ax = axes_or_new(ax)
    for index, history in enumerate(histories):
        colour, style = COLOURS[index % len(COLOURS)], LINE_STYLES[index % len(LINE_STYLES)]
        # A logarithmic axis has no place for the start, nor for rounds that cost nothing.
        shown = [record for record in history.records if cost(record) > 0.0]
        marker = "." if len(shown) <= FEW_ROUNDS else ""
        ax.plot(
            [cost(record) for record in shown],
            [record.test_accuracy for record in shown],
            style,
            color=colour,
            marker=marker,
            linewidth=1.8,
            label=history.scheme,
        )
        reached = history.reaching(target_accuracy) if target_accuracy is not None else None
        if reached is not None and cost(reached) > 0.0:
            ax.plot(cost(reached), reached.test_accuracy, "o", color=colour, markersize=7, markeredgecolor="white", zorder=3)
    if target_accuracy is not None:
        ax.axhline(target_accuracy, color="#888888", linewidth=1.0, linestyle=":", zorder=0)
    if any(cost(record) > 0.0 for history in histories for record in history.records):
        ax.set_xscale("log")
        plain_number = FuncFormatter(lambda value, _: f"{value:g}")
        ax.xaxis.set_major_formatter(plain_number)
        low, high = ax.get_xlim()
        if high < 100.0 * low:
            ax.xaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
            ax.xaxis.set_minor_formatter(plain_number)
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    ax.set_ylabel("test accuracy")
    plain(ax)
    ax.legend(frameon=False, loc="best", fontsize="small")
    return ax
