"""Where a round's time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from airfed.figures.style import axes_or_new, explain, in_percent, plain, wrapped
from fl_models import History, RoundCost

PARTS = {
    "compute": ("compute_s", "#E69F00", ""),
    "uplink": ("uplink_s", "#0072B2", ""),
    "downlink": ("downlink_s", "#56B4E9", "///"),
    "backhaul": ("backhaul_s", "#999999", ".."),
}
"""What a round is made of: the name in `RoundCost`, a colour, and a hatching that is told apart in grey."""


def draw_round_latency(histories: Sequence[History], *, as_share: bool = False, ax: Axes | None = None) -> Axes:
    """Mean length of a global round by parts, a bar for each scheme.

    Args:
        histories: one a scheme.
        as_share: draw each part's share of the round instead of seconds.
        ax: where to draw; a new figure if not given.
    """
    means = {h.scheme: _mean_cost(h) for h in histories}
    ax = draw_latency_parts(means, as_share=as_share, ax=ax)
    if not as_share:
        ax.set_xlabel("mean global round (s)")
    return ax


def draw_latency_parts(costs: Mapping[str, RoundCost], *, as_share: bool = False, ax: Axes | None = None) -> Axes:
    """Length of rounds by parts, a bar for each.

    Args:
        costs: by name.
        as_share: draw each part's share of the round instead of seconds.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    place = np.arange(len(costs))[::-1]
    seconds = {part: np.array([getattr(cost, name) for cost in costs.values()]) for part, (name, *_) in PARTS.items()}
    total = np.sum(list(seconds.values()), axis=0)
    left = np.zeros(len(costs))
    for part, (_, colour, hatch) in PARTS.items():
        width = seconds[part] / np.where(total > 0.0, total, 1.0) if as_share else seconds[part]
        ax.barh(place, width, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.5, label=part, height=0.6)
        left += width
    if as_share:
        in_percent(ax.xaxis)
        ax.set_xlabel("share of the round (%)")
    else:
        for height, end in zip(place, total, strict=True):
            ax.annotate(f"{end:.3g} s", (end, height), xytext=(4, 0), textcoords="offset points", va="center", fontsize="small")
        ax.set_xlim(0.0, 1.2 * total.max() or 1.0)
        ax.set_xlabel("global round (s)")
    ax.set_yticks(place, [wrapped(name) for name in costs], fontsize="small")
    plain(ax)
    ax.grid(False, axis="y")
    explain(ax, ncols=len(PARTS), loc="lower right", bbox_to_anchor=(1.0, 1.0), handlelength=1.5, columnspacing=1.0)
    return ax


def _mean_cost(history: History) -> RoundCost:
    parts = (name for name, *_ in PARTS.values())
    rounds = history.records[1:] or history.records  # of a run without rounds, its beginning, which costs nothing
    return RoundCost(**{part: float(np.mean([getattr(record.cost, part) for record in rounds])) for part in parts})
