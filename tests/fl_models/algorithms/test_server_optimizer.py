import dataclasses

import numpy as np
import pytest

from fl_models import (
    HIST,
    MTGC,
    SCAFFOLD,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    Schedule,
    ServerAdam,
    ServerMomentum,
    Streams,
    Training,
    TrainingState,
    WithServerOptimizer,
    initial_state,
)
from latency_opt import OFDMA, EqualBandwidth

SCHEDULE = Schedule(edge_rounds=2, local_steps=3, batch_size=4, step_size=0.2)


@dataclasses.dataclass(frozen=True)
class Moves:
    """An algorithm that moves by the next of given amounts each round."""

    amounts: tuple
    schedule: Schedule = SCHEDULE

    def round(self, state, work):
        return state.after(state.parameters + np.float32(self.amounts[state.round_index]), train_loss=0.0)


def walk(optimizer, amounts):
    algorithm = WithServerOptimizer(algorithm=Moves(amounts=amounts), optimizer=optimizer)
    memory = {f"server_optimizer_{name}": values for name, values in optimizer.memory(1).items()}
    state, seen = TrainingState(round_index=0, parameters=np.zeros(1, dtype=np.float32), memory=memory), []
    for _ in amounts:
        state = algorithm.round(state, None)
        assert state.parameters.dtype == np.float32
        seen.append(float(state.parameters[0]))
    return seen


def test_momentum_by_hand():
    """Δ = -1, -1, +2: v = -1, -1.5, 1.25 with β = 1/2, steps of half of it."""
    got = walk(ServerMomentum(momentum=0.5, step_size=0.5), (1.0, 1.0, -2.0))
    np.testing.assert_allclose(got, [0.5, 1.25, 0.625], rtol=1e-6)


def test_adam_by_hand():
    """β₁ = 1/2, β₂ = 3/4, τ = 1/10, η = 1, Δ = -1, -1, +2."""
    m, v, x, wanted = 0.0, 0.01, 0.0, []
    for delta in (-1.0, -1.0, 2.0):
        m, v = 0.5 * m + 0.5 * delta, 0.75 * v + 0.25 * delta**2
        x -= m / (v**0.5 + 0.1)
        wanted.append(x)
    assert wanted[0] == pytest.approx(0.5 / (0.2575**0.5 + 0.1))
    got = walk(ServerAdam(step_size=1.0, momentum=0.5, square_momentum=0.75, adaptivity=0.1), (1.0, 1.0, -2.0))
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def training(algorithm, task, network):
    return Training(
        algorithm=algorithm,
        task=task,
        network=network,
        aggregator=Ideal(),
        clock=NetworkClock(access=OFDMA(policy=EqualBandwidth())),
        streams=Streams(seed=0),
    )


def states(algorithm, task, network, rounds=3):
    return [state for state, _ in training(algorithm, task, network).states(rounds)]


@pytest.mark.parametrize(
    "algorithm",
    [
        HierarchicalFedAvg(schedule=SCHEDULE),
        MTGC(schedule=SCHEDULE),
        SCAFFOLD(schedule=SCHEDULE),
        HIST(schedule=SCHEDULE, neurons=(4, 8)),
    ],
    ids=lambda algorithm: type(algorithm).__name__,
)
def test_without_momentum_the_algorithm_is_as_it_was_bit_for_bit(algorithm, make_network, make_task):
    network = make_network(2, 4)
    task = make_task(network)
    wrapped = WithServerOptimizer(algorithm=algorithm, optimizer=ServerMomentum(momentum=0.0))
    for one, two in zip(states(algorithm, task, network), states(wrapped, task, network), strict=True):
        assert one.parameters.tobytes() == two.parameters.tobytes()
        for name, values in one.memory.items():
            assert values.tobytes() == two.memory[name].tobytes()
    assert one.round_index == two.round_index == 3
    assert training(wrapped, task, network).cell_models == training(algorithm, task, network).cell_models
    assert wrapped.schedule == SCHEDULE


@pytest.mark.parametrize("optimizer", [ServerMomentum(momentum=0.5), ServerAdam(step_size=0.01)], ids=["momentum", "adam"])
def test_parameters_that_did_not_move_have_no_pseudo_gradient(optimizer):
    """In the first round they stay where they are, whatever the optimiser makes of the others."""
    step, _ = optimizer.step(np.array([0.0, 0.3, -0.2], dtype=np.float32), optimizer.memory(3))
    assert step[0] == 0.0
    assert (step[1:] * [1, -1] > 0.0).all()
    assert step.dtype == np.float32


@pytest.mark.parametrize("optimizer", [ServerMomentum(momentum=0.5), ServerAdam(step_size=0.02)], ids=["momentum", "adam"])
def test_it_learns_with_hist_and_goes_on_from_a_saved_state(optimizer, make_network, make_task):
    network = make_network(2, 4)
    task = make_task(network)
    algorithm = WithServerOptimizer(algorithm=HIST(schedule=SCHEDULE, neurons=(4, 8)), optimizer=optimizer)
    run = training(algorithm, task, network)
    records = list(run.rounds(6))
    assert records[-1].test_loss < records[0].test_loss
    assert records[-1].cost.uplink_bits < 32 * SCHEDULE.edge_rounds * task.model.num_parameters
    halfway = states(algorithm, task, network, 2)[-1]
    saved = dataclasses.replace(halfway, memory={name: values.copy() for name, values in halfway.memory.items()})
    _, record = run.start()
    state, _ = run.round(saved, record)
    assert state.parameters.tobytes() == states(algorithm, task, network, 3)[-1].parameters.tobytes()


def test_memories_do_not_collide(make_network, make_task):
    network = make_network(2, 4)
    task = make_task(network)
    algorithm = WithServerOptimizer(algorithm=MTGC(schedule=SCHEDULE), optimizer=ServerAdam(step_size=0.01))
    state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
    assert set(state.memory) == {"cell_correction", "server_optimizer_mean", "server_optimizer_mean_square"}


def test_what_is_no_optimiser_is_refused():
    plain = HierarchicalFedAvg(schedule=SCHEDULE)
    with pytest.raises(ValueError, match="optimizer: got 'adam'; needed is an object with a method step"):
        WithServerOptimizer(algorithm=plain, optimizer="adam")
    with pytest.raises(ValueError, match="algorithm: got <class"):
        WithServerOptimizer(algorithm=HierarchicalFedAvg, optimizer=ServerMomentum(momentum=0.9))
    once = WithServerOptimizer(algorithm=plain, optimizer=ServerMomentum(momentum=0.9))
    with pytest.raises(ValueError, match="algorithm: got a WithServerOptimizer"):
        WithServerOptimizer(algorithm=once, optimizer=ServerMomentum(momentum=0.9))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (ServerMomentum, {"momentum": 1.0}, "momentum: got 1; allowed is"),
        (ServerMomentum, {"momentum": 0.5, "step_size": 0.0}, "step_size: got 0; allowed is"),
        (ServerAdam, {"step_size": -1.0}, "step_size: got -1; allowed is"),
        (ServerAdam, {"step_size": 1.0, "square_momentum": 1.0}, "square_momentum: got 1; allowed is"),
        (ServerAdam, {"step_size": 1.0, "adaptivity": 0.0}, "adaptivity: got 0; allowed is"),
    ],
)
def test_what_is_out_of_range_is_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)
