"""HIST, hierarchical independent submodel training: each cell trains its own random part of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from channels.arrays import IntArray
from fl_models.aggregator import UplinkPlan
from fl_models.algorithm import TrainingState, train_submodels
from fl_models.edge_training import Schedule
from fl_models.model import Model, PartitionableModel
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


def draw_partition(counts: Sequence[int], *, rng: np.random.Generator) -> list[IntArray]:
    """A random partition of sum(counts) neurons into disjoint, covering, sorted sets of the given sizes.

    >>> [len(part) for part in draw_partition([1, 3], rng=np.random.default_rng(0))]
    [1, 3]
    """
    order = rng.permutation(sum(counts))
    return [np.sort(part) for part in np.split(order, np.cumsum(counts)[:-1])]


@dataclass(frozen=True, kw_only=True)
class HIST:
    """Each global round the hidden neurons are dealt out anew: cell j trains the sub-model of its m_j neurons alone.

    The cloud puts the pieces back together, x ← Σ_j p_j ⊙ x_j; what belongs to no neuron (the output bias) is trained by
    all cells and averaged. With one cell this is hierarchical FedAvg.

    Attributes:
        schedule: how much is done in a global round.
        neurons: m_j for each cell, adding up to the hidden neurons of the model.

    Source: Fang, Han, Brinton 2023, "Federated learning over hierarchical wireless networks: training latency
    minimization via submodel partitioning", algorithm 1.
    """

    schedule: Schedule
    neurons: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.neurons or min(self.neurons) < 1:
            raise ValueError(f"neurons: got {self.neurons}; needed is at least one neuron for every cell")

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        model = self._partitionable(task)
        return tuple(model.with_hidden(count) for count in self.neurons)

    def round(
        self, state: TrainingState, *, task: FederatedTask, plans: Sequence[UplinkPlan], streams: Streams
    ) -> TrainingState:
        model = self._partitionable(task)
        parts = draw_partition(self.neurons, rng=streams.rng(Stream.PARTITION, state.round_index))
        return train_submodels(
            state,
            [model.submodel(part) for part in parts],
            task=task,
            plans=plans,
            schedule=self.schedule,
            streams=streams,
        )

    def _partitionable(self, task: FederatedTask) -> PartitionableModel:
        if not isinstance(task.model, PartitionableModel):
            raise TypeError(f"task.model: got {type(task.model).__name__}; HIST needs hidden neurons to deal out, as in MLP")
        if len(self.neurons) != task.num_cells or sum(self.neurons) != task.model.num_hidden:
            raise ValueError(
                f"neurons: got {self.neurons}; needed are {task.num_cells} numbers that add up to the "
                f"{task.model.num_hidden} hidden neurons"
            )
        return task.model
