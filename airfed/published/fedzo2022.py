"""Fang, Yu, Jiang, Shi, Jones, Zhou 2022: FedZO, what makes it faster, what the air costs, and its rivals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from airfed.figures import draw_mean_and_band
from airfed.figures.published import Panel
from airfed.figures.published_learning import titled
from airfed.published.claim import Claim
from airfed.published.fedzo2022_attack import BEST_STEP, FEDZO, RIVAL_STEPS, Attack, rivalled, swept
from airfed.published.fedzo2022_noise import noise_claim
from airfed.published.fedzo2022_runs import DIRECTIONS, LOCAL_STEPS, PARTICIPATION, SNR_DB, Run, Setting, measured
from airfed.published.image_data import DATASET, ImageData
from airfed.published.paper import Findings, Paper, Request, Takes
from airfed.published.seeds import ahead_claim, over_seeds, reached, trend
from channels.arrays import FloatArray

Curves = Mapping[str, FloatArray]
"""(S, rounds + 1) values that are good when large, by name."""

CLEAN = "no noise"
SOFTMAX_SHARE, ATTACK_SHARE = 1.0, 0.1
"""Of the clients, drawn each round where the air adds; in the attack as in the authors' code."""

SWEEPS = {
    "H": {f"H = {steps}": Run(local_steps=steps) for steps in LOCAL_STEPS},
    "M": {f"{share:.0%} of clients": Run(participation=share) for share in PARTICIPATION},
    "b₂": {f"b₂ = {count}": Run(directions=count) for count in DIRECTIONS},
}
OWN_STEPS, BEST_STEPS = "step sizes as in the authors' code", "each with its best step size"


def run(request: Request) -> Findings:
    """The sweeps and the air on softmax regression and on the attack, the rivals, and the transceiver's noise by itself."""
    data = ImageData(folder=request.data_folder)
    data.load(seed=request.seed)  # says now, and not in a process, if files are missing
    seeds = request.seed_range(5, quick=3)
    softmax = softmax_curves(Setting(data=data, rounds=request.of(12, quick=6)), seeds)
    attack = attack_curves(Attack(data=data, rounds=request.of(12, quick=8)), seeds)
    return Findings(
        data=data.says(),
        claims=(
            noise_claim(draws=request.of(300, quick=100), rng=np.random.default_rng(request.seed)),
            *softmax_claims(softmax),
            *attack_claims(attack),
        ),
        panels=panels_of(softmax, attack),
    )


def on_the_air(share: float) -> dict[str, Run]:
    """From much noise to none, with the same clients."""
    noisy = {f"{snr_db:g} dB": Run(participation=share, snr_db=snr_db) for snr_db in SNR_DB}
    return noisy | {CLEAN: Run(participation=share, snr_db=float("inf"))}


def softmax_curves(setting: Setting, seeds: range) -> Mapping[str, Curves]:
    """Accuracies in per cent by sweep and value."""
    sweeps = SWEEPS | {"air": on_the_air(SOFTMAX_SHARE)}
    found = over_seeds(measured, {one: (setting, one) for of in sweeps.values() for one in of.values()}, seeds)
    return {sweep: {name: found[one][:, 0] for name, one in of.items()} for sweep, of in sweeps.items()}


def attack_curves(setting: Attack, seeds: range) -> Mapping[str, Curves]:
    """-F on held-out images by sweep and value, and by step sizes and algorithm."""
    sweeps = {"H": SWEEPS["H"], "air": on_the_air(ATTACK_SHARE)}
    found = over_seeds(swept, {one: (setting, one) for of in sweeps.values() for one in of.values()}, seeds)
    steps = {
        OWN_STEPS: {name: factor * setting.step_size for name, factor in RIVAL_STEPS.items()},
        BEST_STEPS: dict.fromkeys(RIVAL_STEPS, BEST_STEP),
    }
    jobs = {(title, name): (setting, name, size) for title, of in steps.items() for name, size in of.items()}
    rivals = over_seeds(rivalled, jobs, seeds)
    return {sweep: {name: -found[one][:, 1] for name, one in of.items()} for sweep, of in sweeps.items()} | {
        title: {name: -rivals[title, name][:, 1] for name in of} for title, of in steps.items()
    }


