"""Signal to interference and noise in a network of cells that reuse the band."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, IntArray, checked
from channels.rates.interference import checked_links, downlink_interference_w, uplink_interference_w


def reuse_groups(station_xy_m: ArrayLike, *, radius_m: float, reuse_factor: int) -> IntArray:
    """(N,) part of the band that each station uses: all the same, or one of three so that no neighbours share it.

    With reuse 3 a station at q·a + r·b, where a and b are the lattice's steps at 0° and 60°, has the part (q - r) mod 3. Each
    cell then has a third of the band, and the noise of a third of the band.

    Args:
        station_xy_m: (N, 2) stations; for reuse 3 on the lattice of `channels.hexagonal_sites`, wherever it starts.
        radius_m: circumradius of a cell; neighbours are sqrt(3) radii apart.
        reuse_factor: 1 or 3.

    Source: MacDonald 1979, "The cellular concept", with shift parameters i = j = 1.

    >>> from channels import hexagonal_sites
    >>> reuse_groups(hexagonal_sites(7, radius_m=100.0), radius_m=100.0, reuse_factor=3).tolist()
    [0, 1, 2, 1, 2, 1, 2]
    """
    stations = checked("station_xy_m", station_xy_m)
    if stations.ndim != 2 or stations.shape[1] != 2 or not len(stations):
        raise ValueError(f"station_xy_m: got shape {stations.shape}; needed is (number of stations >= 1, 2)")
    checked("radius_m", radius_m, low=0.0, open_low=True)
    if reuse_factor not in (1, 3):
        raise ValueError(f"reuse_factor: got {reuse_factor}; allowed is 1 or 3")
    if reuse_factor == 1:
        return np.zeros(len(stations), dtype=int)
    x, y = (stations - stations[0]).T / radius_m
    r = y / 1.5
    axial = np.stack([x / np.sqrt(3.0) - r / 2, r])
    lattice = np.rint(axial)
    astray = np.abs(axial - lattice).max(axis=0) > 1e-6
    if astray.any():
        raise ValueError(
            f"station_xy_m: station {np.flatnonzero(astray)[0]} is not on the hexagonal lattice through station 0 "
            f"with radius_m {radius_m:g}; needed for reuse 3 are positions as of hexagonal_sites"
        )
    q, r = lattice.astype(int)
    return (q - r) % 3


def downlink_sinr(
    power_gain: ArrayLike,
    *,
    serving_cell: IntArray,
    station_power_w: ArrayLike,
    noise_power_w: ArrayLike,
    group: ArrayLike | None = None,
    activity: ArrayLike = 1.0,
) -> FloatArray:
    """SINR P_s g_sk / (σ² + Σ_{j≠s, same group} a_j P_j g_jk) of each client k, served by station s.

    With reuse 3 a cell has a third of the band: pass the noise, and the powers, of that third.

    Args:
        power_gain: (..., N, K) from every station to every client.
        serving_cell: (K,) station that serves each client.
        station_power_w: P, a number or (N,).
        noise_power_w: σ² > 0 over the part of the band that a cell uses, a number or one that broadcasts to (..., K).
        group: (N,) parts of the band, as of `reuse_groups`; only cells of one part interfere. Without it all do.
        activity: a in [0, 1], share of the time that a station transmits, a number or (N,).

    Returns:
        (..., K) linear SINR, interference taken at its mean over the activity.

    Source: Goldsmith, Wireless Communications, sections 15.2 and 15.3.

    >>> gain = [[4.0, 1.0], [1.0, 8.0]]
    >>> downlink_sinr(gain, serving_cell=np.array([0, 1]), station_power_w=1.0, noise_power_w=1.0).tolist()
    [2.0, 4.0]
    """
    interference = downlink_interference_w(
        power_gain, serving_cell=serving_cell, station_power_w=station_power_w, group=group, activity=activity
    )
    gain, serving = checked_links(power_gain, serving_cell)
    num_cells, num_clients = gain.shape[-2:]
    power = np.broadcast_to(station_power_w, num_cells)[serving]
    signal = power * gain[..., serving, np.arange(num_clients)]
    return signal / (interference + _noise(noise_power_w, signal))


def uplink_sinr(
    power_gain: ArrayLike,
    *,
    serving_cell: IntArray,
    client_power_w: ArrayLike,
    noise_power_w: ArrayLike,
    group: ArrayLike | None = None,
    activity: ArrayLike = 1.0,
) -> FloatArray:
    """SINR p_k g_sk / (σ² + Σ_{j≠s, same group} a_j mean_{i in cell j} p_i g_si) of each client k at its station s.

    One client of a cell at a time is on the resource, each equally often; a cell without clients does not interfere. (Where the
    clients of a cell share its band, as in a `Network`, each has n times the power in its part, and so have the others.) With
    reuse 3 a cell has a third of the band: pass the noise of that third.

    Args:
        power_gain: (..., N, K) between every station and every client.
        serving_cell: (K,) station that serves each client.
        client_power_w: p, a number or (K,).
        noise_power_w: σ² > 0 over the part of the band that a cell uses, a number or one that broadcasts to (..., K).
        group: (N,) parts of the band, as of `reuse_groups`; only cells of one part interfere. Without it all do.
        activity: a in [0, 1], share of the time that a cell's clients transmit, a number or (N,).

    Returns:
        (..., K) linear SINR, interference taken at its mean over the clients' turns.

    Source: Goldsmith, Wireless Communications, sections 15.2 and 15.3.

    >>> gain = [[4.0, 1.0, 3.0], [1.0, 8.0, 8.0]]
    >>> uplink_sinr(gain, serving_cell=np.array([0, 1, 1]), client_power_w=1.0, noise_power_w=2.0).round(4).tolist()
    [1.0, 2.6667, 2.6667]
    """
    gain, serving = checked_links(power_gain, serving_cell)
    num_cells, num_clients = gain.shape[-2:]
    active = checked("activity", activity, low=0.0, high=1.0, shape=(num_cells,))
    in_turn = active[serving] / np.bincount(serving)[serving]  # share of the time that a client transmits
    interference = uplink_interference_w(
        gain, serving_cell=serving, client_power_w=client_power_w, group=group, activity=in_turn
    )
    signal = np.asarray(client_power_w, dtype=float) * gain[..., serving, np.arange(num_clients)]
    return signal / (interference[..., serving] + _noise(noise_power_w, signal))


def _noise(noise_power_w: ArrayLike, signal: FloatArray) -> FloatArray:
    noise = checked("noise_power_w", noise_power_w, low=0.0, open_low=True)
    try:
        np.broadcast_shapes(noise.shape, signal.shape)
    except ValueError:
        raise ValueError(f"noise_power_w: got shape {noise.shape}; needed is a number or shape {signal.shape}") from None
    return noise
