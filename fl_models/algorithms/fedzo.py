"""FedZO: federated training by function values alone."""

from __future__ import annotations

from dataclasses import dataclass

from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from fl_models.task import FederatedTask
from fl_models.zeroth_order.client_load import client_loads
from fl_models.zeroth_order.local_steps import ZerothOrderSteps


@dataclass(frozen=True, kw_only=True)
class FedZO:
    """x ← x + mean of Δ_i, Δ_i being what H zeroth-order steps of client i make of x; hierarchical with E > 1 or several cells.

    Over the air, with truncated inversion, it is AirComp-FedZO.

    Attributes:
        schedule: how much is done in a global round.
        directions: b₂ >= 1, see `ZerothOrderSteps`.
        smoothing: μ > 0.
        whole: see `ZerothOrderSteps`.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning", algorithms 1 and 2.
    """

    schedule: Schedule
    directions: int = 20
    smoothing: float = 1e-3
    whole: bool = False

    def __post_init__(self) -> None:
        _ = self.method

    @property
    def method(self) -> ZerothOrderSteps:
        """The local steps."""
        return ZerothOrderSteps(directions=self.directions, smoothing=self.smoothing, whole=self.whole)

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return client_loads(task, directions=self.directions)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        trained = [cell.edge_rounds(state.parameters, method=self.method) for cell in work.cells]
        models, losses = zip(*trained, strict=True)
        return state.after(weighted_mean(models, work.weights), train_loss=mean_loss(losses, work.weights))
