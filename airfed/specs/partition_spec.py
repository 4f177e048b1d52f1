"""How HIST's shares of the model are chosen, in a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict

from airfed.specs.algorithm_kind import LatencyProfile
from airfed.specs.spec import Spec
from channels.arrays import FloatArray
from latency_opt import (
    PartitionProblem,
    TrainingBound,
    certified,
    minimize_round_latency,
    minimize_training_latency,
    whole_neurons,
)

NumNeurons = Annotated[int, Field(ge=1, le=100_000)]


class PartitionKind(Spec):
    """Shares by how long a global round takes each cell."""

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        """(N,) shares, adding up to 1."""
        raise NotImplementedError

    def dealt(self, profile: LatencyProfile) -> tuple[int, ...]:
        """Neurons of the first hidden layer for each cell; other layers are dealt out in the same proportion."""
        model, problem = profile()
        neurons = whole_neurons(
            self.fraction(problem),
            num_neurons=model.partition_sizes[0],
            fixed_latency_s=problem.fixed_latency_s,
            slope_s=problem.slope_s,
        )
        return tuple(int(count) for count in neurons)


class EqualPartitionSpec(PartitionKind):
    """the same share for every cell"""

    kind: Literal["equal"] = "equal"

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        return np.full(problem.num_cells, 1.0 / problem.num_cells)


class RoundLatencyPartitionSpec(PartitionKind):
    """the shares with which a global round is shortest"""

    kind: Literal["round_latency"] = "round_latency"
    max_imbalance: float = Field(0.5, ge=0.0, le=1e6, description="most that the imbalance χ² of the shares may be")

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        return certified(minimize_round_latency(problem, max_imbalance=self.max_imbalance)).fraction


class TrainingLatencyPartitionSpec(PartitionKind):
    """the shares with which rounds times their length is least, rounds being in proportion to 1/(1 - price·χ²)"""

    kind: Literal["training_latency"] = "training_latency"
    imbalance_price: float = Field(
        1.0, ge=0.0, le=1e6, description="price of the imbalance χ² in the convergence bound over its target, B/ε'"
    )

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        bound = TrainingBound(optimisation_error=1.0, imbalance_price=self.imbalance_price, target=1.0)
        return certified(minimize_training_latency(problem, bound=bound)).fraction


class GivenPartitionSpec(Spec):
    """numbers of one's own"""

    kind: Literal["given"] = "given"
    neurons: Annotated[tuple[NumNeurons, ...], Strict(False), Field(min_length=1, max_length=1000)] = Field(
        (150, 100, 50),
        description="neurons of the first hidden layer for each cell, which add up to those there are; of other layers that "
        "are dealt out, every second one, cells get as large a share",
    )

    def dealt(self, profile: LatencyProfile) -> tuple[int, ...]:
        return self.neurons


PartitionSpec = EqualPartitionSpec | RoundLatencyPartitionSpec | TrainingLatencyPartitionSpec | GivenPartitionSpec
