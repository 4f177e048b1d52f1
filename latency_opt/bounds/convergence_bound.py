"""A convergence bound with its terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.summary import shown_by

if TYPE_CHECKING:
    import pandas as pd

OPTIMISATION = "optimisation error"
"""The only term that shrinks with the number of rounds."""


@shown_by("total", "floor", "num_rounds", "dominant")
@dataclass(frozen=True, kw_only=True, eq=False)
class ConvergenceBound:
    """(1/T) Σ_{t<T} E‖∇f(x^t)‖² <= A/T + constant terms, for a batch of settings in the leading axes.

    Attributes:
        num_rounds: (...) T >= 1.
        optimisation_error: (...) A, of one round.
        constant_terms: what more rounds do not make smaller: in words, and (...) how much it is.

    >>> bound = ConvergenceBound(num_rounds=10.0, optimisation_error=2.0, constant_terms={"gradient noise": 0.1})
    >>> float(bound.total.round(9)), float(bound.rounds(0.15)), float(bound.rounds(0.1))
    (0.3, 40.0, inf)
    """

    num_rounds: FloatArray
    optimisation_error: FloatArray
    constant_terms: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        arrays = {
            "num_rounds": checked("num_rounds", self.num_rounds, low=1.0),
            "optimisation_error": checked("optimisation_error", self.optimisation_error, low=0.0),
            **{name: checked(name, value, low=0.0) for name, value in self.constant_terms.items()},
        }
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
        same = {name: np.broadcast_to(array, shape) for name, array in arrays.items()}
        object.__setattr__(self, "num_rounds", same.pop("num_rounds"))
        object.__setattr__(self, "optimisation_error", same.pop("optimisation_error"))
        object.__setattr__(self, "constant_terms", same)

    @property
    def terms(self) -> dict[str, FloatArray]:
        """All terms in words, the optimisation error A/T first."""
        return {OPTIMISATION: self.optimisation_error / self.num_rounds, **self.constant_terms}

    @property
    def floor(self) -> FloatArray:
        """(...) sum of the constant terms: what no number of rounds is proved to get below."""
        return np.sum(np.array(list(self.constant_terms.values())), axis=0)

    @property
    def total(self) -> FloatArray:
        """(...) the bound itself."""
        return self.optimisation_error / self.num_rounds + self.floor

    @property
    def dominant(self) -> FloatArray:
        """(...) name of the largest term."""
        terms = self.terms
        return np.array(list(terms))[np.argmax(np.array(list(terms.values())), axis=0)]

    def rounds(self, target: ArrayLike) -> FloatArray:
        """(...) the least whole T with a bound of at most `target`; infinite where the constant terms alone reach it.

        Args:
            target: wanted mean squared gradient, > 0.
        """
        room = checked("target", target, low=0.0, open_low=True) - self.floor
        possible = room > 0.0
        with np.errstate(over="ignore"):
            exact = self.optimisation_error / np.where(possible, room, 1.0)
        whole = np.ceil(exact * (1.0 - 1e-12))  # what rounding put beyond a whole number is that number
        return np.where(possible, np.maximum(whole, 1.0), np.inf)

    def explain(self) -> pd.DataFrame:
        """One row a term, the largest first: its value, its share of the bound, and its derivative in T, `change_per_round`.

        Raises:
            ValueError: for a batch; one setting is needed.
        """
        import pandas as pd

        if self.total.ndim:
            raise ValueError(f"explain: got a batch of shape {self.total.shape}; needed is one setting")
        value = pd.Series({name: float(term) for name, term in self.terms.items()}, name="value")
        total = float(self.total)
        frame = pd.DataFrame({"value": value, "share": value / total if total else 0.0})
        frame["change_per_round"] = 0.0
        frame.loc[OPTIMISATION, "change_per_round"] = -float(self.optimisation_error / self.num_rounds**2)
        return frame.rename_axis("term").sort_values("value", ascending=False, kind="stable")
