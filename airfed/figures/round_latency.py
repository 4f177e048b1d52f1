"""Where a round's time goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from airfed.figures.style import axes_or_new, plain, wrapped
from fl_models import History

PARTS = {
    "compute": ("compute_s", "#E69F00"),
    "uplink": ("uplink_s", "#0072B2"),
    "downlink": ("downlink_s", "#56B4E9"),
    "backhaul": ("backhaul_s", "#999999"),
}


def draw_round_latency(histories: Sequence[History], *, as_share: bool = False, ax: Axes | None = None) -> Axes:
    """Mean length of a global round by parts, a bar for each scheme.

    Args:
        histories: one a scheme.
        as_share: draw each part's share of the round instead of seconds.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    place = np.arange(len(histories))[::-1]
    seconds = {
        part: np.array([np.mean([getattr(record.cost, name) for record in h.records[1:]]) for h in histories])
        for part, (name, _) in PARTS.items()
    }
    total = np.sum(list(seconds.values()), axis=0)
    left = np.zeros(len(histories))
    for part, (_, colour) in PARTS.items():
        width = seconds[part] / total if as_share else seconds[part]
        ax.barh(place, width, left=left, color=colour, label=part, height=0.6)
        left += width
    if as_share:
        ax.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
        ax.set_xlabel("share of the round")
        ax.legend(frameon=False, ncols=len(PARTS), loc="lower right", bbox_to_anchor=(1.0, 1.0), fontsize="small")
    else:
        for height, end in zip(place, total, strict=True):
            ax.annotate(f"{end:.3g} s", (end, height), xytext=(4, 0), textcoords="offset points", va="center")
        ax.set_xlim(0.0, 1.2 * total.max())
        ax.set_xlabel("mean global round (s)")
    ax.set_yticks(place, [wrapped(h.scheme) for h in histories], fontsize="small")
    plain(ax)
    ax.grid(False, axis="y")
    return ax
