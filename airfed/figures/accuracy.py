"""Accuracy against what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes

from airfed.figures.style import GUIDE, axes_or_new, curve_style, dot_style, explain, in_percent, plain, plain_log_ticks
from fl_models import History, RoundRecord
from fl_models.task import TEST_ACCURACY

FEW_ROUNDS = 15
"""Up to so many rounds each is marked by a dot of its own."""


def draw_accuracy_vs_time(
    histories: Sequence[History], *, target_accuracy: float | None = None, ax: Axes | None = None
) -> Axes:
    """Test accuracy against network time, one line a scheme, with a dot where each reaches the target.

    Of a task that measures something else, such as the share of hidden images in an attack, the label says so.
    """
    ax = _draw(histories, lambda record: record.time_s, target_accuracy, ax)
    ax.set_xlabel("network time (s)")
    return ax


def draw_accuracy_vs_uplink(
    histories: Sequence[History], *, target_accuracy: float | None = None, ax: Axes | None = None
) -> Axes:
    """Test accuracy against uplink traffic per client, one line a scheme, with a dot where each reaches the target.

    Labels are as of `draw_accuracy_vs_time`. A value that is sent analog counts as the bits that it stands for.
    """
    ax = _draw(histories, lambda record: record.uplink_bits / 1e6, target_accuracy, ax)
    ax.set_xlabel("uplink per client (Mbit)")
    return ax


def accuracy_label(histories: Sequence[History]) -> str:
    """What the accuracy of histories is, in words; of several kinds, all."""
    return " or ".join(dict.fromkeys(history.accuracy_label for history in histories)) or TEST_ACCURACY


def _draw(
    histories: Sequence[History],
    cost: Callable[[RoundRecord], float],
    target_accuracy: float | None,
    ax: Axes | None,
) -> Axes:
    ax = axes_or_new(ax)
    for index, history in enumerate(histories):
        # A logarithmic axis has no place for the start, nor for rounds that cost nothing.
        shown = [record for record in history.records if cost(record) > 0.0]
        ax.plot(
            [cost(record) for record in shown],
            [record.test_accuracy for record in shown],
            marker="." if len(shown) <= FEW_ROUNDS else "",
            label=history.scheme,
            **curve_style(index),
        )
        reached = history.reaching(target_accuracy) if target_accuracy is not None else None
        if reached is not None and cost(reached) > 0.0:
            ax.plot(cost(reached), reached.test_accuracy, "o", **dot_style(index))
    if target_accuracy is not None:
        ax.axhline(target_accuracy, **GUIDE)
    if any(cost(record) > 0.0 for history in histories for record in history.records):
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis, *ax.get_xlim())
    in_percent(ax.yaxis)
    ax.set_ylabel(f"{accuracy_label(histories)} (%)")
    plain(ax)
    explain(ax)
    return ax
