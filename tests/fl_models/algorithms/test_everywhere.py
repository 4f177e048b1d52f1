"""Every algorithm over every kind of link, with selection and falling steps, on any number of threads."""

import dataclasses

import numpy as np
import pytest

from aircomp import TruncatedInversion
from fl_models import (
    HIST,
    MTGC,
    SCAFFOLD,
    Digital,
    ExponentialDecay,
    FedDyn,
    FedProx,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OverTheAir,
    RoundWork,
    Schedule,
    ServerAdam,
    SoftmaxRegression,
    Streams,
    Training,
    UniformCount,
    WithServerOptimizer,
    Workers,
    initial_state,
)
from latency_opt import OFDMA, AirComp, EqualBandwidth

CONSTANT = Schedule(edge_rounds=2, local_steps=2, batch_size=4, step_size=0.1)
FALLING = dataclasses.replace(CONSTANT, step_size=ExponentialDecay(initial=0.1, rate=0.5))


def algorithms(schedule):
    return {
        "fedavg": HierarchicalFedAvg(schedule=schedule),
        "fedprox": FedProx(schedule=schedule, proximal_weight=0.1),
        "feddyn": FedDyn(schedule=schedule, regularization=1.0),
        "feddyn within cells": FedDyn(schedule=schedule, regularization=1.0, within_cells=True),
        "scaffold": SCAFFOLD(schedule=schedule),
        "mtgc": MTGC(schedule=schedule),
        "mtgc from gradients": MTGC(schedule=schedule, initial_gradients=True),
        "clients alone": MTGC(schedule=schedule, cell_correction=False),
        "cells alone": MTGC(schedule=schedule, client_correction=False),
        "hist": HIST(schedule=schedule, neurons=(4, 8)),
        "adam": WithServerOptimizer(algorithm=MTGC(schedule=schedule), optimizer=ServerAdam(step_size=0.02)),
    }


each = pytest.mark.parametrize("name", algorithms(CONSTANT))


def training(algorithm, task, network, *, aggregator, num_threads=1, **options):
    bits = getattr(aggregator, "bits_per_parameter", 32)
    access = AirComp() if isinstance(aggregator, OverTheAir) else OFDMA(policy=EqualBandwidth(), bits_per_parameter=bits)
    return Training(
        algorithm=algorithm,
        task=task,
        network=network,
        aggregator=aggregator,
        clock=NetworkClock(access=access, bits_per_parameter=bits),
        streams=Streams(seed=0),
        workers=Workers(num_threads=num_threads),
        **options,
    )


AGGREGATORS = {
    "ideal": Ideal(),
    "digital": Digital(bits_per_parameter=8, threshold=0.3),
    "air": OverTheAir(transceiver=TruncatedInversion(threshold=0.5)),
}


@each
@pytest.mark.parametrize("link", AGGREGATORS)
def test_over_every_link_with_selection_and_falling_steps(name, link, make_network, make_task):
    network = make_network(2, 5)
    task = make_task(network)
    options = {"aggregator": AGGREGATORS[link], "selection": UniformCount(num_clients=3)}
    records = list(training(algorithms(FALLING)[name], task, network, **options).rounds(4))
    assert all(np.isfinite([r.test_loss, r.train_loss]).all() for r in records[1:])
    assert records[-1].test_loss < records[0].test_loss
    assert records[-1].cost.participation <= 0.6


@each
@pytest.mark.parametrize("link", ["ideal", "digital"])
def test_threads_change_no_bit(name, link, make_network, make_task):
    network = make_network(2, 12)  # more clients in a cell than train as one group
    task = make_task(network)
    tables = []
    for num_threads in (1, 2):
        run = training(algorithms(CONSTANT)[name], task, network, aggregator=AGGREGATORS[link], num_threads=num_threads)
        states, records = zip(*run.states(2), strict=True)
        memory = {name: values.tobytes() for name, values in states[-1].memory.items()}
        # As rows, in which nan is equal to nan.
        tables.append((str([record.to_row() for record in records]), states[-1].parameters.tobytes(), memory))
    assert tables[0] == tables[1]


@each
def test_states_are_not_written_to(name, make_network, make_task):
    """A round makes a new state: the one before can be kept, and gone on from once more."""
    task, algorithm = make_task(make_network(2, 4)), algorithms(CONSTANT)[name]
    state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
    for round_index in range(2):
        for array in (state.parameters, *state.memory.values()):
            array.flags.writeable = False
        work = RoundWork.ideal(task, schedule=CONSTANT, streams=Streams(seed=0), round_index=round_index)
        state = algorithm.round(state, work)
        assert state.round_index == round_index + 1
        assert all(array.dtype == np.float32 for array in (state.parameters, *state.memory.values()))


class Watched(SoftmaxRegression):
    """Softmax regression that takes its steps by its gradient and notes the labels of every batch."""

    descend = None

    def loss_and_gradient(self, parameters, x, labels, *, out=None):
        SEEN.append(labels.copy())
        return super().loss_and_gradient(parameters, x, labels, out=out)


SEEN = []


@pytest.mark.parametrize("name", [name for name in algorithms(CONSTANT) if name not in ("hist", "mtgc from gradients")])
def test_all_algorithms_see_the_same_batches(name, make_network, make_task):
    task = dataclasses.replace(make_task(make_network(2, 4)), model=Watched(num_inputs=64, num_classes=10))

    def batches(algorithm):
        SEEN.clear()
        state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
        for round_index in range(2):
            work = RoundWork.ideal(
                task,
                schedule=CONSTANT,
                streams=Streams(seed=0),
                round_index=round_index,
                workers=Workers(num_threads=1),
            )
            state = algorithm.round(state, work)
        return np.array(SEEN)

    plain, other = (batches(one) for one in (HierarchicalFedAvg(schedule=CONSTANT), algorithms(CONSTANT)[name]))
    np.testing.assert_array_equal(plain, other)
    assert plain.shape == (2 * 2 * 2 * 2 * 2, 2, 4)  # rounds, cells, edge rounds, groups, steps; clients, batch


@each
def test_the_step_size_is_that_of_the_round(name, make_network, make_task):
    """The tenth round of a schedule that falls tenfold by then is that of a constant one of a tenth, from the same state."""
    task = make_task(make_network(2, 4))
    falling = dataclasses.replace(CONSTANT, step_size=ExponentialDecay(initial=0.1, rate=0.1, every_rounds=10))
    constant = dataclasses.replace(CONSTANT, step_size=0.01)
    after = []
    for schedule in (falling, constant, CONSTANT):
        algorithm = algorithms(schedule)[name]
        state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
        rng = np.random.default_rng(1)
        memory = {k: np.abs(rng.normal(0.0, 1e-3, v.shape)).astype(np.float32) for k, v in state.memory.items()}
        state = dataclasses.replace(state, round_index=10, memory=memory)
        work = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=0), round_index=10)
        state = algorithm.round(state, work)
        after.append(np.concatenate([v.ravel() for v in (state.parameters, *state.memory.values())]))
    np.testing.assert_allclose(after[0], after[1], rtol=1e-4, atol=1e-6)
    assert np.abs(after[0] - after[2]).max() > 1e-3
