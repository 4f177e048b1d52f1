"""HIST whose shares follow the channels from round to round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, check_object
from fl_models.algorithms.hist import layer_counts, partitionable, proportional_counts, submodel_round, submodels
from fl_models.algorithms.partition_policy import PartitionPolicy
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.latency_profile import round_problem
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from fl_models.task import FederatedTask

NEURONS = "partition_neurons"
PREFIX = "partition_policy_"


@dataclass(frozen=True, kw_only=True)
class AdaptiveHIST:
    """HIST, for which a policy says at the beginning of each round how many neurons each cell gets.

    The policy sees how long the round would take each cell over its channels, but not its gradients, as the convergence bound
    of HIST wants it; the bound then holds with the mean of χ² over the rounds. What the policy remembers is part of the
    training's state, and so are the neurons of the last round.

    Attributes:
        schedule: how much is done in a global round.
        policy: such as `VirtualQueue` or `FixedPrice`.
    """

    schedule: Schedule
    policy: PartitionPolicy

    def __post_init__(self) -> None:
        check_object("policy", self.policy, method="neurons", example="FixedPrice(imbalance_price_s=1.0)")

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        return self._memory(self._balanced(task), self.policy.memory())

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        """With shares as the cells' weights, which imbalance is counted from."""
        return submodels(partitionable(task), self._balanced(task))

    def round_models(self, task: FederatedTask, state: TrainingState) -> tuple[Model, ...]:
        """With the shares of the last round of a state."""
        return submodels(partitionable(task), _neurons(state))

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        model = partitionable(work.task)
        num_neurons = model.partition_sizes[0]
        own = {name.removeprefix(PREFIX): values for name, values in state.memory.items() if name.startswith(PREFIX)}
        dealt, own = self.policy.neurons(round_problem(model, work), num_neurons=num_neurons, memory=own)
        neurons = [int(count) for count in dealt]
        if len(neurons) != work.task.num_cells or min(neurons) < 1 or sum(neurons) != num_neurons:
            raise ValueError(
                f"policy: got neurons {neurons}; needed are {work.task.num_cells} numbers of at least 1 that add up to "
                f"{num_neurons}"
            )
        merged, loss = submodel_round(state, work, counts=layer_counts(model, neurons))
        return state.after(merged, train_loss=loss, **self._memory(neurons, own))

    def _balanced(self, task: FederatedTask) -> list[int]:
        weights = np.bincount(task.serving_cell).tolist()
        return proportional_counts(weights, partitionable(task).partition_sizes[0])

    def _memory(self, neurons: Sequence[int], own: dict[str, FloatArray]) -> dict[str, FloatArray]:
        return {NEURONS: np.array(neurons, dtype=float)} | {PREFIX + name: values for name, values in own.items()}


def _neurons(state: TrainingState) -> list[int]:
    return [int(count) for count in state.memory[NEURONS]]
