"""Design of AirComp-FedZO: who sends, for how many local steps, along how many directions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import cvxpy as cp
import numpy as np

from aircomp.result import InfeasibleProblem
from channels.arrays import FloatArray, IntArray, check_count, checked, matching_shape
from channels.summary import shown_by
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.fedzo.fedzo_design_result import FedZODesignResult
from latency_opt.fedzo.fedzo_design_search import DesignSearch
from latency_opt.fedzo.participation_law import ParticipationLaw


@shown_by("snr", "target", "optimisation_error", "num_parameters", "step_size", "evaluation_s")
@dataclass(frozen=True, kw_only=True, eq=False)
class FedZODesignProblem:
    """Threshold h_min, local steps H and directions b₂ with which AirComp-FedZO is at its target soonest.

    K clients with channels CN(0, 1); those with |h| >= h_min take part, each with probability p = e^(-h_min²), M in all.
    After T rounds in which M >= 1 the mean squared gradient is at most

        A/(γHT) + c_v (d/b₂) E[1/M] + c_d (γH)² + c_n (γH)^q E[1/M²]/(SNR h_min²),   E given M >= 1.

    A round lasts H(b₂ + 1)e + airtime + fixed, e being the time of one loss over the mini-batch, and is lost with
    probability (1 - p)^K. K is no choice: more clients lower every term, and an over-the-air sum takes no longer.

    q is how noise grows with the local steps, since it is in proportion to the largest update, ‖Δ‖²: steps of an estimator
    in random directions are nearly orthogonal, ‖Δ‖² ≈ γ²HG², for which q = 0; in the worst case they are aligned,
    ‖Δ‖² = γ²H²G², for which q = 1.

    Leading axes are a batch; all but K and the choices broadcast.

    Attributes:
        snr: (...) P/σ² > 0, linear, per value and at |h| = 1.
        target: (...) ε, the wanted mean squared gradient, in units of ‖∇f‖² as are all terms.
        optimisation_error: (...) A > 0, a few times f(x⁰) - f*, in units of f.
        num_parameters: (...) d.
        variance_price: (...) c_v >= 0, in units of ‖∇f‖².
        drift_price: (...) c_d >= 0, in units of ‖∇f‖² over those of γ².
        noise_price: (...) c_n > 0, in units of ‖∇f‖² over those of γ^q: a multiple of LγG² for q = 0 and of LG² for q = 1, with
            G² the mean square of an estimate.
        step_size: (...) γ > 0.
        evaluation_s: (...) e >= 0.
        airtime_s: (...) of the sum, > 0; `aircomp_uplink_latency_s`.
        fixed_s: (...) the rest of a round, >= 0: downlink, control.
        num_clients: K.
        local_steps: what H may be, ascending.
        directions: what b₂ may be, ascending.
        max_threshold: largest h_min allowed. Without a limit a single client would be waited for that any SNR suffices for.
        noise_growth: q, between 0 and 1.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning" (AirComp-FedZO), for the kinds of terms; docs/theory.md.
    """

    snr: FloatArray
    target: FloatArray
    optimisation_error: FloatArray
    num_parameters: FloatArray
    variance_price: FloatArray
    drift_price: FloatArray
    noise_price: FloatArray
    step_size: FloatArray
    evaluation_s: FloatArray
    airtime_s: FloatArray
    num_clients: int
    fixed_s: FloatArray = field(default_factory=lambda: np.zeros(()))
    local_steps: IntArray = field(default_factory=lambda: np.arange(1, 51))
    directions: IntArray = field(default_factory=lambda: np.arange(1, 65))
    max_threshold: float = 2.0
    noise_growth: float = 0.0

    def __post_init__(self) -> None:
        may_vanish = ("variance_price", "drift_price", "evaluation_s", "fixed_s")
        batched = [f.name for f in fields(self) if f.name not in _SHARED]
        arrays = {name: checked(name, getattr(self, name), low=0.0, open_low=name not in may_vanish) for name in batched}
        shape = matching_shape("FedZODesignProblem", arrays)
        for name, array in arrays.items():
            object.__setattr__(self, name, np.broadcast_to(array, shape))
        check_count("num_clients", self.num_clients)
        for name in ("local_steps", "directions"):
            choices = np.asarray(getattr(self, name))
            whole = choices.ndim == 1 and choices.size > 0 and np.issubdtype(choices.dtype, np.integer)
            if not whole or choices[0] < 1 or (np.diff(choices) <= 0).any():
                raise ValueError(f"{name}: got {choices}; needed are integers >= 1, ascending")
            object.__setattr__(self, name, choices)
        checked("max_threshold", self.max_threshold, low=0.0, open_low=True, high=25.0)
        checked("noise_growth", self.noise_growth, low=0.0, high=1.0)

    @property
    def path_length(self) -> FloatArray:
        """(..., H) γH for each number of local steps."""
        return self.step_size[..., None] * self.local_steps

    @property
    def round_s(self) -> FloatArray:
        """(..., H, b₂) length of a round."""
        evaluations = self.local_steps[:, None] * (self.directions + 1.0)
        return evaluations * self.evaluation_s[..., None, None] + (self.airtime_s + self.fixed_s)[..., None, None]

    @property
    def room(self) -> FloatArray:
        """(..., H) what drift leaves of the target."""
        return self.target[..., None] - self.drift_price[..., None] * self.path_length**2

    @property
    def variance(self) -> FloatArray:
        """(..., b₂) the variance term of a single client."""
        return (self.variance_price * self.num_parameters)[..., None] / self.directions

    @property
    def noise(self) -> FloatArray:
        """(..., H) the noise term of a single client at threshold 1."""
        return self.noise_price[..., None] * self.path_length**self.noise_growth / self.snr[..., None]

    def to_cvxpy(self, *, threshold: float) -> CvxpyProgram:
        """For CVXPY, one instance with a given h_min and with H and b₂ relaxed to real numbers in their ranges.

        It is a geometric program, to be solved with `solve(gp=True)`: variables `local_steps`, `directions` and `rounds`, the
        time is a posynomial and so is the bound. Its optimum is a lower bound on the best time with that threshold.
        """
        if self.snr.ndim:
            raise ValueError(f"to_cvxpy: got a batch of shape {self.snr.shape}; needed is one instance")
        heard, inverse, noise = (float(x) for x in ParticipationLaw(self.num_clients).moments(np.array([threshold**2]))[0])
        steps, along, rounds = (cp.Variable(pos=True, name=name) for name in ("local_steps", "directions", "rounds"))
        path = float(self.step_size) * steps
        unit_s = float(self.airtime_s + self.fixed_s)
        round_s = float(self.evaluation_s) / unit_s * steps * (along + 1.0) + 1.0 if self.evaluation_s > 0.0 else 1.0
        terms = [
            float(self.optimisation_error) / (path * rounds),
            float(self.noise_price / self.snr) * noise / heard * path**self.noise_growth,
        ]
        if self.variance_price > 0.0:
            terms.append(float(self.variance_price * self.num_parameters) * inverse / heard / along)
        if self.drift_price > 0.0:
            terms.append(float(self.drift_price) * path**2)
        return CvxpyProgram(
            objective=cp.Minimize(rounds * round_s / heard),
            variables={"local_steps": steps, "directions": along, "rounds": rounds},
            constraints={
                "target": cp.sum(cp.hstack(terms)) <= float(self.target),
                "most_steps": steps <= float(self.local_steps[-1]),
                "least_steps": steps >= float(self.local_steps[0]),
                "most_directions": along <= float(self.directions[-1]),
                "least_directions": along >= float(self.directions[0]),
            },
            scale=unit_s,
        )


_SHARED = ("num_clients", "local_steps", "directions", "max_threshold", "noise_growth")


def least_snr(problem: FedZODesignProblem) -> tuple[FloatArray, FloatArray]:
    """(...) the SNR at and below which no design meets the target, and the h_min that would meet it just above.

    The fewest steps and the most directions have the least drift, noise and variance. What is left is
    max g(room - variance·E[1/M])/E[1/M²] over g = h_min², found on a grid that zooms in.

    Raises:
        InfeasibleProblem: if drift and variance exceed the target even without noise and with all clients.
    """
    room, variance = problem.room[..., 0].reshape(-1), problem.variance[..., -1].reshape(-1)
    floor = variance / problem.num_clients
    short = floor >= room
    if short.any():
        worst = int(np.argmax(floor - room))
        drift = problem.target.reshape(-1)[worst] - room[worst]
        raise InfeasibleProblem(
            f"target: got {problem.target.reshape(-1)[worst]:g}; more than {drift + floor[worst]:g} is needed even without "
            f"noise, since drift with {problem.local_steps[0]} local steps is {drift:g} and the variance of "
            f"{problem.directions[-1]} directions at {problem.num_clients} clients {floor[worst]:g}",
            infeasible=short.reshape(problem.snr.shape),
        )
    law = ParticipationLaw(problem.num_clients)
    # E[1/M] >= 1/K, and (1 + g)/K to first order: below a small part of the room left over nothing is gained.
    low = np.log(1e-3 * np.minimum(1.0 - floor / room, problem.max_threshold**2))
    high = np.full(room.shape, 2.0 * np.log(problem.max_threshold))
    for points in (1025, *([65] * 7)):
        at = np.linspace(low, high, points, axis=-1)
        heard, inverse, noise = np.moveaxis(law.moments(np.exp(at).reshape(-1)).reshape(*at.shape, 3), -1, 0)
        ratio = (room[:, None] * heard - variance[:, None] * inverse) / noise
        best = np.argmax(ratio, axis=-1)
        rows = np.arange(len(room))
        low, high = at[rows, np.maximum(best - 1, 0)], at[rows, np.minimum(best + 1, points - 1)]
    shape = problem.snr.shape
    needed = problem.noise[..., 0] * problem.snr / ratio[rows, best].reshape(shape)
    return needed, np.exp(0.5 * at[rows, best]).reshape(shape)


def minimize_time_to_target(problem: FedZODesignProblem) -> FedZODesignResult:
    """Global optimum of a batch of designs.

    With g = h_min² the time is unit(H, b₂)/φ(g), φ = room·P(M >= 1) - variance·E[1/M; M >= 1] - noise·E[1/M²; M >= 1]/g. φ may
    have two humps, so all (H, b₂) are searched together by branch and bound over cells in g: in a cell of width w, φ is at
    most its larger end plus w²/8 times an upper bound of -φ''. Cells that cannot beat the best time known are dropped, the
    others halved, until none is left; a few of Newton's steps then finish the winner.

    Raises:
        InfeasibleProblem: if no design meets the target, with the SNR in dB that one would need.

    >>> problem = FedZODesignProblem(
    ...     snr=[1.0, 100.0], target=0.05, optimisation_error=10.0, num_parameters=100, variance_price=1e-2, drift_price=1.0,
    ...     noise_price=1.0, step_size=1e-3, evaluation_s=1e-3, airtime_s=0.1, num_clients=50)
    >>> result = minimize_time_to_target(problem)
    >>> result.local_steps.tolist(), result.directions.tolist(), result.threshold.round(3).tolist()
    ([50, 50], [2, 2], [0.416, 0.14])
    """
    needed, threshold = least_snr(problem)
    short = problem.snr <= needed
    if short.any():
        where = tuple(int(i) for i in np.argwhere(short)[0])
        raise InfeasibleProblem(
            f"snr: got {10.0 * np.log10(problem.snr[where]):.2f} dB{f' at index {where}' if where else ''}; more than "
            f"{10.0 * np.log10(needed[where]):.2f} dB is needed, with {problem.local_steps[0]} local steps, "
            f"{problem.directions[-1]} directions and h_min = {threshold[where]:.3g}",
            infeasible=short,
        )
    return DesignSearch(problem).solve(threshold)
