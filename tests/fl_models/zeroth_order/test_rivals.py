"""DZOPA and ZONE-S, on quadratics whose optimum is known."""

import dataclasses

import numpy as np
import pytest

from fl_models import (
    DZOPA,
    ZONES,
    Dataset,
    FederatedTask,
    LocalStep,
    MiniBatches,
    RoundWork,
    Schedule,
    Stream,
    Streams,
    TrainingState,
    UniformCount,
    ZerothOrderSteps,
    initial_state,
)

NUM_CLIENTS, SIZE = 6, 4


class Quadratic:
    """½(x - s)ᵀ A (x - s) for the sample s: the optimum of the mean is the mean sample."""

    num_parameters = SIZE
    curvature = np.array([0.5, 1.0, 1.5, 2.0])

    def init(self, *, rng):
        return np.full(SIZE, 2.0, dtype=np.float32)

    def losses(self, parameters, x, labels):
        return 0.5 * np.mean(np.sum(self.curvature * (parameters[..., None, :] - x) ** 2, axis=-1), axis=-1)


@pytest.fixture(scope="module")
def task():
    data = Dataset(x=np.random.default_rng(0).standard_normal((NUM_CLIENTS, SIZE)), labels=np.zeros(NUM_CLIENTS, dtype=int))
    return FederatedTask(
        model=Quadratic(),
        train=data,
        test=data,
        client_samples=tuple(np.arange(NUM_CLIENTS)[:, None]),
        serving_cell=np.zeros(NUM_CLIENTS, dtype=int),
    )


def run(algorithm, task, *, rounds, per_round=NUM_CLIENTS):
    """The states from the first to the last, some clients a round."""
    streams = Streams(seed=0)
    state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
    states = [state]
    for index in range(rounds):
        work = RoundWork.ideal(task, schedule=algorithm.schedule, streams=streams, round_index=index)
        rng = streams.rng(Stream.SELECTION, index)
        some = UniformCount(num_clients=per_round).draw(NUM_CLIENTS, rng=rng)
        plan = dataclasses.replace(work.cells[0].plan, active=work.cells[0].plan.active[:, some])
        cell = dataclasses.replace(work.cells[0], clients=some, plan=plan)
        state = algorithm.round(state, dataclasses.replace(work, cells=[cell]))
        states.append(state)
    return states


def schedule(step_size, edge_rounds=1):
    return Schedule(edge_rounds=edge_rounds, local_steps=2, batch_size=1, step_size=step_size)


def test_dzopa_with_duals_finds_the_optimum_and_consensus(task):
    algorithm = DZOPA(schedule=schedule(0.1), directions=400, consensus_rate=0.5, dual_rate=0.1)
    states = run(algorithm, task, rounds=150)
    end = states[-1]
    np.testing.assert_allclose(end.parameters, task.train.x.mean(axis=0), atol=0.05)
    # What is left of the differences is the noise of the estimates, far below that without duals.
    primal = run(dataclasses.replace(algorithm, dual_rate=0.0), task, rounds=150)[-1]
    assert np.abs(end.memory["apart"]).max() < 0.2 * np.abs(primal.memory["apart"]).max()
    for state in states:
        np.testing.assert_allclose(state.memory["dual"].sum(axis=0), 0.0, atol=1e-5)
        np.testing.assert_allclose(state.memory["apart"].sum(axis=0), 0.0, atol=1e-5)
    # At the end u_i = -γ∇f_i(x*).
    gradients = Quadratic.curvature * (task.train.x.mean(axis=0) - task.train.x)
    np.testing.assert_allclose(end.memory["dual"], -0.1 * gradients, atol=0.03)


def test_dzopa_without_duals_leaves_clients_apart_in_proportion_to_the_step(task):
    """At rest c(x_i - x̄) = -γ∇f_i(x_i)."""
    algorithm = DZOPA(schedule=schedule(0.1), directions=400, consensus_rate=0.5)
    state = run(algorithm, task, rounds=150)[-1]
    np.testing.assert_allclose(state.parameters, task.train.x.mean(axis=0), atol=0.05)
    gradients = Quadratic.curvature * (state.parameters + state.memory["apart"] - task.train.x)
    np.testing.assert_allclose(0.5 * state.memory["apart"], -0.1 * gradients, atol=0.03)


