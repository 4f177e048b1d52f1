"""Yang, Chen, Saad, Hong, Shikh-Bahaei 2021: energy and delay of federated learning, with everything allocated together."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import lambertw

from aircomp.result import InfeasibleProblem
from airfed.figures import draw_curves
from airfed.published.claim import Claim, Relation
from airfed.published.paper import Findings, Paper, Request, Takes
from airfed.published.yang2021_setting import BANDWIDTH_HZ, NUM_USERS, draw_cells, with_equal_bands, without_choice
from channels import linear_to_db, shannon_rate_bps
from channels.arrays import FloatArray
from latency_opt import BandwidthProblem, JointProblem, JointResult, minimize_deadline, minimize_energy, minimize_joint_deadline

Curves = dict[str, tuple[FloatArray, FloatArray]]

FACTORS = np.linspace(1.05, 4.05, 11)
"""Deadlines, in parts of the least that equal bands can keep in the cell."""
POWERS_W = (0.001, 0.0032, 0.01, 0.032, 0.1)
LOCAL_ACCURACY = np.geomspace(1e-3, 0.98, 50)
SOLVER = 1e-8
"""Relative; to which optima are certified."""


def run(request: Request) -> Findings:
    """Energy against the deadline, the least delay against power, and time against local accuracy, over drawn cells."""
    rng = np.random.default_rng(request.seed)
    cells = draw_cells(request.of(50, quick=10), rng=rng)
    soonest = minimize_joint_deadline(cells)
    energy_claims, energy_curves, saved = _energy(cells, soonest)
    delay_claims, delay_curves, sooner = _delay(cells)
    accuracy_claim, accuracy_curves = _local_accuracy(cells[0])
    return Findings(
        data=(
            f"no data set; {len(soonest.deadline_s)} cells of {NUM_USERS} users drawn afresh, and one pass over 500 samples a "
            "round. Laws and orders can be compared. What the preprint's abstract prints, up to 25.6 % of delay and 37.6 % of "
            "energy saved, is for data and rivals of its own: here, against equal bands, joint allocation saves up to "
            f"{100 * sooner:.1f} % of the delay and {100 * saved:.1f} % of the energy"
        ),
        claims=(*_optimality(cells, soonest), *energy_claims, *delay_claims, accuracy_claim),
        panels=(
            partial(
                draw_curves,
                energy_curves,
                xlabel="deadline over the least of equal bands",
                ylabel="energy of a round (J), median",
                log_y=True,
            ),
            partial(
                draw_curves,
                delay_curves,
                xlabel="largest power of a user (dBm)",
                ylabel="least delay of a round (ms), median",
                log_y=True,
            ),
            partial(
                draw_curves,
                accuracy_curves,
                xlabel="local accuracy η",
                ylabel="time to the target over the least",
                log_x=True,
                log_y=True,
            ),
        ),
    )


def _optimality(cells: JointProblem, soonest: JointResult) -> tuple[Claim, ...]:
    """The least delay: that of full power and speed, met by all at once, in bands of the closed form, and no less will do."""
    at_full = minimize_deadline(
        BandwidthProblem(
            compute_s=cells.cycles / cells.max_cpu_hz,
            payload_bits=cells.payload_bits,
            gain_power_w=cells.max_power_w * cells.power_gain,
            noise_psd_w_per_hz=cells.noise_psd_w_per_hz,
            bandwidth_hz=cells.bandwidth_hz,
        )
    )
    airtime = soonest.deadline_s[:, None] - cells.cycles / cells.max_cpu_hz
    nats = cells.payload_bits * np.log(2.0)
    gamma = cells.noise_psd_w_per_hz * nats / (airtime * cells.max_power_w * cells.power_gain)
    closed_hz = -nats / airtime / (lambertw(-gamma * np.exp(-gamma), k=-1).real + gamma)
    met = 0
    for factor, wanted in ((1.0 - 1e-6, False), (1.0 + 1e-6, True)):
        met += sum(_keeps(cells[index], factor * soonest.deadline_s[index]) is wanted for index in range(len(airtime)))
    source = "section III, least delay"
    return (
        Claim.law(
            says="least delay is that of full power and speed: largest departure, relative",
            source=source,
            published=0.0,
            ours=float(max(soonest.deadline_s / at_full.deadline_s - 1.0, key=abs)),
            tolerance=SOLVER,
            reason="two solvers, each certified to 1e-8",
        ),
        Claim.law(
            says="bands are the closed form in Lambert's W: largest departure, relative",
            source=source,
            published=0.0,
            ours=float(max((soonest.bandwidth_hz / closed_hz - 1.0).ravel(), key=abs)),
            tolerance=1e-6,
            reason="W loses half of the digits near its branch point",
        ),
        Claim.law(
            says="a deadline a millionth shorter cannot be kept, one a millionth longer can: share of cells",
            source=source,
            published=1.0,
            ours=met / (2 * len(airtime)),
            tolerance=0.0,
            reason="exact",
        ),
    )


def _keeps(cell: JointProblem, deadline_s: float) -> bool:
    try:
        minimize_energy(cell, deadline_s=deadline_s)
    except InfeasibleProblem:
        return False
    return True


def _energy(cells: JointProblem, soonest: JointResult) -> tuple[tuple[Claim, ...], Curves, float]:
    """Deadlines that equal bands can keep, too: the least of theirs is the unit."""
    least = minimize_joint_deadline(with_equal_bands(cells)).deadline_s.reshape(cells.payload_bits.shape).max(axis=-1)
    joint, equal, fixed, late, unused, gaps = [], [], [], [], [], []
    for factor in FACTORS:
        deadline = factor * least
        best = minimize_energy(cells, deadline_s=deadline)
        own = minimize_energy(with_equal_bands(cells), deadline_s=np.repeat(deadline, NUM_USERS))
        joint.append(best.energy_j)
        equal.append(own.energy_j.reshape(cells.payload_bits.shape).sum(axis=-1))
        fixed.append(without_choice(cells, deadline_s=deadline))
        late.append(np.max(np.abs(_finish_s(cells, best) / deadline[:, None] - 1.0)))
        unused.append(np.max(np.abs(best.bandwidth_hz.sum(axis=-1) / BANDWIDTH_HZ - 1.0)))
        gaps.append(np.max(np.abs(best.duality_gap)))
    together, bands, neither = np.array(joint), np.array(equal), np.array(fixed)
    source = (
        f"energy against completion time, {len(soonest.deadline_s)} cells, {FACTORS[0]:g} to {FACTORS[-1]:g} of the least of "
        "equal bands"
    )
    bend = np.diff(together, n=2, axis=0) / together[1:-1]
    claims = (
        Claim.law(
            says="every user is done at the deadline: largest departure, relative",
            source=source,
            published=0.0,
            ours=float(max(late)),
            tolerance=SOLVER,
            reason="optima are certified to 1e-8",
        ),
        Claim.law(
            says="the whole band is used: largest part that is not",
            source=source,
            published=0.0,
            ours=float(max(unused)),
            tolerance=SOLVER,
            reason="optima are certified to 1e-8",
        ),
        Claim.order(
            says="the optimum is global: largest gap to the bound that its prices prove, relative",
            source="the problem is convex as stated here, see docs/theory.md",
            ours=float(max(gaps)),
            tolerance=SOLVER,
            reason="accuracy that is asked for",
        ),
        Claim.order(
            says="energy falls with the deadline: largest ratio from one to the next, in any cell",
            source=source,
            ours=float(np.max(together[1:] / together[:-1])),
            bound=1.0,
            relation=Relation.BELOW,
            reason="an order of the curve; optima are certified to 1e-8",
        ),
        Claim.order(
            says="and ever more slowly: largest second difference the other way, relative",
            source="ours, from convexity",
            ours=-float(bend.min()),
            tolerance=4.0 * SOLVER * float(np.max(together[:-2] / together[1:-1])),
            reason="four optima, each certified to 1e-8",
        ),
        Claim.order(
            says="joint allocation takes no more than equal bands: largest ratio of energies",
            source=source,
            ours=float(np.max(together / bands)),
            bound=1.0,
            tolerance=SOLVER,
            reason="exact: equal bands are one choice",
        ),
        Claim.order(
            says="equal bands take no more than equal bands at full power: largest ratio of energies",
            source=source,
            ours=float(np.max(bands / neither)),
            bound=1.0,
            tolerance=SOLVER,
            reason="exact: full power is one choice",
        ),
    )
    curves: Curves = {
        "joint": (FACTORS, np.median(together, axis=-1)),
        "equal bands": (FACTORS, np.median(bands, axis=-1)),
        "equal bands, full power": (FACTORS, np.median(neither, axis=-1)),
    }
    return claims, curves, float(np.max(1.0 - together / bands))


def _finish_s(cells: JointProblem, result: JointResult) -> FloatArray:
    """(num_cells, 50) when users are done by Shannon's rate in their bands and powers, whatever airtime the solver says."""
    rate_bps = shannon_rate_bps(
        result.bandwidth_hz,
        gain_power_w=result.power_w * cells.power_gain,
        noise_psd_w_per_hz=cells.noise_psd_w_per_hz,
    )
    return cells.cycles / result.cpu_hz + cells.payload_bits / rate_bps


