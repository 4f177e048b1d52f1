"""MTGC: the three kinds of splits, claims that fail when they should, and a small run of the real thing."""

import joblib
import numpy as np
import pytest

from airfed.published import Request
from airfed.published.image_data import ImageData
from airfed.published.mtgc2024 import PAPER, ahead_by, beyond_of, claims_of
from airfed.published.mtgc2024_runs import (
    ALGORITHMS,
    BOTH,
    CELLS,
    CLIENTS,
    KINDS,
    OURS,
    TUNED,
    Setting,
    accuracies,
    accuracies_with,
)

SMALL = Setting(data=ImageData(), num_cells=2, clients_per_cell=2, edge_rounds=2, local_steps=3, rounds=2)


def found(**points):
    """(4, 5) accuracies of all algorithms on all kinds; named ones are that many points above 80, give or take a little."""
    rng = np.random.default_rng(0)
    level = {name: points.get(key, 0.0) for key, name in (("ours", OURS), ("z", "z only"), ("y", "y only"))}
    return {
        kind: {name: 80.0 + level.get(name, 0.0) + 0.1 * rng.standard_normal((4, 5)) for name in ALGORITHMS} for kind in KINDS
    }


def test_claims_pass_where_mtgc_is_ahead_and_fail_where_it_is_not():
    ahead = {claim.says: claim.passed for claim in claims_of(ahead_by(found(ours=3.0)))}
    assert all(passed for says, passed in ahead.items() if "MTGC is ahead" in says)
    level = {claim.says: claim.passed for claim in claims_of(ahead_by(found()))}
    assert not any(level.values())
    behind = claims_of(ahead_by(found(ours=-3.0)))
    assert not any(claim.passed for claim in behind if "MTGC is ahead" in claim.says)


def test_either_part_is_judged_where_it_is_called_for():
    def of(kind, **points):
        return next(
            claim.passed for claim in claims_of(ahead_by(found(**points))) if f"{kind}:" in claim.says and "calls" in claim.says
        )

    assert of(CLIENTS, z=2.0)
    assert not of(CLIENTS, y=2.0)
    assert of(CELLS, y=2.0)
    assert not of(CELLS, z=2.0)


def test_stronger_rivals_are_judged_alike_but_apart():
    beyond = beyond_of(ahead_by(found(ours=3.0)))
    assert len(beyond) == 2 * len(KINDS)
    assert all(claim.passed for claim in beyond)
    assert not any(claim.passed for claim in beyond_of(ahead_by(found())))


def test_only_the_last_rounds_count():
    rows = found()
    rows[BOTH][OURS][:, :2] = 0.0
    assert np.abs(ahead_by(rows)[BOTH]["FedProx"]).max() < 1.0


@pytest.mark.parametrize(
    ("kind", "cells_differ", "clients_differ"), [(BOTH, True, True), (CLIENTS, False, True), (CELLS, True, False)]
)
def test_kinds_differ_where_they_say(kind, cells_differ, clients_differ):
    task = Setting(data=ImageData()).task(kind, seed=0)

    def classes(samples):
        return np.bincount(task.train.labels[samples], minlength=10) / len(samples)

    of_clients = np.array([classes(samples) for samples in task.client_samples]).reshape(4, 5, 10)
    of_cells = of_clients.mean(axis=1)

    def apart(shares):
        """Mean total variation from the mean of all."""
        return 0.5 * np.abs(shares - shares.mean(axis=-2, keepdims=True)).sum(axis=-1).mean()

    assert (apart(of_cells) > 0.3) is cells_differ or np.isclose(apart(of_cells) > 0.3, cells_differ)
    assert bool(apart(of_clients) > 0.3) is clients_differ


def test_every_algorithm_has_step_sizes_for_every_kind():
    assert set(TUNED) == set(KINDS)
    assert all(set(of) == set(ALGORITHMS) for of in TUNED.values())


def test_algorithms_share_their_first_model_and_differ_after():
    curves = np.array([accuracies_with(SMALL, BOTH, name, 0.4, 0.1, 0) for name in ALGORITHMS])
    assert len(set(curves[:, 0])) == 1
    assert len({tuple(row) for row in curves}) > 4


def test_runs_repeat_from_their_seed():
    one, two, other = (accuracies(SMALL, CELLS, OURS, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_whole_reproduction_in_small(monkeypatch):
    monkeypatch.setattr(Setting, "on", classmethod(lambda cls, data, rounds: SMALL))
    with joblib.parallel_config(backend="sequential"):
        reproduction = PAPER.reproduce(Request(quick=True, seeds=2))
    report = reproduction.report()
    assert "digits of scikit-learn" in report
    assert "beyond the paper, not counted:" in report
    assert len(reproduction.claims) == 9
    assert reproduction.table["beyond"].sum() == 6
    assert len(reproduction.panels) == 4
