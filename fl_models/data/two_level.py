"""Splits over cells, then within each cell over its clients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray, checked
from fl_models.data.dirichlet import Dirichlet
from fl_models.data.splitter import Splitter, check_splitter, checked_sizes


def two_level_split(
    labels: IntArray,
    *,
    serving_cell: IntArray,
    over_cells: Splitter,
    over_clients: Splitter,
    client_sizes: ArrayLike | None = None,
    min_samples: int = 1,
    rng: np.random.Generator,
) -> list[IntArray]:
    """One part for each client: samples are split over cells, then those of each cell over its clients.

    The three kinds of heterogeneity of hierarchical federated learning are three pairs of splitters:

        cells and clients not i.i.d.      over_cells=Dirichlet(concentration=0.1), over_clients=Dirichlet(concentration=0.1)
        clients of a cell not i.i.d.      over_cells=IID(), over_clients=Dirichlet(concentration=0.1)
        cells not i.i.d.                  over_cells=Dirichlet(concentration=0.1), over_clients=IID()

    Source: Fang, Han, Chen, Wang, Brinton 2024, "Hierarchical federated learning with multi-timescale gradient
    correction", for the three kinds.

    Args:
        labels: (n,) classes of the samples.
        serving_cell: (K,) the cell of each client; no cell up to the largest is without clients.
        over_cells: how samples are split over cells.
        over_clients: how those of a cell are split over its clients.
        client_sizes: exact number of samples of each client, one number for all or (K,), such as `equal_sizes` or
            `lognormal_sizes` give; samples beyond their sum belong to nobody. None leaves sizes to the splitters, and
            clients hold all samples: IID and Shards give cells as many as their clients need, Dirichlet as it falls.
        min_samples: every client gets at least so many, >= 1.
        rng: source of the splits.

    Raises:
        ValueError: what is asked for cannot be met; says at which level.

    >>> from fl_models import IID, Shards
    >>> parts = two_level_split(
    ...     np.repeat(np.arange(2), 10),
    ...     serving_cell=np.array([0, 0, 1]),
    ...     over_cells=IID(),
    ...     over_clients=Shards(per_part=1),
    ...     client_sizes=6,
    ...     rng=np.random.default_rng(0),
    ... )
    >>> [len(part) for part in parts]
    [6, 6, 6]
    """
    check_splitter("over_cells", over_cells)
    check_splitter("over_clients", over_clients)
    return _split(
        labels, serving_cell, (over_cells, over_clients), ("over_cells.", "over_clients."), client_sizes, min_samples, rng
    )


def two_level_dirichlet_split(
    labels: IntArray,
    *,
    serving_cell: IntArray,
    cell_concentration: float,
    client_concentration: float,
    min_samples: int = 1,
    rng: np.random.Generator,
) -> list[IntArray]:
    """`two_level_split` by Dirichlet at both levels, sizes as they fall.

    Args:
        labels: (n,) classes of the samples.
        serving_cell: (K,) the cell of each client; no cell up to the largest is without clients.
        cell_concentration: of the split over cells.
        client_concentration: of the splits over the clients of a cell.
        min_samples: every client gets at least so many, >= 1.
        rng: source of the splits.
    """
    checked("cell_concentration", cell_concentration, low=0.0, open_low=True)
    checked("client_concentration", client_concentration, low=0.0, open_low=True)
    splitters = (Dirichlet(concentration=cell_concentration), Dirichlet(concentration=client_concentration))
    return _split(labels, serving_cell, splitters, ("cell_", "client_"), None, min_samples, rng)


def _split(
    labels: IntArray,
    serving_cell: IntArray,
    splitters: tuple[Splitter, Splitter],
    names: tuple[str, str],
    client_sizes: ArrayLike | None,
    min_samples: int,
    rng: np.random.Generator,
) -> list[IntArray]:
    """The parts of all clients; errors of a splitter begin with the name of its level."""
    num_clients, clients_in_cell = len(serving_cell), np.bincount(serving_cell)
    _check_clients(len(labels), clients_in_cell, min_samples)
    sizes = cell_sizes = None
    if client_sizes is not None:
        sizes = checked_sizes(
            len(labels), num_parts=num_clients, sizes=client_sizes, min_samples=min_samples, name="client_sizes"
        )
        cell_sizes = np.array([sizes[serving_cell == cell].sum() for cell in range(len(clients_in_cell))])
    cells = _at(
        names[0],
        splitters[0],
        labels,
        len(clients_in_cell),
        sizes=cell_sizes,
        min_samples=clients_in_cell * min_samples,
        rng=rng,
    )
    parts: list[IntArray] = [np.empty(0, dtype=int)] * num_clients
    for cell, samples in enumerate(cells):
        clients = np.flatnonzero(serving_cell == cell)
        inner = None if sizes is None else sizes[clients]
        split = _at(names[1], splitters[1], labels[samples], len(clients), sizes=inner, min_samples=min_samples, rng=rng)
        for client, part in zip(clients, split, strict=True):
            parts[client] = samples[part]
    return parts


def _check_clients(num_samples: int, clients_in_cell: IntArray, min_samples: int) -> None:
    idle = np.flatnonzero(clients_in_cell == 0)
    if len(idle):
        raise ValueError(f"serving_cell: cell {idle[0]} has no client; every cell needs at least one")
    num_clients = clients_in_cell.sum()
    most = num_samples // num_clients
    if not 1 <= min_samples <= most:
        raise ValueError(
            f"min_samples: got {min_samples} for {len(clients_in_cell)} cells with {num_clients} clients; {num_samples} "
            f"samples allow at most {most}"
        )


def _at(
    level: str,
    splitter: Splitter,
    labels: IntArray,
    num_parts: int,
    *,
    sizes: IntArray | None,
    min_samples: ArrayLike,
    rng: np.random.Generator,
) -> list[IntArray]:
    """A split whose errors name the level that they are at."""
    try:
        return splitter.split(labels, num_parts=num_parts, sizes=sizes, min_samples=min_samples, rng=rng)
    except ValueError as error:
        raise ValueError(f"{level}{error}") from None
