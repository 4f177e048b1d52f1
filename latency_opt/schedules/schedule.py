"""How many edge rounds a global round should have, and how many local steps an edge round."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np

from aircomp.result import InfeasibleProblem, Status, status_of
from channels.arrays import BoolArray, FloatArray, IntArray, check_count, checked, matching_shape
from channels.summary import shown_by
from latency_opt.bounds.step_size import ROUNDING
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.price_table import Price, price_table
from latency_opt.schedules.schedule_bound import ScheduleBound

if TYPE_CHECKING:
    import pandas as pd


@shown_by("bound", "target", "step_s", "edge_s", "backhaul_s", "step_size", "max_edge_rounds", "max_local_steps")
@dataclass(frozen=True, kw_only=True, eq=False)
class ScheduleProblem:
    """min T(E, H)·(E(H·step + edge) + backhaul) over integers E and H, T being the global rounds that a bound asks for.

    Leading axes are a batch; delays and targets broadcast.

    Attributes:
        bound: convergence of the algorithm.
        target: (...) wanted mean squared gradient.
        step_s: (...) a local step, > 0.
        edge_s: (...) what an edge round takes besides, >= 0: uplink and downlink.
        backhaul_s: (...) what a global round takes besides, >= 0.
        step_size: γ if it is given; else the best is chosen for each schedule.
        max_edge_rounds: E is at most this.
        max_local_steps: H is at most this.
    """

    bound: ScheduleBound
    target: FloatArray
    step_s: FloatArray
    edge_s: FloatArray
    backhaul_s: FloatArray = field(default_factory=lambda: np.zeros(()))
    step_size: float | None = None
    max_edge_rounds: int = 64
    max_local_steps: int = 128

    def __post_init__(self) -> None:
        arrays = {
            "target": checked("target", self.target, low=0.0, open_low=True),
            "step_s": checked("step_s", self.step_s, low=0.0, open_low=True),
            "edge_s": checked("edge_s", self.edge_s, low=0.0),
            "backhaul_s": checked("backhaul_s", self.backhaul_s, low=0.0),
        }
        shape = matching_shape("ScheduleProblem", arrays)
        for name, array in arrays.items():
            object.__setattr__(self, name, np.broadcast_to(array, shape))
        check_count("max_edge_rounds", self.max_edge_rounds)
        check_count("max_local_steps", self.max_local_steps)
        if self.step_size is not None:
            checked("step_size", self.step_size, low=0.0, open_low=True)

    @property
    def schedules(self) -> tuple[FloatArray, FloatArray]:
        """(E, 1) edge rounds and (1, H) local steps."""
        return np.arange(1.0, self.max_edge_rounds + 1)[:, None], np.arange(1.0, self.max_local_steps + 1)[None, :]

    @property
    def round_s(self) -> FloatArray:
        """(..., E, H) length of a global round."""
        edge, local = self.schedules
        step_s, edge_s, backhaul_s = (x[..., None, None] for x in (self.step_s, self.edge_s, self.backhaul_s))
        return edge * (local * step_s + edge_s) + backhaul_s

    def to_cvxpy(self, *, edge_rounds: int, local_steps: int) -> CvxpyProgram:
        """For CVXPY, one instance at a given schedule: a geometric program, to be solved with `solve(gp=True)`.

        Variables: `rounds` T, and `path` s = γEH in units of its largest value. T's least real value times the length of the
        round is the objective.
        """
        if self.target.ndim:
            raise ValueError(f"to_cvxpy: got a batch of shape {self.target.shape}; needed is one instance")
        edge, local = np.array(float(edge_rounds)), np.array(float(local_steps))
        bound, target = self.bound, float(self.target)
        longest = float(bound.max_path(edge, local))
        quadratic = float(bound.quadratic(edge, local) + target * bound.gradient_drift(edge, local))
        rounds, path = cp.Variable(pos=True, name="rounds"), cp.Variable(pos=True, name="path")
        coefficients = [(bound.floor, 0), (float(bound.linear(edge, local)), 1), (quadratic, 2)]
        terms = [bound.optimisation_error / longest / target / (path * rounds)]
        terms += [value * longest**power / target * path**power for value, power in coefficients if value > 0.0]
        constraints = {"target": cp.sum(cp.hstack(terms)) <= 1.0, "path": path <= 1.0}
        if self.step_size is not None:
            constraints["step_size"] = path == self.step_size * edge_rounds * local_steps / longest
        seconds = edge_rounds * (local_steps * self.step_s + self.edge_s) + self.backhaul_s
        return CvxpyProgram(
            objective=cp.Minimize(rounds),
            variables={"rounds": rounds, "path": path},
            constraints=constraints,
            scale=float(seconds),
        )


@shown_by(
    "status",
    "edge_rounds",
    "local_steps",
    "step_size",
    "rounds",
    "round_latency_s",
    "training_latency_s",
    "optimal_over_all_integers",
    "kkt_residual",
    "iterations",
)
@dataclass(frozen=True, kw_only=True, eq=False)
class ScheduleResult:
    """The best schedules of a batch of instances.

    Attributes:
        problem: what was solved.
        edge_rounds: (...) E.
        local_steps: (...) H.
        step_size: (...) γ.
        rounds: (...) global rounds T, as a real number.
        round_latency_s: (...).
        optimisation_term: (...) of the bound at T, as the next three; together they are the target.
        floor_term: (...).
        linear_term: (...) in γ.
        quadratic_term: (...) in γ², with what drift adds in proportion to the target.
        path_binds: (...) whether γEH is as large as the bound allows.
        outside_s: (...) no schedule with more edge rounds or local steps than were tried is sooner than this.
        kkt_residual: (...) relative slope of the time in ln γ that is left.
        status: OPTIMAL if that is within tolerance for the whole batch; all schedules within the limits have been compared.
        iterations: schedules compared.
    """

    problem: ScheduleProblem
    edge_rounds: IntArray
    local_steps: IntArray
    step_size: FloatArray
    rounds: FloatArray
    round_latency_s: FloatArray
    optimisation_term: FloatArray
    floor_term: FloatArray
    linear_term: FloatArray
    quadratic_term: FloatArray
    path_binds: BoolArray
    outside_s: FloatArray
    kkt_residual: FloatArray
    status: Status
    iterations: int

    @property
    def training_latency_s(self) -> FloatArray:
        """(...) time to the target."""
        return self.rounds * self.round_latency_s

    @property
    def optimal_over_all_integers(self) -> BoolArray:
        """(...) whether no schedule beyond the limits on E and H can be sooner either."""
        return self.outside_s >= self.training_latency_s

    def explain(self) -> pd.DataFrame:
        """One row a resource and instance: its value, whether it binds, and the seconds that one more unit of it costs.

        Prices are slopes of the optimal time at the schedule found; for the limits on E and H, which have none, they are NaN.
        """
        problem, total = self.problem, self.training_latency_s
        schedule = (self.edge_rounds.astype(float), self.local_steps.astype(float))
        per_term = total / self.optimisation_term
        # At a free γ the time does not change with the path; where the largest path binds, a longer one would save time.
        slope = (self.linear_term + 2.0 * self.quadratic_term) / self.optimisation_term - 1.0
        path = self.step_size * self.edge_rounds * self.local_steps
        # A looser target also lets in more of the drift that the gradient itself causes.
        per_target = per_term * (1.0 - problem.bound.gradient_drift(*schedule) * path**2)
        path_price = np.where(self.path_binds, total / path * slope, 0.0)
        error, most_edge, most_local = problem.bound.optimisation_error, problem.max_edge_rounds, problem.max_local_steps
        rows = {
            "target": Price(problem.target, "‖∇f‖²", True, -per_target),
            "optimisation_error": Price(error, "f", True, total / error),
            "floor": Price(self.floor_term, "‖∇f‖²", self.floor_term > 0.0, per_term),
            "linear term": Price(self.linear_term, "‖∇f‖²", self.linear_term > 0.0, per_term),
            "quadratic term": Price(self.quadratic_term, "‖∇f‖²", self.quadratic_term > 0.0, per_term),
            "step_s": Price(problem.step_s, "s", True, self.rounds * self.edge_rounds * self.local_steps),
            "edge_s": Price(problem.edge_s, "s", True, self.rounds * self.edge_rounds),
            "backhaul_s": Price(problem.backhaul_s, "s", True, self.rounds),
            "max_path": Price(problem.bound.max_path(*schedule), "γEH", self.path_binds, path_price),
            "max_edge_rounds": Price(most_edge, "rounds", self.edge_rounds == most_edge, np.nan),
            "max_local_steps": Price(most_local, "steps", self.local_steps == most_local, np.nan),
        }
        return price_table(rows, batch=total.shape)


def minimize_schedule(problem: ScheduleProblem) -> ScheduleResult:
    """Global optimum of a batch of schedules within the limits on E and H.

    All schedules are compared, each at its best step size: with s = γEH and R = target - floor the rounds are
    P/(s(R - linear·s - q s²)), q = quadratic + target·gradient_drift, whose denominator is concave in s and largest at
    s = R/(linear + √(linear² + 3qR)), or at the largest path if that is shorter.

    Raises:
        InfeasibleProblem: if no schedule meets the target, naming the term that is in the way.

    >>> from latency_opt import HierarchicalFedAvgScheduleBound, LearningConstants
    >>> constants = LearningConstants(
    ...     smoothness=5.0, initial_gap=2.0, noise_variance=100.0, cell_divergence=0.01, client_divergence=4.0
    ... )
    >>> bound = HierarchicalFedAvgScheduleBound(constants=constants, clients_per_cell=[10] * 10)
    >>> result = minimize_schedule(ScheduleProblem(bound=bound, target=[0.02, 0.2], step_s=0.01, edge_s=0.05, backhaul_s=2.0))
    >>> result.edge_rounds.tolist(), result.local_steps.tolist()
    ([17, 7], [8, 5])
    """
    bound, given = problem.bound, problem.step_size
    edge, local = problem.schedules
    linear, longest = bound.linear(edge, local), bound.max_path(edge, local)
    drift = bound.gradient_drift(edge, local)
    quadratic = bound.quadratic(edge, local) + problem.target[..., None, None] * drift
    room = (problem.target - bound.floor)[..., None, None]
    if (room <= 0.0).any():
        raise InfeasibleProblem(
            f"target: got {problem.target.min():g}; more than {bound.floor:g} is needed, which no step size lowers: "
            "unequal sub-models and absent parameters",
            infeasible=room[..., 0, 0] <= 0.0,
        )
    root = linear + np.sqrt(linear**2 + 3.0 * quadratic * room)
    free = np.where(root > 0.0, room / np.where(root > 0.0, root, 1.0), np.inf)  # without noise and drift longer is better
    path = np.minimum(free, longest) if given is None else np.broadcast_to(given * edge * local, free.shape)
    allowed = path <= longest * (1.0 + ROUNDING)
    left = np.where(allowed, room - path * (linear + path * quadratic), -1.0)
    good = left > 0.0
    rounds = np.where(good, bound.optimisation_error / np.where(good, path * left, 1.0), np.inf)
    total = rounds * problem.round_s
    if np.isinf(total.min(axis=(-2, -1))).any():
        assert given is not None  # a small enough step meets any target above the floor
        if not allowed.any():
            largest = (longest / (edge * local)).max()
            raise InfeasibleProblem(f"step_size: got {given:g}; at most {largest:g} is allowed, whatever the schedule")
        share = 1.0 - path**2 * drift
        constant = bound.floor + path * (linear + path * bound.quadratic(edge, local))
        lowest = np.min(np.where(allowed & (share > 0.0), constant / np.where(share > 0.0, share, 1.0), np.inf))
        raise InfeasibleProblem(
            f"target: got {problem.target.min():g}; more than {lowest:g} is needed with step_size {given:g}, "
            "for noise and drift",
            infeasible=np.isinf(total.min(axis=(-2, -1))),
        )

    shape = problem.target.shape
    flat = total.reshape(*shape, -1).argmin(axis=-1)
    rows, columns = np.divmod(flat, problem.max_local_steps)

    def at(array: FloatArray) -> FloatArray:
        whole = np.broadcast_to(array, total.shape).reshape(*shape, -1)
        return np.take_along_axis(whole, flat[..., None], axis=-1)[..., 0]

    s, first, second, rest = at(path), at(path * linear), at(path**2 * quadratic), at(left)
    binds = (s >= at(longest)) & (given is None)
    slope = (first + 2.0 * second) / rest - 1.0  # of ln T in ln s
    residual = np.zeros(shape) if given is not None else np.where(binds, np.maximum(slope, 0.0), np.abs(slope))

    def beyond(least_edge: float, least_local: float) -> FloatArray:
        """Least conceivable time from there on: s is at most its largest at that corner, and the room at most R."""
        longest_beyond = bound.max_path(np.array(least_edge), np.array(least_local))
        fewest = bound.optimisation_error / (longest_beyond * room[..., 0, 0])
        return fewest * (least_edge * (least_local * problem.step_s + problem.edge_s) + problem.backhaul_s)

    return ScheduleResult(
        problem=problem,
        edge_rounds=rows + 1,
        local_steps=columns + 1,
        step_size=s / ((rows + 1.0) * (columns + 1.0)),
        rounds=at(rounds),
        round_latency_s=at(problem.round_s),
        optimisation_term=rest,
        floor_term=np.full(shape, bound.floor),
        linear_term=first,
        quadratic_term=second,
        path_binds=binds,
        outside_s=np.minimum(beyond(problem.max_edge_rounds + 1.0, 1.0), beyond(1.0, problem.max_local_steps + 1.0)),
        kkt_residual=residual,
        status=status_of(float(residual.max(initial=0.0))),
        iterations=int(edge.size * local.size),
    )
