"""FedProx: clients that are held back by what they received."""

from __future__ import annotations

from dataclasses import dataclass

from channels.arrays import checked
from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class FedProx:
    """Hierarchical FedAvg with a pull on clients: x ← x - γ(∇F_i(x) + μ(x - x̄_j)).

    x̄_j is the model that the client got from its edge server at the beginning of the edge round, not the cloud's of the
    beginning of the global round: the pull is there to limit how far clients get from each other between two averages, and the
    next average is the edge server's. It is so in the experiments of Fang et al. 2024 (MTGC), too.

    Attributes:
        schedule: how much is done in a global round.
        proximal_weight: μ >= 0; at 0 it is hierarchical FedAvg.

    Source: Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith 2020, "Federated optimization in heterogeneous networks", algorithm 2,
    with H steps of SGD for the local problem.
    """

    schedule: Schedule
    proximal_weight: float

    def __post_init__(self) -> None:
        checked("proximal_weight", self.proximal_weight, low=0.0)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        run = (cell.edge_rounds(state.parameters, pull=self.proximal_weight) for cell in work.cells)
        models, losses = zip(*run, strict=True)
        return state.after(weighted_mean(models, work.weights), train_loss=mean_loss(losses, work.weights))
