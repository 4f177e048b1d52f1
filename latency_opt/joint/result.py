"""An optimal allocation with its prices and its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aircomp.result import Status, status_of
from channels.arrays import FloatArray
from channels.summary import shown_by
from latency_opt.joint.client_terms import ClientPoint
from latency_opt.joint.prices import AT_LIMIT, JointPrices, lower_bound
from latency_opt.price_table import Price, price_table

if TYPE_CHECKING:
    import pandas as pd

    from latency_opt.joint.problem import JointProblem


@shown_by(
    "status",
    "deadline_s",
    "energy_j",
    "bandwidth_hz",
    "power_w",
    "airtime_s",
    "cpu_hz",
    "client_energy_j",
    "duality_gap",
    "kkt_residual",
    "iterations",
)
@dataclass(frozen=True, kw_only=True, eq=False)
class JointResult:
    """The optimal allocation of a batch of instances.

    Attributes:
        problem: what was solved.
        deadline_s: (...) when the last client is done.
        energy_j: (...) what the clients spend together, weighted where weights were given.
        bandwidth_hz: (..., n) bands.
        power_w: (..., n) transmit powers.
        airtime_s: (..., n) time on air.
        cpu_hz: (..., n) processor speeds; 0 where there is nothing to compute.
        client_energy_j: (..., n) what each client spends.
        point: the same as the solvers see it.
        prices: in `unit` per unit of resource.
        unit: of what was minimised, "s" or "J".
        duality_gap: (...) of the objective over the lower bound that the prices prove, relative to the objective.
        kkt_residual: (...) the larger of the duality gap and of the largest relative violation of a constraint.
        status: OPTIMAL if that is within tolerance for the whole batch.
        iterations: of the outer root finding.
    """

    problem: JointProblem
    deadline_s: FloatArray
    energy_j: FloatArray
    bandwidth_hz: FloatArray
    power_w: FloatArray
    airtime_s: FloatArray
    cpu_hz: FloatArray
    client_energy_j: FloatArray
    point: ClientPoint
    prices: JointPrices
    unit: str
    duality_gap: FloatArray
    kkt_residual: FloatArray
    status: Status
    iterations: int

    def explain(self) -> pd.DataFrame:
        """What binds and what it costs, in seconds or joules of what was minimised: the band, and of each client its energy
        budget, its largest power and its largest processor speed. What is not used up has the price 0.
        """
        problem, prices = self.problem, self.prices
        used_hz = self.bandwidth_hz.sum(axis=-1)
        rows = {"bandwidth_hz": _row(problem.bandwidth_hz, "Hz", used_hz, prices.per_hz)}
        for client in range(problem.payload_bits.shape[-1]):
            one = (..., client)
            resources = (
                ("energy_budget_j", "J", self.client_energy_j, prices.per_j),
                ("max_power_w", "W", self.power_w, prices.per_w),
                ("max_cpu_hz", "Hz", self.cpu_hz, prices.per_cpu_hz),
            )
            for name, unit, used, price in resources:
                rows[f"client {client} {name}"] = _row(getattr(problem, name)[one], unit, used[one], price[one])
        return price_table(rows, batch=problem.bandwidth_hz.shape, of=self.unit.lower())


def _row(limit: FloatArray, unit: str, used: FloatArray, saves: FloatArray) -> Price:
    return Price(limit, unit, used >= (1.0 - AT_LIMIT) * limit, np.where(saves > 0.0, -saves, 0.0))


def joint_result(
    problem: JointProblem,
    point: ClientPoint,
    prices: JointPrices,
    *,
    deadline_s: FloatArray,
    weights: FloatArray | None,
    iterations: int,
) -> JointResult:
    """The result for an allocation, checked afresh: every constraint, and the gap to the bound that the prices prove.

    `weights` are those of the energies if energy is what was minimised, and None if the deadline was.
    """
    terms = point.terms
    sends = terms.sends
    somebody = sends.any(axis=-1)
    priced = np.zeros(sends.shape) if weights is None else weights
    energy = np.where(sends, point.energy_j, 0.0)
    total = np.sum(energy if weights is None else priced * energy, axis=-1)
    objective = deadline_s if weights is None else total
    given = np.zeros_like(deadline_s) if weights is None else deadline_s
    bound = lower_bound(point, prices, bandwidth_hz=problem.bandwidth_hz, deadline_s=given, weights=priced)
    unit = np.where(somebody & (objective > 0.0), objective, 1.0)
    gap = np.where(somebody, (objective - bound) / unit, 0.0)

    band = np.where(sends, point.bandwidth_hz, 1.0)
    snr = terms.snr_hz_per_w * point.power_w / band
    delivered = point.airtime_s * band * np.log1p(snr) / terms.nats
    finish = point.compute_s + point.airtime_s
    violations = [
        np.where(sends, 1.0 - delivered, 0.0).max(axis=-1),
        np.where(sends, point.power_w / terms.max_power_w - 1.0, 0.0).max(axis=-1),
        np.where(sends, point.energy_j / terms.budget_j - 1.0, 0.0).max(axis=-1),
        np.where(sends, point.cpu_hz / terms.max_cpu_hz - 1.0, 0.0).max(axis=-1),
        np.where(sends, finish / np.where(somebody, deadline_s, 1.0)[..., None] - 1.0, 0.0).max(axis=-1),
        np.where(somebody, point.bandwidth_hz.sum(axis=-1) / problem.bandwidth_hz - 1.0, 0.0),
        np.abs(gap),
    ]
    residual = np.max(violations, axis=0)
    return JointResult(
        problem=problem,
        deadline_s=deadline_s,
        energy_j=total,
        bandwidth_hz=point.bandwidth_hz,
        power_w=np.where(sends, point.power_w, 0.0),
        airtime_s=np.where(sends, point.airtime_s, 0.0),
        cpu_hz=np.where(sends, point.cpu_hz, 0.0),
        client_energy_j=energy,
        point=point,
        prices=prices,
        unit="s" if weights is None else "J",
        duality_gap=gap,
        kkt_residual=residual,
        status=status_of(float(residual.max())),
        iterations=iterations,
    )
