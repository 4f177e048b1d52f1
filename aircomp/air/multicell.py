"""Over-the-air computation in cells that share a band: what one cell computes is noise to the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.transceiver import Transceiver, TransceiverPlan, combined_gain, takes_antennas
from channels.arrays import ComplexArray, FloatArray, IntArray, check_count, checked
from channels.summary import shown_by

TOLERANCE = 1e-10


@shown_by(
    "converged",
    "iterations",
    "interference_power_w",
    num_cells=lambda plan: len(plan.plans),
    mean_mse=lambda plan: np.array([np.mean(one.mse) for one in plan.plans]),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class MulticellPlan:
    """Plans of N cells on one band, each made for the interference that the others' plans cause.

    Attributes:
        plans: one a cell, over that cell's clients.
        clients: (n_j,) indices of each cell's clients.
        interference_power_w: (..., N) power Σ |mᴴh_i b_i|² from clients of other cells, behind each station's combining.
        iterations: how often the cells planned.
        converged: whether the last planning changed no interference by more than 1e-10 of noise and interference.
    """

    plans: tuple[TransceiverPlan, ...]
    clients: tuple[IntArray, ...]
    interference_power_w: FloatArray
    iterations: int
    converged: bool


def plan_cells(
    transceiver: Transceiver,
    gain: ArrayLike,
    *,
    serving_cell: ArrayLike,
    power_w: ArrayLike,
    noise_power_w: ArrayLike,
    weights: ArrayLike = 1.0,
    max_iterations: int = 200,
) -> MulticellPlan:
    """Plans for cells that all compute over the air at once in the same band (reuse 1).

    Symbols of other cells are independent of one's own: they add their power to the noise. Each cell plans for noise and
    interference, which changes what it causes to others, and so on to a fixed point, from no interference at all. Under
    `OptimalPowerControl` more noise never lowers a client's power, so interference rises from step to step and, powers being
    limited, converges (Yates 1995); plans that do not depend on the noise take two steps. Others need not converge: clients
    that a noise target selects may come and go for ever.

    Args:
        transceiver: the rule of every cell.
        gain: (..., N, K) amplitudes from every client to every station, or (..., N, K, A) for a transceiver with antennas.
        serving_cell: (K,) station that each client computes with; every station has at least one client.
        power_w: most that each client may use; a number or (K,).
        noise_power_w: σ² > 0 at each antenna; a number or (N,).
        weights: of each client in its cell's sum; a number or (K,).
        max_iterations: most rounds of planning.

    Source: Cao, Zhu, Xu, Cui 2021, "Cooperative interference management for over-the-air computation networks" (the model);
    Yates 1995, "A framework for uplink power control in cellular radio systems" (the fixed point).

    >>> from aircomp import ChannelInversion
    >>> cells = plan_cells(ChannelInversion(), [[1.0, 0.2], [0.1, 1.0]], serving_cell=[0, 1], power_w=1.0, noise_power_w=0.1)
    >>> cells.interference_power_w.round(6).tolist(), [float(plan.mse.round(6)) for plan in cells.plans]
    ([0.04, 0.01], [0.14, 0.11])
    """
    antennas = takes_antennas(transceiver)
    channel = np.asarray(gain, dtype=complex)
    if channel.ndim < 2 + antennas:
        raise ValueError(f"gain: got shape {channel.shape}; needed is (..., stations, clients{', antennas' * antennas})")
    client_axis = channel.ndim - 1 - antennas
    num_cells, num_clients = channel.shape[client_axis - 1 : client_axis + 1]
    if np.shape(serving_cell) not in ((), (num_clients,)):
        axes = "(..., stations, clients, antennas)" if antennas else "(..., stations, clients)"
        raise ValueError(
            f"serving_cell: got shape {np.shape(serving_cell)}; needed is one for each of {num_clients} clients, gain of shape "
            f"{channel.shape} being {axes}"
        )
    serving = checked("serving_cell", serving_cell, low=0, high=num_cells - 1, shape=(num_clients,))
    if (serving % 1.0).any():
        raise ValueError(
            f"serving_cell: got {serving[serving % 1.0 > 0.0][0]:g}; allowed is an integer from 0 to {num_cells - 1}"
        )
    power = checked("power_w", power_w, low=0.0, open_low=True, shape=(num_clients,))
    noise = checked("noise_power_w", noise_power_w, low=0.0, open_low=True, shape=(num_cells,))
    weight = checked("weights", weights, low=0.0, open_low=True, shape=(num_clients,))
    check_count("max_iterations", max_iterations)
    clients = tuple(np.flatnonzero(serving == cell) for cell in range(num_cells))
    empty = [cell for cell in range(num_cells) if not len(clients[cell])]
    if empty:
        raise ValueError(f"serving_cell: got no client of station {empty[0]}; leave such stations out")
    to_station = [np.take(channel, cell, axis=client_axis - 1) for cell in range(num_cells)]
    interference = np.zeros((*channel.shape[: client_axis - 1], num_cells))
    iterations, converged = 0, False
    while iterations < max_iterations and not converged:
        iterations += 1
        plans = tuple(
            transceiver.plan(
                np.take(to_station[cell], clients[cell], axis=client_axis - 1),
                power_w=power[clients[cell]],
                noise_power_w=noise[cell] + interference[..., cell],
                weights=weight[clients[cell]],
            )
            for cell in range(num_cells)
        )
        caused = np.stack([_from_others(cell, to_station[cell], plans, clients) for cell in range(num_cells)], axis=-1)
        converged = bool((np.abs(caused - interference) <= TOLERANCE * (noise + caused)).all())
        interference = caused
    return MulticellPlan(
        plans=plans, clients=clients, interference_power_w=interference, iterations=iterations, converged=converged
    )


def _from_others(
    station: int, gain: ComplexArray, plans: tuple[TransceiverPlan, ...], clients: tuple[IntArray, ...]
) -> FloatArray:
    """(...) interference behind the combining of one station whose channels to all clients are `gain`."""
    receive = plans[station].receive
    heard = gain if receive is None else combined_gain(gain, receive)
    others = [cell for cell in range(len(plans)) if cell != station]
    return sum(
        (np.sum(np.abs(heard[..., clients[cell]]) ** 2 * plans[cell].power_w, axis=-1) for cell in others),
        start=np.zeros(heard.shape[:-1]),
    )
