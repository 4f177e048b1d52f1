"""Who holds which classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.ticker import MaxNLocator, PercentFormatter

from airfed.figures.style import axes_or_new, plain
from channels.arrays import IntArray
from fl_models import split_table

# Tol 2021, "Colour schemes", muted: nine that colour-blind readers tell apart, and grey.
CLASS_COLOURS = (
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#BBBBBB",
)
GAP = 0.8
"""Between two cells, in clients."""
FEW_CLIENTS = 30
"""Up to so many clients each has its number below its bar, and bars have gaps."""
FEW_CELLS = 10
"""Up to so many cells there is room for the word."""


def draw_split(
    labels: IntArray,
    client_samples: Sequence[IntArray],
    serving_cell: IntArray,
    *,
    as_share: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Samples of each client by class: a bar for each client, stacked by class, clients of a cell side by side.

    Args:
        labels: (n,) classes 0 ... C - 1 of the samples.
        client_samples: for each client, which samples it holds.
        serving_cell: (K,) the cell of each client.
        as_share: draw each class's share of a client's samples instead of their number.
        ax: where to draw; a new figure if not given.
    """
    ax = axes_or_new(ax)
    table = split_table(labels, client_samples, serving_cell).sort_values("cell", kind="stable")
    cell, counts = table["cell"].to_numpy(), table.drop(columns=["cell", "samples"]).to_numpy(dtype=float)
    cells, first = np.unique(cell, return_index=True)
    place = np.arange(len(table)) + GAP * np.searchsorted(cells, cell)
    height = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0) if as_share else counts
    bottom, named = np.zeros(len(table)), len(table) <= FEW_CLIENTS
    for label, colour in enumerate(_colours(counts.shape[1])):
        ax.bar(place, height[:, label], bottom=bottom, width=0.9 if named else 1.0, color=colour, label=str(label))
        bottom += height[:, label]
    last = np.append(first[1:], len(table)) - 1
    ax.xaxis.remove_overlapping_locs = False
    ax.set_xticks((place[first] + place[last]) / 2.0, [f"cell {n}" if len(cells) <= FEW_CELLS else f"{n}" for n in cells])
    if named:
        ax.set_xticks(place, table.index, minor=True)
    ax.tick_params(axis="x", which="minor", length=0, labelsize="x-small")
    ax.tick_params(axis="x", which="major", length=0, labelsize="small", pad=14 if named else 4)
    ax.set_xlim(place[0] - 0.9, place[-1] + 0.9)
    if as_share:
        ax.set_ylim(0.0, 1.0)
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    else:
        ax.set_ylim(0.0, 1.05 * bottom.max())
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(
        xlabel="clients by cell" if len(cells) <= FEW_CELLS else "clients by number of their cell",
        ylabel="share of samples" if as_share else "samples",
    )
    plain(ax)
    ax.grid(False, axis="x")
    _explain(ax, counts.shape[1])
    return ax


def _explain(ax: Axes, num_classes: int) -> None:
    """Which colour is which class: a legend in the order of the stack, or a scale."""
    if num_classes > len(CLASS_COLOURS):
        scale = ScalarMappable(Normalize(-0.5, num_classes - 0.5), ListedColormap(_colours(num_classes)))
        ax.figure.colorbar(scale, ax=ax, label="class", shrink=0.8, ticks=MaxNLocator(integer=True))
        return
    handles, names = ax.get_legend_handles_labels()
    legend = ax.legend(
        handles[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small"
    )
    legend.set_title("class")


def _colours(num_classes: int) -> list[str] | list[tuple[float, ...]]:
    """A colour for each class; of more than ten, along a scale."""
    if num_classes <= len(CLASS_COLOURS):
        return list(CLASS_COLOURS[:num_classes])
    return [tuple(colour) for colour in colormaps["turbo"](np.linspace(0.05, 0.95, num_classes))]
