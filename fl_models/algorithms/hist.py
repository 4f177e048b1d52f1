"""HIST, hierarchical independent submodel training: each cell trains its own random part of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.algorithms.algorithm import mean_loss
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.data.dataset import check_indices
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model, PartitionableModel
from fl_models.streams import Stream
from fl_models.task import FederatedTask


def draw_partition(counts: Sequence[int], *, rng: np.random.Generator) -> list[IntArray]:
    """A random partition of sum(counts) neurons into disjoint, covering, sorted sets of the given sizes.

    >>> [len(part) for part in draw_partition([1, 3], rng=np.random.default_rng(0))]
    [1, 3]
    """
    check_indices("counts", np.asarray(counts))
    order = rng.permutation(sum(counts))
    return [np.sort(part) for part in np.split(order, np.cumsum(counts)[:-1])]


def proportional_counts(counts: Sequence[int], total: int) -> list[int]:
    """`total` neurons in proportion to `counts`, whole and at least one each: each next one goes where most is wanting.

    Where no share is below one neuron this is rounding by largest remainders.

    >>> proportional_counts([10, 25, 65], 20)
    [2, 5, 13]
    >>> proportional_counts([1, 1, 98], 4)
    [1, 1, 2]
    """
    if total < len(counts):
        raise ValueError(f"total: got {total} neurons; needed is one for each of {len(counts)} cells")
    dealt = [1] * len(counts)
    share = [total * count / sum(counts) for count in counts]
    for _ in range(total - len(counts)):
        neediest = max(range(len(counts)), key=lambda cell: share[cell] - dealt[cell])
        dealt[neediest] += 1
    return dealt


@dataclass(frozen=True, kw_only=True)
class HIST:
    """Each global round the hidden neurons are dealt out anew: cell j trains the sub-model of its m_j neurons alone.

    The cloud puts the pieces back together, x ← Σ_j p_j ⊙ x_j; what belongs to no neuron (convolutions, the output bias) is
    trained by all cells and averaged. With one cell this is hierarchical FedAvg. Of several hidden layers every second one is
    dealt out, the first, third and so on, each by a partition of its own.

    Attributes:
        schedule: how much is done in a global round.
        neurons: m_j for each cell, adding up to the neurons of the first hidden layer; other dealt layers are split in the same
            proportion, see `proportional_counts`.

    Source: Fang, Han, Brinton 2023, "Federated learning over hierarchical wireless networks: training latency
    minimization via submodel partitioning", algorithm 1.
    """

    schedule: Schedule
    neurons: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.neurons or min(self.neurons) < 1:
            raise ValueError(f"neurons: got {self.neurons}; needed is at least one neuron for every cell")

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return submodels(self._partitionable(task), self.neurons)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        merged, loss = submodel_round(state, work, counts=layer_counts(self._partitionable(work.task), self.neurons))
        return state.after(merged, train_loss=loss)

    def _partitionable(self, task: FederatedTask) -> PartitionableModel:
        model = partitionable(task)
        if len(self.neurons) != task.num_cells or sum(self.neurons) != model.partition_sizes[0]:
            raise ValueError(
                f"neurons: got {self.neurons}; needed are {task.num_cells} numbers that add up to the "
                f"{model.partition_sizes[0]} hidden neurons"
            )
        return model


def partitionable(task: FederatedTask) -> PartitionableModel:
    """The task's model, if it has neurons to deal out."""
    if not isinstance(task.model, PartitionableModel):
        raise TypeError(f"task.model: got {type(task.model).__name__}; HIST needs hidden neurons to deal out, as in MLP")
    return task.model


def layer_counts(model: PartitionableModel, neurons: Sequence[int]) -> list[list[int]]:
    """For each dealt layer, how many of its neurons each cell gets, given those of the first."""
    return [list(neurons), *(proportional_counts(neurons, size) for size in model.partition_sizes[1:])]


def submodels(model: PartitionableModel, neurons: Sequence[int]) -> tuple[Model, ...]:
    """What each cell trains, given its neurons of the first dealt layer."""
    return tuple(model.with_hidden(sizes) for sizes in zip(*layer_counts(model, neurons), strict=True))


def submodel_round(state: TrainingState, work: RoundWork, *, counts: Sequence[Sequence[int]]) -> tuple[FloatArray, float]:
    """The model (d,) after a round in which so many neurons of each layer are dealt to each cell at random, and the loss."""
    model, parameters = partitionable(work.task), state.parameters
    rng = work.streams.rng(Stream.PARTITION, state.round_index)
    layers = [draw_partition(some, rng=rng) for some in counts]
    parts = [model.submodel(neurons) for neurons in zip(*layers, strict=True)]
    # What belongs to one cell alone is taken over as it is, what all train becomes the weighted mean.
    total = np.zeros(len(parameters))
    for part, weight in zip(parts, work.weights, strict=True):
        total[part.index] += weight
    merged, losses = np.zeros(len(parameters)), []
    for part, weight, cell in zip(parts, work.weights, work.cells, strict=True):
        trained, loss = cell.edge_rounds(parameters[part.index], model=part.model)
        merged[part.index] += weight / total[part.index] * trained
        losses.append(loss)
    return merged, mean_loss(losses, work.weights)
