"""Laws of algorithms: what they are where all clients are alike, and that nobody's place matters."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import tasks
from fl_models import (
    DZOPA,
    HIST,
    MLP,
    MTGC,
    SCAFFOLD,
    ZONES,
    FedDyn,
    FedProx,
    FedZO,
    HierarchicalFedAvg,
    RoundWork,
    Schedule,
    SeedSharedFedZO,
    ServerAdam,
    ServerMomentum,
    Streams,
    WithServerOptimizer,
    Workers,
    initial_state,
)
from strategies import decades, not_positive, refused, seeds

FEWER = settings(max_examples=max(6, settings.default.max_examples // 3))
ONE_THREAD = Workers(num_threads=1)
schedules = st.builds(
    Schedule,
    edge_rounds=st.integers(1, 3),
    local_steps=st.integers(1, 3),
    batch_size=st.integers(1, 3),
    step_size=decades(1e-2, 0.5),
    weight_decay=st.sampled_from([0.0, 0.1]),
)

REDUCE = {
    "hierarchical FedAvg": lambda schedule: HierarchicalFedAvg(schedule=schedule),
    "FedProx without a pull": lambda schedule: FedProx(schedule=schedule, proximal_weight=0.0),
    "SCAFFOLD": lambda schedule: SCAFFOLD(schedule=schedule),
    "MTGC": lambda schedule: MTGC(schedule=schedule),
    "MTGC from gradients": lambda schedule: MTGC(schedule=schedule, initial_gradients=True),
    "MTGC of clients": lambda schedule: MTGC(schedule=schedule, cell_correction=False),
    "MTGC of cells": lambda schedule: MTGC(schedule=schedule, client_correction=False),
    "a server that takes the step": lambda schedule: WithServerOptimizer(
        algorithm=HierarchicalFedAvg(schedule=schedule), optimizer=ServerMomentum(momentum=0.0)
    ),
}
"""Those that are gradient descent where all clients are alike."""

OTHERS = {
    "FedProx": lambda schedule: FedProx(schedule=schedule, proximal_weight=0.5),
    "FedDyn": lambda schedule: FedDyn(schedule=schedule, regularization=0.5),
    "FedDyn within cells": lambda schedule: FedDyn(schedule=schedule, regularization=0.5, within_cells=True),
    "FedAdam": lambda schedule: WithServerOptimizer(
        algorithm=HierarchicalFedAvg(schedule=schedule), optimizer=ServerAdam(step_size=0.1)
    ),
}
BY_GRADIENTS = REDUCE | OTHERS

BY_VALUES = {
    "FedZO": lambda schedule: FedZO(schedule=schedule, directions=3),
    "seed-shared FedZO": lambda schedule: SeedSharedFedZO(schedule=schedule, directions=3),
    "DZOPA": lambda schedule: DZOPA(schedule=schedule, directions=3),
    "ZONE-S": lambda schedule: ZONES(schedule=schedule, directions=3),
}


def run(algorithm, task, *, rounds=2, seed=0, start=None, workers=ONE_THREAD):
    """The state after some rounds over links without error."""
    parameters = task.model.init(rng=np.random.default_rng(seed)) if start is None else start
    state = initial_state(algorithm, task, parameters)
    streams = Streams(seed=seed)
    for index in range(rounds):
        work = RoundWork.ideal(task, schedule=algorithm.schedule, streams=streams, round_index=index, workers=workers)
        state = algorithm.round(state, work)
    return state


def descent(task, schedule, parameters, *, rounds):
    """As many steps of gradient descent, on the one sample of client 0."""
    x, labels = task.train.x[task.client_samples[0]], task.train.labels[task.client_samples[0]]
    parameters = parameters.astype(float)
    for _ in range(rounds * schedule.edge_rounds * schedule.local_steps):
        _, gradient = task.model.loss_and_gradient(parameters[None], x[None], labels[None])
        parameters = parameters - schedule.step_size * (gradient[0] + schedule.weight_decay * parameters)
    return parameters


def relabelled(task, order):
    """The same task with client k under the number order[k]."""
    place = np.argsort(order)
    return replace(
        task,
        client_samples=tuple(task.client_samples[k] for k in place),
        serving_cell=task.serving_cell[place],
    )


@law_of(HierarchicalFedAvg, FedProx, SCAFFOLD, MTGC, WithServerOptimizer, ServerMomentum)
@pytest.mark.parametrize("name", REDUCE)
@FEWER
@given(task=tasks(alike=True, shuffled=True), schedule=schedules, rounds=st.integers(1, 3))
def test_where_clients_are_alike_training_is_gradient_descent(name, task, schedule, rounds):
    start = np.linspace(-0.5, 0.5, task.model.num_parameters, dtype=np.float32)
    state = run(REDUCE[name](schedule), task, rounds=rounds, start=start)
    np.testing.assert_allclose(state.parameters, descent(task, schedule, start, rounds=rounds), atol=2e-5)
    assert state.round_index == rounds
    assert state.parameters.dtype == np.float32


@law_of(HierarchicalFedAvg, FedProx, FedDyn, SCAFFOLD, MTGC, WithServerOptimizer, ServerAdam)
@pytest.mark.parametrize("name", BY_GRADIENTS)
@FEWER
@given(task=tasks(shuffled=True), schedule=schedules, seed=seeds)
def test_numbers_of_clients_are_names(name, task, schedule, seed):
    """Batches of one sample are alike whatever is drawn, so that clients may be numbered otherwise."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(task.serving_cell))
    algorithm = BY_GRADIENTS[name](schedule)
    here, there = run(algorithm, task), run(algorithm, relabelled(task, order))
    np.testing.assert_allclose(there.parameters, here.parameters, atol=5e-5)
    assert np.isclose(here.train_loss, there.train_loss, rtol=1e-4)


