"""How HIST's shares of the model are chosen, in a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict

from airfed.specs.adaptive_partition_spec import FixedPricePartitionSpec, VirtualQueuePartitionSpec
from airfed.specs.pilot_partition_spec import PilotPartitionSpec
from airfed.specs.planned_partition import PlannedPartitionKind, fraction_at_price
from airfed.specs.planning import Planning
from airfed.specs.spec import Spec
from channels.arrays import FloatArray
from fl_models import HIST, Algorithm
from latency_opt import certified, minimize_round_latency

NumNeurons = Annotated[int, Field(ge=1, le=100_000)]


class EqualPartitionSpec(PlannedPartitionKind):
    """the same share for every cell"""

    kind: Literal["equal"] = "equal"

    def fraction(self, planning: Planning) -> FloatArray:
        num_cells = planning.task.num_cells
        return np.full(num_cells, 1.0 / num_cells)


class RoundLatencyPartitionSpec(PlannedPartitionKind):
    """the shares with which a global round is shortest"""

    kind: Literal["round_latency"] = "round_latency"
    max_imbalance: float = Field(0.5, ge=0.0, le=1e6, description="most that the imbalance χ² of the shares may be")

    def fraction(self, planning: Planning) -> FloatArray:
        return certified(minimize_round_latency(planning.median_round, max_imbalance=self.max_imbalance)).fraction


class TrainingLatencyPartitionSpec(PlannedPartitionKind):
    """the shares with which rounds times their length is least, rounds being in proportion to 1/(1 - price·χ²)"""

    kind: Literal["training_latency"] = "training_latency"
    imbalance_price: float = Field(
        1.0, ge=0.0, le=1e6, description="price of the imbalance χ² in the convergence bound over its target, B/ε'"
    )

    def fraction(self, planning: Planning) -> FloatArray:
        return fraction_at_price(planning, imbalance_price=self.imbalance_price)


class GivenPartitionSpec(Spec):
    """numbers of one's own"""

    kind: Literal["given"] = "given"
    neurons: Annotated[tuple[NumNeurons, ...], Strict(False), Field(min_length=1, max_length=1000)] = Field(
        (150, 100, 50),
        description="neurons of the first hidden layer for each cell, which add up to those there are; of other layers that "
        "are dealt out, every second one, cells get as large a share",
    )

    def build(self, planning: Planning) -> Algorithm:
        return HIST(schedule=planning.schedule, neurons=self.neurons)


PartitionSpec = (
    EqualPartitionSpec
    | RoundLatencyPartitionSpec
    | TrainingLatencyPartitionSpec
    | PilotPartitionSpec
    | FixedPricePartitionSpec
    | VirtualQueuePartitionSpec
    | GivenPartitionSpec
)
