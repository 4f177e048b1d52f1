"""Against the published algorithms, written down plainly: one server, all gradients in double precision."""

import dataclasses

import numpy as np
import pytest

from fl_models import MTGC, SCAFFOLD, FedDyn, FedProx, HierarchicalFedAvg, InverseDecay, Schedule

FLAT = Schedule(
    edge_rounds=1, local_steps=4, batch_size=2, step_size=InverseDecay(initial=0.3, half_life_rounds=5.0), weight_decay=0.05
)
NUM_CLIENTS, ROUNDS = 6, 6


def chosen(round_index):
    """Four clients, others each round."""
    return np.sort(np.random.default_rng(round_index).choice(NUM_CLIENTS, size=4, replace=False))


def everybody(round_index):
    return np.arange(NUM_CLIENTS)


def step_size(round_index):
    return 0.3 / (1.0 + round_index / 5.0)


@pytest.fixture
def descend(gradients):
    """Four local steps of every client of a task; `force(x)` (K, d) is added to the gradients."""

    def run(task, start, gamma, force):
        local = np.tile(start, (len(task.serving_cell), 1)) if start.ndim == 1 else start.copy()
        for _ in range(FLAT.local_steps):
            local = local - gamma * (gradients(task, local) + FLAT.weight_decay * local + force(local))
        return local

    return run


def fedavg(task, descend, taking_part):
    x = np.zeros(task.model.num_parameters)
    for t in range(ROUNDS):
        local = descend(task, x, step_size(t), np.zeros_like)
        x = local[taking_part(t)].mean(axis=0)
        yield x


def fedprox(task, descend, taking_part, mu=0.6):
    x = np.zeros(task.model.num_parameters)
    for t in range(ROUNDS):
        local = descend(task, x, step_size(t), lambda own, x=x: mu * (own - x))
        x = local[taking_part(t)].mean(axis=0)
        yield x


def feddyn(task, descend, taking_part, alpha=0.6):
    """Acar et al. 2021, algorithm 1."""
    x = h = np.zeros(task.model.num_parameters)
    gradient = np.zeros((NUM_CLIENTS, len(x)))
    for t in range(ROUNDS):
        local = descend(task, x, step_size(t), lambda own, x=x: -gradient + alpha * (own - x))
        who = taking_part(t)
        gradient[who] -= alpha * (local[who] - x)
        h = h - alpha / NUM_CLIENTS * (local[who] - x).sum(axis=0)
        x = local[who].mean(axis=0) - h / alpha
        yield x


def scaffold(task, descend, taking_part):
    """Karimireddy et al. 2020, algorithm 1, option II."""
    x = c = np.zeros(task.model.num_parameters)
    variates = np.zeros((NUM_CLIENTS, len(x)))
    for t in range(ROUNDS):
        local = descend(task, x, step_size(t), lambda own, c=c: c - variates)
        who = taking_part(t)
        new = variates - c + (x - local) / (FLAT.local_steps * step_size(t))
        x = x + (local[who] - x).mean(axis=0)
        c = c + len(who) / NUM_CLIENTS * (new[who] - variates[who]).mean(axis=0)
        variates[who] = new[who]
        yield x


@pytest.mark.parametrize("taking_part", [everybody, chosen])
@pytest.mark.parametrize(
    ("algorithm", "reference"),
    [
        (HierarchicalFedAvg(schedule=FLAT), fedavg),
        (FedProx(schedule=FLAT, proximal_weight=0.6), fedprox),
        (FedDyn(schedule=FLAT, regularization=0.6), feddyn),
        (FedDyn(schedule=FLAT, regularization=0.6, within_cells=True), feddyn),
        (SCAFFOLD(schedule=FLAT), scaffold),
    ],
    ids=["fedavg", "fedprox", "feddyn", "feddyn within cells", "scaffold"],
)
def test_one_cell_is_the_flat_algorithm(algorithm, reference, taking_part, make_convex, rounds_of, descend):
    task = make_convex(NUM_CLIENTS)
    states = rounds_of(algorithm, task, ROUNDS, selected=lambda t: [taking_part(t)])
    wanted = list(reference(task, descend, taking_part))
    for state, x in zip(states[1:], wanted, strict=True):
        np.testing.assert_allclose(state.parameters, x, rtol=2e-5, atol=5e-6)
    plain = list(fedavg(task, descend, taking_part))
    assert reference is fedavg or np.linalg.norm(plain[-1] - wanted[-1]) > 1e-2


def mtgc(task, descend, weights, edge_rounds, gradients, initial_gradients):
    """Fang et al. 2024, algorithm 1."""
    num_cells = task.num_cells

    def of_cells(values):
        return np.array([values[task.clients_of(j)].mean(axis=0) for j in range(num_cells)])

    x = np.zeros(task.model.num_parameters)
    y = np.zeros((num_cells, len(x)))
    for t in range(ROUNDS):
        steps = FLAT.local_steps * step_size(t)
        z = np.zeros((len(task.serving_cell), len(x)))
        if initial_gradients:
            at_x = gradients(task, np.tile(x, (len(task.serving_cell), 1)))
            z = of_cells(at_x)[task.serving_cell] - at_x
            y = weights @ of_cells(at_x) - of_cells(at_x) if t == 0 else y
        models = np.tile(x, (num_cells, 1))
        for _ in range(edge_rounds):
            local = descend(task, models[task.serving_cell], step_size(t), lambda own, z=z, y=y: z + y[task.serving_cell])
            models = of_cells(local)
            z = z + (local - models[task.serving_cell]) / steps
        x = weights @ models
        y = y + (models - x) / (edge_rounds * steps)
        yield x


@pytest.mark.parametrize("sizes", [(3, 3), (1, 2, 4)])
@pytest.mark.parametrize("initial_gradients", [False, True])
def test_mtgc_as_published(sizes, initial_gradients, make_convex, rounds_of, descend, gradients):
    task = make_convex(*sizes)
    weights = np.array(sizes) / sum(sizes)
    algorithm = MTGC(schedule=dataclasses.replace(FLAT, edge_rounds=3), initial_gradients=initial_gradients)
    wanted = mtgc(task, descend, weights, 3, gradients, initial_gradients)
    for state, x in zip(rounds_of(algorithm, task, ROUNDS)[1:], wanted, strict=True):
        np.testing.assert_allclose(state.parameters, x, rtol=5e-5, atol=1e-5)
