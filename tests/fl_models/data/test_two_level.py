"""Splits over cells, then over their clients."""

import hashlib

import numpy as np
import pytest

from airfed import Experiment, Scenario
from fl_models import (
    IID,
    Dirichlet,
    Shards,
    equal_sizes,
    lognormal_sizes,
    split_table,
    two_level_dirichlet_split,
    two_level_split,
)

UNEVEN = Dirichlet(concentration=0.3)
CELL = np.repeat(np.arange(10), 10)
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 2000))


def digest(parts):
    return hashlib.sha256(b"|".join(np.asarray(part, dtype="<i8").tobytes() for part in parts)).hexdigest()[:16]


def unevenness(labels, parts):
    """Pearson's statistic of parts by classes, in standard deviations from its mean over 200 random relabellings."""
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    held = labels[np.concatenate(parts)]
    sizes, classes = np.bincount(owner), np.bincount(held)
    expected = np.outer(sizes, classes) / len(held)

    def statistic(of):
        counts = np.bincount(owner * len(classes) + of, minlength=expected.size).reshape(expected.shape)
        return np.sum((counts - expected) ** 2 / np.maximum(expected, 1e-9))

    rng = np.random.default_rng(7)
    random = [statistic(rng.permutation(held)) for _ in range(200)]
    return (statistic(held) - np.mean(random)) / np.std(random)


def of_cells(parts, serving_cell):
    return [np.concatenate([parts[i] for i in np.flatnonzero(serving_cell == cell)]) for cell in np.unique(serving_cell)]


@pytest.mark.parametrize("client_sizes", [None, 200, 120, "lognormal"])
@pytest.mark.parametrize(
    ("over_cells", "over_clients", "cells_iid", "clients_iid"),
    [
        (UNEVEN, UNEVEN, False, False),
        (IID(), UNEVEN, True, False),
        (UNEVEN, IID(), False, True),
        (IID(), IID(), True, True),
        (Shards(per_part=4), IID(), False, True),
    ],
    ids=["both", "clients", "cells", "neither", "shards of cells"],
)
def test_each_level_is_as_uneven_as_its_splitter(over_cells, over_clients, cells_iid, clients_iid, client_sizes):
    """I.i.d.: Pearson's statistic lies within four standard deviations of its mean; else far beyond."""
    rng = np.random.default_rng(1)
    if client_sizes == "lognormal":
        client_sizes = lognormal_sizes(len(LABELS), num_parts=100, sigma=0.5, min_samples=20, rng=rng)
    parts = two_level_split(
        LABELS,
        serving_cell=CELL,
        over_cells=over_cells,
        over_clients=over_clients,
        client_sizes=client_sizes,
        min_samples=5,
        rng=rng,
    )
    held = np.concatenate(parts)
    assert len(np.unique(held)) == len(held)
    if client_sizes is None:
        assert len(held) == len(LABELS)
        assert min(map(len, parts)) >= 5
    else:
        np.testing.assert_array_equal([len(part) for part in parts], np.broadcast_to(client_sizes, 100))
    across = unevenness(LABELS, of_cells(parts, CELL))
    within = np.array([unevenness(LABELS, [parts[i] for i in np.flatnonzero(cell == CELL)]) for cell in range(10)])
    assert abs(across) < 4 if cells_iid else across > 40
    assert abs(within.mean()) < 4 / np.sqrt(10) if clients_iid else within.min() > 10


@pytest.mark.parametrize("serving_cell", [np.repeat(np.arange(3), 20), np.array([2, 0, 1, 0, 0, 2] * 10)])
def test_dirichlet_at_two_levels_covers_and_keeps_the_least(serving_cell):
    labels = np.random.default_rng(0).integers(10, size=1400)
    parts = two_level_dirichlet_split(
        labels,
        serving_cell=serving_cell,
        cell_concentration=1.0,
        client_concentration=0.5,
        min_samples=3,
        rng=np.random.default_rng(2),
    )
    assert len(parts) == 60
    assert min(map(len, parts)) >= 3
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1400))


