"""MTGC: corrections that keep clients and cells from drifting to optima of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from channels.arrays import FloatArray
from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import CellWork, RoundWork
from fl_models.data.mini_batches import MiniBatches
from fl_models.local.method import LocalSGD
from fl_models.local.schedule import Schedule
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Model
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True)
class MTGC:
    """Multi-timescale gradient correction: x ← x - γ(∇F_i(x) + z_i + y_j) at client i of cell j.

    After each edge round z_i += (x_i - x̄_j)/(Hγ), what of the cell's gradient the client lacks; after each global round
    y_j += (x̄_j - x̄)/(HEγ), what of the global gradient the cell lacks. So Σ_{i in j} z_i = 0 and Σ_j w_j y_j = 0 always, if
    uplinks are without error; noise ñ in the mean that a cell receives leaves Σ_{i in j} z_i/n_j = -Σñ/(Hγ) until the global
    round is over.

    z is begun anew each global round, y once. The authors' code begins at 0: clients drift in the first of the E edge rounds,
    and the fixed point is near the optimum of f, not at it. The paper's algorithm begins with gradients at the model that the
    clients received, z_i = ∇f_j - ∇F_i and y_j = ∇f - ∇f_j, each over the first mini-batch: then the optimum is the fixed
    point. That takes one more exchange each global round, here without error, which clocks do not count.

    Clients know z_i from the models that they receive; y_j comes down with the model each global round, which clocks do not
    count.

    With a client in each cell and E = 1, y is what SCAFFOLD does if all take part: y_j = c - c_j.

    The paper has everybody train. Here clients that sit an edge round out keep their z_i, and those not selected for a global
    round have none, nor any part in y_j, which is about those who were. A cell in which somebody trained in E_j < E of the edge
    rounds counts as having moved at the pace (x̄_j - x)/(HE_jγ), and y_j takes the difference of paces: the same, if E_j = E.
    One in which nobody did keeps its y_j, and is not in the mean of paces either.

    Attributes:
        schedule: how much is done in a global round.
        client_correction: whether there are z_i. Alone they are SCAFFOLD within each cell.
        cell_correction: whether there are y_j. Alone they are SCAFFOLD among the cells. Without both it is hierarchical FedAvg.
        initial_gradients: whether corrections begin with gradients, as in the paper, or at 0, as in its code.

    Source: Fang, Han, Chen, Wang, Brinton 2024, "Hierarchical federated learning with multi-timescale gradient correction",
    algorithm 1.
    """

    schedule: Schedule
    client_correction: bool = True
    cell_correction: bool = True
    initial_gradients: bool = False

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        if not self.cell_correction:
            return {}
        return {"cell_correction": np.zeros((task.num_cells, task.model.num_parameters), dtype=np.float32)}

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        of_cells = state.memory["cell_correction"] if self.cell_correction else None
        if of_cells is not None and self.initial_gradients and state.round_index == 0:
            of_cells = self._initial(state.parameters, work)
        run = self._corrected if self.client_correction else CellWork.edge_rounds
        models, losses = [], []
        for cell in work.cells:
            model, loss = run(cell, state.parameters, shift=None if of_cells is None else of_cells[cell.cell])
            models.append(model)
            losses.append(loss)
        memory = {}
        if of_cells is not None:
            edge_rounds = np.array([cell.plan.active.any(axis=-1).sum() for cell in work.cells])
            step_sizes = np.array([cell.step_size for cell in work.cells])
            steps = self.schedule.local_steps * np.maximum(edge_rounds, 1) * step_sizes
            paces = (np.array(models) - state.parameters) / steps.astype(state.parameters.dtype)[:, None]
            memory["cell_correction"] = of_cells + lacking(paces, work.weights * (edge_rounds > 0))
        return state.after(weighted_mean(models, work.weights), train_loss=mean_loss(losses, work.weights), **memory)

    def _corrected(self, cell: CellWork, parameters: FloatArray, *, shift: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """A cell's model after its edge rounds, and losses, with corrections of its clients on top of the shift."""
        of_clients = np.zeros((len(cell.clients), len(parameters)), dtype=parameters.dtype)
        if self.initial_gradients:
            local = cell.train(parameters, edge_round=0, method=_FirstGradient())
            of_clients = lacking(local.updates, local.trained.astype(float))
        losses = []
        for edge_round in range(self.schedule.edge_rounds):
            shifts = of_clients if shift is None else of_clients + shift
            local = cell.train(parameters, edge_round=edge_round, shift=shifts)
            moved = cell.mean(local.updates, edge_round=edge_round)
            trained = local.trained
            of_clients[trained] += (local.updates[trained] - moved) / (self.schedule.local_steps * cell.step_size)
            parameters = parameters + moved
            losses.append(local.loss)
        return parameters, np.concatenate(losses)

    def _initial(self, parameters: FloatArray, work: RoundWork) -> FloatArray:
        """(N, d) ∇f - ∇f_j at the initial model."""
        falls, there = (
            np.zeros((len(work.cells), len(parameters)), dtype=parameters.dtype),
            np.zeros(len(work.cells), dtype=bool),
        )
        for place, cell in enumerate(work.cells):
            local = cell.train(parameters, edge_round=0, method=_FirstGradient())
            there[place] = local.trained.any()
            if there[place]:
                falls[place] = local.updates[local.trained].mean(axis=0)
        return lacking(falls, work.weights * there)


def lacking(directions: FloatArray, weights: FloatArray) -> FloatArray:
    """(n, d) by how much each direction of descent differs from their weighted mean; 0 where the weight is.

    >>> lacking(np.array([[1.0], [3.0], [5.0]]), np.array([0.5, 0.5, 0.0])).ravel().tolist()
    [-1.0, 1.0, 0.0]
    """
    counted = weights > 0.0
    result = np.zeros_like(directions)
    if counted.any():
        result[counted] = directions[counted] - weighted_mean(list(directions), weights / weights.sum())
    return result


@dataclass(frozen=True, kw_only=True)
class _FirstGradient:
    """One step of size 1, on the first mini-batch."""

    steps: LocalSGD = field(default_factory=LocalSGD)

    def group_size(self, model: Model) -> int:
        return self.steps.group_size(model)

    def run(
        self,
        model: Model,
        local: FloatArray,
        batches: MiniBatches,
        step: LocalStep,
        *,
        rngs: Sequence[np.random.Generator],
    ) -> FloatArray:
        first = batches.steps(slice(0, 1))
        return self.steps.run(model, local, first, replace(step, step_size=1.0), rngs=rngs)
