"""How much band each client takes, and how it uses it, where band and energy have a price."""

from __future__ import annotations

import numpy as np

from channels.arrays import BoolArray, FloatArray
from latency_opt.joint.client_terms import ClientPoint, ClientTerms
from latency_opt.joint.energy_per_bit import LARGEST, efficiency_of_energy, efficiency_of_price, energy_slope
from latency_opt.joint.least_band import STEEPEST, TOLERANCE, WIDEST
from latency_opt.monotone_root import monotone_root


def priced_band(
    terms: ClientTerms, *, spare_s: FloatArray, per_hz: FloatArray, weights: FloatArray
) -> tuple[ClientPoint, FloatArray]:
    """min w(K/c² + e) + μb for each client under its deadline, without its budget, and -d ln b/d ln μ.

    For an airtime t the best efficiency is the least of two: that of the price, q²G'(q) = μ g/(w N0 t), and that at which the
    power reaches p_max, e0 G(q) = p_max t. What is left is convex in t. Its slope is 2wK/c³ less what a longer airtime saves:
    w e0 q G'(q)/t at the first efficiency, and μb/t + p_max(ω - w) with ω = μb/(q e0 G'(q)) at the second.

    Args:
        terms: the clients.
        spare_s: (..., n) deadline less `fastest_s` and `least_airtime_s`, > 0.
        per_hz: (..., n) price μ > 0 of band.
        weights: (..., n) price w > 0 of energy.
    """
    least, power = terms.least_energy_j, terms.max_power_w
    price = per_hz / weights
    works = terms.compute_js2 > 0.0
    work = np.where(works, 2.0 * terms.compute_js2, 1.0)

    def use(extra: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray]:
        """Airtime, efficiency, whether the power decides it, and the band, for an airtime beyond the least."""
        airtime = terms.least_airtime_s + extra
        by_power = efficiency_of_energy(power * extra / least)
        by_price = efficiency_of_price(price * terms.snr_hz_per_w / airtime)
        q = np.minimum(by_power, by_price)
        return airtime, q, by_power < by_price, terms.nats / (q * airtime)

    def slopes(extra: FloatArray) -> tuple[FloatArray, ...]:
        """ln(2K/c³) - ln(what airtime saves), its slopes in t and -ln μ, and those of -ln b in t and ln μ."""
        airtime, q, full, band = use(extra)
        rise = energy_slope(q)
        growth = np.exp(np.minimum(q, LARGEST))
        bend = growth - rise  # (q G')'
        q_slope = np.where(full, power / (least * rise), -q * rise / (growth * airtime))
        q_price = np.where(full, 0.0, q * rise / growth)
        value = price * band / (q * least * rise)  # ω/w
        saved = np.where(full, price * band / airtime + power * (value - 1.0), least * q * rise / airtime)
        by_full = price * band / airtime * (-q_slope / q - 2.0 / airtime)
        by_full = by_full - power * value * (q_slope / q + 1.0 / airtime + bend * q_slope / (q * rise))
        saved_slope = np.where(full, by_full, least * (bend * q_slope - q * rise / airtime) / airtime)
        saved_price = np.where(full, saved + power, least * bend * q_price / airtime)
        compute = terms.fastest_s + (spare_s - extra)
        gap = np.log(work / np.maximum(compute, 1e-300) ** 3) - np.log(saved)
        gap_slope = 3.0 / compute - saved_slope / saved
        return gap, gap_slope, saved_price / saved, q_slope / q + 1.0 / airtime, q_price / q

    def balance(above: FloatArray) -> tuple[FloatArray, FloatArray]:
        extra = spare_s * np.exp(above - WIDEST)
        gap, slope, *_ = slopes(extra)
        return np.where(works, gap, 1.0), np.minimum(slope * extra, STEEPEST)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        high = np.full(spare_s.shape, WIDEST)
        above, _ = monotone_root(balance, low=np.where(works, 0.0, high), high=high, tolerance=TOLERANCE)
        extra = spare_s * np.exp(above - WIDEST)
        _, gap_slope, gap_price, band_slope, band_price = slopes(extra)
        moves = works & (extra < spare_s)
        fall = band_price + np.where(moves, band_slope * gap_price / gap_slope, 0.0)
    airtime, q, *_ = use(extra)
    return ClientPoint(terms=terms, efficiency=q, airtime_s=airtime, compute_s=terms.fastest_s + (spare_s - extra)), fall
