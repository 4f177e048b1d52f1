"""The least common deadline with band, processor speeds and transmit powers chosen together."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray
from latency_opt.cell.bandwidth import BAND_TOLERANCE, airtime_excess
from latency_opt.joint.least_band import equal_bands_late_s, least_band
from latency_opt.joint.prices import resource_prices
from latency_opt.joint.problem import JointProblem
from latency_opt.joint.result import JointResult, joint_result
from latency_opt.monotone_root import monotone_root


def minimize_joint_deadline(problem: JointProblem) -> JointResult:
    """Global optimum of min T subject to C_i/f_i + t_i <= T and the limits of `JointProblem`, for a batch of instances.

    T can be kept if and only if Σ_i b_i(T) <= B, where b_i(T) is the least band of client i (`least_band`). As partial minima
    of a convex problem these are convex in T, and they fall; B/Σb is nearly linear in T: Newton's method finds where it is 1.

    >>> problem = JointProblem(cycles=1e8, max_cpu_hz=1e9, effective_capacitance_w_per_hz3=1e-27, payload_bits=1e6,
    ...                        power_gain=[1e-11, 1e-12], max_power_w=0.2, energy_budget_j=[0.05, 0.03],
    ...                        noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> result = minimize_joint_deadline(problem)
    >>> result.status, float(result.deadline_s.round(4)), (result.cpu_hz / 1e9).round(3).tolist()
    (<Status.OPTIMAL: 'optimal'>, 0.7967, [0.471, 0.303])
    """
    terms, band = problem.terms, problem.bandwidth_hz
    sends = terms.sends
    nobody = ~sends.any(axis=-1)
    earliest = np.where(sends, terms.least_compute_s + terms.least_airtime_s, -np.inf)
    latest = np.where(nobody, 0.0, earliest.max(axis=-1))
    gap = np.where(sends, latest[..., None] - earliest, 1.0)

    def slack(beyond: FloatArray) -> tuple[FloatArray, FloatArray]:
        """B/Σb - 1 and its slope; a band's slope in T is the price of time where bands cost 1."""
        point = least_band(terms, spare_s=gap + beyond[..., None])
        fall = resource_prices(point, per_hz=np.ones_like(beyond), weights=np.zeros(sends.shape)).per_s
        total = np.where(nobody, band, point.bandwidth_hz.sum(axis=-1))
        with np.errstate(invalid="ignore", over="ignore"):
            return band / total - 1.0, band * fall.sum(axis=-1) / total**2

    senders = np.maximum(sends.sum(axis=-1), 1)
    alone = terms.least_airtime_s * airtime_excess(terms.max_power_w * terms.snr_hz_per_w / band[..., None])
    low = np.maximum(np.where(sends, alone - gap, 0.0).max(axis=-1), 0.0)
    high = np.where(sends, equal_bands_late_s(terms, band / senders) - gap, 0.0).max(axis=-1)
    beyond, iterations = monotone_root(slack, low=low, high=np.maximum(high, low), tolerance=BAND_TOLERANCE)

    point = least_band(terms, spare_s=gap + beyond[..., None])
    one = resource_prices(point, per_hz=np.ones_like(beyond), weights=np.zeros(sends.shape)).per_s.sum(axis=-1)
    per_hz = np.where(nobody, 0.0, 1.0 / np.where(nobody, 1.0, one))
    prices = resource_prices(point, per_hz=per_hz, weights=np.zeros(sends.shape))
    return joint_result(problem, point, prices, deadline_s=latest + beyond, weights=None, iterations=iterations)
