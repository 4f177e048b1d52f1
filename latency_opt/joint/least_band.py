"""The least band with which each client is done in time."""

from __future__ import annotations

import numpy as np

from channels.arrays import BoolArray, FloatArray
from latency_opt.cell.bandwidth import airtime_excess
from latency_opt.joint.client_terms import ClientPoint, ClientTerms
from latency_opt.joint.energy_per_bit import efficiency_of_energy, energy_slope
from latency_opt.monotone_root import monotone_root

TOLERANCE = 1e-13
"""On the logarithms of ratios that are to be 1."""

AT_POWER = 1e-9
"""A client that needs its spare time but for this share of it sends with all its power."""

STEEPEST = 1e8
"""Slopes are cut here: where no airtime is left they are infinite, and a Newton step from there would not move."""

WIDEST = 70.0
"""Roots are sought over this many powers of e."""


def least_band(terms: ClientTerms, *, spare_s: FloatArray) -> ClientPoint:
    """The best split of a deadline into computing and sending, and of the budget into both.

    Let q be the nats per hertz and second; then sending costs e0 G(q), computing takes c(q) = √(K/(E - e0 G(q))) or C/f_max
    if that is longer, and the band is S/(q t) with t = T - c(q). Since G is convex so is c, and ln q + ln(T - c(q)) is
    concave: one maximum, where q c'(q) = T - c(q), or at the kink of c, or where the power e0 G(q)/t reaches p_max.
    The first and the last condition each say that something that rises with q is no more than the airtime. The unknown is
    c, not q: near the q at which sending takes the whole budget, c is all that moves.

    Args:
        terms: the clients.
        spare_s: (..., n) T less the time that each needs with unlimited band, > 0. Were T itself given, bands of power-limited
            clients would be decided by its last digits.
    """
    least, power = terms.least_energy_j, terms.max_power_w
    full_power = power * spare_s <= terms.full_speed_spare_j
    excess = np.where(full_power, power * spare_s, np.maximum(terms.full_speed_spare_j, 0.0))
    later, airtime = np.zeros(spare_s.shape), terms.least_airtime_s + spare_s

    # Clients that might compute below full speed.
    slower = ~full_power & (terms.compute_js2 > 0.0)
    if slower.any():
        later[slower], powerless = _slowdown(terms.of(slower), spare_s=spare_s[slower])
        # Added up last: beside a long computing time rounding would leave nothing of how much longer than that it takes.
        delay = (later + (terms.least_compute_s - terms.thrifty_s))[slower] / terms.thrifty_s[slower]
        excess[slower] = terms.margin_j[slower] * (delay * (2.0 + delay) / (1.0 + delay) ** 2)
        # Where computing takes nearly all the time, what is left of it has lost its digits, but not what the power needs.
        left = np.maximum(spare_s - later, 0.0)[slower]
        airtime[slower] = terms.least_airtime_s[slower] + np.where(powerless, (excess / power)[slower], left)
    return ClientPoint(
        terms=terms,
        efficiency=efficiency_of_energy(excess / least),
        airtime_s=airtime,
        compute_s=terms.least_compute_s + later,
    )


def _slowdown(terms: ClientTerms, *, spare_s: FloatArray) -> tuple[FloatArray, BoolArray]:
    """(m,) how much longer than at least each computes, and whether it then sends with all its power."""
    least, power, margin, thrifty = terms.least_energy_j, terms.max_power_w, terms.margin_j, terms.thrifty_s
    offset = (terms.least_compute_s - thrifty) / thrifty
    high = np.log(offset + spare_s / thrifty)
    low = np.maximum(np.log(np.maximum(offset, 1e-300)), high - WIDEST)

    def conditions(above: FloatArray) -> tuple[FloatArray, ...]:
        """ln(time that the power needs/spare time) and ln(q c'/t), and their slopes in ln δ, where c = (1 + δ)·thrifty."""
        delay = np.exp(low + above)
        later = (delay - offset) * thrifty
        excess = margin * (delay * (2.0 + delay) / (1.0 + delay) ** 2)
        excess_slope = 2.0 * margin / (1.0 + delay) ** 3
        q = efficiency_of_energy(excess / least)
        slope = energy_slope(q)
        q_slope = excess_slope / (least * slope)
        airtime = terms.least_airtime_s + np.maximum(spare_s - later, 0.0)
        needed = np.maximum(excess / power + later, np.finfo(float).tiny)
        by_power = np.log(needed / spare_s)
        by_power_slope = delay * (excess_slope / power + thrifty) / needed
        by_balance = np.log(q * slope * (least / margin) * 0.5 * thrifty * (1.0 + delay) ** 3 / airtime)
        bend = (np.exp(q) / slope - 1.0) / q  # d ln(q G')/dq
        by_balance_slope = delay * (bend * q_slope + 3.0 / (1.0 + delay) + thrifty / airtime)
        return by_power, by_balance, by_power_slope, by_balance_slope

    def larger(above: FloatArray) -> tuple[FloatArray, FloatArray]:
        by_power, by_balance, by_power_slope, by_balance_slope = conditions(above)
        powerless = by_power > by_balance
        slope = np.where(powerless, by_power_slope, by_balance_slope)
        return np.where(powerless, by_power, by_balance), np.minimum(slope, STEEPEST)

    above, _ = monotone_root(larger, low=np.zeros_like(low), high=np.maximum(high - low, 0.0), tolerance=TOLERANCE)
    by_power, by_balance, *_ = conditions(above)
    later = np.maximum((np.exp(low + above) - offset) * thrifty, 0.0)
    return later, (by_power > by_balance) & (by_power > -AT_POWER)


def equal_bands_late_s(terms: ClientTerms, band: FloatArray) -> FloatArray:
    """(..., n) how much later than with unlimited band each is at most done in `band`.

    It sends with all the power, or with what is left at full speed or half of what could be left, if that is less.
    """
    by_power = airtime_excess(terms.max_power_w * terms.snr_hz_per_w / band[..., None])
    by_energy = np.maximum(terms.full_speed_spare_j, 0.5 * terms.margin_j) / terms.least_energy_j
    excess = np.minimum(by_power, by_energy)
    airtime = terms.nats / (efficiency_of_energy(excess) * band[..., None])
    compute = np.maximum(terms.fastest_s, terms.thrifty_s + terms.slowdown_s(terms.least_energy_j * excess))
    late = np.where(by_power <= by_energy, terms.least_airtime_s * by_power, airtime - terms.least_airtime_s)
    return late + compute - terms.least_compute_s
