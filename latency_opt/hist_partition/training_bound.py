"""How many rounds a partition needs, by a convergence bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


@dataclass(frozen=True, kw_only=True)
class TrainingBound:
    """Global rounds to a target on the mean squared gradient, T = A/(ε' - B χ²).

    From the convergence bound of HIST, (1/T)Σ E‖∇f‖² <= A/T + B χ² + constants, where A is the optimisation error of one round
    and B the price of unequal sub-models; `hist_training_bound` makes it from the constants of the problem.

    Attributes:
        optimisation_error: A > 0.
        imbalance_price: B >= 0.
        target: ε' > 0, the wanted mean squared gradient less the constant terms.

    >>> TrainingBound(optimisation_error=10.0, imbalance_price=1.0, target=0.5).rounds(0.25).tolist()
    40.0
    """

    optimisation_error: float
    imbalance_price: float
    target: float

    def __post_init__(self) -> None:
        checked("optimisation_error", self.optimisation_error, low=0.0, open_low=True)
        checked("imbalance_price", self.imbalance_price, low=0.0)
        checked("target", self.target, low=0.0, open_low=True)

    def rounds(self, imbalance: ArrayLike) -> FloatArray:
        """(...) rounds for an imbalance χ²; infinite where the target cannot be met."""
        room = self.target - self.imbalance_price * np.asarray(imbalance)
        return np.where(room > 0.0, self.optimisation_error / np.where(room > 0.0, room, 1.0), np.inf)
