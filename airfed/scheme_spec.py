"""The `[[schemes]]` of a scenario: which algorithm runs over which uplink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from airfed.partition_spec import EqualPartitionSpec, PartitionSpec, RoundLatencyPartitionSpec
from airfed.scenario_error import ScenarioError
from airfed.spec import Spec
from airfed.uplink_spec import AirCompSpec, OFDMASpec, UplinkSpec
from channels import Network
from fl_models import (
    HIST,
    Algorithm,
    FederatedTask,
    HierarchicalFedAvg,
    PartitionableModel,
    Schedule,
    Stream,
    Streams,
    Training,
    partition_problem,
)
from latency_opt import PartitionProblem, whole_neurons

LatencyProfile = Callable[[], tuple[PartitionableModel, PartitionProblem]]
"""The model to be dealt out and how its parts take time; asked for only by algorithms that need it."""


class HierarchicalFedAvgSpec(Spec):
    """every cell trains the whole model, the cloud averages"""

    kind: Literal["hierarchical_fedavg"] = "hierarchical_fedavg"

    def build(self, profile: LatencyProfile, schedule: Schedule) -> Algorithm:
        return HierarchicalFedAvg(schedule=schedule)


class HISTSpec(Spec):
    """each cell trains its own random share of the hidden neurons, the cloud puts them together"""

    kind: Literal["hist"] = "hist"
    partition: PartitionSpec = Field(
        default_factory=RoundLatencyPartitionSpec, discriminator="kind", description="how the shares are chosen"
    )

    def build(self, profile: LatencyProfile, schedule: Schedule) -> Algorithm:
        model, problem = profile()
        neurons = whole_neurons(
            self.partition.fraction(problem),
            num_neurons=model.partition_sizes[0],
            fixed_latency_s=problem.fixed_latency_s,
            slope_s=problem.slope_s,
        )
        return HIST(schedule=schedule, neurons=tuple(int(count) for count in neurons))


class SchemeSpec(Spec):
    """One way of training, to be compared with the others on the same draws."""

    name: str = Field(
        # What every terminal and matplotlib's font can show, and nothing that starts its formulas.
        pattern=r"^[A-Za-z0-9\u00c0-\u024f\u0370-\u03ff][ !\"#%-\[\]-~\u00a1-\u024f\u0370-\u03ff]{0,59}$",
        description="as shown in tables and figures",
        json_schema_extra={"allowed": "1 to 60 Latin or Greek characters but $ and \\, the first a letter or digit"},
    )
    algorithm: HierarchicalFedAvgSpec | HISTSpec = Field(
        discriminator="kind",
        description="how models are trained and merged",
    )
    uplink: UplinkSpec = Field(
        discriminator="kind",
        description="how updates travel, which decides both distortion and delay",
    )

    def build(self, task: FederatedTask, *, network: Network, schedule: Schedule, streams: Streams) -> Training:
        """The scheme, ready to run; its uplink decides both distortion and delay."""
        aggregator, clock = self.uplink.build(network, rng=streams.rng(Stream.THRESHOLD))

        def profile() -> tuple[PartitionableModel, PartitionProblem]:
            if not isinstance(task.model, PartitionableModel):
                raise ScenarioError(f"learning.model: got {task.model}, which has no hidden neurons for hist to deal out")
            # The more antennas and subcarriers, the less a round varies, and the longer it takes to plan one.
            num_draws = max(20, 200 // (network.num_antennas * network.num_subcarriers))
            problem = partition_problem(
                task.model,
                num_draws=num_draws,
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
