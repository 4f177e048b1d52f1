"""Hierarchical FedAvg: every cell trains the whole model, the cloud averages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fl_models.aggregator import UplinkPlan
from fl_models.algorithm import TrainingState, train_submodels
from fl_models.edge_training import Schedule
from fl_models.model import Model, Submodel
from fl_models.streams import Streams
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True)
class HierarchicalFedAvg:
    """x ← Σ_j w_j x_j, x_j being the model of cell j after its edge rounds.

    Source: Liu, Zhang, Song, Letaief 2020, "Client-edge-cloud hierarchical federated learning", algorithm 1.
    """

    schedule: Schedule

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return (task.model,) * task.num_cells

    def round(
        self, state: TrainingState, *, task: FederatedTask, plans: Sequence[UplinkPlan], streams: Streams
    ) -> TrainingState:
        whole = Submodel(model=task.model, index=np.arange(task.model.num_parameters))
        return train_submodels(
            state,
            [whole] * task.num_cells,
            task=task,
            plans=plans,
            schedule=self.schedule,
            streams=streams,
        )
