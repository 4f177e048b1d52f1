"""Hierarchical FedAvg: every cell trains the whole model, the cloud averages."""

from __future__ import annotations

from dataclasses import dataclass

from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class HierarchicalFedAvg:
    """x ← Σ_j w_j x_j, x_j being the model of cell j after its edge rounds. With one cell and E = 1 it is FedAvg.

    Source: Liu, Zhang, Song, Letaief 2020, "Client-edge-cloud hierarchical federated learning", algorithm 1; FedAvg: McMahan,
    Moore, Ramage, Hampson, Agüera y Arcas 2017.
    """

    schedule: Schedule

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        models, losses = zip(*(cell.edge_rounds(state.parameters) for cell in work.cells), strict=True)
        return state.after(weighted_mean(models, work.weights), train_loss=mean_loss(losses, work.weights))