def test_dzopa_is_the_sources_iteration(task):
    """With the Laplacian of the complete graph, v_i and η, α, β as published, on the same estimates."""
    rate, consensus, dual, rounds = 0.1, 0.4, 0.2, 4
    algorithm = DZOPA(schedule=schedule(rate), directions=5, consensus_rate=consensus, dual_rate=dual)
    states = run(algorithm, task, rounds=rounds)
    laplacian = NUM_CLIENTS * np.eye(NUM_CLIENTS) - np.ones((NUM_CLIENTS, NUM_CLIENTS))
    alpha, beta = consensus / (rate * NUM_CLIENTS), np.sqrt(dual / NUM_CLIENTS) / rate
    x = np.tile(task.model.init(rng=None).astype(float), (NUM_CLIENTS, 1))
    v = np.zeros_like(x)
    for index in range(rounds):
        estimates = np.array([estimate(algorithm, task, index, i, x[i]) for i in range(NUM_CLIENTS)])
        x, v = (
            x - rate * (alpha * laplacian @ x + beta * v + estimates),
            v + rate * beta * laplacian @ x,
        )
    own = states[-1].parameters + states[-1].memory["apart"]
    np.testing.assert_allclose(own, x, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(states[-1].memory["dual"], rate * beta * v, rtol=1e-4, atol=1e-4)


def estimate(algorithm, task, round_index, client, at):
    """The mean estimate that a client draws in a round, at a point."""
    local, sample = at[None].astype(np.float32), task.train.x[client]
    steps = ZerothOrderSteps(directions=algorithm.directions, smoothing=algorithm.smoothing, average=True)
    steps.run(
        task.model,
        local,
        MiniBatches.of(np.tile(sample, (1, 2, 1, 1)), np.zeros((1, 2, 1), dtype=int)),
        LocalStep(step_size=1.0),
        rngs=[Streams(seed=0).rng(Stream.LOCAL, round_index, client, 0)],
    )
    return at - local[0]


@pytest.mark.parametrize("per_round", [1, 3])
def test_zone_s_is_the_sources_iteration(task, per_round):
    """z_i, λ_i and ρ as published, with α = M/K, on the same estimates."""
    rate, rounds = 0.05, 8
    algorithm = ZONES(schedule=schedule(rate), directions=5)
    states = run(algorithm, task, rounds=rounds, per_round=per_round)
    penalty, alpha = 1.0 / (NUM_CLIENTS * rate), per_round / NUM_CLIENTS
    x, duals = task.model.init(rng=None).astype(float), np.zeros((NUM_CLIENTS, SIZE))
    for index in range(rounds):
        z, before = np.tile(x, (NUM_CLIENTS, 1)), duals.copy()
        for i in UniformCount(num_clients=per_round).draw(NUM_CLIENTS, rng=Streams(seed=0).rng(Stream.SELECTION, index)):
            z[i] = x - (duals[i] + estimate(algorithm, task, index, i, x) / NUM_CLIENTS) / (alpha * penalty)
            duals[i] += alpha * penalty * (z[i] - x)
        x = np.sum(penalty * z + before, axis=0) / (NUM_CLIENTS * penalty)
    np.testing.assert_allclose(states[-1].parameters, x, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(states[-1].memory["last"], -NUM_CLIENTS * duals, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(states[-1].memory["mean"], states[-1].memory["last"].mean(axis=0), atol=1e-5)


def test_zone_s_finds_the_optimum_with_one_client_at_a_time(task):
    algorithm = ZONES(schedule=schedule(0.05), directions=400)
    state = run(algorithm, task, rounds=400, per_round=1)[-1]
    np.testing.assert_allclose(state.parameters, task.train.x.mean(axis=0), atol=0.08)
    gradients = Quadratic.curvature * (task.train.x.mean(axis=0) - task.train.x)
    np.testing.assert_allclose(state.memory["last"], gradients, atol=0.4)


def test_edge_rounds_are_iterations(task):
    for kind in (DZOPA, ZONES):
        state = run(kind(schedule=schedule(0.1, edge_rounds=40), directions=100), task, rounds=2)[-1]
        np.testing.assert_allclose(state.parameters, task.train.x.mean(axis=0), atol=0.15)


def test_they_need_one_cell(task):
    two = dataclasses.replace(task, serving_cell=np.array([0, 0, 0, 1, 1, 1]))
    for algorithm in (DZOPA(schedule=schedule(0.1)), ZONES(schedule=schedule(0.1))):
        work = RoundWork.ideal(two, schedule=algorithm.schedule, streams=Streams(seed=0), round_index=0)
        state = initial_state(algorithm, two, two.model.init(rng=None))
        with pytest.raises(ValueError, match="got 2 cells"):
            algorithm.round(state, work)
    assert isinstance(state, TrainingState)
    with pytest.raises(ValueError, match="dual_rate: got 0.5"):
        DZOPA(schedule=schedule(0.1), consensus_rate=0.5, dual_rate=0.5)
