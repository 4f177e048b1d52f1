"""Local steps in a hierarchy, and how far they drift: what the bounds on HIST and hierarchical FedAvg share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.step_size import admissible_step_size, largest_step_size


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalSteps:
    """H local steps between edge averages, S between global ones, of size γ.

    Attributes:
        gamma_l: (...) γL, admissible.
        local_steps: (...) H.
        steps: (...) S = E·H.
    """

    gamma_l: FloatArray
    local_steps: FloatArray
    steps: FloatArray

    @classmethod
    def of(
        cls, constants: LearningConstants, *, step_size: ArrayLike, edge_rounds: ArrayLike, local_steps: ArrayLike
    ) -> LocalSteps:
        """Checked: γ within `largest_step_size`."""
        local = checked("local_steps", local_steps, low=1.0)
        steps = checked("edge_rounds", edge_rounds, low=1.0) * local
        largest = largest_step_size(smoothness=constants.smoothness, steps=steps)
        step = admissible_step_size(step_size, largest=largest)
        return cls(gamma_l=step * constants.smoothness, local_steps=local, steps=steps)

    @classmethod
    def longest(cls, constants: LearningConstants, *, edge_rounds: ArrayLike, local_steps: ArrayLike) -> LocalSteps:
        """Those of the largest step size."""
        steps = checked("edge_rounds", edge_rounds, low=1.0) * checked("local_steps", local_steps, low=1.0)
        largest = largest_step_size(smoothness=constants.smoothness, steps=steps)
        return cls.of(constants, step_size=largest, edge_rounds=edge_rounds, local_steps=local_steps)

    @property
    def round_step(self) -> FloatArray:
        """(...) c = γSL."""
        return self.gamma_l * self.steps

    @property
    def cell_drift(self) -> FloatArray:
        """(...) 2(γL)²S(S - 1), for a cell's model since the last global average."""
        return 2.0 * self.gamma_l**2 * self.steps * (self.steps - 1.0)

    @property
    def client_drift(self) -> FloatArray:
        """(...) 2(γL)²H(H - 1), for a client's model since the last edge average."""
        return 2.0 * self.gamma_l**2 * self.local_steps * (self.local_steps - 1.0)

    @property
    def contraction(self) -> FloatArray:
        """(...) 1 - 2κ, κ = (γL)²(S(S - 1) + H(H - 1)): drift feeds on itself."""
        return 1.0 - self.cell_drift - self.client_drift

    @property
    def late_noise(self) -> FloatArray:
        """(...) 1 + c(S - 1)/S, since later gradients have seen earlier noise."""
        return 1.0 + self.gamma_l * (self.steps - 1.0)

    def noise_drift(self, share: FloatArray, clients: FloatArray) -> FloatArray:
        """(...) (γL)² Σ_j share_j((S - 1)/n_j + (H - 1)(1 - 1/n_j)), for shares and numbers of clients (..., N)."""
        steps, local = (self.steps - 1.0)[..., None], (self.local_steps - 1.0)[..., None]
        return self.gamma_l**2 * np.sum(share * (steps / clients + local * (1.0 - 1.0 / clients)), axis=-1)

    def optimisation_error(self, constants: LearningConstants) -> FloatArray:
        """(...) 2(f(x⁰) - f*)/(γS), of one round."""
        return 2.0 * constants.initial_gap * constants.smoothness / self.round_step
