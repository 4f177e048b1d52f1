"""The `[[schemes]]` of a scenario: which algorithm runs over which uplink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from aircomp import ChannelInversion, Transceiver, TruncatedInversion
from airfed.scenario_error import ScenarioError
from airfed.spec import Spec
from channels import Fading, Network
from channels.arrays import FloatArray
from fl_models import (
    HIST,
    Aggregator,
    Algorithm,
    Digital,
    FederatedTask,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OverTheAir,
    PartitionableModel,
    Schedule,
    Stream,
    Streams,
    Training,
    partition_problem,
)
from latency_opt import (
    OFDMA,
    AirComp,
    BandwidthPolicy,
    EqualBandwidth,
    OptimalBandwidth,
    PartitionProblem,
    TrainingBound,
    minimize_round_latency,
    minimize_training_latency,
    whole_neurons,
)

LatencyProfile = Callable[[], tuple[PartitionableModel, PartitionProblem]]
"""The model to be dealt out and how its parts take time; asked for only by algorithms that need it."""


class EqualPartitionSpec(Spec):
    """The same share of the model for every cell."""

    kind: Literal["equal"] = "equal"

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        return np.full(problem.num_cells, 1.0 / problem.num_cells)


class RoundLatencyPartitionSpec(Spec):
    """The shares with which a global round is shortest."""

    kind: Literal["round_latency"] = "round_latency"
    max_imbalance: float = Field(0.5, ge=0.0, le=1e6, description="most that the imbalance χ² of the shares may be")

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        return minimize_round_latency(problem, max_imbalance=self.max_imbalance).fraction


class TrainingLatencyPartitionSpec(Spec):
    """The shares with which rounds times their length is least, rounds being in proportion to 1/(1 - price·χ²)."""

    kind: Literal["training_latency"] = "training_latency"
    imbalance_price: float = Field(
        1.0, ge=0.0, le=1e6, description="price of the imbalance χ² in the convergence bound over its target, B/ε'"
    )

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        bound = TrainingBound(optimisation_error=1.0, imbalance_price=self.imbalance_price, target=1.0)
        return minimize_training_latency(problem, bound=bound).fraction


class HierarchicalFedAvgSpec(Spec):
    """Hierarchical FedAvg."""

    kind: Literal["hierarchical_fedavg"] = "hierarchical_fedavg"

    def build(self, profile: LatencyProfile, schedule: Schedule) -> Algorithm:
        return HierarchicalFedAvg(schedule=schedule)


class HISTSpec(Spec):
    """HIST with a rule for the shares."""

    kind: Literal["hist"] = "hist"
    partition: EqualPartitionSpec | RoundLatencyPartitionSpec | TrainingLatencyPartitionSpec = Field(
        default_factory=RoundLatencyPartitionSpec, discriminator="kind", description="how the shares are chosen"
    )

    def build(self, profile: LatencyProfile, schedule: Schedule) -> Algorithm:
        model, problem = profile()
        neurons = whole_neurons(
            self.partition.fraction(problem),
            num_neurons=model.num_hidden,
            fixed_latency_s=problem.fixed_latency_s,
            slope_s=problem.slope_s,
        )
        return HIST(schedule=schedule, neurons=tuple(int(count) for count in neurons))


class TruncatedInversionSpec(Spec):
    """Truncated channel inversion."""

    kind: Literal["truncated_inversion"] = "truncated_inversion"
    participation: float = Field(
        0.9, gt=0.0, lt=1.0, description="probability that a client's fading passes the truncation threshold"
    )

    def build(self, fading: Fading) -> Transceiver:
        return TruncatedInversion.for_participation(self.participation, fading=fading)


class ChannelInversionSpec(Spec):
    """Full channel inversion."""

    kind: Literal["channel_inversion"] = "channel_inversion"

    def build(self, fading: Fading) -> Transceiver:
        return ChannelInversion()


class OFDMASpec(Spec):
    """Bits in a band for each client."""

    kind: Literal["ofdma"] = "ofdma"
    bandwidth: Literal["equal", "optimal"] = Field("optimal", description="how a cell's band is shared")
    bits_per_parameter: int = Field(
        32, ge=2, le=32, description="32 for exact values, fewer for unbiased stochastic quantisation"
    )

    def build(self, fading: Fading) -> tuple[Aggregator, NetworkClock]:
        policy: BandwidthPolicy = OptimalBandwidth() if self.bandwidth == "optimal" else EqualBandwidth()
        bits = self.bits_per_parameter
        aggregator: Aggregator = Ideal() if bits == 32 else Digital(bits_per_parameter=bits)
        access = OFDMA(policy=policy, bits_per_parameter=bits)
        return aggregator, NetworkClock(access=access, bits_per_parameter=bits)


class AirCompSpec(Spec):
    """Analog values, added by the air."""

    kind: Literal["aircomp"] = "aircomp"
    transceiver: TruncatedInversionSpec | ChannelInversionSpec = Field(
        default_factory=TruncatedInversionSpec, discriminator="kind", description="how clients scale their signals"
    )

    def build(self, fading: Fading) -> tuple[Aggregator, NetworkClock]:
        return OverTheAir(transceiver=self.transceiver.build(fading)), NetworkClock(access=AirComp())


class SchemeSpec(Spec):
    """One way of training, to be compared with the others on the same draws."""

    name: str = Field(min_length=1, max_length=80, description="as shown in tables and figures")
    algorithm: HierarchicalFedAvgSpec | HISTSpec = Field(
        discriminator="kind",
        description="kind = hierarchical_fedavg, or hist with a partition of kind equal, round_latency or training_latency",
    )
    uplink: OFDMASpec | AirCompSpec = Field(
        discriminator="kind",
        description="kind = ofdma with bandwidth equal or optimal, or aircomp with a transceiver of kind "
        "truncated_inversion or channel_inversion",
    )

    def build(self, task: FederatedTask, *, network: Network, schedule: Schedule, streams: Streams) -> Training:
        """The scheme, ready to run; its uplink decides both distortion and delay."""
        aggregator, clock = self.uplink.build(network.fading)

        def profile() -> tuple[PartitionableModel, PartitionProblem]:
            if not isinstance(task.model, PartitionableModel):
                raise ScenarioError(f"learning.model: got {task.model}, which has no hidden neurons for hist to deal out")
            problem = partition_problem(
                task.model,
                network=network,
                aggregator=aggregator,
                clock=clock,
                schedule=schedule,
                rng=streams.rng(Stream.PLANNING),
            )
            return task.model, problem

        return Training(
            algorithm=self.algorithm.build(profile, schedule),
            task=task,
            network=network,
            aggregator=aggregator,
            clock=clock,
            streams=streams,
        )


DEFAULT_SCHEMES = (
    SchemeSpec(
        name="Hierarchical FedAvg, equal bandwidth",
        algorithm=HierarchicalFedAvgSpec(),
        uplink=OFDMASpec(bandwidth="equal"),
    ),
    SchemeSpec(
        name="Hierarchical FedAvg, optimal bandwidth",
        algorithm=HierarchicalFedAvgSpec(),
        uplink=OFDMASpec(bandwidth="optimal"),
    ),
    SchemeSpec(
        name="HIST, equal sub-models",
        algorithm=HISTSpec(partition=EqualPartitionSpec()),
        uplink=OFDMASpec(bandwidth="optimal"),
    ),
    SchemeSpec(
        name="HIST, optimal partition",
        algorithm=HISTSpec(partition=RoundLatencyPartitionSpec()),
        uplink=OFDMASpec(bandwidth="optimal"),
    ),
    SchemeSpec(
        name="HIST, optimal partition, AirComp",
        algorithm=HISTSpec(partition=RoundLatencyPartitionSpec()),
        uplink=AirCompSpec(),
    ),
)