@law_of(HierarchicalFedAvg, FedProx, FedDyn, SCAFFOLD, MTGC)
@pytest.mark.parametrize("name", BY_GRADIENTS)
@FEWER
@given(task=tasks(), schedule=schedules)
def test_numbers_of_cells_are_names(name, task, schedule):
    algorithm = BY_GRADIENTS[name](schedule)
    other = replace(task, serving_cell=task.num_cells - 1 - task.serving_cell)
    np.testing.assert_allclose(run(algorithm, other).parameters, run(algorithm, task).parameters, atol=5e-5)


@law_of(HierarchicalFedAvg, FedProx, FedDyn, SCAFFOLD, MTGC, WithServerOptimizer, FedZO, SeedSharedFedZO, DZOPA, ZONES)
@pytest.mark.parametrize("name", BY_GRADIENTS | BY_VALUES)
@FEWER
@given(data=st.data(), schedule=schedules, seed=seeds)
def test_rounds_repeat_on_any_number_of_threads_and_keep_what_they_remember(name, data, schedule, seed):
    task = data.draw(tasks(num_cells=st.just(1) if name in ("DZOPA", "ZONE-S") else st.integers(1, 3), one_sample=False))
    algorithm = (BY_GRADIENTS | BY_VALUES)[name](schedule)
    one, other = (run(algorithm, task, seed=seed, workers=Workers(num_threads=threads)) for threads in (1, 3))
    np.testing.assert_array_equal(one.parameters, other.parameters)
    before = initial_state(algorithm, task, one.parameters).memory
    assert {name: values.shape for name, values in one.memory.items()} == {k: v.shape for k, v in before.items()}
    for values in one.memory.values():
        assert np.isfinite(values).all()
    for values in one.memory:
        np.testing.assert_array_equal(one.memory[values], other.memory[values])


