"""How models are trained and merged, in a scenario."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from airfed.specs.algorithm_kind import AlgorithmKind
from airfed.specs.partition_spec import PartitionSpec, RoundLatencyPartitionSpec
from airfed.specs.planning import Planning
from airfed.specs.zeroth_order_spec import DZOPASpec, FedZOSpec, SeedSharedFedZOSpec, ZONESSpec
from fl_models import MTGC, SCAFFOLD, Algorithm, FedDyn, FedProx, HierarchicalFedAvg


class HierarchicalFedAvgSpec(AlgorithmKind):
    """every cell trains the whole model, the cloud averages"""

    kind: Literal["hierarchical_fedavg"] = "hierarchical_fedavg"

    def build(self, planning: Planning) -> Algorithm:
        return HierarchicalFedAvg(schedule=planning.schedule)


class HISTSpec(AlgorithmKind):
    """each cell trains its own random share of the hidden neurons, the cloud puts them together"""

    kind: Literal["hist"] = "hist"
    partition: PartitionSpec = Field(
        default_factory=RoundLatencyPartitionSpec, discriminator="kind", description="how the shares are chosen"
    )

    def build(self, planning: Planning) -> Algorithm:
        return self.partition.build(planning)


class MTGCSpec(AlgorithmKind):
    """corrections take the drift of clients and of cells out of the steps; without both it is hierarchical_fedavg"""

    kind: Literal["mtgc"] = "mtgc"
    client_correction: bool = Field(True, description="z, against the drift of clients within a cell")
    cell_correction: bool = Field(True, description="y, against the drift of cells")
    initial_gradients: bool = Field(
        False, description="corrections begin with gradients, as in the paper, or at 0, as in its code"
    )

    def build(self, planning: Planning) -> Algorithm:
        return MTGC(
            schedule=planning.schedule,
            client_correction=self.client_correction,
            cell_correction=self.cell_correction,
            initial_gradients=self.initial_gradients,
        )


class FedProxSpec(AlgorithmKind):
    """clients are pulled towards the model that they received"""

    kind: Literal["fedprox"] = "fedprox"
    proximal_weight: float = Field(0.01, ge=0.0, le=1e6, description="μ of the pull; at 0 it is hierarchical_fedavg")

    def build(self, planning: Planning) -> Algorithm:
        return FedProx(schedule=planning.schedule, proximal_weight=self.proximal_weight)


class FedDynSpec(AlgorithmKind):
    """local losses are bent until their minima agree"""

    arrays_per_client: ClassVar[int] = 1

    kind: Literal["feddyn"] = "feddyn"
    regularization: float = Field(0.01, gt=0.0, le=1e6, description="α of the pull towards the model that clients received")
    within_cells: bool = Field(False, description="whether edge servers correct, each for its cell, or the cloud for all")

    def build(self, planning: Planning) -> Algorithm:
        return FedDyn(schedule=planning.schedule, regularization=self.regularization, within_cells=self.within_cells)


class SCAFFOLDSpec(AlgorithmKind):
    """every client takes its own drift out of its steps"""

    arrays_per_client: ClassVar[int] = 1

    kind: Literal["scaffold"] = "scaffold"

    def build(self, planning: Planning) -> Algorithm:
        return SCAFFOLD(schedule=planning.schedule)


AlgorithmSpec = (
    HierarchicalFedAvgSpec
    | HISTSpec
    | MTGCSpec
    | FedProxSpec
    | FedDynSpec
    | SCAFFOLDSpec
    | FedZOSpec
    | SeedSharedFedZOSpec
    | DZOPASpec
    | ZONESSpec
)
