"""Who holds which classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from airfed.figures.style import axes_or_new, explain, in_percent, plain, whole_numbers
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
WIDEST_GAPS = 40
"""Up to so many clients there is a gap between two of them, too."""
MOST_NAMED = 12
"""Classes in the legend; of more, every so many-th, and colours lie along a scale."""


def draw_split(
    labels: IntArray,
    client_samples: Sequence[IntArray],
    serving_cell: IntArray,
    *,
    as_share: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Samples of each client by class: a bar for each client, stacked by class, clients of a cell side by side in order.

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
    width = 0.9 if len(table) <= WIDEST_GAPS else 1.0
    bottom = np.zeros(len(table))
    for label, colour in enumerate(_colours(counts.shape[1])):
        ax.bar(place, height[:, label], bottom=bottom, width=width, color=colour, label=str(label))
        bottom += height[:, label]
    last = np.append(first[1:], len(table)) - 1
    ax.set_xticks((place[first] + place[last]) / 2.0, [str(number) for number in cells])
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(place[0] - 0.9, place[-1] + 0.9)
    if as_share:
        ax.set_ylim(0.0, 1.0)
        in_percent(ax.yaxis)
    else:
        ax.set_ylim(0.0, 1.05 * bottom.max())
        whole_numbers(ax.yaxis)
    ax.set(xlabel="clients, by cell", ylabel="share of samples (%)" if as_share else "samples")
    plain(ax)
    ax.grid(False, axis="x")
    # From the top down, as the classes are stacked.
    handles, names = (entries[:: -(-counts.shape[1] // MOST_NAMED)][::-1] for entries in ax.get_legend_handles_labels())
    explain(
        ax, handles=handles, labels=names, title="class", title_fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5)
    )
    return ax


def _colours(num_classes: int) -> list[str]:
    """A colour for each class; of more than ten, along a scale that gets lighter."""
    if num_classes <= len(CLASS_COLOURS):
        return list(CLASS_COLOURS[:num_classes])
    return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0.0, 1.0, num_classes))]
