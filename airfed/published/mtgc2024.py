"""Fang, Han, Chen, Wang, Brinton 2024: multi-timescale gradient correction on three kinds of heterogeneity."""

from __future__ import annotations

from collections.abc import Mapping

from airfed.figures import draw_mean_and_band
from airfed.figures.published import Panel
from airfed.figures.published_learning import draw_differences, titled
from airfed.published.claim import Claim
from airfed.published.image_data import DATASET, ImageData
from airfed.published.mtgc2024_runs import ALGORITHMS, BOTH, CELLS, CLIENTS, KINDS, OURS, Setting, accuracies
from airfed.published.paper import Findings, Paper, Request, Takes
from airfed.published.seeds import ahead_claim, over_seeds, reached
from channels.arrays import FloatArray

Curves = Mapping[str, Mapping[str, FloatArray]]
"""(S, rounds + 1) accuracies in per cent by kind and algorithm."""

Ahead = Mapping[str, Mapping[str, FloatArray]]
"""(S,) points by which MTGC is ahead, by kind and algorithm."""

RIVALS = "experiments, against rivals, cells and clients not i.i.d."
ABLATION = "experiments, either correction alone"
BEYOND = ("SCAFFOLD, global", "FedDyn at the cloud")
"""They correct across cells, too, which the paper's code of its rivals does not."""


def run(request: Request) -> Findings:
    """All algorithms on all kinds, each with step sizes of its own."""
    data = ImageData(folder=request.data_folder)
    data.load(seed=request.seed)  # says now, and not in a process, if files are missing
    found = curves(Setting.on(data, rounds=request.of(8, quick=5)), request.seed_range(8, quick=4))
    ahead = ahead_by(found)
    return Findings(data=data.says(), claims=claims_of(ahead), beyond=beyond_of(ahead), panels=panels_of(found, ahead))


def curves(setting: Setting, seeds: range) -> Curves:
    """Of all algorithms on all kinds; what is drawn follows the seed, whatever the algorithm."""
    jobs = {(kind, name): (setting, kind, name) for kind in KINDS for name in ALGORITHMS}
    found = over_seeds(accuracies, jobs, seeds)
    return {kind: {name: found[kind, name] for name in ALGORITHMS} for kind in KINDS}


def ahead_by(found: Curves) -> Ahead:
    """By how much MTGC is ahead of each other algorithm at the end, seed by seed."""
    last = {kind: {name: reached(rows) for name, rows in of.items()} for kind, of in found.items()}
    return {kind: {name: of[OURS] - rows for name, rows in of.items() if name != OURS} for kind, of in last.items()}


def claims_of(ahead: Ahead) -> tuple[Claim, ...]:
    """What the paper claims of MTGC and of its parts."""
    compared = [(BOTH, name, RIVALS) for name in ("hierarchical FedAvg", "FedProx", "FedDyn in cells")]
    compared += [(BOTH, name, ABLATION) for name in ("z only", "y only")]
    compared += [(kind, "hierarchical FedAvg", ABLATION) for kind in (CLIENTS, CELLS)]
    ahead_of = [
        ahead_claim(says=f"{kind}: MTGC is ahead of {name}", source=source, ahead=ahead[kind][name], unit="points")
        for kind, name, source in compared
    ]
    called_for = [
        ahead_claim(
            says=f"{kind}: {own}, the part that this calls for, is ahead of {other}",
            source=ABLATION,
            ahead=ahead[kind][other] - ahead[kind][own],
            unit="points",
        )
        for kind, own, other in ((CLIENTS, "z only", "y only"), (CELLS, "y only", "z only"))
    ]
    return (*ahead_of, *called_for)


def beyond_of(ahead: Ahead) -> tuple[Claim, ...]:
    """Whether MTGC is ahead of rivals that correct across cells, too."""
    return tuple(
        ahead_claim(
            says=f"{kind}: MTGC is ahead of {name}",
            source="not in the paper's code",
            ahead=ahead[kind][name],
            unit="points",
        )
        for kind in KINDS
        for name in BEYOND
    )


def panels_of(found: Curves, ahead: Ahead) -> tuple[Panel, ...]:
    """Accuracies for each kind, then by how much MTGC is ahead; FedProx, close to hierarchical FedAvg, is in the last alone."""
    accuracy = (
        titled(
            kind,
            draw_mean_and_band,
            {name: rows for name, rows in found[kind].items() if name != "FedProx"},
            xlabel="global round",
            ylabel="test accuracy (%)",
        )
        for kind in KINDS
    )
    xlabel = "MTGC ahead by (points), 95 % confidence"
    return (*accuracy, titled("at the end, seed by seed", draw_differences, ahead, xlabel=xlabel))


PAPER = Paper(
    name="mtgc2024",
    citation=(
        "Fang, Han, Chen, Wang, Brinton 2024, Hierarchical federated learning with multi-timescale gradient correction, NeurIPS"
    ),
    runs=(
        "MTGC, its parts, hierarchical FedAvg, FedProx, FedDyn and SCAFFOLD where cells and clients, clients alone or cells "
        "alone are not i.i.d., Dirichlet(0.1)"
    ),
    run=run,
    takes=Takes.MINUTES,
    dataset=DATASET,
    trains=True,
)
