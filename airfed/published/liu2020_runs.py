"""The paper's links, processors and network, and training until an accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from channels import Devices, LargeScale, Layout, Network
from channels.arrays import ComplexArray, IntArray
from fl_models import (
    CNN,
    MLP,
    Convolution,
    Dataset,
    FederatedTask,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    RoundCost,
    RoundWork,
    Schedule,
    Stream,
    Streams,
    Workers,
    digits,
    initial_state,
)
from latency_opt import OFDMA, EqualBandwidth

EDGES, CLIENTS_AT_EDGE, CLASSES = 5, 10, 10
BANDWIDTH_HZ, POWER_GAIN, CLIENT_POWER_W, NOISE_W = 1e6, 1e-8, 0.5, 1e-10
RATE_BPS = BANDWIDTH_HZ * float(np.log2(1.0 + POWER_GAIN * CLIENT_POWER_W / NOISE_W))
UPDATE_HZ, CAPACITANCE = 1e9, 2e-28
UPDATE_CYCLES = 2.4e7
"""A local update of 24 ms."""
NUM_PARAMETERS, BITS_PER_PARAMETER = 21_840, 32
"""Of the paper's network for MNIST."""
CLOUD_FACTOR = 10.0
"""An upload to the cloud takes so many times as long as one to the edge."""
LOCAL_UPDATES = 60
PERIODS = ((60, 1), (30, 2), (15, 4), (6, 10))
"""κ₁ local updates in an edge round, κ₂ edge rounds in a cloud round."""
ACCURACY = 0.85
MOST_ROUNDS = 150
BATCH_SIZE, STEP_SIZE = 20, 0.2
SPLITS = EDGE_IID, EDGE_UNLIKE = "edge data alike", "edge data unlike"

PAPER_CNN = CNN(
    image_shape=(1, 28, 28),
    convolutions=(Convolution(channels=10, kernel=5), Convolution(channels=20, kernel=5)),
    hidden=(50,),
    num_classes=CLASSES,
)
"""The authors' for MNIST."""


@dataclass(frozen=True)
class Unfaded:
    """Channels that are what path loss makes of them."""

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """h = 1; nothing is drawn."""
        return np.ones(shape, dtype=complex)

    def amplitude_quantile(self, probability: float) -> float:
        """1 at any probability."""
        return 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PaperNetwork:
    """The network with its clock.

    Attributes:
        network: 5 edge servers of 10 clients, a band of 1 MHz each, all links alike and without fading.
        clock: bits in equal bands.
    """

    network: Network
    clock: NetworkClock

    def cost(self, local_steps: int, edge_rounds: int) -> RoundCost:
        """Of a cloud round in which every client trains the paper's network."""
        channel = self.network.draw(edge_rounds, rng=np.random.default_rng(0))
        plans = [Ideal().plan(cell) for cell in channel.cells]
        schedule = Schedule(local_steps=local_steps, edge_rounds=edge_rounds, batch_size=BATCH_SIZE)
        return self.clock.round(channel.cells, models=[PAPER_CNN] * EDGES, plans=plans, schedule=schedule)

    def upload(self) -> tuple[float, float]:
        """Bits and seconds of one upload to the edge."""
        cost = self.cost(1, 1)
        return cost.uplink_bits, cost.uplink_s


