"""Federated algorithms: what they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import FloatArray
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import CellWork, RoundWork
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from fl_models.task import FederatedTask


class Algorithm(Protocol):
    """One global round after the other. An algorithm of one's own is an object with these two."""

    @property
    def schedule(self) -> Schedule: ...

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        """The state after one more global round."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """An algorithm that keeps something from round to round."""

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        """What `TrainingState.memory` holds before the first round."""
        ...


@runtime_checkable
class Partitioning(Protocol):
    """An algorithm whose clients do not all train the whole model by its gradient and send it."""

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        """What a client of each cell trains and sends, the same in size every round; clocks read its cost alone."""
        ...


@runtime_checkable
class PartitioningAnew(Partitioning, Protocol):
    """One whose clients train and send more or less from round to round; `cell_models` then are of usual size."""

    def round_models(self, task: FederatedTask, state: TrainingState) -> tuple[Model, ...]:
        """What a client of each cell trained and sent in the last round of a state."""
        ...


def cell_models(algorithm: Algorithm, task: FederatedTask) -> tuple[Model, ...]:
    """What a client of each cell trains and sends: the task's model, unless the algorithm says otherwise."""
    if isinstance(algorithm, Partitioning):
        return algorithm.cell_models(task)
    return (task.model,) * task.num_cells


def round_models(algorithm: Algorithm, task: FederatedTask, state: TrainingState) -> tuple[Model, ...]:
    """What a client of each cell trained and sent in the last round of a state."""
    if isinstance(algorithm, PartitioningAnew):
        return algorithm.round_models(task, state)
    return cell_models(algorithm, task)


def initial_state(algorithm: Algorithm, task: FederatedTask, parameters: FloatArray) -> TrainingState:
    """Before the first round."""
    memory = algorithm.memory(task) if isinstance(algorithm, Remembering) else {}
    return TrainingState(round_index=0, parameters=parameters, memory=memory)


def only_cell(work: RoundWork, algorithm: str) -> CellWork:
    """The cell, if there is one only; else a ValueError that says who needs it so."""
    if len(work.cells) != 1:
        raise ValueError(f"task.serving_cell: got {len(work.cells)} cells; {algorithm} needs all clients in one")
    return work.cells[0]


def weighted_mean(values: Sequence[FloatArray], weights: FloatArray) -> FloatArray:
    """(d,) Σ_j w_j x_j, in the type of the values.

    >>> weighted_mean([np.zeros(2), np.ones(2)], np.array([0.25, 0.75])).tolist()
    [0.75, 0.75]
    """
    mean = np.zeros(values[0].shape)
    for weight, value in zip(weights, values, strict=True):
        mean += weight * value
    return mean.astype(values[0].dtype)


def mean_loss(losses: Sequence[FloatArray], weights: FloatArray) -> float:
    """Mean of losses (n_j,) over the clients of each cell that trained, weighted over the cells in which somebody did."""
    trained = [np.isfinite(loss).any() for loss in losses]
    if not any(trained):
        return float("nan")
    of_cell = np.array([np.nanmean(loss) if there else 0.0 for loss, there in zip(losses, trained, strict=True)])
    weight = weights * np.array(trained)
    return float(weight @ of_cell / weight.sum())
