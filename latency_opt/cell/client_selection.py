"""Which clients a round should do without."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aircomp.result import InfeasibleProblem, Status, status_of
from channels.arrays import BoolArray, FloatArray, IntArray, check_count, checked
from channels.summary import shown_by
from latency_opt.cell.bandwidth import BandwidthProblem, minimize_deadline
from latency_opt.cell.min_bandwidth import min_bandwidth_hz
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd

MAX_EXCHANGES = 200

SAME_BAND = 1e-9
"""Bands that differ by less than this part of the cell's are the same."""


@shown_by("num_clients", "optimisation_error", "bias_price", "variance_price", "target", "fixed_s", "min_clients")
@dataclass(frozen=True, kw_only=True, eq=False)
class ClientSelectionProblem:
    """min over sets of clients of rounds·(deadline + fixed), the band being shared anew among those who are left.

    Training with m of n clients, all of the same weight, follows their mean gradient: with v_i = 1/m for them and 0 for the
    others the bias is ‖Σ(v_i - 1/n)∇F_i‖² <= χ²(v)·δ², χ² = Σ(v_i - 1/n)²n = (n - m)/m, and the noise of the mean σ²/m.
    So the rounds to a target are at most

        T(m) = A/(ε - B(n - m)/m - C/m).

    Every client counts the same in this, which is what lets the best set of each size be found exactly.

    Attributes:
        bandwidth: who has how much to send, how well he is heard; every client has a payload. Leading axes are a batch.
        optimisation_error: A > 0, in units of ‖∇f‖² times rounds.
        bias_price: B >= 0, a few times δ² >= mean ‖∇F_i - ∇f‖², in units of ‖∇f‖².
        variance_price: C >= 0, a few times γLσ², in units of ‖∇f‖².
        target: ε > 0, wanted mean squared gradient less the constant terms.
        fixed_s: (...) what a round takes besides, >= 0.
        min_clients: least number of clients.

    Source: docs/theory.md, whom to leave out.
    """

    bandwidth: BandwidthProblem
    optimisation_error: float
    bias_price: float
    variance_price: float
    target: float
    fixed_s: FloatArray = field(default_factory=lambda: np.zeros(()))
    min_clients: int = 1

    def __post_init__(self) -> None:
        checked("optimisation_error", self.optimisation_error, low=0.0, open_low=True)
        checked("bias_price", self.bias_price, low=0.0)
        checked("variance_price", self.variance_price, low=0.0)
        checked("target", self.target, low=0.0, open_low=True)
        checked("bandwidth.payload_bits", self.bandwidth.payload_bits, low=0.0, open_low=True)
        fixed = checked("fixed_s", self.fixed_s, low=0.0, shape=self.bandwidth.bandwidth_hz.shape)
        object.__setattr__(self, "fixed_s", fixed)
        check_count("min_clients", self.min_clients)
        if self.min_clients > self.num_clients:
            raise ValueError(
                f"min_clients: got {self.min_clients}; allowed is at most the number of clients, {self.num_clients}"
            )

    @property
    def num_clients(self) -> int:
        return self.bandwidth.payload_bits.shape[-1]

    def bias(self, num_selected: IntArray) -> FloatArray:
        """The bound's term B(n - m)/m for those left out."""
        return self.bias_price * (self.num_clients - num_selected) / num_selected

    def variance(self, num_selected: IntArray) -> FloatArray:
        """The bound's term C/m."""
        return self.variance_price / num_selected

    def rounds(self, num_selected: IntArray) -> FloatArray:
        """T(m); infinite where the target cannot be met."""
        room = self.target - self.bias(num_selected) - self.variance(num_selected)
        return np.where(room > 0.0, self.optimisation_error / np.where(room > 0.0, room, 1.0), np.inf)

    def only(self, selected: BoolArray) -> BandwidthProblem:
        """The bandwidth problem of the selected (..., n); leading axes broadcast against the batch."""
        whole = self.bandwidth
        return replace(whole, payload_bits=np.where(selected, whole.payload_bits, 0.0))

    def to_cvxpy(self, *, selected: BoolArray) -> CvxpyProgram:
        """For CVXPY, one instance with a given set (n,): the bands and the deadline, as in `BandwidthProblem.to_cvxpy`.

        The objective is the time to the target; sets are to be compared outside.
        """
        program = self.only(selected).to_cvxpy()
        rounds = float(self.rounds(np.asarray(selected).sum()))
        deadline = program.objective.args[0] + float(self.fixed_s) / program.scale
        return replace(program, objective=type(program.objective)(deadline), scale=rounds * program.scale)


