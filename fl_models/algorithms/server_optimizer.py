"""A server that takes what a round did as a gradient, and makes a step of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from channels.arrays import FloatArray, check_object
from fl_models.algorithms.algorithm import Algorithm, Remembering, cell_models, round_models
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from fl_models.task import FederatedTask

PREFIX = "server_optimizer_"


class ServerOptimizer(Protocol):
    """From the pseudo-gradient of a round, Δ = x - x_new, to the step that the server takes instead."""

    def memory(self, num_parameters: int) -> dict[str, FloatArray]:
        """What it remembers before the first round, by name."""
        ...

    def step(self, pseudo_gradient: FloatArray, memory: Mapping[str, FloatArray]) -> tuple[FloatArray, dict[str, FloatArray]]:
        """What is subtracted from the model (d,), and what is remembered then."""
        ...


@dataclass(frozen=True, kw_only=True)
class WithServerOptimizer:
    """x ← x - step(Δ), where the algorithm by itself would go to x - Δ.

    Parameters that the algorithm does not move have Δ = 0. What the algorithm remembers is its own affair.

    Attributes:
        algorithm: any.
        optimizer: such as `ServerMomentum` or `ServerAdam`.

    Source: Reddi, Charles, Zaheer, Garrett, Rush, Konečný, Kumar, McMahan 2021, "Adaptive federated optimization",
    algorithm 1.

    >>> from fl_models import HierarchicalFedAvg, Schedule, ServerMomentum
    >>> fedavgm = WithServerOptimizer(
    ...     algorithm=HierarchicalFedAvg(schedule=Schedule(edge_rounds=1)), optimizer=ServerMomentum(momentum=0.9)
    ... )
    >>> fedavgm.schedule.edge_rounds
    1
    """

    algorithm: Algorithm
    optimizer: ServerOptimizer

    def __post_init__(self) -> None:
        check_object("algorithm", self.algorithm, method="round", example="HierarchicalFedAvg(schedule=Schedule())")
        check_object("optimizer", self.optimizer, method="step", example="ServerMomentum(momentum=0.9)")
        if isinstance(self.algorithm, WithServerOptimizer):
            raise ValueError("algorithm: got a WithServerOptimizer; a round has one server, and it takes one step")

    @property
    def schedule(self) -> Schedule:
        return self.algorithm.schedule

    def memory(self, task: FederatedTask) -> dict[str, FloatArray]:
        own = self.optimizer.memory(task.model.num_parameters)
        of_algorithm = self.algorithm.memory(task) if isinstance(self.algorithm, Remembering) else {}
        return of_algorithm | {PREFIX + name: values for name, values in own.items()}

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return cell_models(self.algorithm, task)

    def round_models(self, task: FederatedTask, state: TrainingState) -> tuple[Model, ...]:
        return round_models(self.algorithm, task, state)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        after = self.algorithm.round(state, work)
        own = {name.removeprefix(PREFIX): values for name, values in state.memory.items() if name.startswith(PREFIX)}
        pseudo_gradient = state.parameters - after.parameters
        step, own = self.optimizer.step(pseudo_gradient, own)
        return replace(
            after,
            # As x_new + (Δ - step), which is x_new to the bit where the step is Δ.
            parameters=after.parameters + (pseudo_gradient - step),
            memory={**after.memory, **{PREFIX + name: values for name, values in own.items()}},
        )