def _delay(cells: JointProblem) -> tuple[tuple[Claim, ...], Curves, float]:
    joint, equal = [], []
    for power in POWERS_W:
        asked = replace(cells, max_power_w=np.array(power))
        joint.append(minimize_joint_deadline(asked).deadline_s)
        own = minimize_joint_deadline(with_equal_bands(asked)).deadline_s
        equal.append(own.reshape(cells.payload_bits.shape).max(axis=-1))
    together, bands = np.array(joint), np.array(equal)
    power_dbm = linear_to_db(POWERS_W) + 30.0
    source = f"delay against largest power, {power_dbm[0]:.0f} to {power_dbm[-1]:.0f} dBm"
    claims = (
        Claim.order(
            says="more power, less delay: largest ratio from one power to the next, in any cell",
            source=source,
            ours=float(np.max(together[1:] / together[:-1])),
            bound=1.0,
            relation=Relation.BELOW,
            reason="an order of the curve; optima are certified to 1e-8",
        ),
        Claim.order(
            says="joint allocation is never later than equal bands: largest ratio of delays",
            source=source,
            ours=float(np.max(together / bands)),
            bound=1.0,
            tolerance=SOLVER,
            reason="exact: equal bands are one choice",
        ),
    )
    curves: Curves = {
        "joint": (power_dbm, 1e3 * np.median(together, axis=-1)),
        "equal bands": (power_dbm, 1e3 * np.median(bands, axis=-1)),
    }
    return claims, curves, float(np.max(1.0 - together / bands))


