"""How much is done in a global round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import check_count, check_object, checked
from fl_models.local.step_size import StepSize
from fl_models.models.model import Model, flops_per_sample


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """E edge rounds of H local steps.

    Attributes:
        edge_rounds: E, averages within a cell per global round.
        local_steps: H, steps of each client per edge round.
        batch_size: samples in a step, drawn with replacement from the client's own.
        step_size: γ, a number or an object such as `InverseDecay` with a method `at(round_index)`.
        weight_decay: λ >= 0; a step is x ← x - γ(∇F_i(x) + λx).

    >>> Schedule(step_size=0.1).step_size_at(7)
    0.1
    """

    edge_rounds: int = 5
    local_steps: int = 5
    batch_size: int = 10
    step_size: float | StepSize = 0.05
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        for name in ("edge_rounds", "local_steps", "batch_size"):
            check_count(name, getattr(self, name))
        if isinstance(self.step_size, (int, float, np.floating)):
            checked("step_size", self.step_size, low=0.0, open_low=True)
        else:
            check_object("step_size", self.step_size, method="at", example="InverseDecay(initial=0.1, half_life_rounds=50)")
        checked("weight_decay", self.weight_decay, low=0.0)

    def step_size_at(self, round_index: int) -> float:
        """γ in a global round, counted from 0."""
        step_size = self.step_size
        return float(step_size) if isinstance(step_size, (int, float, np.floating)) else step_size.at(round_index)

    def flops(self, model: Model) -> float:
        """Floating-point operations of one client in one edge round."""
        return self.local_steps * self.batch_size * flops_per_sample(model)
