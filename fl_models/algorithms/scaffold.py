"""SCAFFOLD: every client takes its own drift out of its steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray
from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True)
class SCAFFOLD:
    """x ← x - γ(∇F_i(x) - c_i + c), with c_i the mean of client i's gradients in the last global round it took part in.

    c is the mean of c_i over all clients, those that do not take part included. Both are as they were at the beginning of a
    global round until it is over: every edge round of H steps then is worth 1/E of a client's new c_i,

        c_i += (1/E) Σ_e [(x̄_j - x_i)/(Hγ) - c],   over the edge rounds in which it trained.

    With one cell and E = 1 it is SCAFFOLD with option II and a server step of 1; another one is had of
    `WithServerOptimizer`. One correction of each client against all covers drift of clients and of cells, but is a global
    round old; MTGC renews what concerns the client after each edge round.

    The change of c is the mean of that of c_i, so servers know it from the means of updates that they get anyway, whatever
    their noise: nothing more is sent up. That c comes down with the model each global round, clocks do not count. Every client
    keeps an array of the model's size; a round, which leaves its state as it was, needs them twice.

    Attributes:
        schedule: how much is done in a global round.

    Source: Karimireddy, Kale, Mohri, Reddi, Stich, Suresh 2020, "SCAFFOLD: stochastic controlled averaging for federated
    learning", algorithm 1; edge rounds are added here.
    """

    schedule: Schedule

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        clients, parameters = len(task.serving_cell), task.model.num_parameters
        return {
            "client_variates": np.zeros((clients, parameters), dtype=np.float32),
            "server_variate": np.zeros(parameters, dtype=np.float32),
        }

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        edge_rounds, num_clients = self.schedule.edge_rounds, len(work.task.serving_cell)
        before = state.memory["server_variate"]
        of_clients, of_server = state.memory["client_variates"].copy(), before.copy()
        models, losses = [], []
        for cell in work.cells:
            model, shift = state.parameters, before - of_clients[cell.clients]
            steps, loss = self.schedule.local_steps * cell.step_size, []
            for edge_round in range(edge_rounds):
                local = cell.train(model, edge_round=edge_round, shift=shift)
                moved = cell.mean(local.updates, edge_round=edge_round)
                trained = local.trained
                of_clients[cell.clients[trained]] -= (local.updates[trained] / steps + before) / edge_rounds
                of_server -= (moved / steps + before) * (np.count_nonzero(trained) / (num_clients * edge_rounds))
                model = model + moved
                loss.append(local.loss)
            models.append(model)
            losses.append(np.concatenate(loss))
        return state.after(
            weighted_mean(models, work.weights),
            train_loss=mean_loss(losses, work.weights),
            client_variates=of_clients,
            server_variate=of_server,
        )