@law_of(MTGC, SCAFFOLD)
@FEWER
@given(task=tasks(), schedule=schedules)
def test_corrections_add_up_to_nothing(task, schedule):
    state = run(MTGC(schedule=schedule), task)
    scale = 1.0 + np.abs(state.memory["cell_correction"]).max()
    np.testing.assert_allclose(task.cell_weights @ state.memory["cell_correction"], 0.0, atol=1e-4 * scale)
    state = run(SCAFFOLD(schedule=schedule), task)
    scale = 1.0 + np.abs(state.memory["client_variates"]).max()
    np.testing.assert_allclose(state.memory["client_variates"].mean(axis=0), state.memory["server_variate"], atol=1e-4 * scale)


# Sub-models


@law_of(HIST)
@FEWER
@given(task=tasks(one_sample=False), schedule=schedules, seed=seeds, data=st.data())
def test_hist_in_one_cell_is_hierarchical_fedavg_and_in_several_owns_every_neuron_once(task, schedule, seed, data):
    hidden = data.draw(st.integers(task.num_cells, 6))
    task = replace(task, model=MLP(num_inputs=3, num_hidden=hidden, num_classes=3))
    neurons = (*([1] * (task.num_cells - 1)), hidden - task.num_cells + 1)
    algorithm = HIST(schedule=schedule, neurons=neurons)
    models = algorithm.cell_models(task)
    assert [model.num_hidden for model in models] == list(neurons)
    state = run(algorithm, task, seed=seed)
    if task.num_cells == 1:
        whole = run(HierarchicalFedAvg(schedule=schedule), task, seed=seed)
        np.testing.assert_allclose(state.parameters, whole.parameters, atol=2e-5)
    np.testing.assert_array_equal(state.parameters, run(algorithm, task, seed=seed).parameters)


@law_of(HIST)
@given(task=tasks(), count=st.integers(-3, 0))
def test_hist_names_what_is_wrong_with_its_neurons(task, count):
    schedule = Schedule()
    for neurons in ((), (1, count)):
        with refused("neurons"):
            HIST(schedule=schedule, neurons=neurons)
    with pytest.raises(TypeError, match=r"^task.model"):
        HIST(schedule=schedule, neurons=(1,)).cell_models(task)
    dense = replace(task, model=MLP(num_inputs=3, num_hidden=7, num_classes=3))
    with refused("neurons"):
        HIST(schedule=schedule, neurons=(1,) * dense.num_cells).cell_models(dense)


# Function values


@law_of(FedZO, SeedSharedFedZO)
@FEWER
@given(task=tasks(one_sample=False), schedule=schedules, seed=seeds, directions=st.integers(1, 5))
def test_shared_seeds_send_less_and_do_the_same(task, schedule, seed, directions):
    whole = FedZO(schedule=schedule, directions=directions, whole=True)
    shared = SeedSharedFedZO(schedule=schedule, directions=directions)
    np.testing.assert_allclose(
        run(shared, task, seed=seed).parameters, run(whole, task, seed=seed).parameters, rtol=1e-3, atol=1e-3
    )
    assert shared.uplink_parameters == directions * schedule.local_steps
    for load in shared.cell_models(task):
        assert load.uplink_parameters == shared.uplink_parameters
        assert load.num_parameters == task.model.num_parameters
    for load in whole.cell_models(task):
        assert load.uplink_parameters == task.model.num_parameters


@law_of(DZOPA)
@FEWER
@given(task=tasks(num_cells=st.just(1)), schedule=schedules, seed=seeds)
def test_models_of_one_graph_are_apart_by_nothing_on_average(task, schedule, seed):
    state = run(DZOPA(schedule=schedule, directions=3, consensus_rate=0.5, dual_rate=0.1), task, seed=seed)
    for name in ("apart", "dual"):
        scale = 1.0 + np.abs(state.memory[name]).max()
        np.testing.assert_allclose(state.memory[name].mean(axis=0), 0.0, atol=1e-4 * scale)


@law_of(ZONES)
@FEWER
@given(task=tasks(num_cells=st.just(1)), schedule=schedules, seed=seeds)
def test_the_server_of_a_star_knows_the_mean_of_the_last_estimates(task, schedule, seed):
    state = run(ZONES(schedule=schedule, directions=3), task, seed=seed)
    scale = 1.0 + np.abs(state.memory["last"]).max()
    np.testing.assert_allclose(state.memory["last"].mean(axis=0), state.memory["mean"], atol=1e-3 * scale)


