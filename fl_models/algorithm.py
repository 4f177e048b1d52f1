"""Federated algorithms: what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import FloatArray
from fl_models.aggregator import UplinkPlan
from fl_models.edge_training import Schedule, train_cell
from fl_models.model import Model, Submodel
from fl_models.streams import Streams
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingState:
    """Where training stands after some global rounds.

    Attributes:
        round_index: global rounds done.
        parameters: (d,) of the global model.
        train_loss: mean loss of the local steps of the last round; nan before the first.
    """

    round_index: int
    parameters: FloatArray
    train_loss: float = float("nan")


class Algorithm(Protocol):
    """One global round after the other: state, uplink plans -> state."""

    @property
    def schedule(self) -> Schedule: ...

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        """What a client of each cell trains and sends, the same in size every round."""
        ...

    def round(
        self, state: TrainingState, *, task: FederatedTask, plans: Sequence[UplinkPlan], streams: Streams
    ) -> TrainingState:
        """The state after one more global round, in which cell j uses the uplinks `plans[j]`."""
        ...


def train_submodels(
    state: TrainingState,
    submodels: Sequence[Submodel],
    *,
    task: FederatedTask,
    plans: Sequence[UplinkPlan],
    schedule: Schedule,
    streams: Streams,
) -> TrainingState:
    """Every cell trains its sub-model; then each parameter becomes the weighted mean over the cells that trained it.

    A parameter that one cell alone owns is taken over as it is.
    """
    weights = task.cell_weights
    total = np.zeros(len(state.parameters))
    for part, weight in zip(submodels, weights, strict=True):
        total[part.index] += weight
    merged = np.zeros(len(state.parameters))
    losses = []
    for cell, part in enumerate(submodels):
        trained, loss = train_cell(
            part.model,
            state.parameters[part.index],
            task=task,
            cell=cell,
            round_index=state.round_index,
            plan=plans[cell],
            schedule=schedule,
            streams=streams,
        )
        merged[part.index] += weights[cell] / total[part.index] * trained
        losses.append(loss)
    return TrainingState(
        round_index=state.round_index + 1,
        parameters=merged.astype(state.parameters.dtype),
        train_loss=float(weights @ np.array(losses)),
    )
