"""The HIST partition drawn up anew each round, as the channels are, with an imbalance that is kept on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np

from aircomp.result import InfeasibleProblem, Status, status_of
from channels.arrays import FloatArray, checked
from channels.summary import shown_by
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.priced_partition import PricedPartitionProblem, minimize_priced_latency, priced_search
from latency_opt.hist_partition.round_latency import minimize_round_latency
from latency_opt.monotone_root import monotone_root
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd


@shown_by(
    "max_imbalance",
    num_cells=lambda problem: problem.partition.num_cells,
    fixed_latency_s=lambda problem: problem.partition.fixed_latency_s,
    slope_s=lambda problem: problem.partition.slope_s,
)
@dataclass(frozen=True, kw_only=True, eq=False)
class FadingPartitionProblem:
    """min (1/T)Σ_t max_j τ_jt(α_jt) subject to (1/T)Σ_t χ²(α_t‖w) <= ρ and, in each round, Σα_j = 1, α_j >= α_min.

    The convergence bound of HIST is a mean over rounds, so that it holds with the mean of χ² if shares vary, as long as they
    are chosen before the round's gradients are drawn.

    Attributes:
        partition: delays (..., T, N) of T rounds; leading axes are a batch of runs.
        max_imbalance: ρ > 0, on average.
    """

    partition: PartitionProblem
    max_imbalance: float

    def __post_init__(self) -> None:
        if self.partition.slope_s.ndim < 2:
            raise ValueError(f"partition: got shape {self.partition.slope_s.shape}; needed is (..., rounds, cells)")
        checked("max_imbalance", self.max_imbalance, low=0.0, open_low=True)
        # The balanced shares depend on weights and least shares alone, and in each round imbalance must be able to fall.
        least = self.partition.imbalance(self.partition.balanced_fraction).max()
        if least >= self.max_imbalance:
            raise InfeasibleProblem(
                f"max_imbalance: got {self.max_imbalance:g}; more than {least:g} is needed, since min_fraction forces as much"
            )

    @property
    def num_rounds(self) -> int:
        return self.partition.slope_s.shape[-2]

    @property
    def drift_bound(self) -> FloatArray:
        """(...) max ½(χ² - ρ)² over the shares allowed: χ² is convex, so largest where one cell has all there is to give."""
        low, weights = self.partition.min_fraction, self.partition.weights
        spare = 1.0 - low.sum(axis=-1, keepdims=True)
        corners = low[..., None, :] + spare[..., None] * np.eye(low.shape[-1])
        worst = np.sum((corners - weights[..., None, :]) ** 2 / weights[..., None, :], axis=-1).max(axis=(-1, -2))
        return 0.5 * np.maximum(worst - self.max_imbalance, self.max_imbalance) ** 2

    def round_problem(self, index: int) -> PartitionProblem:
        """One round of all runs."""
        names = ("fixed_latency_s", "slope_s", "weights", "min_fraction")
        return PartitionProblem(**{name: getattr(self.partition, name)[..., index, :] for name in names})

    def to_cvxpy(self) -> CvxpyProgram:
        """All rounds of one run at once for CVXPY: variables `fraction` (T, N) and `latency` (T,), in units of `scale`."""
        partition = self.partition
        if partition.slope_s.ndim != 2:
            raise ValueError(f"to_cvxpy: got a batch of shape {partition.slope_s.shape[:-2]}; needed is one run")
        unit_s = float(partition.latency_s(partition.balanced_fraction).max(axis=-1).mean())
        fixed, slope = partition.fixed_latency_s / unit_s, partition.slope_s / unit_s
        fraction = cp.Variable(slope.shape, name="fraction")
        latency = cp.Variable(self.num_rounds, name="latency")
        skew = cp.sum_squares(cp.multiply(1.0 / np.sqrt(partition.weights), fraction - partition.weights))
        return CvxpyProgram(
            objective=cp.Minimize(cp.sum(latency) / self.num_rounds),
            variables={"fraction": fraction, "latency": latency},
            constraints={
                "round": fixed + cp.multiply(slope, fraction) <= cp.reshape(latency, (self.num_rounds, 1), order="C"),
                "partition": cp.sum(fraction, axis=1) == 1.0,
                "min_fraction": fraction >= partition.min_fraction,
                "imbalance": skew / self.num_rounds <= self.max_imbalance,
            },
            scale=unit_s,
        )


@shown_by(
    "status", "mean_latency_s", "mean_imbalance", "round_latency_s", "imbalance", "fraction", "kkt_residual", "iterations"
)
@dataclass(frozen=True, kw_only=True, eq=False)
class FadingPartitionResult:
    """What a policy did over the rounds of a batch of runs.

    Attributes:
        problem: what was solved.
        fraction: (..., T, N) shares.
        round_latency_s: (..., T).
        imbalance: (..., T) χ².
        imbalance_price_s: (..., T) what a unit of imbalance was charged.
        latency_price: (..., T, N) λ_j, how much longer the round were if cell j took a second more; Σλ_j = 1.
        queue: (..., T + 1) imbalance above ρ that is still to be made good, 0 for policies that keep no account.
        kkt_residual: (..., T) largest violation of each round's optimality conditions, and of the average where it is priced.
        status: OPTIMAL if that is within tolerance for all.
        iterations: of the root finding, the most in a round.
    """

    problem: FadingPartitionProblem
    fraction: FloatArray
    round_latency_s: FloatArray
    imbalance: FloatArray
    imbalance_price_s: FloatArray
    latency_price: FloatArray
    queue: FloatArray
    kkt_residual: FloatArray
    status: Status
    iterations: int

    @property
    def mean_latency_s(self) -> FloatArray:
        """(...) over the rounds."""
        return self.round_latency_s.mean(axis=-1)

    @property
    def mean_imbalance(self) -> FloatArray:
        """(...) over the rounds."""
        return self.imbalance.mean(axis=-1)

    @property
    def imbalance_guarantee(self) -> FloatArray:
        """(...) ρ + Q(T)/T, which the mean imbalance of the virtual queue is never above."""
        return self.problem.max_imbalance + self.queue[..., -1] / self.problem.num_rounds

    def explain(self) -> pd.DataFrame:
        """One row a resource and run: its value, whether it binds, and the seconds of mean round latency of one more unit.

        For the policy of a fixed price these are the slopes of the optimum; for the others, of what the rounds add up to at the
        prices charged. A cell's fixed latency is meant to be a second more in all rounds.
        """
        price = self.imbalance_price_s.mean(axis=-1)
        fixed_s, cell_price = self.problem.partition.fixed_latency_s.mean(axis=-2), self.latency_price.mean(axis=-2)
        rows = {"max_imbalance": Price(self.problem.max_imbalance, "χ²", price > 0.0, -price)}
        for j in range(self.problem.partition.num_cells):
            rows[f"cell {j} fixed_latency_s"] = Price(fixed_s[..., j], "s", cell_price[..., j] > 0.0, cell_price[..., j])
        return price_table(rows, batch=price.shape)


def follow_virtual_queue(problem: FadingPartitionProblem, *, latency_weight_per_s: float) -> FadingPartitionResult:
    """Drift plus penalty: in round t the shares of least V·τ + Q(t)·χ², then Q(t + 1) = max(Q(t) + χ² - ρ, 0), Q(0) = 0.

    It sees only the present round. On every path the mean imbalance is at most ρ + Q(T)/T; if rounds are independent and
    alike, the mean latency is on average at most (max ½(χ² - ρ)²)/V above that of the best policy that charges a fixed price.

    Args:
        problem: a batch of runs.
        latency_weight_per_s: V > 0; larger is sooner, and takes longer to make good: V times the right price, in seconds, is
            where the queue settles.

    Source: Neely 2010, "Stochastic network optimization with application to communication and queueing systems", chapter 4.

    >>> slope_s = np.random.default_rng(0).exponential(size=(1000, 3)) + 0.1
    >>> partition = PartitionProblem(fixed_latency_s=0.0, slope_s=slope_s, weights=np.full(3, 1 / 3))
    >>> problem = FadingPartitionProblem(partition=partition, max_imbalance=0.1)
    >>> result = follow_virtual_queue(problem, latency_weight_per_s=10.0)
    >>> bool(result.mean_imbalance <= result.imbalance_guarantee)
    True
    """
    weight = float(checked("latency_weight_per_s", latency_weight_per_s, low=0.0, open_low=True))
    queue = np.zeros((*problem.partition.slope_s.shape[:-2], problem.num_rounds + 1))
    rounds = []
    for t in range(problem.num_rounds):
        priced = PricedPartitionProblem(partition=problem.round_problem(t), imbalance_price_s=queue[..., t] / weight)
        rounds.append(minimize_priced_latency(priced))
        queue[..., t + 1] = np.maximum(queue[..., t] + rounds[-1].imbalance - problem.max_imbalance, 0.0)
    residual = np.stack([r.kkt_residual for r in rounds], axis=-1)
    return FadingPartitionResult(
        problem=problem,
        fraction=np.stack([r.fraction for r in rounds], axis=-2),
        round_latency_s=np.stack([r.round_latency_s for r in rounds], axis=-1),
        imbalance=np.stack([r.imbalance for r in rounds], axis=-1),
        imbalance_price_s=queue[..., :-1] / weight,
        latency_price=np.stack([r.latency_price for r in rounds], axis=-2),
        queue=queue,
        kkt_residual=residual,
        status=status_of(float(residual.max())),
        iterations=max(r.iterations for r in rounds),
    )


def best_fixed_price(problem: FadingPartitionProblem) -> FadingPartitionResult:
    """The optimum over all rounds at once, which is that of a fixed price: with all channels known in advance.

    The Lagrangian (1/T)Σ_t min_α[τ_t + μχ²] - μρ is split into rounds by the price μ of the one constraint that they share.
    Where the price is positive the shares and their imbalance are unique and change continuously with it, so that there is a
    price at which the mean imbalance is ρ: no duality gap. What is found is the root of √mean χ² = √ρ in 1/μ, in which it
    is nearly straight; or the price is 0 if even the shortest rounds are balanced enough.
    """
    partition, limit = problem.partition, problem.max_imbalance
    shape = partition.slope_s.shape[:-1]
    # At a price below 1/F at the least latency, that latency is best.
    shortest = priced_search(PricedPartitionProblem(partition=partition, imbalance_price_s=np.zeros(shape)))
    steepest = shortest.fall.max(axis=-1)
    free = shortest.imbalance.mean(axis=-1) <= limit

    def priced(inverse_price: FloatArray) -> PricedPartitionProblem:
        price = np.where(free, 0.0, 1.0 / np.where(inverse_price > 0.0, inverse_price, np.inf))
        every = np.broadcast_to(price[..., None], shape)
        return PricedPartitionProblem(partition=partition, imbalance_price_s=every)

    def excess(inverse_price: FloatArray) -> tuple[FloatArray, FloatArray]:
        """√(mean χ²/ρ) - 1 and its slope: F(τ) = x = 1/μ gives dχ²/dx = x/χ²''(τ) where τ is beyond the least."""
        best = priced_search(priced(inverse_price))
        moves = ~best.at_least & (best.curvature > 0.0)
        rise = np.where(moves, inverse_price[..., None] / np.where(moves, best.curvature, 1.0), 0.0).mean(axis=-1)
        root = np.sqrt(best.imbalance.mean(axis=-1))
        slope = 0.5 * rise / np.where(root > 0.0, root, 1.0) / np.sqrt(limit)
        return np.where(free, 0.0, root / np.sqrt(limit) - 1.0), slope

    low = 1e-9 * steepest
    inverse, iterations = monotone_root(excess, low=low, high=steepest, tolerance=1e-12)
    result = minimize_priced_latency(priced(inverse))
    price = result.problem.imbalance_price_s
    off = np.where(free, 0.0, np.abs(result.imbalance.mean(axis=-1) / limit - 1.0))
    residual = np.maximum(result.kkt_residual, off[..., None])
    return FadingPartitionResult(
        problem=problem,
        fraction=result.fraction,
        round_latency_s=result.round_latency_s,
        imbalance=result.imbalance,
        imbalance_price_s=price,
        latency_price=result.latency_price,
        queue=np.zeros((*shape[:-1], shape[-1] + 1)),
        kkt_residual=residual,
        status=status_of(float(residual.max())),
        iterations=iterations,
    )


def one_shot_partition(problem: FadingPartitionProblem) -> FadingPartitionResult:
    """The same shares in all rounds, from the round problem with the medians of delays: `minimize_round_latency` on these."""
    partition = problem.partition
    plan = minimize_round_latency(
        PartitionProblem(
            fixed_latency_s=np.median(partition.fixed_latency_s, axis=-2),
            slope_s=np.median(partition.slope_s, axis=-2),
            weights=partition.weights[..., 0, :],
            min_fraction=partition.min_fraction[..., 0, :],
        ),
        max_imbalance=problem.max_imbalance,
    )
    fraction = np.broadcast_to(plan.fraction[..., None, :], partition.slope_s.shape)
    latency = partition.latency_s(fraction)
    shape = latency.shape[:-1]
    return FadingPartitionResult(
        problem=problem,
        fraction=fraction,
        round_latency_s=latency.max(axis=-1),
        imbalance=partition.imbalance(fraction),
        imbalance_price_s=np.broadcast_to(plan.multipliers.imbalance_s[..., None], shape),
        latency_price=(np.arange(partition.num_cells) == latency.argmax(axis=-1)[..., None]).astype(float),
        queue=np.zeros((*shape[:-1], shape[-1] + 1)),
        kkt_residual=np.broadcast_to(plan.kkt_residual[..., None], shape),
        status=plan.status,
        iterations=plan.iterations,
    )
