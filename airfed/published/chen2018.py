"""Chen, Qin, Wei 2018: uniform forcing at several antennas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from aircomp import BeamformingResult, GaussianRandomization, SuccessiveConvexApproximation, UniformForcing, superpose
from airfed.figures import draw_curves
from airfed.published.claim import ROUNDING, SIGMAS, Claim, Relation, standard_error
from airfed.published.paper import Findings, Paper, Request, Takes
from channels import Rayleigh, db_to_linear, linear_to_db
from channels.arrays import ComplexArray, FloatArray

Curves = dict[str, tuple[FloatArray, FloatArray]]

SNR_DB = 20.0
NUM_SENSORS = 20
ANTENNAS = (1, 2, 3, 4, 6, 8, 10)
NUM_ANTENNAS = 4
SENSORS = (10, 20, 40, 70, 100)
FEW_SENSORS = 4
MANY_ANTENNAS = (8, 16, 32)
SOLVER = 1e-8
"""Relative; to which the relaxation's bound is certified."""


def run(request: Request) -> Findings:
    """The error of the sum against antennas and sensors, with what certifies it, and where it tends with many antennas."""
    rng = np.random.default_rng(request.seed)
    draws = request.of(100, quick=20)
    gain = Rayleigh().draw((draws, max(SENSORS), max(ANTENNAS)), rng=rng)
    by_antennas = [Solved.of(gain[:, :NUM_SENSORS, :num]) for num in ANTENNAS]
    by_sensors = [Solved.of(gain[:, :num, :NUM_ANTENNAS]) for num in SENSORS]
    many, many_curves, many_laws = _many_antennas(request.of(50, quick=15), rng)
    return Findings(
        data=(
            f"no data set; {draws} Rayleigh channels drawn afresh. No number printed in the paper is compared: what can be is "
            "the order of its schemes and the way its curves go, and closed forms of uniform forcing at one antenna and at many"
        ),
        claims=(
            *_everybody_alike(gain[:, :NUM_SENSORS, :NUM_ANTENNAS], rng),
            _one_antenna(request.of(20_000, quick=2_000), rng),
            *_order([*by_antennas, *by_sensors], draws),
            _tight_for_three(gain),
            *_along("antennas", by_antennas, falls=True),
            *_along("sensors", by_sensors, falls=False),
            *many,
        ),
        panels=(
            partial(
                draw_curves,
                _curves(ANTENNAS, by_antennas),
                xlabel=f"antennas, {NUM_SENSORS} sensors at {SNR_DB:g} dB",
                ylabel="mean of the MSE of the sum (dB)",
            ),
            partial(
                draw_curves,
                _curves(SENSORS, by_sensors),
                xlabel=f"sensors, {NUM_ANTENNAS} antennas at {SNR_DB:g} dB",
                ylabel="mean of the MSE of the sum (dB)",
            ),
            partial(
                draw_curves,
                many_curves,
                laws=many_laws,
                xlabel=f"antennas, {FEW_SENSORS} sensors at {SNR_DB:g} dB",
                ylabel="mean MSE of the sum",
                log_x=True,
                log_y=True,
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """Uniform forcing on channels (draws, K, A), by randomisation and by successive convex approximation."""

    gain: ComplexArray
    random: BeamformingResult
    convex: BeamformingResult

    @classmethod
    def of(cls, gain: ComplexArray) -> Solved:
        convex = _solved(gain, SuccessiveConvexApproximation())
        return cls(gain=gain, random=_solved(gain, GaussianRandomization()), convex=convex)

    @property
    def mean_db(self) -> FloatArray:
        """(3,) mean error in dB of randomisation, of successive convex approximation, and of the bound."""
        norms = (self.random.square_norm, self.convex.square_norm, self.convex.bound)
        return linear_to_db(norms).mean(axis=-1) - SNR_DB


def _solved(gain: ComplexArray, beamformer: GaussianRandomization | SuccessiveConvexApproximation) -> BeamformingResult:
    return UniformForcing(beamformer=beamformer).certificate(gain, power_w=1.0)


def _curves(numbers: tuple[int, ...], solved: list[Solved]) -> Curves:
    names = ("relaxation and randomisation", "successive convex approximation", "certified lower bound")
    rows = np.array([each.mean_db for each in solved])
    return {name: (np.array(numbers), rows[:, column]) for column, name in enumerate(names)}


def _everybody_alike(gain: ComplexArray, rng: np.random.Generator) -> tuple[Claim, ...]:
    """Symbols sent through the channel, without noise: what is combined is their sum."""
    plan = UniformForcing().plan(gain, power_w=1.0, noise_power_w=1.0 / float(db_to_linear(SNR_DB)))
    symbols = rng.standard_normal((*gain.shape[:2], 4)) + 0j
    received = superpose(symbols, gain=gain, transmit=plan.transmit, noise_power_w=0.0, rng=rng)
    wanted = symbols.sum(axis=-2)
    source = f"uniform forcing, {NUM_SENSORS} sensors and {NUM_ANTENNAS} antennas"
    return (
        Claim.law(
            says="every sensor arrives alike: largest departure of the noiseless sum, relative to its root mean square",
            source=source,
            published=0.0,
            ours=float(np.max(np.abs(plan.combine(received) - wanted)) / np.sqrt(np.mean(np.abs(wanted) ** 2))),
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.law(
            says="no sensor exceeds its power of 1 W, and one uses it up: largest power",
            source=source,
            published=1.0,
            ours=float(plan.power_w.max()),
            tolerance=ROUNDING,
            reason="exact to rounding",
            unit="W",
        ),
    )


def _one_antenna(draws: int, rng: np.random.Generator) -> Claim:
    """min |h|² of K sensors is exponential of mean 1/K, and E ln X = -0.5772 for an exponential X of mean 1."""
    result = _solved(Rayleigh().draw((draws, NUM_SENSORS, 1), rng=rng), GaussianRandomization())
    error_db = linear_to_db(result.square_norm) - SNR_DB
    return Claim.law(
        says="at one antenna the mean error in dB is 10 log10(K/γ) + 2.507",
        source=f"closed form, ours, of σ²/(P min|h|²) for {NUM_SENSORS} sensors, {draws:,} draws",
        published=float(linear_to_db(NUM_SENSORS)) - SNR_DB + 10.0 * np.euler_gamma / math.log(10.0),
        ours=float(error_db.mean()),
        tolerance=SIGMAS * standard_error(error_db),
        reason=f"{SIGMAS:g} standard errors",
        unit="dB",
    )


def _order(solved: list[Solved], draws: int) -> tuple[Claim, ...]:
    source = f"MSE against antennas and sensors, {draws} draws each"
    weakest = [np.min(np.linalg.norm(each.gain, axis=-1) ** 2, axis=-1) for each in solved]
    pairs = list(zip(solved, weakest, strict=True))
    return (
        Claim.order(
            says="nothing beats the relaxation's bound: largest bound over what successive convex approximation finds",
            source=source,
            ours=max(float(np.max(each.convex.bound / each.convex.square_norm)) for each in solved),
            bound=1.0,
            tolerance=SOLVER,
            reason="accuracy of the relaxation",
        ),
        Claim.order(
            says="successive convex approximation is never above randomisation: largest ratio of errors",
            source=source,
            ours=max(float(np.max(each.convex.square_norm / each.random.square_norm)) for each in solved),
            bound=1.0,
            tolerance=ROUNDING,
            reason="exact: it starts there and only descends",
        ),
        Claim.order(
            says="no error is below that of the weakest sensor alone, σ²/(P min ‖h‖²): smallest ratio of errors",
            source=source,
            ours=min(float(np.min(each.convex.square_norm * gain)) for each, gain in pairs),
            bound=1.0,
            relation=Relation.AT_LEAST,
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
    )


def _tight_for_three(gain: ComplexArray) -> Claim:
    gaps = [
        float(np.max(_solved(gain[:, :sensors, :antennas], GaussianRandomization()).gap))
        for sensors in (1, 2, 3)
        for antennas in ANTENNAS
    ]
    return Claim.law(
        says="the relaxation is exact for up to 3 sensors: largest gap, relative",
        source="semidefinite relaxation; Huang and Palomar 2010 on its rank",
        published=0.0,
        ours=max(gaps),
        tolerance=SOLVER,
        reason="accuracy of the relaxation",
    )


def _along(what: str, solved: list[Solved], *, falls: bool) -> tuple[Claim, ...]:
    """Draws are nested: fewer antennas are the first of more, and sensors likewise."""
    sense, word = (1.0, "falls") if falls else (-1.0, "grows")
    bounds = np.array([each.convex.bound for each in solved])
    means = np.array([each.mean_db[1] for each in solved])
    return (
        Claim.order(
            says=f"the bound {word} with {what}: worst change from one number to the next in a draw, in dB the other way",
            source=f"MSE against {what}",
            ours=float(np.max(sense * np.diff(linear_to_db(bounds), axis=0))),
            tolerance=10.0 * math.log10(1.0 + 2.0 * SOLVER),
            reason="exact on nested draws, to the accuracy of the relaxation",
            unit="dB",
        ),
        Claim.order(
            says=f"the error that is found {word} with {what}: worst change of its mean, in dB the other way",
            source=f"MSE against {what}",
            ours=float(np.max(sense * np.diff(means))),
            relation=Relation.BELOW,
            reason="an order of the curve",
            unit="dB",
        ),
    )


def _many_antennas(draws: int, rng: np.random.Generator) -> tuple[tuple[Claim, ...], Curves, Curves]:
    """Zero forcing, mᴴh_i = 1 for all, is uniform forcing without free phases: ‖m‖² has the mean K/(A - K)."""
    found, forced, off, excess = [], [], [], []
    noise = 1.0 / float(db_to_linear(SNR_DB))
    for antennas in MANY_ANTENNAS:
        gain = Rayleigh().draw((draws, FEW_SENSORS, antennas), rng=rng)
        best = _solved(gain, SuccessiveConvexApproximation()).square_norm
        combiner = np.linalg.pinv(gain) @ np.ones(FEW_SENSORS)
        zero = np.sum(np.abs(combiner) ** 2, axis=-1)
        found.append(noise * best.mean())
        forced.append(noise * zero.mean())
        excess.append(float(np.max(best / zero)))
        more = Rayleigh().draw((100 * draws, FEW_SENSORS, antennas), rng=rng)
        all_zero = np.sum(np.abs(np.linalg.pinv(more) @ np.ones(FEW_SENSORS)) ** 2, axis=-1)
        off.append((all_zero.mean() - FEW_SENSORS / (antennas - FEW_SENSORS)) / standard_error(all_zero))
    numbers = np.array(MANY_ANTENNAS, dtype=float)
    source = f"closed form, ours, {FEW_SENSORS} sensors and {MANY_ANTENNAS[0]} to {MANY_ANTENNAS[-1]} antennas"
    claims = (
        Claim.law(
            says="zero forcing errs by K/(γ(A - K)) on average: largest departure",
            source=source,
            published=0.0,
            ours=float(max(off, key=abs)),
            tolerance=SIGMAS,
            reason=f"Monte-Carlo error of {100 * draws:,} draws",
            unit="standard errors",
        ),
        Claim.order(
            says="uniform forcing, free to choose phases, is never above it: largest ratio of errors",
            source=source,
            ours=max(excess),
            bound=1.0,
            tolerance=ROUNDING,
            reason="zero forcing is one way of uniform forcing",
        ),
    )
    curves = {"uniform forcing": (numbers, np.array(found)), "zero forcing": (numbers, np.array(forced))}
    fine = np.geomspace(numbers[0], numbers[-1], 100)
    return claims, curves, {"law, K/(γ(A - K))": (fine, noise * FEW_SENSORS / (fine - FEW_SENSORS))}


PAPER = Paper(
    name="chen2018",
    citation=(
        "Chen, Qin, Wei 2018, A uniform-forcing transceiver design for over-the-air function computation, IEEE Wireless "
        "Communications Letters 7(6)"
    ),
    runs=(
        "uniform forcing by relaxation with randomisation and by successive convex approximation, beside the certified bound, "
        "for 1 to 10 antennas and 10 to 100 sensors"
    ),
    run=run,
    takes=Takes.SECONDS,
)
