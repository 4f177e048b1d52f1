"""FedDyn: local losses that are bent until their minima agree with that of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, checked
from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True)
class FedDyn:
    """x ← x - γ(∇F_i(x) - g_i + α(x - x̄_j)), then g_i -= α(x_i - x̄_j), and x ← Σ_j w_j (x_j - h_j/α) at the cloud.

    x̄_j is what the client received in the edge round, after which g_i is renewed; h_j is the mean of g_i over all clients of
    the cell. h = Σ_j w_j h_j is subtracted once a global round, so where nothing moves any more, ∇F_i = g_i and h = 0: the
    optimum of f, with any number of edge rounds. The experiments of Fang et al. 2024 (MTGC) run FedDyn `within_cells` instead:
    each edge server subtracts its own h_j/α after every edge round, and cells go to optima of their own. With one cell and
    E = 1 both are FedDyn, H steps of SGD in place of the exact solution.

    For α → 0 the steps of clients become FedAvg's, but the server's do not: as -h/α is the sum of all moves so far,
    x ← Σ_j w_j x_j + Σ_s Δ_s.

    The change of h_j is the mean of that of g_i, so servers know it from the means of updates that they get anyway; their
    noise adds up in it, however. Every client keeps an array of the model's size.

    Attributes:
        schedule: how much is done in a global round.
        regularization: α > 0.
        within_cells: whether each edge server subtracts h_j/α, rather than the cloud h/α.

    Source: Acar, Zhao, Matas, Mattina, Whatmough, Saligrama 2021, "Federated learning based on dynamic regularization",
    algorithm 1; edge rounds are added here.
    """

    schedule: Schedule
    regularization: float
    within_cells: bool = False

    def __post_init__(self) -> None:
        checked("regularization", self.regularization, low=0.0, open_low=True)

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        clients, parameters = len(task.serving_cell), task.model.num_parameters
        return {
            "client_gradients": np.zeros((clients, parameters), dtype=np.float32),
            "cell_gradients": np.zeros((task.num_cells, parameters), dtype=np.float32),
        }

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        alpha = self.regularization
        of_clients, of_cells = state.memory["client_gradients"].copy(), state.memory["cell_gradients"].copy()
        models, losses = [], []
        for cell in work.cells:
            model, loss = state.parameters, []
            num_clients = len(work.task.clients_of(cell.cell))
            for edge_round in range(self.schedule.edge_rounds):
                local = cell.train(model, edge_round=edge_round, shift=-of_clients[cell.clients], pull=alpha)
                moved = cell.mean(local.updates, edge_round=edge_round)
                of_clients[cell.clients] -= alpha * local.updates
                of_cells[cell.cell] -= moved * (alpha * np.count_nonzero(local.trained) / num_clients)
                model = model + moved
                if self.within_cells:
                    model = model - of_cells[cell.cell] / alpha
                loss.append(local.loss)
            models.append(model if self.within_cells else model - of_cells[cell.cell] / alpha)
            losses.append(np.concatenate(loss))
        return state.after(
            weighted_mean(models, work.weights),
            train_loss=mean_loss(losses, work.weights),
            client_gradients=of_clients,
            cell_gradients=of_cells,
        )
