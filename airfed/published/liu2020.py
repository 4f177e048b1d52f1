"""Liu, Zhang, Song, Letaief 2020: hierarchical federated averaging between clients, edge and cloud."""

from __future__ import annotations

from functools import partial

import numpy as np

from airfed.figures import draw_curves
from airfed.published.claim import ROUNDING, Claim, Relation
from airfed.published.liu2020_runs import (
    ACCURACY,
    BITS_PER_PARAMETER,
    CAPACITANCE,
    CLIENT_POWER_W,
    CLOUD_FACTOR,
    EDGE_IID,
    EDGE_UNLIKE,
    LOCAL_UPDATES,
    NUM_PARAMETERS,
    PAPER_CNN,
    PERIODS,
    RATE_BPS,
    SPLITS,
    UPDATE_CYCLES,
    UPDATE_HZ,
    cloud_round,
    cloud_rounds_to_accuracy,
    paper_network,
)
from airfed.published.paper import Findings, Paper, Request, Takes
from channels.arrays import FloatArray
from fl_models import RoundCost


def run(request: Request) -> Findings:
    """The delay and energy of a cloud round, from our network, and how many rounds each period of averaging takes."""
    seeds = request.seed_range(2, quick=1)
    periods = PERIODS[:: request.of(1, quick=3)]
    cost = {period: cloud_round(*period) for period in PERIODS}
    rounds = {
        split: np.array([[cloud_rounds_to_accuracy(*period, split=split, seed=seed) for seed in seeds] for period in periods])
        for split in SPLITS
    }
    seconds = {split: np.array([_seconds(cost[period]) for period in periods])[:, None] * rounds[split] for split in rounds}
    joules = {split: np.array([cost[period].energy_j for period in periods])[:, None] * rounds[split] for split in rounds}
    local = np.array([local for local, _ in periods], dtype=float)
    return Findings(
        data=(
            "for rounds the digits of scikit-learn, 50 clients of one class each at 5 edge servers, seeds from "
            f"{seeds[0]} to {seeds[-1]}, where the paper has MNIST and CIFAR-10; for seconds and joules the paper's links and "
            "its network of 21,840 parameters, with a local update of 24 ms. Its delay and energy model can be compared in "
            "numbers, times to an accuracy only by their order"
        ),
        claims=(*_model(cost), *_orders(rounds, seconds)),
        panels=(
            partial(
                draw_curves,
                {split: (local, LOCAL_UPDATES * values.mean(axis=-1)) for split, values in rounds.items()},
                xlabel="local updates between edge averages, κ₁",
                ylabel=f"local updates until {100 * ACCURACY:.0f} % accuracy",
                log_x=True,
            ),
            partial(
                draw_curves,
                {split: (local, values.mean(axis=-1)) for split, values in seconds.items()},
                xlabel="local updates between edge averages, κ₁",
                ylabel=f"seconds until {100 * ACCURACY:.0f} % accuracy",
                log_x=True,
            ),
            partial(
                draw_curves,
                {split: (local, values.mean(axis=-1)) for split, values in joules.items()},
                xlabel="local updates between edge averages, κ₁",
                ylabel=f"joules of a client until {100 * ACCURACY:.0f} % accuracy",
                log_x=True,
            ),
        ),
    )


def _seconds(cost: RoundCost) -> float:
    """Without the downlink, which the paper leaves out."""
    return cost.compute_s + cost.uplink_s + cost.backhaul_s