@shown_by(
    "status", "num_selected", "deadline_s", "rounds", "training_latency_s", "saved_s", "selected", "kkt_residual", "iterations"
)
@dataclass(frozen=True, kw_only=True, eq=False)
class ClientSelectionResult:
    """The best selections of a batch of instances, with what other sizes would have come to.

    Attributes:
        problem: what was solved.
        selected: (..., n) who takes part.
        bandwidth_hz: (..., n) their bands.
        deadline_s: (...) when the last of them is done.
        rounds: (...) T, as a real number.
        sizes: (M,) numbers of clients that were compared.
        deadlines_s: (..., M) the least deadline of each.
        fall_hz_per_s: (..., n) how fast the band that a client needs falls as the deadline moves out.
        bandwidth_price_s_per_hz: (...) how much sooner a round's deadline were with one more hertz.
        kkt_residual: (...) largest violation of what makes the sets optimal: of the bands, and of nobody left out needing
            less band for the deadline than someone selected, relative to the cell's.
        status: OPTIMAL if that is within tolerance for the whole batch.
        iterations: exchanges.
    """

    problem: ClientSelectionProblem
    selected: BoolArray
    bandwidth_hz: FloatArray
    deadline_s: FloatArray
    rounds: FloatArray
    sizes: IntArray
    deadlines_s: FloatArray
    fall_hz_per_s: FloatArray
    bandwidth_price_s_per_hz: FloatArray
    kkt_residual: FloatArray
    status: Status
    iterations: int

    @property
    def num_selected(self) -> IntArray:
        """(...) m."""
        return self.selected.sum(axis=-1)

    @property
    def training_latency_s(self) -> FloatArray:
        """(...) time to the target."""
        return self.rounds * (self.deadline_s + self.problem.fixed_s)

    @property
    def training_latencies_s(self) -> FloatArray:
        """(..., M) time to the target with the best set of each size."""
        return self.problem.rounds(self.sizes) * (self.deadlines_s + self.problem.fixed_s[..., None])

    @property
    def saved_s(self) -> FloatArray:
        """(...) seconds sooner at the target than with everybody."""
        return self.training_latencies_s[..., -1] - self.training_latency_s

    @property
    def saved_per_round_s(self) -> FloatArray:
        """(...) seconds by which a round is shorter than with everybody."""
        return self.deadlines_s[..., -1] - self.deadline_s

    @property
    def bound_cost(self) -> FloatArray:
        """(...) by how much those left out raise the bound, in units of ‖∇f‖²."""
        problem, everybody = self.problem, np.asarray(self.problem.num_clients)
        return problem.bias(self.num_selected) + problem.variance(self.num_selected) - problem.variance(everybody)

    def explain(self) -> pd.DataFrame:
        """One row a resource or client, and instance: its value, whether it binds, and the seconds that one more unit costs.

        Prices are slopes of the time to the target at the set found. A client's value is when it has computed; it binds if its
        band is more than its least, so that one who is left out or done early has no price.
        """
        problem, total, count = self.problem, self.training_latency_s, self.num_selected
        per_target = total * self.rounds / problem.optimisation_error
        left_out = problem.num_clients - count
        band_price = self.rounds * self.bandwidth_price_s_per_hz
        delay = band_price[..., None] * self.fall_hz_per_s
        rows = {
            "target": Price(problem.target, "‖∇f‖²", True, -per_target),
            "bias_price": Price(problem.bias_price, "‖∇f‖²", problem.bias(count) > 0.0, per_target * left_out / count),
            "variance_price": Price(problem.variance_price, "‖∇f‖²", problem.variance(count) > 0.0, per_target / count),
            "bandwidth_hz": Price(problem.bandwidth.bandwidth_hz, "Hz", True, -band_price),
            "fixed_s": Price(problem.fixed_s, "s", True, self.rounds),
            "min_clients": Price(problem.min_clients, "clients", count == problem.min_clients, np.nan),
        }
        for i in range(problem.num_clients):
            compute_s = problem.bandwidth.compute_s[..., i]
            rows[f"client {i} compute_s"] = Price(compute_s, "s", delay[..., i] > 0.0, delay[..., i])
        return price_table(rows, batch=total.shape)