@lru_cache(maxsize=1)
def paper_network() -> PaperNetwork:
    """The paper's: a step takes `UPDATE_CYCLES`, and the cloud is `CLOUD_FACTOR` times as far as the edge."""
    clients = EDGES * CLIENTS_AT_EDGE
    serving_cell = np.repeat(np.arange(EDGES), CLIENTS_AT_EDGE)
    upload_s = BITS_PER_PARAMETER * NUM_PARAMETERS / RATE_BPS
    network = Network(
        layout=Layout(
            station_xy_m=np.stack([1000.0 * np.arange(EDGES), np.zeros(EDGES)], axis=1),
            client_xy_m=np.stack([1000.0 * serving_cell + 100.0, np.zeros(clients)], axis=1),
            serving_cell=serving_cell,
        ),
        large_scale=LargeScale(
            pathloss_db=np.full((EDGES, clients), -10.0 * np.log10(POWER_GAIN)),
            shadowing_db=np.zeros((EDGES, clients)),
            los=np.ones((EDGES, clients), dtype=bool),
        ),
        fading=Unfaded(),
        bandwidth_hz=np.full(EDGES, CLIENTS_AT_EDGE * BANDWIDTH_HZ),
        load=np.zeros(EDGES),
        noise_psd_w_per_hz=NOISE_W / BANDWIDTH_HZ,
        client_power_w=np.full(clients, CLIENT_POWER_W),
        station_power_w=np.full(EDGES, 40.0),
        devices=Devices(
            cpu_hz=np.full(clients, UPDATE_HZ),
            flops_per_cycle=Schedule(local_steps=1, batch_size=BATCH_SIZE).flops(PAPER_CNN) / UPDATE_CYCLES,
            effective_capacitance_w_per_hz3=CAPACITANCE / 2.0,
        ),
        backhaul_rate_bps=np.full(EDGES, 1e18),
        backhaul_delay_s=np.full(EDGES, CLOUD_FACTOR / 2.0 * upload_s),
    )
    return PaperNetwork(network=network, clock=NetworkClock(access=OFDMA(policy=EqualBandwidth())))


def cloud_round(local_steps: int, edge_rounds: int) -> RoundCost:
    """Cost of a cloud round on the paper's network."""
    return paper_network().cost(local_steps, edge_rounds)


def cloud_rounds_to_accuracy(local_steps: int, edge_rounds: int, *, split: str, seed: int) -> float:
    """Cloud rounds until the digits are told apart with `ACCURACY`; nan if `MOST_ROUNDS` do not suffice."""
    streams = Streams(seed=seed)
    train, test = digits(test_fraction=0.2, rng=streams.rng(Stream.SPLIT))
    task = FederatedTask(
        model=MLP(num_inputs=64, num_hidden=30, num_classes=CLASSES),
        train=train,
        test=test,
        client_samples=one_class_each(train, split=split, rng=np.random.default_rng([seed, 20])),
        serving_cell=np.repeat(np.arange(EDGES), CLIENTS_AT_EDGE),
    )
    schedule = Schedule(local_steps=local_steps, edge_rounds=edge_rounds, batch_size=BATCH_SIZE, step_size=STEP_SIZE)
    algorithm = HierarchicalFedAvg(schedule=schedule)
    state = initial_state(algorithm, task, task.model.init(rng=streams.rng(Stream.MODEL)))
    for index in range(MOST_ROUNDS):
        work = RoundWork.ideal(task, schedule=schedule, streams=streams, round_index=index, workers=Workers(num_threads=1))
        state = algorithm.round(state, work)
        if task.evaluate(state.parameters)[0] >= ACCURACY:
            return index + 1.0
    return np.nan


def one_class_each(train: Dataset, *, split: str, rng: np.random.Generator) -> tuple[IntArray, ...]:
    """Samples of one class for each client; an edge server's ten clients hold all classes, or only five of them."""
    if split == EDGE_IID:
        held = np.tile(np.arange(CLASSES), EDGES)
    else:
        held = np.concatenate([np.repeat((2 * edge + np.arange(CLASSES // 2)) % CLASSES, 2) for edge in range(EDGES)])
    parts: list[IntArray] = [np.array([], dtype=int)] * len(held)
    for label in range(CLASSES):
        clients = np.flatnonzero(held == label)
        samples = rng.permutation(np.flatnonzero(train.labels == label))
        for client, part in zip(clients, np.array_split(samples, len(clients)), strict=True):
            parts[client] = part
    return tuple(parts)
