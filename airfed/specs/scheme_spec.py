"""The `[[schemes]]` of a scenario: which algorithm runs over which uplink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from airfed.scenario_error import ScenarioError
from airfed.specs.algorithm_spec import AlgorithmSpec, HierarchicalFedAvgSpec, HISTSpec
from airfed.specs.partition_spec import EqualPartitionSpec, RoundLatencyPartitionSpec
from airfed.specs.planning import Planning
from airfed.specs.server_optimizer_spec import NoServerOptimizerSpec, ServerOptimizerSpec
from airfed.specs.spec import Spec
from airfed.specs.step_size_spec import scaled
from airfed.specs.uplink_spec import AirCompSpec, DigitalKind, OFDMASpec, UplinkSpec
from channels import Network
from fl_models import (
    Everybody,
    FederatedTask,
    Schedule,
    Selection,
    Stream,
    Streams,
    Training,
)

__all__ = ["DEFAULT_SCHEMES", "HISTSpec", "HierarchicalFedAvgSpec", "SchemeSpec"]


class SchemeSpec(Spec):
    """One way of training, to be compared with the others on the same draws."""

    name: str = Field(
        # What every terminal and matplotlib's font can show, and nothing that starts its formulas.
        pattern=r"^[A-Za-z0-9\u00c0-\u024f\u0370-\u03ff][ !\"#%-\[\]-~\u00a1-\u024f\u0370-\u03ff]{0,59}$",
        description="as shown in tables and figures",
        json_schema_extra={"allowed": "1 to 60 Latin or Greek characters but $ and \\, the first a letter or digit"},
    )
    algorithm: AlgorithmSpec = Field(
        discriminator="kind",
        description="how models are trained and merged",
    )
    uplink: UplinkSpec = Field(
        discriminator="kind",
        description="how updates travel, which decides both distortion and delay",
    )
    step_size_factor: float = Field(1.0, gt=0.0, le=1e6, description="times learning.step_size is this scheme's")
    server_optimizer: ServerOptimizerSpec = Field(
        default_factory=NoServerOptimizerSpec, discriminator="kind", description="what the cloud makes of what a round did"
    )

    def build(
        self,
        task: FederatedTask,
        *,
        network: Network,
        schedule: Schedule,
        streams: Streams,
        selection: Selection | None = None,
    ) -> Training:
        """The scheme, ready to run; its uplink decides both distortion and delay."""
        if self.algorithm.in_one_cell and task.num_cells > 1:
            raise ScenarioError(
                f"algorithm: got {self.algorithm.kind} in scheme {self.name!r} over {task.num_cells} cells; allowed is one"
            )
        selection = selection or Everybody()
        schedule = replace(schedule, step_size=scaled(schedule.step_size, self.step_size_factor))
        aggregator, clock = self.uplink.build(network, rng=streams.rng(Stream.THRESHOLD))
        self._check_room(network, selection)

        planning = Planning(task=task, network=network, aggregator=aggregator, clock=clock, schedule=schedule, streams=streams)
        training = Training(
            algorithm=self.server_optimizer.around(self.algorithm.build(planning)),
            task=task,
            network=network,
            aggregator=aggregator,
            clock=clock,
            streams=streams,
            selection=selection,
        )
        _ = training.cell_models  # says now, and not in the first round, if the algorithm cannot do with the task
        return training

    def _check_room(self, network: Network, selection: Selection) -> None:
        """As many clients of a cell as take part in a round can send at once."""
        if isinstance(self.uplink, DigitalKind):
            largest, rng = int(network.layout.cell_sizes.max()), np.random.default_rng(0)
            try:
                num_senders = len(selection.draw(largest, rng=rng))
                self.uplink.check_room(num_senders, bandwidth_hz=float(network.bandwidth_hz.min()))
            except ValueError as error:
                raise ScenarioError(f"uplink.{error}, in scheme {self.name!r}") from None


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
