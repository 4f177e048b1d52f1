"""Where algorithms end: many local steps on clients that disagree, without any chance, so that drift alone is seen."""

import functools

import numpy as np
import pytest

from fl_models import (
    MTGC,
    SCAFFOLD,
    FedDyn,
    FedProx,
    HierarchicalFedAvg,
    Schedule,
    ServerMomentum,
    WithServerOptimizer,
)

WEIGHT_DECAY = 0.1
SCHEDULE = Schedule(edge_rounds=5, local_steps=8, batch_size=1, step_size=0.1, weight_decay=WEIGHT_DECAY)
ROUNDS = 80


@pytest.fixture(scope="module")
def distance(make_convex, rounds_of, optimum):
    """How far from the optimum of f an algorithm ends, in terms of how far from it it began."""
    task = make_convex(2, 3, 5)
    best = optimum(task, WEIGHT_DECAY)

    @functools.cache
    def measure(algorithm):
        return np.linalg.norm(rounds_of(algorithm, task, ROUNDS)[-1].parameters - best) / np.linalg.norm(best)

    return measure


@pytest.mark.parametrize(
    "algorithm",
    [
        MTGC(schedule=SCHEDULE, initial_gradients=True),
        SCAFFOLD(schedule=SCHEDULE),
        FedDyn(schedule=SCHEDULE, regularization=0.3),
        FedDyn(schedule=SCHEDULE, regularization=1.0),
        WithServerOptimizer(algorithm=MTGC(schedule=SCHEDULE, initial_gradients=True), optimizer=ServerMomentum(momentum=0.3)),
    ],
    ids=["mtgc", "scaffold", "feddyn weak", "feddyn strong", "mtgc with momentum"],
)
def test_corrected_algorithms_reach_the_optimum(algorithm, distance):
    assert distance(algorithm) < 1e-4


@pytest.mark.parametrize(
    "algorithm",
    [
        HierarchicalFedAvg(schedule=SCHEDULE),
        FedProx(schedule=SCHEDULE, proximal_weight=0.3),
        FedDyn(schedule=SCHEDULE, regularization=0.3, within_cells=True),
        MTGC(schedule=SCHEDULE, client_correction=False),
        MTGC(schedule=SCHEDULE, cell_correction=False),
    ],
    ids=["fedavg", "fedprox", "feddyn within cells", "cells alone", "clients alone"],
)
def test_others_end_elsewhere(algorithm, distance):
    assert distance(algorithm) > 0.2


def test_mtgc_that_begins_at_zero_ends_near(distance):
    """Clients drift in the first edge round of every global round: an offset, but a tenth of hierarchical FedAvg's."""
    far, near = distance(HierarchicalFedAvg(schedule=SCHEDULE)), distance(MTGC(schedule=SCHEDULE))
    assert 0.02 < near < 0.15 * far


def test_each_correction_does_its_part(distance):
    """Either correction alone ends nearer to the optimum than none, both nearer than either."""
    without, both = distance(HierarchicalFedAvg(schedule=SCHEDULE)), distance(MTGC(schedule=SCHEDULE))
    for one in ({"client_correction": False}, {"cell_correction": False}):
        assert both < distance(MTGC(schedule=SCHEDULE, **one)) < without