@pytest.mark.parametrize(
    ("serving_cell", "known", "after"),
    [
        (np.repeat(np.arange(3), 20), "b45099d6d5045744", 1848979039),
        (np.array([2, 0, 1, 0, 0, 2] * 10), "d865a63ada97dd8c", 846821773),
    ],
)
def test_dirichlet_draws_are_those_of_all_earlier_results(serving_cell, known, after):
    labels = np.random.default_rng(0).integers(10, size=1400)
    named, general = (np.random.default_rng(2) for _ in range(2))
    parts = two_level_dirichlet_split(
        labels, serving_cell=serving_cell, cell_concentration=1.0, client_concentration=0.5, min_samples=3, rng=named
    )
    assert digest(parts) == known
    assert named.integers(2**31) == after
    same = two_level_split(
        labels,
        serving_cell=serving_cell,
        over_cells=Dirichlet(concentration=1.0),
        over_clients=Dirichlet(concentration=0.5),
        min_samples=3,
        rng=general,
    )
    assert digest(same) == known


@pytest.mark.parametrize(("seed", "known"), [(0, "9b12eb938b079f46"), (7, "79dedec0b4b1678e")])
def test_the_default_scenario_is_split_as_ever(seed, known):
    """Published figures are of this split."""
    assert digest(Experiment.prepare(Scenario(seed=seed)).task.client_samples) == known


def test_cells_get_what_their_clients_need():
    serving_cell = np.array([0] * 9 + [1] + [2] * 5)
    for over_cells in (IID(), Shards(per_part=1)):
        parts = two_level_split(
            LABELS, serving_cell=serving_cell, over_cells=over_cells, over_clients=IID(), rng=np.random.default_rng(0)
        )
        sizes = np.array([len(part) for part in parts])
        assert sizes.sum() == len(LABELS)
        assert np.ptp(sizes) <= 1


def test_equal_sizes_are_equal_in_cells_of_any_number_of_clients():
    serving_cell = np.array([1, 0, 1, 1, 2, 1, 0])
    sizes = equal_sizes(len(LABELS), num_parts=7)
    parts = two_level_split(
        LABELS,
        serving_cell=serving_cell,
        over_cells=UNEVEN,
        over_clients=UNEVEN,
        client_sizes=sizes,
        rng=np.random.default_rng(0),
    )
    assert {len(part) for part in parts} == {len(LABELS) // 7}
    assert len(np.unique(np.concatenate(parts))) == len(LABELS) // 7 * 7


def test_impossible_two_level_splits_say_at_which_level():
    good = {"serving_cell": np.array([0, 0, 1]), "over_cells": IID(), "over_clients": IID(), "rng": np.random.default_rng(0)}

    def split(labels=LABELS, **options):
        return two_level_split(labels, **good | options)

    with pytest.raises(ValueError, match="serving_cell: cell 1 has no client; every cell needs at least one"):
        split(serving_cell=np.array([0, 2]))
    with pytest.raises(ValueError, match="min_samples: got 4 for 2 cells with 3 clients; 10 samples allow at most 3"):
        split(LABELS[:10], min_samples=4)
    with pytest.raises(ValueError, match="client_sizes: got 20001 samples in 3 parts; there are 20000 to split"):
        split(client_sizes=6667)
    with pytest.raises(ValueError, match="over_cells: got 'iid'; needed is an object with a method split, such as IID()"):
        split(over_cells="iid")
    with pytest.raises(ValueError, match="over_clients: got .*; needed is an object with a method split"):
        split(over_clients=Dirichlet)
    with pytest.raises(ValueError, match="over_clients.per_part: got 9; part 0 has 5 samples"):
        split(over_clients=Shards(per_part=9), client_sizes=5)
    with pytest.raises(ValueError, match="over_cells.concentration: got 0.001; in 1000 draws of 2 parts"):
        split(np.zeros(10, dtype=int), over_cells=Dirichlet(concentration=0.001), min_samples=3)


def test_the_table_counts_what_clients_hold():
    labels = np.array([0, 2, 2, 0, 1, 2])
    table = split_table(labels, [np.array([1, 2]), np.array([0, 4, 5])], np.array([1, 0]))
    assert table.index.name == "client"
    assert list(table.columns) == ["cell", "samples", 0, 1, 2]
    assert table.to_numpy().tolist() == [[1, 2, 0, 0, 2], [0, 3, 1, 1, 1]]
    with pytest.raises(ValueError, match="client_samples: got 1 clients for 2 in serving_cell"):
        split_table(labels, [np.array([1])], np.array([1, 0]))
