"""A convex task in which batches do not matter, and rounds of it."""

import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize

from fl_models import Dataset, FederatedTask, RoundWork, SoftmaxRegression, Streams, Workers, initial_state
from fl_models.aggregation.digital import DigitalPlan

NUM_INPUTS, NUM_CLASSES = 4, 3


def regression(x, labels, parameters):
    """Loss and gradient of softmax regression on one sample, written down again."""
    weight, bias = parameters[:-NUM_CLASSES].reshape(NUM_INPUTS, NUM_CLASSES), parameters[-NUM_CLASSES:]
    scores = x @ weight + bias
    chance = np.exp(scores - scores.max())
    chance /= chance.sum()
    error = chance - (np.arange(NUM_CLASSES) == labels)
    return -np.log(chance[labels]), np.concatenate([np.outer(x, error).ravel(), error])


@pytest.fixture(scope="session")
def make_convex():
    """From the clients of each cell to softmax regression where each client has one sample: all batches are the same."""

    def make(*sizes):
        rng, num_clients = np.random.default_rng(3), sum(sizes)
        data = Dataset(
            x=rng.standard_normal((num_clients, NUM_INPUTS)).astype(np.float32),
            labels=rng.integers(NUM_CLASSES, size=num_clients),
        )
        return FederatedTask(
            model=SoftmaxRegression(num_inputs=NUM_INPUTS, num_classes=NUM_CLASSES),
            train=data,
            test=data,
            client_samples=tuple(np.array([client]) for client in range(num_clients)),
            serving_cell=np.repeat(np.arange(len(sizes)), sizes),
        )

    return make


@pytest.fixture(scope="session")
def gradients():
    """From a task and the parameters of each client (K, d) to ∇F_i at them, in double precision."""

    def compute(task, parameters):
        return np.array(
            [
                regression(task.train.x[i].astype(float), task.train.labels[i], own.astype(float))[1]
                for i, own in enumerate(parameters)
            ]
        )

    return compute


@pytest.fixture(scope="session")
def optimum():
    """From a task and a weight decay λ to the minimum of f(x) + λ‖x‖²/2."""

    def solve(task, weight_decay):
        def whole(parameters):
            own = [
                regression(x.astype(float), label, parameters) for x, label in zip(task.train.x, task.train.labels, strict=True)
            ]
            loss, gradient = (np.mean([part[i] for part in own], axis=0) for i in (0, 1))
            return loss + 0.5 * weight_decay * parameters @ parameters, gradient + weight_decay * parameters

        found = minimize(whole, np.zeros(task.model.num_parameters), jac=True, method="BFGS", options={"gtol": 1e-9})
        assert np.linalg.norm(whole(found.x)[1]) < 1e-7
        return found.x

    return solve


@pytest.fixture(scope="session")
def rounds_of():
    """From an algorithm and a task to the states before the first round and after each, over links without error.

    `selected(round_index)` gives the clients of each cell that take part, `active(cell, clients)` (E, n) who is not in a fade.
    """

    def run(algorithm, task, num_rounds, *, selected=None, active=None, workers=None):
        streams = Streams(seed=0)
        state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
        states = [state]
        for round_index in range(num_rounds):
            work = RoundWork.ideal(
                task,
                schedule=algorithm.schedule,
                streams=streams,
                round_index=round_index,
                workers=workers or Workers(num_threads=1),
            )
            cells = list(work.cells)
            for j, cell in enumerate(cells):
                clients = cell.clients if selected is None else selected(round_index)[j]
                there = np.ones((algorithm.schedule.edge_rounds, len(clients)), dtype=bool)
                plan = DigitalPlan(active=there if active is None else active(j, clients), bits_per_parameter=None)
                cells[j] = dataclasses.replace(cell, clients=clients, plan=plan)
            state = algorithm.round(state, dataclasses.replace(work, cells=cells))
            states.append(state)
        return states

    return run
