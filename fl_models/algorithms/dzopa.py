"""DZOPA: every client keeps a model of its own, drawn towards the mean of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from channels.arrays import FloatArray, checked
from fl_models.algorithms.algorithm import mean_loss, only_cell
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.data.mini_batches import MiniBatches
from fl_models.local.schedule import Schedule
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Model
from fl_models.task import FederatedTask
from fl_models.zeroth_order.client_load import client_loads
from fl_models.zeroth_order.local_steps import ZerothOrderSteps


@dataclass(frozen=True, kw_only=True)
class DZOPA:
    """The distributed zeroth-order primal algorithm, and with a dual rate the primal-dual one, on the complete graph.

    In the source client i does, with the graph's Laplacian L,

        x_i ← x_i - η(α Σ_j L_ij x_j + β v_i + ĝ_i(x_i)),   v_i ← v_i + ηβ Σ_j L_ij x_j.

    On the complete graph of K clients Σ_j L_ij x_j = K(x_i - x̄), so a server that returns the mean is all that is needed. With
    c = ηαK, s = (ηβ)²K and u_i = ηβ v_i this is what is done here:

        x_i ← x_i - c(x_i - x̄) - u_i - γ ĝ_i(x_i),   u_i ← u_i + s(x_i - x̄),   both with the x_i and x̄ of before.

    s = 0 is the primal algorithm, which FedZO was compared with (with c = 0.01K); its clients stay apart by a distance that
    grows with γ. Σ_i u_i = 0 always, if everybody takes part over uplinks without error. For differences of the x_i to die out
    s < c is needed. ĝ_i is the mean of H two-point estimates, each on its own mini-batch, all at x_i, which makes a round as
    costly as one of FedZO. The global model is x̄. Clients that sit a round out keep their models, and x̄ then moves by the mean
    of the M others, K/M times as far as the mean of all K models.

    Attributes:
        schedule: how much is done in a global round; each edge round is an iteration.
        directions: b₂ >= 1, see `ZerothOrderSteps`.
        smoothing: μ > 0.
        consensus_rate: c, between 0 and 1.
        dual_rate: s >= 0, less than c.

    Source: Yi, Zhang, Yang, Johansson 2022, "Zeroth-order algorithms for stochastic distributed nonconvex optimization",
    Automatica 142, its primal-dual (first) and primal (second) algorithm.
    """

    schedule: Schedule
    directions: int = 20
    smoothing: float = 1e-3
    consensus_rate: float = 0.5
    dual_rate: float = 0.0

    def __post_init__(self) -> None:
        checked("consensus_rate", self.consensus_rate, low=0.0, high=1.0, open_low=True)
        checked("dual_rate", self.dual_rate, low=0.0, high=self.consensus_rate, open_high=True)
        _ = self.method

    @property
    def method(self) -> _FromOwnModel:
        """One step of each client, from where it stands."""
        return _FromOwnModel(steps=ZerothOrderSteps(directions=self.directions, smoothing=self.smoothing, average=True))

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        shape = (len(task.serving_cell), task.model.num_parameters)
        return {"apart": np.zeros(shape, dtype=np.float32), "dual": np.zeros(shape, dtype=np.float32)}

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return client_loads(task, directions=self.directions)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        cell = only_cell(work, "DZOPA")
        model, losses = state.parameters, []
        apart, dual = state.memory["apart"].copy(), state.memory["dual"].copy()
        for edge_round in range(self.schedule.edge_rounds):
            local = cell.train(model, edge_round=edge_round, method=self.method, shift=apart[cell.clients])
            moving = cell.clients[local.trained]
            own = local.updates
            own[local.trained] -= self.consensus_rate * apart[moving] + dual[moving]
            dual[moving] += self.dual_rate * apart[moving]
            moved = cell.mean(own, edge_round=edge_round)
            apart[moving] = own[local.trained]
            apart -= moved
            model = model + moved
            losses.append(local.loss)
        loss = mean_loss(losses, np.ones(len(losses)))
        return state.after(model, train_loss=loss, apart=apart, dual=dual)


@dataclass(frozen=True, kw_only=True)
class _FromOwnModel:
    """Local steps that begin `shift` away from the model that was sent."""

    steps: ZerothOrderSteps

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
        if step.shift is not None:
            local += step.shift
        return self.steps.run(model, local, batches, replace(step, shift=None), rngs=rngs)
