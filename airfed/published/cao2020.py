"""Cao, Zhu, Xu, Huang 2020: power control for over-the-air computation."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from aircomp import (
    ChannelInversion,
    FullPower,
    OptimalPowerControl,
    Transceiver,
    TransceiverPlan,
    inversion_mse_quantile,
)
from airfed.figures import draw_curves
from airfed.published.cao2020_fading import FADING_DEVICES, in_fading
from airfed.published.claim import ROUNDING, SIGMAS, Claim, Relation
from airfed.published.paper import Findings, Paper, Request, Takes
from channels import Rayleigh, db_to_linear
from channels.arrays import ComplexArray, FloatArray

QUALITY = (0.1, 0.3, 0.6, 1.0)
EXAMPLE_NOISE_W = 0.1
NUM_DEVICES = 20
SNR_DB = tuple(range(-20, 45, 5))
DEVICES = (2, 5, 10, 20, 50, 100)
DEVICES_SNR_DB = 10.0

STATIC: dict[str, Transceiver] = {
    "optimal": OptimalPowerControl(),
    "full power": FullPower(),
    "channel inversion": ChannelInversion(),
}


def run(request: Request) -> Findings:
    """Theorem 1 on its own, then the figures: error against SNR and devices, and in fading with an average power limit."""
    rng = np.random.default_rng(request.seed)
    draws = request.of(20_000, quick=2_000)
    snr_claims, snr_curves = _against_snr(Rayleigh().draw((draws, NUM_DEVICES), rng=rng))
    device_claims, device_curves, device_laws = _against_devices(request.of(20_000, quick=4_000), rng)
    fading_claims, fading_curves = in_fading(Rayleigh().draw((request.of(1_000, quick=200), FADING_DEVICES), rng=rng))
    return Findings(
        data=(
            "no data set; Rayleigh channels drawn afresh. The paper's closed forms and orders can be compared, to rounding or "
            "Monte-Carlo error, its plotted curves only by their order. Channel inversion's mean error is infinite: "
            "medians are drawn"
        ),
        claims=(*_theorem(rng), *snr_claims, *device_claims, *fading_claims),
        panels=(
            partial(
                draw_curves,
                snr_curves,
                xlabel=f"SNR of {NUM_DEVICES} devices (dB)",
                ylabel="median MSE of the mean",
                log_y=True,
            ),
            partial(
                draw_curves,
                device_curves,
                laws=device_laws,
                xlabel=f"devices at {DEVICES_SNR_DB:g} dB",
                ylabel="median MSE of the mean",
                log_x=True,
                log_y=True,
            ),
            partial(
                draw_curves,
                fading_curves,
                xlabel=f"SNR of {FADING_DEVICES} devices in fading (dB)",
                ylabel="mean MSE of the mean",
                log_y=True,
            ),
        ),
    )


def _theorem(rng: np.random.Generator) -> tuple[Claim, ...]:
    """The closed form, evaluated in plain numbers, against the solver; and no powers within the limits do better."""
    quality = np.array(QUALITY)
    plan = OptimalPowerControl().plan(np.sqrt(quality), power_w=1.0, noise_power_w=EXAMPLE_NOISE_W)
    root_eta = min(
        (EXAMPLE_NOISE_W + sum(QUALITY[:k])) / sum(math.sqrt(q) for q in QUALITY[:k]) for k in range(1, len(QUALITY) + 1)
    )
    error = sum(max(1.0 - math.sqrt(q) / root_eta, 0.0) ** 2 for q in QUALITY) + EXAMPLE_NOISE_W / root_eta**2
    example = "q = (0.1, 0.3, 0.6, 1), noise 0.1, ours to choose"
    amplitude = np.sqrt(quality * rng.uniform(size=(100_000, len(quality))))
    scaling = amplitude.sum(axis=-1) / (EXAMPLE_NOISE_W + np.sum(amplitude**2, axis=-1))  # the best 1/√η for these powers
    other = np.sum((amplitude * scaling[:, None] - 1.0) ** 2, axis=-1) + EXAMPLE_NOISE_W * scaling**2
    return (
        Claim.law(
            says="optimal denoising factor η*",
            source=f"theorem 1, {example}",
            published=root_eta**2,
            ours=float(plan.eta),
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.law(
            says="error of the mean, MSE/K²",
            source=f"theorem 1, {example}",
            published=error / len(QUALITY) ** 2,
            ours=float(plan.mse) / len(QUALITY) ** 2,
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.order(
            says="no powers within the limits do better: least MSE of 100,000 at random over the optimum, each with its best η",
            source=f"theorem 1, {example}",
            ours=float(other.min() / plan.mse),
            bound=1.0,
            relation=Relation.AT_LEAST,
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
    )


def _against_snr(gain: ComplexArray) -> tuple[tuple[Claim, ...], dict[str, tuple[FloatArray, FloatArray]]]:
    snr_db = np.array(SNR_DB, dtype=float)
    noise = 1.0 / db_to_linear(snr_db)[:, None]
    plans = {name: rule.plan(gain, power_w=1.0, noise_power_w=noise) for name, rule in STATIC.items()}
    best, loud, inverted = (plans[name] for name in STATIC)
    weakest = np.sort(np.abs(gain) ** 2, axis=-1)[:, 0]
    alone = np.sum(best.power_w > 1.0 - ROUNDING, axis=-1) <= 1  # the weakest at full power, all others inverted
    law = weakest / (weakest + noise)
    source = f"section VI, {NUM_DEVICES} devices, {SNR_DB[0]} to {SNR_DB[-1]} dB, {len(gain):,} draws"
    claims = (
        Claim.law(
            says="threshold: full power below η*, inversion above; largest departure of a received amplitude",
            source=f"theorem 1; {source}",
            published=0.0,
            ours=_threshold_departure(gain, best),
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        *(
            Claim.order(
                says=f"optimal is never above {name}: largest ratio of MSEs, draw by draw",
                source=source,
                ours=float(np.max(best.mse / plans[name].mse)),
                bound=1.0,
                tolerance=ROUNDING,
                reason="exact to rounding",
            )
            for name in ("full power", "channel inversion")
        ),
        Claim.order(
            says=f"full power is optimal when noise is strong: largest ratio of MSEs at {SNR_DB[0]} dB",
            source=source,
            ours=float(np.max(loud.mse[0] / best.mse[0])),
            bound=1.0,
            tolerance=ROUNDING,
            reason="exact to rounding: η* exceeds every q then",
        ),
        Claim.law(
            says="where only the weakest is at full power, MSE = q/(q + σ²) that of inversion: largest departure of the ratio",
            source=f"theorem 1; {source}",
            published=0.0,
            ours=float(np.max(np.abs(best.mse / inverted.mse - law)[alone])) if alone.any() else math.nan,
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.order(
            says=f"inversion nears the optimum as noise fades: ratio of median MSEs at {SNR_DB[-1]} dB less that at 0 dB",
            source=source,
            ours=_median_ratio(inverted, best, -1) - _median_ratio(inverted, best, SNR_DB.index(0)),
            relation=Relation.BELOW,
            reason="an order of the curves",
        ),
    )
    scale = NUM_DEVICES**2
    return claims, {name: (snr_db, np.median(plan.mse, axis=-1) / scale) for name, plan in plans.items()}


def _threshold_departure(gain: ComplexArray, plan: TransceiverPlan) -> float:
    """By how much a received amplitude h b departs from min(√η, √P |h|), at most, relative to it."""
    wanted = np.minimum(np.sqrt(plan.eta)[..., None], np.abs(gain))
    return float(np.max(np.abs(gain * plan.transmit / wanted - 1.0)))


def _median_ratio(plan: TransceiverPlan, best: TransceiverPlan, row: int) -> float:
    return float(np.median(plan.mse[row]) / np.median(best.mse[row]))


def _against_devices(
    draws: int, rng: np.random.Generator
) -> tuple[tuple[Claim, ...], dict[str, tuple[FloatArray, FloatArray]], dict[str, tuple[FloatArray, FloatArray]]]:
    devices = np.array(DEVICES, dtype=float)
    snr = float(db_to_linear(DEVICES_SNR_DB))
    law = inversion_mse_quantile(0.5, num_clients=devices, snr=snr)
    medians: dict[str, list[float]] = {name: [] for name in STATIC}
    below, excess = [], []
    for num, middle in zip(DEVICES, law, strict=True):
        gain = Rayleigh().draw((draws, num), rng=rng)
        errors = {name: rule.plan(gain, power_w=1.0, noise_power_w=1.0 / snr).mse for name, rule in STATIC.items()}
        for name, error in errors.items():
            medians[name].append(float(np.median(error)) / num**2)
        below.append(float(np.mean(errors["channel inversion"] < middle)))
        excess.append(float(np.max(errors["optimal"] / np.minimum(errors["full power"], errors["channel inversion"]))))
    source = f"section VI, {DEVICES[0]} to {DEVICES[-1]} devices at {DEVICES_SNR_DB:g} dB, {draws:,} draws each"
    claims = (
        Claim.order(
            says="optimal is never above the other two: largest ratio of MSEs, draw by draw",
            source=source,
            ours=max(excess),
            bound=1.0,
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.order(
            says="the optimal mean gets better with more devices: largest ratio of its median MSE to that before",
            source=source,
            ours=max(b / a for a, b in zip(medians["optimal"], medians["optimal"][1:], strict=False)),
            bound=1.0,
            relation=Relation.BELOW,
            reason="an order of the curve",
        ),
        Claim.law(
            says="the error of inversion is σ²/min q, of median K/(γ ln 2): share of draws below it, worst of the numbers",
            source=f"section III; {source}",
            published=0.5,
            ours=max(below, key=lambda share: abs(share - 0.5)),
            tolerance=SIGMAS * 0.5 / math.sqrt(draws),
            reason=f"{SIGMAS:g} standard errors of a share of {draws:,} draws",
        ),
    )
    curves = {name: (devices, np.array(values)) for name, values in medians.items()}
    return claims, curves, {"law of inversion, 1/(K γ ln 2)": (devices, law / devices**2)}


PAPER = Paper(
    name="cao2020",
    citation=(
        "Cao, Zhu, Xu, Huang 2020, Optimized power control for over-the-air computation in fading channels, IEEE Transactions "
        "on Wireless Communications 19(11)"
    ),
    runs=(
        "optimal power control against full power and channel inversion, over SNR and number of devices; regularised inversion "
        "under an average power limit"
    ),
    run=run,
    takes=Takes.SECONDS,
)
