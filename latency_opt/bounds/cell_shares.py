"""Shares of cells: weights in the objective, parts of a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def cell_counts(clients_per_cell: ArrayLike) -> FloatArray:
    """(..., N) numbers of clients n_j >= 1, one for each cell."""
    clients = checked("clients_per_cell", clients_per_cell, low=1.0)
    if clients.ndim == 0:
        raise ValueError("clients_per_cell: got a single number; needed is one value per cell, shape (..., N)")
    return clients


def cell_weights(weights: ArrayLike | None, *, clients: FloatArray) -> FloatArray:
    """(..., N) weights w_j in the objective: those given, or the share of the clients that are in each cell."""
    return (
        clients / clients.sum(axis=-1, keepdims=True) if weights is None else cell_shares("weights", weights, clients=clients)
    )


def cell_shares(name: str, value: ArrayLike, *, clients: FloatArray) -> FloatArray:
    """(..., N) shares > 0, one for each cell, that add up to 1; else a ValueError.

    >>> cell_shares("weights", [0.5, 0.6], clients=np.array([1, 1]))
    Traceback (most recent call last):
        ...
    ValueError: weights: got a sum of 1.1; needed is 1
    """
    share = checked(name, value, low=0.0, high=1.0, open_low=True)
    if share.shape[-1:] != clients.shape[-1:]:
        raise ValueError(f"{name}: got shape {share.shape}; needed is one value for each of {clients.shape[-1]} cells")
    total = share.sum(axis=-1)
    if np.abs(total - 1.0).max() > 1e-9:
        raise ValueError(f"{name}: got a sum of {total.flat[np.abs(total - 1.0).argmax()]:g}; needed is 1")
    return share