def _local_accuracy(cell: JointProblem) -> tuple[Claim, Curves]:
    """Rounds grow as 1/(1 - η), passes over the data in a round as log2(1/η): one optimum lies between."""
    passes = np.log2(1.0 / LOCAL_ACCURACY)[:, None]
    problem = replace(cell, cycles=passes * cell.cycles, bandwidth_hz=np.full(len(passes), BANDWIDTH_HZ))
    total = minimize_joint_deadline(problem).deadline_s / (1.0 - LOCAL_ACCURACY)
    turns = np.diff(np.sign(np.diff(total)))
    return (
        Claim.law(
            says="time to the target has one minimum in the local accuracy, inside: turns of the curve, 2 for down and then up",
            source="section II on rounds, section III on delay",
            published=2.0,
            ours=float(turns.sum()) if np.all(turns >= 0.0) else float("nan"),
            tolerance=0.0,
            reason="exact",
        ),
        {"joint": (LOCAL_ACCURACY, total / total.min())},
    )


PAPER = Paper(
    name="yang2021",
    citation=(
        "Yang, Chen, Saad, Hong, Shikh-Bahaei 2021, Energy efficient federated learning over wireless communication networks, "
        "IEEE Transactions on Wireless Communications 20(3)"
    ),
    runs=(
        "band, power and processor speed of 50 users together, against equal bands and full power: energy against deadline, "
        "least delay against power, time against local accuracy"
    ),
    run=run,
    takes=Takes.SECONDS,
)
