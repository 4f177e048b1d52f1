"""Fingerprints differ where results could, and nowhere else."""

import dataclasses
import subprocess
import sys
from enum import Enum

import numpy as np
import pytest

from aircomp import TruncatedInversion
from fl_models import (
    FedProx,
    HierarchicalFedAvg,
    Ideal,
    InverseDecay,
    NetworkClock,
    OverTheAir,
    Schedule,
    Streams,
    Training,
    UniformCount,
    Workers,
    fingerprints,
)
from fl_models.fingerprint import digest
from latency_opt import OFDMA, AirComp, EqualBandwidth, OptimalBandwidth

SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=4)


@pytest.fixture
def training(make_network, make_task):
    network = make_network(2, 3)
    return Training(
        algorithm=HierarchicalFedAvg(schedule=SCHEDULE),
        task=make_task(network),
        network=network,
        aggregator=Ideal(),
        clock=NetworkClock(access=OFDMA(policy=EqualBandwidth())),
        streams=Streams(seed=0),
    )


def changed(training):
    """Name of the part and a training in which one thing of it is another."""
    task, network = training.task, training.network
    test = dataclasses.replace(task.test, x=np.nextafter(task.test.x, np.float32(9.0)))
    farther = dataclasses.replace(network.large_scale, pathloss_db=network.large_scale.pathloss_db + 1e-12)
    yield "algorithm", FedProx(schedule=SCHEDULE, proximal_weight=0.0)
    for schedule in (
        dataclasses.replace(SCHEDULE, step_size=0.06),
        Schedule(step_size=InverseDecay(initial=1, half_life_rounds=2)),
    ):
        yield "algorithm", HierarchicalFedAvg(schedule=schedule)
    yield "task", dataclasses.replace(task, test=test)
    yield "task", dataclasses.replace(task, client_samples=task.client_samples[::-1])
    yield "network", dataclasses.replace(network, large_scale=farther)
    yield "network", dataclasses.replace(network, load=0.1)
    yield "aggregator", OverTheAir(transceiver=TruncatedInversion(threshold=0.5))
    yield "clock", NetworkClock(access=AirComp())
    yield "clock", NetworkClock(access=OFDMA(policy=OptimalBandwidth()))
    yield "streams", Streams(seed=1)
    yield "selection", UniformCount(num_clients=2)


def test_every_change_is_in_its_part(training):
    (before,) = fingerprints([training])
    for name, part in changed(training):
        (after,) = fingerprints([dataclasses.replace(training, **{name: part})])
        assert [key for key in before if before[key] != after[key]] == [name]


def test_workers_and_what_was_computed_do_not_count(training, make_network, make_task):
    (before,) = fingerprints([training])
    list(training.rounds(1))
    network = make_network(2, 3)
    again = dataclasses.replace(training, network=network, task=make_task(network), workers=Workers(num_threads=1))
    assert fingerprints([training, again]) == (before, before)


class Colour(Enum):
    RED = 1


class OfAUser:
    def __init__(self, gain):
        self.gain, self._cache = gain, object()
        self.itself = self


def test_values_of_all_kinds():
    plain = [None, True, 1, 1.0, 1j, "1", b"1", Colour.RED, np.float32(1), [1], [[1]], {"a": 1}, {"a": 2}, {1}]
    arrays = [np.ones(1), np.ones(1, dtype=np.float32), np.ones((1, 1)), np.array(["a", None], dtype=object)]
    values = [*plain, *arrays, abs, digest, OfAUser, OfAUser(1.0), OfAUser(2.0)]
    assert len({digest(value) for value in values}) == len(values)
    assert digest([1, 2]) == digest((1, 2))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(OfAUser(1.0)) == digest(OfAUser(1.0))
    assert digest(np.arange(6).reshape(2, 3).T) == digest(np.arange(6).reshape(2, 3).T.copy())


def test_another_process_finds_the_same():
    """Nothing depends on where an object lies, nor on how texts are hashed."""
    value = "{'a': {1, 2}, 'b': {'x', 'y', 'z'}, 'c': print, 'd': object()}"
    code = f"from fl_models.fingerprint import digest; print(digest({value}))"
    found = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(found) == 1