def _model(cost: dict[tuple[int, int], RoundCost]) -> tuple[Claim, ...]:
    """κ₁κ₂ local updates, κ₂ uploads to the edge and one to the cloud, ten times as long.

    Our backhaul takes 1e-12 s for the bits themselves, which is within the rounding that is allowed.
    """
    bits, upload_s = paper_network().upload()
    law_upload_s = BITS_PER_PARAMETER * NUM_PARAMETERS / RATE_BPS
    update_s = UPDATE_CYCLES / UPDATE_HZ
    update_j = CAPACITANCE / 2.0 * UPDATE_CYCLES * UPDATE_HZ**2
    late, costly = [], []
    for (local, edge), found in cost.items():
        law_s = local * edge * update_s + (edge + CLOUD_FACTOR) * law_upload_s
        law_j = local * edge * update_j + edge * CLIENT_POWER_W * law_upload_s
        late.append(_seconds(found) / law_s - 1.0)
        costly.append(found.energy_j / law_j - 1.0)
    source = "section IV, delay and energy model"
    return (
        Claim.printed(
            says="parameters of the network for MNIST",
            source="section IV, models",
            printed=str(NUM_PARAMETERS),
            ours=PAPER_CNN.num_parameters,
        ),
        Claim.law(
            says="rate B log2(1 + hp/σ) of 1 MHz, gain 1e-8, 0.5 W, noise 1e-10 W",
            source=source,
            published=RATE_BPS / 1e6,
            ours=bits / upload_s / 1e6,
            tolerance=ROUNDING * RATE_BPS / 1e6,
            reason="exact to rounding",
            unit="Mbit/s",
        ),
        Claim.law(
            says=f"upload of {NUM_PARAMETERS:,} parameters of {BITS_PER_PARAMETER} bits",
            source=source,
            published=law_upload_s,
            ours=upload_s,
            tolerance=ROUNDING * law_upload_s,
            reason="exact to rounding",
            unit="s",
        ),
        Claim.law(
            says="delay of a cloud round κ₁κ₂ T_comp + κ₂ T_comm + 10 T_comm: largest departure, relative",
            source=source,
            published=0.0,
            ours=max(late, key=abs),
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.law(
            says="energy of a client in a cloud round κ₁κ₂ E_comp + κ₂ p T_comm: largest departure, relative",
            source=source,
            published=0.0,
            ours=max(costly, key=abs),
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
    )


def _orders(rounds: dict[str, FloatArray], seconds: dict[str, FloatArray]) -> tuple[Claim, ...]:
    source = "section IV, table of training time and energy"
    reason = "on every seed"
    upload_s = paper_network().upload()[1]
    cloud_only = LOCAL_UPDATES * UPDATE_CYCLES / UPDATE_HZ + CLOUD_FACTOR * upload_s
    return (
        *(
            Claim.order(
                says=f"{split}: the more often edges average, the fewer local updates; largest ratio from one κ₁ to the next",
                source=source,
                ours=float(np.max(rounds[split][1:] / rounds[split][:-1])),
                bound=1.0,
                relation=Relation.BELOW,
                reason=reason,
            )
            for split in rounds
        ),
        *(
            Claim.order(
                says=f"{split}: and the less time; largest ratio from one κ₁ to the next",
                source=source,
                ours=float(np.max(seconds[split][1:] / seconds[split][:-1])),
                bound=1.0,
                relation=Relation.BELOW,
                reason=reason,
            )
            for split in seconds
        ),
        *(
            Claim.order(
                says=f"{split}: with κ₁ = {PERIODS[-1][0]} sooner than averaging in the cloud alone; largest ratio",
                source="section IV, against cloud-based federated averaging",
                ours=float(np.max(seconds[split][-1] / (cloud_only * rounds[split][0]))),
                bound=1.0,
                relation=Relation.BELOW,
                reason=f"{reason}; that is κ₁ = {LOCAL_UPDATES} less the upload to the edge",
            )
            for split in seconds
        ),
        Claim.order(
            says="edge servers whose data are unlike take longer: smallest ratio of rounds to those whose data are alike",
            source="section IV, edge-IID against edge-NIID",
            ours=float(np.min(rounds[EDGE_UNLIKE].mean(axis=-1) / rounds[EDGE_IID].mean(axis=-1))),
            bound=1.0,
            relation=Relation.ABOVE,
            reason="of the mean over seeds, for each κ₁",
        ),
    )


PAPER = Paper(
    name="liu2020",
    citation=(
        "Liu, Zhang, Song, Letaief 2020, Client-edge-cloud hierarchical federated learning, IEEE International Conference on "
        "Communications"
    ),
    runs=(
        "60 local updates in a cloud round, with edge averages after every 60, 30, 15 or 6 of them: delay, energy, and time to "
        "85 % accuracy with data alike and unlike at the edge servers"
    ),
    run=run,
    takes=Takes.UNDER_A_MINUTE,
    trains=True,
)