def select_clients(problem: ClientSelectionProblem) -> ClientSelectionResult:
    """Global optimum of a batch of selections.

    Of all sets of m clients the best is found by exchanges, for all m at once: share the band out optimally, with deadline t;
    take the m clients that need the least band for t; repeat. They need no more than the cell has, so t never rises; and if
    they are the old set, then no m clients can be done sooner, since all bands needed grow as t shrinks. The best m is picked.

    Were finishing times given, the sets would be the prefixes in their order. Here the order changes with t: a slow processor
    with a strong link needs little band for a late deadline, and more than there is for an early one.

    Raises:
        InfeasibleProblem: if the target is not met even with everybody.

    >>> bandwidth = BandwidthProblem(compute_s=[0.1, 0.1, 0.1, 0.9], payload_bits=1e6, gain_power_w=1e-12,
    ...                              noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> result = select_clients(ClientSelectionProblem(
    ...     bandwidth=bandwidth, optimisation_error=1.0, bias_price=0.01, variance_price=0.1, target=0.1))
    >>> result.selected.tolist(), float(result.saved_per_round_s.round(4))
    ([True, True, True, False], 0.6352)
    """
    everybody = np.asarray(problem.num_clients)
    if np.isinf(problem.rounds(everybody)):
        floor = float(problem.variance(everybody))
        raise InfeasibleProblem(
            f"target: got {problem.target:g}; more than {floor:g} is needed even with all {problem.num_clients} clients, for "
            "variance_price",
            infeasible=np.ones(problem.fixed_s.shape, dtype=bool),
        )
    sizes = np.arange(problem.min_clients, problem.num_clients + 1)
    sizes = sizes[np.isfinite(problem.rounds(sizes))]
    whole = problem.bandwidth
    batch = _for_each_size(whole, len(sizes))
    equal = whole.finish_s(whole.bandwidth_hz[..., None] / problem.num_clients)[..., None, :]
    selected = _lowest(np.broadcast_to(equal, batch.payload_bits.shape), sizes)
    exchanges = 0
    while True:
        exchanges += 1
        shared = minimize_deadline(replace(batch, payload_bits=np.where(selected, batch.payload_bits, 0.0)))
        # Who is selected needs what he has; by a deadline that rounding put at his compute time no band would do.
        needed = np.where(selected, shared.bandwidth_hz, _needed_hz(batch, shared.deadline_s))
        # Among equals those already selected stay.
        order = np.where(selected, needed * (1.0 - SAME_BAND) - SAME_BAND * batch.bandwidth_hz[..., None], needed)
        chosen = _lowest(order, sizes)
        if (chosen == selected).all() or exchanges == MAX_EXCHANGES:
            break
        selected = chosen

    dearest = np.max(np.where(selected, needed, 0.0), axis=-1)
    cheapest = np.min(np.where(selected, np.inf, needed), axis=-1)
    saved = np.maximum(dearest - cheapest, 0.0) / whole.bandwidth_hz[..., None]
    residual = np.max(np.maximum(saved - 2.0 * SAME_BAND, 0.0), axis=-1) + shared.kkt_residual
    best = np.argmin(problem.rounds(sizes) * (shared.deadline_s + problem.fixed_s[..., None]), axis=-1)

    def at(array: FloatArray) -> FloatArray:
        return np.take_along_axis(array, best[..., None], axis=-1)[..., 0]

    def clients(array: NDArray[Any]) -> NDArray[Any]:
        return np.take_along_axis(array, best[..., None, None], axis=-2)[..., 0, :]

    return ClientSelectionResult(
        problem=problem,
        selected=clients(selected),
        bandwidth_hz=clients(shared.bandwidth_hz),
        fall_hz_per_s=clients(shared.fall_hz_per_s),
        deadline_s=at(shared.deadline_s),
        rounds=problem.rounds(sizes[best]),
        sizes=sizes,
        deadlines_s=shared.deadline_s,
        bandwidth_price_s_per_hz=at(shared.shadow_price_s_per_hz),
        kkt_residual=residual,
        status=status_of(float(residual.max(initial=0.0))),
        iterations=exchanges,
    )


def _for_each_size(problem: BandwidthProblem, num_sizes: int) -> BandwidthProblem:
    """(..., M, n): every instance once for each size."""

    def repeated(array: FloatArray) -> FloatArray:
        return np.broadcast_to(array[..., None, :], (*array.shape[:-1], num_sizes, array.shape[-1]))

    return replace(
        problem,
        compute_s=repeated(problem.compute_s),
        payload_bits=repeated(problem.payload_bits),
        gain_power_w=repeated(problem.gain_power_w),
        min_bandwidth_hz=repeated(problem.min_bandwidth_hz),
        bandwidth_hz=np.repeat(problem.bandwidth_hz[..., None], num_sizes, axis=-1),
    )


def _needed_hz(problem: BandwidthProblem, deadline_s: FloatArray) -> FloatArray:
    """(..., n) least band of every client to be done at the deadline; infinite where none will do."""
    airtime = deadline_s[..., None] - problem.compute_s
    rate = problem.payload_bits / np.where(airtime > 0.0, airtime, 1.0)
    band = min_bandwidth_hz(rate, gain_power_w=problem.gain_power_w, noise_psd_w_per_hz=problem.noise_psd_w_per_hz)
    return np.where(airtime > 0.0, np.maximum(band, problem.min_bandwidth_hz), np.inf)


def _lowest(values: FloatArray, sizes: IntArray) -> BoolArray:
    """(..., M, n) the first `sizes` in ascending order of values (..., M, n)."""
    rank = np.argsort(np.argsort(values, axis=-1, kind="stable"), axis=-1, kind="stable")
    return rank < sizes[:, None]