@law_of(DZOPA, ZONES)
@given(task=tasks(num_cells=st.integers(2, 3)))
def test_algorithms_for_one_cell_say_so(task):
    for make in (DZOPA, ZONES):
        with refused("task.serving_cell"):
            run(make(schedule=Schedule()), task)


# Servers


@law_of(ServerMomentum, ServerAdam)
@given(moves=arrays(float, (3, 4), elements=st.floats(-1e3, 1e3)), momentum=st.floats(0.0, 0.99), rate=decades(1e-3, 1e3))
def test_servers_take_steps_as_their_formulas_say(moves, momentum, rate):
    heavy, plain = ServerMomentum(momentum=momentum, step_size=rate), ServerMomentum(momentum=0.0)
    adam = ServerAdam(step_size=rate, momentum=momentum)
    velocity, memory, kept = np.zeros(4), heavy.memory(4), adam.memory(4)
    for move in moves:
        velocity = momentum * velocity + move
        step, memory = heavy.step(move, memory)
        np.testing.assert_allclose(step, rate * velocity, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(plain.step(move, plain.memory(4))[0], move)
        step, kept = adam.step(move, kept)
        assert np.isfinite(step).all()
        # Whatever the moves, no parameter goes farther than this (of Cauchy and Schwarz over the terms of both means).
        assert (np.abs(step) <= rate * (1.0 - momentum) / np.sqrt(0.01) / max(1.0 - momentum**2 / 0.99, 1e-9) + 1e-9).all()


@law_of(ServerMomentum, ServerAdam, WithServerOptimizer)
@given(wrong=not_positive)
def test_servers_name_what_is_wrong(wrong):
    with refused("step_size"):
        ServerMomentum(momentum=0.5, step_size=wrong)
    for name in ("step_size", "adaptivity"):
        with refused(name):
            ServerAdam(**{"step_size": 0.1, name: wrong})
    for value in (1.0, -0.1, wrong if wrong != 0.0 else 2.0):
        with refused("momentum"):
            ServerMomentum(momentum=value)
        for name in ("momentum", "square_momentum"):
            with refused(name):
                ServerAdam(**{"step_size": 0.1, name: value})
    plain = HierarchicalFedAvg(schedule=Schedule())
    for algorithm in (
        "FedAvg",
        HierarchicalFedAvg,
        WithServerOptimizer(algorithm=plain, optimizer=ServerMomentum(momentum=0.0)),
    ):
        with refused("algorithm"):
            WithServerOptimizer(algorithm=algorithm, optimizer=ServerMomentum(momentum=0.0))
    with refused("optimizer"):
        WithServerOptimizer(algorithm=plain, optimizer=None)


@law_of(FedProx, FedDyn, FedZO, SeedSharedFedZO, DZOPA, ZONES)
@given(wrong=not_positive)
def test_algorithms_name_what_is_wrong(wrong):
    schedule = Schedule()
    if wrong != 0.0:
        with refused("proximal_weight"):
            FedProx(schedule=schedule, proximal_weight=wrong)
        with refused("dual_rate"):
            DZOPA(schedule=schedule, dual_rate=wrong)
    with refused("regularization"):
        FedDyn(schedule=schedule, regularization=wrong)
    for make in (FedZO, SeedSharedFedZO, DZOPA, ZONES):
        with refused("smoothing"):
            make(schedule=schedule, smoothing=wrong)
        for count in (0, 1.5, True):
            with refused("directions"):
                make(schedule=schedule, directions=count)
    for rate in (wrong, 1.5):
        with refused("consensus_rate"):
            DZOPA(schedule=schedule, consensus_rate=rate)
    with refused("dual_rate"):
        DZOPA(schedule=schedule, consensus_rate=0.5, dual_rate=0.5)
