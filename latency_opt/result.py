"""What every solver here says of its answer."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """How far an answer can be trusted; only OPTIMAL is success."""

    OPTIMAL = "optimal"
    INACCURATE = "inaccurate"


class InfeasibleProblem(ValueError):
    """No point meets all constraints; the message names one that cannot be met."""


KKT_TOLERANCE = 1e-8


def status_of(kkt_residual: float) -> Status:
    """OPTIMAL if the largest residual of the Karush-Kuhn-Tucker conditions is within `KKT_TOLERANCE`.

    >>> status_of(1e-12), status_of(float("nan"))
    (<Status.OPTIMAL: 'optimal'>, <Status.INACCURATE: 'inaccurate'>)
    """
    return Status.OPTIMAL if kkt_residual <= KKT_TOLERANCE else Status.INACCURATE
