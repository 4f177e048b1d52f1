"""A problem stated in CVXPY, its parts by name, so that a user can add to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import cvxpy as cp


@dataclass(frozen=True, kw_only=True, eq=False)
class CvxpyProgram:
    """Objective, variables and constraints of a problem.

    Attributes:
        objective: what is minimised, dimensionless for the solver's sake.
        variables: by name.
        constraints: by name.
        scale: what the objective's value is multiplied with to have the problem's unit.
    """

    objective: cp.Minimize
    variables: dict[str, cp.Variable]
    constraints: dict[str, cp.Constraint]
    scale: float = 1.0
    extra: list[cp.Constraint] = field(default_factory=list)

    def solve(self, **options: object) -> float:
        """The optimum in the problem's unit, by Clarabel; `extra` holds constraints of the user's own.

        Raises:
            cvxpy.SolverError: if the solver does not report an optimum.
        """
        program = cp.Problem(self.objective, [*self.constraints.values(), *self.extra])
        program.solve(solver=cp.CLARABEL, **options)
        if program.status != cp.OPTIMAL:
            raise cp.SolverError(f"Clarabel reports {program.status}")
        return self.scale * float(program.value)