def speed(curves: FloatArray) -> FloatArray:
    """(S,) the mean over the rounds, which is the more the sooner a curve rises."""
    return np.asarray(curves[:, 1:].mean(axis=1))


def softmax_claims(found: Mapping[str, Curves]) -> tuple[Claim, ...]:
    """That more of everything is faster, and that the air costs little at moderate SNR and more as it falls."""
    what = {"H": "local steps", "M": "clients a round", "b₂": "directions"}
    sweeps = [
        ahead_claim(
            says=f"softmax regression: more {words} are faster, {', '.join(found[sweep])}; points a step of the sweep",
            source=f"experiments, {words}",
            ahead=trend([speed(rows) for rows in found[sweep].values()]),
            unit="points",
        )
        for sweep, words in what.items()
    ]
    return (*sweeps, *air_claims(found["air"], task="softmax regression", margin=2.0, unit="points"))


def attack_claims(found: Mapping[str, Curves]) -> tuple[Claim, ...]:
    """The same of the attack, and that FedZO is faster than its rivals."""
    steps = ahead_claim(
        says=f"attack: more local steps are faster, {', '.join(found['H'])}; F a step of the sweep",
        source="experiments, local steps",
        ahead=trend([speed(rows) for rows in found["H"].values()]),
    )
    rivals = [
        ahead_claim(
            says=f"attack: FedZO is faster than {name}, {title}; F over the rounds",
            source="experiments, rivals",
            ahead=speed(found[title][FEDZO]) - speed(found[title][name]),
        )
        for title in (OWN_STEPS, BEST_STEPS)
        for name in RIVAL_STEPS
        if name != FEDZO
    ]
    return (steps, *air_claims(found["air"], task="attack", margin=0.1, unit=""), *rivals)


def air_claims(found: Curves, *, task: str, margin: float, unit: str) -> tuple[Claim, ...]:
    """That at 0 dB what is reached is close to that without noise, and that at -10 dB training is slower than at 0 dB."""
    return (
        ahead_claim(
            says=f"{task}: over the air at 0 dB close to no noise, within {margin:g} (our margin) at the end",
            source="experiments, AirComp",
            ahead=reached(found["0 dB"]) - reached(found[CLEAN]),
            margin=margin,
            unit=unit,
        ),
        ahead_claim(
            says=f"{task}: over the air at 0 dB faster than at -10 dB",
            source="experiments, AirComp",
            ahead=speed(found["0 dB"]) - speed(found["-10 dB"]),
            unit=unit,
        ),
    )


def panels_of(softmax: Mapping[str, Curves], attack: Mapping[str, Curves]) -> tuple[Panel, ...]:
    """Accuracy over the rounds for each sweep and over the air, then F of the attack over the air and against rivals."""
    accuracy = {"local steps": "H", "clients a round": "M", "directions": "b₂", "over the air": "air"}
    losses = {"attack, over the air": "air", "attack, each with its best step size": BEST_STEPS}
    return (
        *(
            titled(title, draw_mean_and_band, softmax[sweep], xlabel="round", ylabel="test accuracy (%)")
            for title, sweep in accuracy.items()
        ),
        *(
            titled(
                title, draw_mean_and_band, positive(attack[sweep]), xlabel="round", ylabel="F on held-out images", log_y=True
            )
            for title, sweep in losses.items()
        ),
    )


def positive(curves: Curves) -> Curves:
    """Losses again."""
    return {name: -rows for name, rows in curves.items()}


PAPER = Paper(
    name="fedzo2022",
    citation=(
        "Fang, Yu, Jiang, Shi, Jones, Zhou 2022, Communication-efficient stochastic zeroth-order optimization for federated "
        "learning, IEEE Transactions on Signal Processing 70"
    ),
    runs=(
        "softmax regression by function values on 50 clients with two shards each: H of 5 to 50, participation of 0.1 to 1, "
        "1 to 125 directions, over the air at -10, -5 and 0 dB and without noise; the attack on a black box, against DZOPA and "
        "ZONE-S"
    ),
    run=run,
    takes=Takes.MINUTES,
    dataset=DATASET,
    trains=True,
)
