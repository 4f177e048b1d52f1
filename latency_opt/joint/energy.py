"""The least energy under a deadline with band, processor speeds and transmit powers chosen together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aircomp.result import InfeasibleProblem
from channels.arrays import FloatArray, checked
from latency_opt.cell.bandwidth import BAND_TOLERANCE
from latency_opt.joint.client_terms import ClientPoint
from latency_opt.joint.energy_per_bit import energy_slope
from latency_opt.joint.least_band import least_band
from latency_opt.joint.priced_band import priced_band
from latency_opt.joint.prices import resource_prices
from latency_opt.joint.problem import JointProblem
from latency_opt.joint.result import JointResult, joint_result
from latency_opt.monotone_root import monotone_root

ROOM_TOLERANCE = 1e-10
"""What the least bands leave is taken up to within this share of it."""

HIGHEST_PRICE = 100.0
"""The price of band is sought up to this many powers of e above what it is at equal bands and the longest airtimes."""


def minimize_energy(problem: JointProblem, *, deadline_s: ArrayLike, weights: ArrayLike = 1.0) -> JointResult:
    """Global optimum of min Σ w_i(κ_i C_i f_i² + p_i t_i) subject to C_i/f_i + t_i <= T and the limits of `JointProblem`.

    The least energy of a client is convex in its band and falls. At a price μ of band each takes what `priced_band` says, or
    the least band with which its budget lasts until T, if that is more; Σb falls with μ, and Newton's method finds in ln μ
    where it is B.

    Args:
        problem: a batch of instances.
        deadline_s: (...) T.
        weights: (..., n) what a joule of each client counts, > 0.

    Raises:
        InfeasibleProblem: if a client cannot be done by T even with unlimited band, or if all together need more than B.

    >>> problem = JointProblem(cycles=1e8, max_cpu_hz=1e9, effective_capacitance_w_per_hz3=1e-27, payload_bits=1e6,
    ...                        power_gain=[1e-11, 1e-12], max_power_w=0.2, energy_budget_j=[0.05, 0.03],
    ...                        noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> result = minimize_energy(problem, deadline_s=1.0)
    >>> result.status, result.client_energy_j.round(4).tolist(), (result.bandwidth_hz / 1e6).round(3).tolist()
    (<Status.OPTIMAL: 'optimal'>, [0.0107, 0.0262], [0.374, 0.626])
    """
    terms, band = problem.terms, problem.bandwidth_hz
    sends = terms.sends
    nobody = ~sends.any(axis=-1)
    deadline = checked("deadline_s", deadline_s, low=0.0, open_low=True, shape=band.shape)
    weight = problem.energy_weights(weights)
    spare = deadline[..., None] - terms.least_compute_s - terms.least_airtime_s
    _check_each(problem, spare, deadline)
    spare = np.where(sends, spare, 1.0)
    least = least_band(terms, spare_s=spare)
    _check_together(problem, least, deadline)
    fast_spare = spare + (terms.least_compute_s - terms.fastest_s)

    def allocation(per_hz: FloatArray) -> tuple[ClientPoint, FloatArray]:
        free, fall = priced_band(terms, spare_s=fast_spare, per_hz=per_hz[..., None], weights=weight)
        held = free.bandwidth_hz < least.bandwidth_hz
        point = ClientPoint(
            terms=terms,
            efficiency=np.where(held, least.efficiency, free.efficiency),
            airtime_s=np.where(held, least.airtime_s, free.airtime_s),
            compute_s=np.where(held, least.compute_s, free.compute_s),
        )
        return point, np.where(held, 0.0, fall * point.bandwidth_hz)

    room = np.where(nobody, band, np.maximum(band - least.bandwidth_hz.sum(axis=-1), BAND_TOLERANCE * band))

    def slack(above: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Logarithm of the band left by the least bands over what is taken of it, and its slope in ln μ; nearly linear."""
        point, fall = allocation(np.exp(low + above))
        taken = np.maximum((point.bandwidth_hz - least.bandwidth_hz).sum(axis=-1), np.finfo(float).tiny)
        taken = np.where(nobody, band, taken)
        return np.log(room) - np.log(taken), fall.sum(axis=-1) / taken

    # With its equal part of the band and all the time there is for sending, nobody would pay less for one more hertz.
    share = band / np.maximum(sends.sum(axis=-1), 1)
    q = np.minimum(terms.nats / (share[..., None] * (terms.least_airtime_s + fast_spare)), 300.0)
    value = np.log(weight * terms.least_energy_j * energy_slope(q) * q / share[..., None])
    low = np.where(nobody, 0.0, np.where(sends, value, np.inf).min(axis=-1))
    high = np.where(nobody, 0.0, np.where(sends, value, -np.inf).max(axis=-1)) + HIGHEST_PRICE
    above, iterations = monotone_root(slack, low=np.zeros_like(low), high=high - low, tolerance=ROOM_TOLERANCE)

    point, _ = allocation(np.exp(low + above))
    prices = resource_prices(point, per_hz=np.where(nobody, 0.0, np.exp(low + above)), weights=weight)
    return joint_result(problem, point, prices, deadline_s=deadline, weights=weight, iterations=iterations)


def _check_each(problem: JointProblem, spare: FloatArray, deadline: FloatArray) -> None:
    """Every client can be done in time with unlimited band, or the message says what it lacks."""
    late = problem.terms.sends & (spare <= 0.0)
    if not late.any():
        return
    at = tuple(int(i) for i in np.argwhere(late)[0])
    terms = problem.terms
    slow = "energy_budget_j" if terms.thrifty_s[at] > terms.fastest_s[at] else "max_cpu_hz"
    binding = slow if terms.least_compute_s[at] > terms.least_airtime_s[at] else "max_power_w"
    raise InfeasibleProblem(
        f"deadline_s: got {deadline[at[:-1]]:g}; client {at} needs more than {deadline[at[:-1]] - spare[at]:g} even with "
        f"unlimited band, mostly for its {binding}",
        infeasible=late.any(axis=-1),
    )


def _check_together(problem: JointProblem, least: ClientPoint, deadline: FloatArray) -> None:
    """The least bands fit into the cell's."""
    total = least.bandwidth_hz.sum(axis=-1)
    over = total > problem.bandwidth_hz * (1.0 + BAND_TOLERANCE)
    if over.any():
        at = tuple(int(i) for i in np.argwhere(over)[0])
        raise InfeasibleProblem(
            f"bandwidth_hz: got {problem.bandwidth_hz[at]:g}; a deadline of {deadline[at]:g} s needs {total[at]:g}, most of it "
            f"for client {int(np.argmax(least.bandwidth_hz[at]))}; minimize_joint_deadline finds the least deadline",
            infeasible=over,
        )
