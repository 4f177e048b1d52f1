"""Every algorithm goes on from bytes to the same bytes, on any number of threads."""

import dataclasses

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from aircomp import ReceiveBeamforming, TruncatedInversion
from fl_models import (
    DZOPA,
    HIST,
    MTGC,
    SCAFFOLD,
    ZONES,
    Checkpoint,
    Digital,
    ExponentialDecay,
    FedDyn,
    FedProx,
    FedZO,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OverTheAir,
    Schedule,
    SeedSharedFedZO,
    ServerAdam,
    ServerMomentum,
    Streams,
    Training,
    UniformCount,
    WithServerOptimizer,
    Workers,
    fingerprints,
)
from fl_models.local import method
from latency_opt import OFDMA, AirComp, OptimalBandwidth

ROUNDS = 4
SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=4, step_size=ExponentialDecay(initial=0.1, rate=0.9))
BITS = Digital(bits_per_parameter=8, threshold=0.3)
AIR = OverTheAir(transceiver=TruncatedInversion(threshold=0.5))
SEVERAL_ANTENNAS = OverTheAir(transceiver=ReceiveBeamforming(transceiver=TruncatedInversion(threshold=0.5)))


def schemes():
    """Algorithm and aggregator by name, made anew each time: what an object remembers by itself is not there."""
    by_values = {"schedule": SCHEDULE, "directions": 3}
    fedavg = HierarchicalFedAvg(schedule=SCHEDULE)
    return {
        "fedavg": (fedavg, BITS),
        "fedavg by air": (fedavg, AIR),
        "fedavg by several antennas": (fedavg, SEVERAL_ANTENNAS),
        "fedprox": (FedProx(schedule=SCHEDULE, proximal_weight=0.1), AIR),
        "feddyn": (FedDyn(schedule=SCHEDULE, regularization=1.0), BITS),
        "feddyn within cells": (FedDyn(schedule=SCHEDULE, regularization=1.0, within_cells=True), AIR),
        "scaffold": (SCAFFOLD(schedule=SCHEDULE), BITS),
        "mtgc": (MTGC(schedule=SCHEDULE), AIR),
        "mtgc from gradients": (MTGC(schedule=SCHEDULE, initial_gradients=True), BITS),
        "hist": (HIST(schedule=SCHEDULE, neurons=(4, 8)), AIR),
        "momentum": (WithServerOptimizer(algorithm=fedavg, optimizer=ServerMomentum(momentum=0.9, step_size=0.5)), BITS),
        "adam": (WithServerOptimizer(algorithm=MTGC(schedule=SCHEDULE), optimizer=ServerAdam(step_size=0.02)), AIR),
        "fedzo": (FedZO(**by_values), AIR),
        "seed-shared fedzo": (SeedSharedFedZO(**by_values), BITS),
        "dzopa": (DZOPA(**by_values, dual_rate=0.1), AIR),
        "zone-s": (ZONES(**by_values), BITS),
    }


IN_ONE_CELL = ("dzopa", "zone-s")


@pytest.fixture
def make(make_network, make_task, monkeypatch):
    """From a name and a number of threads to the training of a scheme."""
    monkeypatch.setattr(method, "MAX_GROUP", 2)  # so that there is something to do for four threads

    def made(name, num_threads):
        algorithm, aggregator = schemes()[name]
        network = make_network(1, 12) if name in IN_ONE_CELL else make_network(2, 8)
        if aggregator is SEVERAL_ANTENNAS:
            network = dataclasses.replace(network, num_antennas=4)
        bits = getattr(aggregator, "bits_per_parameter", 32)
        access = AirComp() if isinstance(aggregator, OverTheAir) else OFDMA(policy=OptimalBandwidth(), bits_per_parameter=bits)
        return Training(
            algorithm=algorithm,
            task=make_task(network),
            network=network,
            aggregator=aggregator,
            clock=NetworkClock(access=access, bits_per_parameter=bits),
            streams=Streams(seed=0),
            selection=UniformCount(num_clients=6),
            workers=Workers(num_threads=num_threads),
        )

    return made


def checkpoints_of(training, *, since=None):
    """Bytes after each round, and the history as a table."""
    (fingerprint,) = fingerprints([training])
    found = []

    def keep(state, records):
        found.append(Checkpoint(state=state, records=tuple(records), fingerprint=fingerprint).to_bytes())

    history = training.history("x", num_rounds=ROUNDS, since=since, after_round=keep)
    return found, history.to_frame().to_csv()


@pytest.mark.parametrize("name", schemes())
def test_rerun_and_resumed_on_any_number_of_threads(name, make):
    """Of workers and of the linear algebra: states, memories, records and the table are the same to the bit."""
    with threadpool_limits(limits=1):
        whole, table = checkpoints_of(make(name, 1))
    assert len(set(whole)) == ROUNDS + 1
    with threadpool_limits(limits=2):
        for num_threads in (2, 4):
            assert checkpoints_of(make(name, num_threads)) == (whole, table)
        for after in range(1, ROUNDS + 1):
            training = make(name, 1 + after % 2)
            since = Checkpoint.from_bytes(whole[after])
            since.check_fits(*fingerprints([training]))
            assert checkpoints_of(training, since=since) == (whole[after + 1 :], table)


class Watched:
    """Notes with how many threads linear algebra would run."""

    def __init__(self):
        self.seen = set()

    def look(self):
        self.seen |= {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


class WatchedAggregator(Watched):
    def plan(self, channel):
        self.look()
        return Ideal().plan(channel)


class WatchedClock(Watched):
    def round(self, channels, **what):
        self.look()
        return NetworkClock(access=AirComp()).round(channels, **what)


class WatchedAlgorithm(Watched):
    schedule = SCHEDULE

    def round(self, state, work):
        self.look()
        return HierarchicalFedAvg(schedule=SCHEDULE).round(state, work)


def test_a_whole_round_takes_one_thread_of_linear_algebra(make):
    """Channels, plans, learning and delays alike: with more, their last bits would depend on how many."""
    parts = {"aggregator": WatchedAggregator(), "clock": WatchedClock(), "algorithm": WatchedAlgorithm()}
    with threadpool_limits(limits=2):
        before = threadpool_info()
        list(dataclasses.replace(make("fedavg", 2), **parts).rounds(1))
        assert threadpool_info() == before
        assert 2 in {each["num_threads"] for each in before if each["user_api"] == "blas"}
    assert [part.seen for part in parts.values()] == [{1}, {1}, {1}]


def test_a_state_has_to_fit(make):
    training = make("scaffold", 1)
    *_, (state, record) = training.states(1)
    smaller = dataclasses.replace(state, memory={name: values[..., 1:] for name, values in state.memory.items()})
    for wrong in (smaller, dataclasses.replace(state, memory={}), dataclasses.replace(state, parameters=np.zeros(3))):
        with pytest.raises(ValueError, match="since: got a state of arrays .* needed is one of .*, as this training has"):
            list(training.states(2, since=(wrong, record)))
    with pytest.raises(ValueError, match="since: got a state after 1 rounds; allowed is one after at most 0"):
        list(training.states(0, since=(state, record)))
