"""How HIST's shares of the model are chosen, in a scenario."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from airfed.spec import Spec
from channels.arrays import FloatArray
from latency_opt import PartitionProblem, TrainingBound, certified, minimize_round_latency, minimize_training_latency


class EqualPartitionSpec(Spec):
    """the same share for every cell"""

    kind: Literal["equal"] = "equal"

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        return np.full(problem.num_cells, 1.0 / problem.num_cells)


class RoundLatencyPartitionSpec(Spec):
    """the shares with which a global round is shortest"""

    kind: Literal["round_latency"] = "round_latency"
    max_imbalance: float = Field(0.5, ge=0.0, le=1e6, description="most that the imbalance χ² of the shares may be")

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        return certified(minimize_round_latency(problem, max_imbalance=self.max_imbalance)).fraction


class TrainingLatencyPartitionSpec(Spec):
    """the shares with which rounds times their length is least, rounds being in proportion to 1/(1 - price·χ²)"""

    kind: Literal["training_latency"] = "training_latency"
    imbalance_price: float = Field(
        1.0, ge=0.0, le=1e6, description="price of the imbalance χ² in the convergence bound over its target, B/ε'"
    )

    def fraction(self, problem: PartitionProblem) -> FloatArray:
        bound = TrainingBound(optimisation_error=1.0, imbalance_price=self.imbalance_price, target=1.0)
        return certified(minimize_training_latency(problem, bound=bound)).fraction


PartitionSpec = EqualPartitionSpec | RoundLatencyPartitionSpec | TrainingLatencyPartitionSpec
