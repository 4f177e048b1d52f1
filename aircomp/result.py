"""What every solver here says of its answer."""

from __future__ import annotations

from enum import Enum
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, FloatArray


class Status(Enum):
    """How far an answer can be trusted; only OPTIMAL is success."""

    OPTIMAL = "optimal"
    INACCURATE = "inaccurate"


class InfeasibleProblem(ValueError):
    """No point meets all constraints; the message names one that cannot be met.

    Attributes:
        infeasible: (...) which instances of a batch cannot meet that one, so that they may be left out; None if not known.
    """

    def __init__(self, message: str, *, infeasible: ArrayLike | None = None) -> None:
        super().__init__(message)
        self.infeasible: BoolArray | None = None if infeasible is None else np.asarray(infeasible)


class UncertifiedSolution(ArithmeticError):
    """A solver's answer whose optimality conditions do not hold to tolerance, where only an optimum will do."""


KKT_TOLERANCE = 1e-8


def status_of(kkt_residual: float) -> Status:
    """OPTIMAL if the largest residual of the Karush-Kuhn-Tucker conditions is within `KKT_TOLERANCE`.

    >>> status_of(1e-12), status_of(float("nan"))
    (<Status.OPTIMAL: 'optimal'>, <Status.INACCURATE: 'inaccurate'>)
    """
    return Status.OPTIMAL if kkt_residual <= KKT_TOLERANCE else Status.INACCURATE


class Result(Protocol):
    """An answer with its certificate."""

    @property
    def status(self) -> Status: ...

    @property
    def kkt_residual(self) -> FloatArray | float: ...


R = TypeVar("R", bound=Result)


def certified(result: R) -> R:
    """The result itself if it is OPTIMAL.

    Raises:
        UncertifiedSolution: if it is not.
    """
    if result.status is not Status.OPTIMAL:
        raise UncertifiedSolution(
            f"{type(result).__name__}: the KKT residual is {np.max(result.kkt_residual):.1e}, above {KKT_TOLERANCE:g}; "
            "scale the problem's inputs towards each other"
        )
    return result
