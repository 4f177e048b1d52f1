"""ZONE-S: a client or a few at a time, each corrected by what it found when it last took part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray
from fl_models.algorithms.algorithm import mean_loss, only_cell
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from fl_models.task import FederatedTask
from fl_models.zeroth_order.client_load import client_loads
from fl_models.zeroth_order.local_steps import ZerothOrderSteps


@dataclass(frozen=True, kw_only=True)
class ZONES:
    """The augmented Lagrangian of Σ_i f_i(z_i)/K subject to z_i = x, on a star: M of K clients take a step each.

    In the source, with M = 1 of probability α = 1/K and the same penalty ρ for all,

        z_i ← x - (λ_i + ĝ_i(x)/K)/(αρ),   λ_i⁺ ← λ_i + αρ(z_i - x)   for the one that is drawn,   z_j ← x for all others,
        x ← Σ_j (ρ z_j + λ_j)/(Kρ),   λ those of before.

    Here M clients take part, α = M/K, and ρ = 1/(Kγ). With y_i = -Kλ_i, which is what client i last estimated, all this is

        x ← x - γ(mean over the M of (ĝ_i(x) - y_i) + mean over all K of y_j),   then y_i ← ĝ_i(x) for the M,

    which is SAGA. Clients send γ(ĝ_i - y_i); the mean of all y_j the server keeps up to date with what it receives. The
    source's directions are Gaussian, here they are on the sphere, as those of its rivals; the estimates agree in the mean.
    ĝ_i is the mean of H of them, each on its own mini-batch, all at x.

    Attributes:
        schedule: how much is done in a global round; each edge round is an iteration.
        directions: b₂ >= 1, see `ZerothOrderSteps`.
        smoothing: μ > 0.

    Source: Hajinezhad, Hong, Garcia 2019, "ZONE: zeroth-order nonconvex multiagent optimization over networks", IEEE
    Transactions on Automatic Control 64(10), algorithm ZONE-S. SAGA: Defazio, Bach, Lacoste-Julien 2014.
    """

    schedule: Schedule
    directions: int = 20
    smoothing: float = 1e-3

    def __post_init__(self) -> None:
        _ = self.method

    @property
    def method(self) -> ZerothOrderSteps:
        """One step of each client that takes part."""
        return ZerothOrderSteps(directions=self.directions, smoothing=self.smoothing, average=True)

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        num_clients, size = len(task.serving_cell), task.model.num_parameters
        return {"last": np.zeros((num_clients, size), dtype=np.float32), "mean": np.zeros(size, dtype=np.float32)}

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return client_loads(task, directions=self.directions)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        cell = only_cell(work, "ZONES")
        model, losses = state.parameters, []
        last, mean = state.memory["last"].copy(), state.memory["mean"]
        for edge_round in range(self.schedule.edge_rounds):
            local = cell.train(model, edge_round=edge_round, method=self.method, shift=-last[cell.clients])
            losses.append(local.loss)
            moving = cell.clients[local.trained]
            if not len(moving):
                continue
            moved = cell.mean(local.updates, edge_round=edge_round)
            model = model + (moved - cell.step_size * mean).astype(model.dtype)
            last[moving] -= local.updates[local.trained] / cell.step_size
            mean = (mean - len(moving) / len(last) / cell.step_size * moved).astype(mean.dtype)
        loss = mean_loss(losses, np.ones(len(losses)))
        return state.after(model, train_loss=loss, last=last, mean=mean)
