"""What arrives from cells on the same band."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, FloatArray, IntArray, checked


def downlink_interference_w(
    power_gain: ArrayLike,
    *,
    serving_cell: IntArray,
    station_power_w: ArrayLike,
    group: ArrayLike | None = None,
    activity: ArrayLike = 1.0,
) -> FloatArray:
    """(..., K) mean power Σ_{j≠s, same group} a_j P_j g_jk that client k of station s receives from other stations.

    Args:
        power_gain: (..., N, K) from every station to every client.
        serving_cell: (K,) station that serves each client.
        station_power_w: P, a number or (N,).
        group: (N,) parts of the band, as of `reuse_groups`; only cells of one part interfere. Without it all do.
        activity: a in [0, 1], share of the time that a station transmits, a number or (N,).

    Source: Goldsmith, Wireless Communications, section 15.2.

    >>> downlink_interference_w([[4.0, 1.0], [1.0, 8.0]], serving_cell=np.array([0, 1]), station_power_w=2.0).tolist()
    [2.0, 2.0]
    """
    gain, serving = checked_links(power_gain, serving_cell)
    num_cells = gain.shape[-2]
    interferes = _interferes(serving, num_cells, group)
    power = checked("station_power_w", station_power_w, low=0.0, shape=(num_cells,))
    active = checked("activity", activity, low=0.0, high=1.0, shape=(num_cells,))
    return np.einsum("...nk,nk->...k", gain, (active * power)[:, np.newaxis] * interferes)


def uplink_interference_w(
    power_gain: ArrayLike,
    *,
    serving_cell: IntArray,
    client_power_w: ArrayLike,
    group: ArrayLike | None = None,
    activity: ArrayLike = 1.0,
) -> FloatArray:
    """(..., N) mean power Σ_{i of other cells, same group} a_i p_i g_si that station s receives from clients of other cells.

    Args:
        power_gain: (..., N, K) between every station and every client.
        serving_cell: (K,) station that serves each client.
        client_power_w: p, a number or (K,).
        group: (N,) parts of the band, as of `reuse_groups`; only cells of one part interfere. Without it all do.
        activity: a in [0, 1], share of the time that a client transmits, a number or (K,): 1 where all transmit at once, in
            parts of the band or over the air; one over the clients of the cell where they take turns.

    Source: Goldsmith, Wireless Communications, section 15.2.

    >>> gain = [[4.0, 1.0, 3.0], [1.0, 8.0, 8.0]]
    >>> uplink_interference_w(gain, serving_cell=np.array([0, 1, 1]), client_power_w=1.0).tolist()
    [4.0, 1.0]
    """
    gain, serving = checked_links(power_gain, serving_cell)
    num_cells, num_clients = gain.shape[-2:]
    interferes = _interferes(serving, num_cells, group)
    power = checked("client_power_w", client_power_w, low=0.0, shape=(num_clients,))
    active = checked("activity", activity, low=0.0, high=1.0, shape=(num_clients,))
    return np.einsum("...nk,nk->...n", gain, active * power * interferes)


def checked_links(power_gain: ArrayLike, serving_cell: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Power gains (..., N, K) and serving cells (K,) of one network, as arrays."""
    gain = checked("power_gain", power_gain, low=0.0)
    if gain.ndim < 2:
        raise ValueError(f"power_gain: got shape {gain.shape}; needed is (..., number of stations, number of clients)")
    num_cells, num_clients = gain.shape[-2:]
    serving = checked("serving_cell", serving_cell, low=0, high=num_cells - 1, shape=(num_clients,))
    if (serving % 1.0).any():
        raise ValueError(
            f"serving_cell: got {serving[serving % 1.0 > 0.0][0]:g}; allowed is an integer from 0 to {num_cells - 1}"
        )
    return gain, serving.astype(int)


def _interferes(serving_cell: IntArray, num_cells: int, group: ArrayLike | None) -> BoolArray:
    """(N, K) whether station n and the cell of client k interfere: same group, not the same cell."""
    part = checked("group", 0 if group is None else group, shape=(num_cells,))
    return (part[:, np.newaxis] == part[serving_cell]) & (np.arange(num_cells)[:, np.newaxis] != serving_cell)
