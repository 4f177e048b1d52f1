"""HIST and hierarchical FedAvg over wireless cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from airfed.published.image_data import ImageData
from airfed.specs.given_snr_spec import GivenSNRNetworkSpec
from airfed.specs.network_spec import HexagonalNetworkSpec
from airfed.specs.partition_spec import EqualPartitionSpec, RoundLatencyPartitionSpec
from airfed.specs.scheme_spec import HierarchicalFedAvgSpec, HISTSpec, SchemeSpec
from airfed.specs.transceiver_spec import TruncatedInversionSpec
from airfed.specs.uplink_spec import AirCompSpec, OFDMASpec, UplinkSpec
from channels import Network
from channels.arrays import FloatArray
from fl_models import (
    CNN,
    IID,
    MLP,
    Convolution,
    FederatedTask,
    PartitionableModel,
    Schedule,
    Shards,
    Splitter,
    Streams,
    Workers,
    cifar_cnn,
    lenet5,
)

HFL, HIST, TUNED_HIST, AIR_HIST = "hierarchical FedAvg", "HIST", "HIST, shares by resources", "HIST over the air"
UPLINKS: dict[bool, UplinkSpec] = {
    False: OFDMASpec(participation=0.9),
    True: AirCompSpec(transceiver=TruncatedInversionSpec(participation=0.9)),
}
"""By whether the air adds. Either way the tenth of the clients in the deepest fades sits an edge round out."""

SCHEMES = {
    name: SchemeSpec(name=name, algorithm=algorithm, uplink=UPLINKS[air])
    for name, algorithm, air in (
        (HFL, HierarchicalFedAvgSpec(), False),
        (HIST, HISTSpec(partition=EqualPartitionSpec()), False),
        (TUNED_HIST, HISTSpec(partition=RoundLatencyPartitionSpec()), False),
        (AIR_HIST, HISTSpec(partition=EqualPartitionSpec()), True),
    )
}
IID_SPLIT, SHARDS_SPLIT = "i.i.d.", "two shards a client"
SPLITTERS: dict[str, Splitter] = {IID_SPLIT: IID(), SHARDS_SPLIT: Shards(per_part=2)}
LOADS = {2: (0.0, 0.5), 3: (0.0, 0.3, 0.6), 4: (0.0, 0.2, 0.4, 0.6)}
"""Shares of the slots that other traffic takes, where cells are to be unlike."""

MODELS: dict[str, dict[str, PartitionableModel]] = {
    ImageData.DIGITS: {
        "MLP": MLP(num_inputs=64, num_hidden=300, num_classes=10),
        "CNN": CNN(
            image_shape=(1, 8, 8),
            convolutions=(Convolution(channels=4, kernel=3, padding=1), Convolution(channels=8, kernel=3, padding=1)),
            hidden=(120,),
            num_classes=10,
        ),
    },
    ImageData.FASHION: {"MLP": MLP(num_inputs=784, num_hidden=300, num_classes=10), "CNN": lenet5()},
    ImageData.CIFAR: {"CNN": cifar_cnn()},
}
"""By data set; those of Fashion-MNIST and CIFAR-10 are the authors'."""


STEP_SIZES = {"MLP": 0.1, "CNN": 0.2}
"""γ by model."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison.

    Attributes:
        model: name among `MODELS`.
        num_cells: N.
        split: name among `SPLITTERS`.
        unlike: whether cells differ in their load, too.
        snr_db: of all links alike; None for a hexagonal network with path loss.
    """

    model: str
    num_cells: int
    split: str
    unlike: bool = False
    snr_db: float | None = None

    def __str__(self) -> str:
        links = "" if self.snr_db is None else f", {self.snr_db:g} dB"
        return f"{self.model}, {self.num_cells} cells, {self.split}{links}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is run.

    Attributes:
        data: images.
        num_clients: K, as many in each cell.
        edge_rounds: E.
        local_steps: H.
        batch_size: samples in a step.
        rounds: global ones.
    """

    data: ImageData
    num_clients: int = 60
    edge_rounds: int = 5
    local_steps: int = 5
    batch_size: int = 10
    rounds: int = 16

    @property
    def models(self) -> dict[str, PartitionableModel]:
        """By name."""
        return MODELS[self.data.name]

    def network(self, case: Case, streams: Streams) -> Network:
        """Hexagonal cells at 3.5 GHz, or links that are all alike."""
        clients = self.num_clients // case.num_cells
        if case.snr_db is not None:
            spec = GivenSNRNetworkSpec(num_cells=case.num_cells, clients_per_cell=clients, mean_snr_db=case.snr_db)
            return spec.build(streams)
        load = LOADS[case.num_cells] if case.unlike else 0.0
        return HexagonalNetworkSpec(num_cells=case.num_cells, clients_per_cell=clients, cell_load=load).build(streams)

    def task(self, case: Case, network: Network, *, seed: int) -> FederatedTask:
        """Images dealt out over all clients."""
        train, test = self.data.load(seed=seed)
        rng = np.random.default_rng([seed, 79])
        parts = SPLITTERS[case.split].split(train.labels, num_parts=network.num_clients, rng=rng)
        return FederatedTask(
            model=self.models[case.model],
            train=train,
            test=test,
            client_samples=tuple(parts),
            serving_cell=network.layout.serving_cell,
        )


def trained(setting: Setting, case: Case, scheme: str, seed: int) -> FloatArray:
    """(3, rounds + 1) test accuracy, seconds since the start, and bits that a client has sent."""
    streams = Streams(seed=seed)
    network = setting.network(case, streams)
    schedule = Schedule(
        edge_rounds=setting.edge_rounds,
        local_steps=setting.local_steps,
        batch_size=setting.batch_size,
        step_size=STEP_SIZES[case.model],
    )
    training = SCHEMES[scheme].build(
        setting.task(case, network, seed=seed), network=network, schedule=schedule, streams=streams
    )
    training = replace(training, workers=Workers(num_threads=1))
    records = list(training.rounds(setting.rounds))
    return np.array([(record.test_accuracy, record.time_s, record.uplink_bits) for record in records]).T
