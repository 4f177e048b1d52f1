"""Max pooling with windows side by side, and its exact subgradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from channels.arrays import BoolArray, FloatArray
from fl_models.models.workspace import Workspace


class Winners(NamedTuple):
    """Which pixel of each window is the largest, the first of several.

    Attributes:
        across: for each further column of the windows, where it beats all before it in its row.
        down: for each further row of the windows, where its largest beats those of all rows before it.
    """

    across: list[BoolArray]
    down: list[BoolArray]


def max_pool(images: FloatArray, window: int, *, workspace: Workspace, name: str = "pooled") -> tuple[FloatArray, Winners]:
    """The largest pixel of each window (C, k, h // window, w // window, b) of images (C, k, h, w, b), and which it is.

    Rows and columns that fill no window are left out. Of equal pixels the first wins, row by row. Both are in the workspace;
    for windows of one pixel the images themselves are returned.

    >>> pooled, winners = max_pool(np.arange(16.0).reshape(1, 1, 4, 4, 1), 2, workspace=Workspace())
    >>> pooled[0, 0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    rows, columns = (size // window * window for size in images.shape[2:4])
    wide, across = _largest([images[:, :, :rows, i:columns:window] for i in range(window)], workspace, f"{name} across")
    pooled, down = _largest([wide[:, :, i::window] for i in range(window)], workspace, f"{name} down")
    return pooled, Winners(across=across, down=down)


def max_pool_gradient(upstream: FloatArray, winners: Winners, *, workspace: Workspace, out: FloatArray) -> None:
    """Writes the gradient in the images to `out` (C, k, h, w, b): that in a window's largest goes to its winner.

    >>> pooled, winners = max_pool(np.zeros((1, 1, 2, 2, 1)), 2, workspace=Workspace())
    >>> out = np.empty((1, 1, 2, 2, 1))
    >>> max_pool_gradient(np.ones_like(pooled), winners, workspace=Workspace(), out=out)
    >>> out[0, 0, :, :, 0].tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    clients, channels, height, width, batch = upstream.shape
    window = len(winners.down) + 1
    rows, columns = height * window, width * window
    out[:, :, rows:] = 0.0
    out[:, :, :, columns:] = 0.0
    wide = workspace.empty("pooling gradient", (clients, channels, rows, width, batch), upstream.dtype)
    _share(upstream, winners.down, [wide[:, :, i::window] for i in range(window)])
    _share(wide, winners.across, [out[:, :, :rows, i:columns:window] for i in range(window)])


def _largest(parts: list[FloatArray], workspace: Workspace, name: str) -> tuple[FloatArray, list[BoolArray]]:
    shape, dtype = parts[0].shape, parts[0].dtype
    largest, beats = parts[0], []
    for i, part in enumerate(parts[1:]):
        beats.append(np.greater(part, largest, out=workspace.empty(f"{name} {i}", shape, bool)))
        largest = np.maximum(largest, part, out=workspace.empty(name, shape, dtype))
    return largest, beats


def _share(upstream: FloatArray, beats: list[BoolArray], parts: list[FloatArray]) -> None:
    """The last part that beats those before it takes the whole of the gradient."""
    first, left = parts[0], upstream
    if not beats:
        first[...] = left
    for beat, part in zip(reversed(beats), reversed(parts[1:]), strict=True):
        np.multiply(left, beat, out=part)
        left = np.subtract(left, part, out=first)
