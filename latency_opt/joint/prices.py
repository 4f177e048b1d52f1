"""Prices of the resources, and the lower bound on the optimum that they prove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray
from channels.summary import shown_by
from latency_opt.joint.client_terms import ClientPoint, ClientTerms
from latency_opt.joint.energy_per_bit import LARGEST, energy_excess, energy_slope
from latency_opt.monotone_root import monotone_root

TOLERANCE = 1e-13
"""On logarithms, where a bound is wrong by its square."""

AT_LIMIT = 1e-10
"""A budget or a power within this relative distance of its limit is at it."""


@shown_by("per_hz", "per_s", "per_j", "per_w", "per_cpu_hz")
@dataclass(frozen=True, kw_only=True, eq=False)
class JointPrices:
    """What the objective, in seconds or joules, would gain from one more unit of each resource.

    Attributes:
        per_hz: (...) of the band.
        per_s: (..., n) of time for the client; for the deadline problem, these add up to 1.
        per_j: (..., n) of its energy budget.
        per_w: (..., n) of its largest power.
        per_cpu_hz: (..., n) of its processor's largest speed.
    """

    per_hz: FloatArray
    per_s: FloatArray
    per_j: FloatArray
    per_w: FloatArray
    per_cpu_hz: FloatArray


def resource_prices(point: ClientPoint, *, per_hz: FloatArray, weights: FloatArray) -> JointPrices:
    """Multipliers that make `point` stationary where the band costs `per_hz`.

    With ω e0 G'(q) = per_hz·b/q, the energy sent is worth ω = w + λ_E + λ_p, where λ_p belongs to e <= p_max t, and the
    airtime is worth per_hz·b/t + p_max λ_p = λ_T. What of ω exceeds the weight w goes to the limit that binds, and where both
    bind, it is split such that computing is stationary: λ_T = (w + λ_E)·2K/c³.

    Args:
        point: where each client is.
        per_hz: (...) price μ of the band.
        weights: (..., n) price w of energy in the objective.
    """
    terms, mu = point.terms, per_hz[..., None]
    value = mu * point.bandwidth_hz / (point.efficiency * terms.least_energy_j * energy_slope(point.efficiency))
    excess = np.where(terms.sends, np.maximum(value - weights, 0.0), 0.0)
    rate = mu * point.bandwidth_hz / point.airtime_s
    works = terms.compute_js2 > 0.0
    pull = np.where(works, 2.0 * terms.compute_js2 / np.where(works, point.compute_s, 1.0) ** 3, 0.0)

    power = terms.max_power_w
    full_power = point.power_w >= (1.0 - AT_LIMIT) * power
    spent = point.energy_j >= (1.0 - AT_LIMIT) * terms.budget_j
    both = np.clip((rate + power * excess - pull * weights) / (pull + power), 0.0, excess)
    budget = np.where(spent, np.where(full_power, both, excess), 0.0)
    # Of who has power to spare, what rounding leaves of the excess would count for much: a watt is a lot beside the rate.
    powerless = np.where(full_power, excess - budget, 0.0)
    per_s = rate + power * powerless
    speed = np.maximum(per_s - (weights + budget) * pull, 0.0)
    full_speed = terms.sends & (point.cpu_hz >= (1.0 - AT_LIMIT) * terms.max_cpu_hz)
    return JointPrices(
        per_hz=per_hz,
        per_s=np.where(terms.sends, per_s, 0.0),
        per_j=np.where(terms.sends, budget, 0.0),
        per_w=np.where(terms.sends, powerless * point.airtime_s, 0.0),
        per_cpu_hz=np.where(full_speed, speed * terms.fastest_s / terms.max_cpu_hz, 0.0),
    )


def lower_bound(
    point: ClientPoint, prices: JointPrices, *, bandwidth_hz: FloatArray, deadline_s: FloatArray, weights: FloatArray
) -> FloatArray:
    """(...) least Lagrangian at these prices: no allocation does better, whether or not the prices are optimal.

    With λ_p = per_w/t and ω = w + λ_E + λ_p, each client's part is a minimum over its compute time,

        min over c >= C/f_max of λ_T c + (w + λ_E) K/c² = at c = max(C/f_max, (2(w + λ_E)K/λ_T)^(1/3)),

    and one over band and airtime, which cost μ and θ = λ_T - p_max λ_p. For their product Z the best is 2√(μθZ), so with
    Z = S/q what is left is convex in q alone, min over q of ω e0 G(q) + 2√(μθS/q).

    Args:
        point: gives the airtimes by which prices of power are those of e <= p_max t.
        prices: >= 0, with λ_T >= p_max λ_p.
        bandwidth_hz: (...) of the cell.
        deadline_s: (...) given deadline, 0 if it is what is minimised; then Σ per_s must be 1.
        weights: (..., n) of the energies in the objective.
    """
    terms = point.terms
    energy = weights + prices.per_j
    power = prices.per_w / point.airtime_s
    airtime = np.maximum(prices.per_s - terms.max_power_w * power, 0.0)
    computing = _least_computing(terms, time=prices.per_s, energy=energy)
    sending = _least_sending(terms, energy=energy + power, area=prices.per_hz[..., None] * airtime)
    spent = np.where(prices.per_j > 0.0, prices.per_j * np.where(np.isinf(terms.budget_j), 0.0, terms.budget_j), 0.0)
    clients = computing + sending - spent - prices.per_s * deadline_s[..., None]
    return np.where(terms.sends, clients, 0.0).sum(axis=-1) - prices.per_hz * bandwidth_hz


def _least_computing(terms: ClientTerms, *, time: FloatArray, energy: FloatArray) -> FloatArray:
    works = terms.cycles > 0.0
    free = np.cbrt(2.0 * energy * terms.compute_js2 / np.where(time > 0.0, time, 1.0))
    compute = np.where(works, np.maximum(terms.fastest_s, free), 1.0)
    return np.where(works, time * compute + energy * terms.compute_js2 / compute**2, 0.0)


def _least_sending(terms: ClientTerms, *, energy: FloatArray, area: FloatArray) -> FloatArray:
    """min over q of energy·e0 G(q) + 2√(area·S/q), where q^(3/2) G'(q) = √(area·S)/(energy·e0)."""
    pays = terms.sends & (energy > 0.0)
    packs = pays & (area > 0.0)  # band that costs nothing is used without end: q = 0
    least = np.where(pays, energy * terms.least_energy_j, 1.0)
    root = np.where(packs, np.sqrt(area * terms.nats), 1.0)
    ratio = np.log(root / least)
    # G' >= 1/2 and, from q = 1 on, q^(3/2) G' >= (q - 1)e^q/√q bound the root from above; G' at that bound from below.
    low_density = np.exp(np.minimum((ratio + np.log(2.0)) / 1.5, LARGEST))
    high = np.minimum(low_density, np.minimum(2.0 + np.maximum(ratio, 0.0), LARGEST))
    low = (ratio - np.log(energy_slope(high))) / 1.5

    def slope(above: FloatArray) -> tuple[FloatArray, FloatArray]:
        q = np.exp(low + above)
        rise = energy_slope(q)
        return 1.5 * (low + above) + np.log(rise) - ratio, np.exp(q) / rise - 0.5

    above, _ = monotone_root(slope, low=np.zeros_like(low), high=np.log(high) - low, tolerance=TOLERANCE)
    q = np.exp(low + above)
    packed = least * (1.0 + energy_excess(q)) + 2.0 * root / np.sqrt(q)
    return np.where(packs, packed, np.where(pays, least, 0.0))
