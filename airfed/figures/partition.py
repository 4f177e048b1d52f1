"""How the model is dealt out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from airfed.figures.style import CELL_COLOURS, axes_or_new, explain, in_percent, plain, wrapped

LEGIBLE = 0.04
"""A share below this has no room for its number."""


def draw_partition(
    fractions: Mapping[str, ArrayLike], *, latency_s: Mapping[str, float] | None = None, ax: Axes | None = None
) -> Axes:
    """Each named partition as a bar, the cells' shares one after the other, with the length of its round at the end.

    Args:
        fractions: (N,) shares of the cells by name of the partition, adding up to 1; or whole neurons.
        latency_s: lengths of the rounds by the same names, where they are known.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    shares = {name: np.asarray(values, dtype=float) / np.sum(values) for name, values in fractions.items()}
    place = np.arange(len(shares))[::-1]
    left = np.zeros(len(shares))
    for cell, width in enumerate(np.array(list(shares.values())).T):
        colour, ink = CELL_COLOURS[cell % len(CELL_COLOURS)]
        bars = ax.barh(
            place, width, left=left, color=colour, edgecolor="white", label=str(cell) if cell else "cell 0", height=0.6
        )
        labels = [f"{100.0 * share:.0f}" if share >= LEGIBLE else "" for share in width]
        ax.bar_label(bars, labels, label_type="center", color=ink, fontsize="small")
        left += width
    for name, height in zip(shares, place, strict=True):
        if latency_s is not None and name in latency_s:
            end = f"{latency_s[name]:.3g} s"
            ax.annotate(
                end,
                (1.0, height),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize="small",
                annotation_clip=False,
            )
    ax.set(xlim=(0.0, 1.0), xlabel="share of the model (%)")
    in_percent(ax.xaxis)
    ax.set_yticks(place, [wrapped(name) for name in shares], fontsize="small")
    plain(ax)
    ax.grid(False, axis="y")
    explain(ax, ncols=10, loc="lower right", bbox_to_anchor=(1.0, 1.0), handlelength=1.0, columnspacing=1.0)
    return ax
