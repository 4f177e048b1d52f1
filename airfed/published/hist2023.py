"""Fang, Han, Brinton 2023: HIST, what training a part of the model in each cell saves, and what the air saves on top."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from airfed.figures import draw_mean_and_band
from airfed.figures.published import Panel
from airfed.figures.published_learning import draw_differences, titled
from airfed.published.claim import Claim
from airfed.published.hist2023_runs import (
    AIR_HIST,
    HFL,
    HIST,
    IID_SPLIT,
    MODELS,
    SHARDS_SPLIT,
    SPLITTERS,
    TUNED_HIST,
    Case,
    Setting,
    trained,
)
from airfed.published.image_data import DATASET, ImageData
from airfed.published.paper import Findings, Paper, Request, Takes
from airfed.published.seeds import ahead_claim, over_seeds, reached
from channels.arrays import FloatArray
from fl_models import PartitionableModel

NUM_CELLS = (2, 3, 4)
SNR_DB = (-10.0, 0.0, 10.0, 20.0)
SHARE = 0.95
"""What is compared is the cost of so much of the best accuracy of the lesser of two schemes."""

LEVEL = 3.0
"""Points that still count as comparable accuracy; the margin is ours."""

ACCURACY, SECONDS, BITS = range(3)
Found = Mapping[tuple[Case, str], FloatArray]
"""(S, 3, rounds + 1) accuracy, seconds and bits of a client, by case and scheme."""


def run(request: Request) -> Findings:
    """HIST against hierarchical FedAvg in all cases, then with shares by resources, and over the air."""
    data = ImageData(folder=request.data_folder)
    data.load(seed=request.seed)  # says now, and not in a process, if files are missing
    setting = Setting(data=data, rounds=request.of(16, quick=8))
    model, *_ = setting.models
    cases = [
        Case(model=name, num_cells=cells, split=split) for name in setting.models for cells in NUM_CELLS for split in SPLITTERS
    ]
    unlike = Case(model=model, num_cells=3, split=IID_SPLIT, unlike=True)
    links = [Case(model=model, num_cells=3, split=IID_SPLIT, snr_db=snr_db) for snr_db in SNR_DB]
    jobs = [(case, scheme) for case in cases for scheme in (HFL, HIST)]
    jobs += [(unlike, scheme) for scheme in (HIST, TUNED_HIST)]
    jobs += [(case, scheme) for case in links for scheme in (HIST, AIR_HIST)]
    found = over_seeds(trained, {job: (setting, *job) for job in jobs}, request.seed_range(5, quick=3))
    return Findings(
        data=data.says(),
        claims=(*size_claims(), *hist_claims(found, cases), shares_claim(found, unlike), air_claim(found, links)),
        panels=panels_of(found, cases, links),
    )


def saved(found: Found, case: Case, what: int, *, by: str, against: str) -> FloatArray:
    """(S,) per cent of the seconds or bits of one scheme that another saves until both have the same accuracy, seed by seed.

    That accuracy is `SHARE` of the lesser of their best ones.
    """
    pairs = zip(found[case, by], found[case, against], strict=True)
    return np.array([100.0 * (1.0 - _ratio(own, other, what)) for own, other in pairs])


def _ratio(own: FloatArray, other: FloatArray, what: int) -> float:
    """The cost of one over that of the other until both have the same accuracy; (3, rounds + 1) each."""
    target = SHARE * min(own[ACCURACY, 1:].max(), other[ACCURACY, 1:].max())
    mine, theirs = (run[what, 1:][np.argmax(run[ACCURACY, 1:] >= target)] for run in (own, other))
    return float(mine / theirs)


def size_claims() -> tuple[Claim, ...]:
    """That a cell's part is 1/N of the paper's MLP, where the output bias alone is in all of them."""
    model = MODELS[ImageData.FASHION]["MLP"]
    return tuple(
        Claim.law(
            says=f"{cells} cells: parameters of a sub-model over the MLP's (784, 300, 10 neurons), so traffic of a round",
            source="the authors' code: 1/N",
            published=1.0 / cells,
            ours=part_of(model, cells),
            tolerance=10 / model.num_parameters,
            reason="the bias of the ten outputs, which all cells train",
        )
        for cells in NUM_CELLS
    )


def part_of(model: PartitionableModel, num_cells: int) -> float:
    """Parameters of one of N equal sub-models over those of the model."""
    part = model.with_hidden([size // num_cells for size in model.partition_sizes])
    return part.num_parameters / model.num_parameters


def hist_claims(found: Found, cases: list[Case]) -> tuple[Claim, ...]:
    """That HIST saves time and traffic at equal accuracy, and ends with a comparable one."""
    costs = [
        ahead_claim(
            says=f"{cells} cells: HIST saves {name} against hierarchical FedAvg at equal accuracy",
            source="experiments, against hierarchical FL",
            ahead={str(case): saved(found, case, what, by=HIST, against=HFL) for case in cases if case.num_cells == cells},
            unit="%",
        )
        for name, what in (("training time", SECONDS), ("uplink traffic", BITS))
        for cells in sorted({case.num_cells for case in cases})
    ]
    behind = ahead_claim(
        says=f"HIST ends with comparable accuracy, within {LEVEL:g} points (our margin), after as many rounds",
        source="experiments, against hierarchical FL",
        ahead={str(case): _percent_reached(found[case, HIST]) - _percent_reached(found[case, HFL]) for case in cases},
        margin=LEVEL,
        unit="points",
    )
    return (*costs, behind)


def _percent_reached(runs: FloatArray) -> FloatArray:
    """(S,) accuracy at the end, in per cent."""
    return 100.0 * reached(runs[:, ACCURACY])


def shares_claim(found: Found, case: Case) -> Claim:
    """That sub-models whose sizes follow the resources of the cells save time against equal ones."""
    return ahead_claim(
        says="sub-models by the resources of cells save training time against equal ones, cells being unlike",
        source="section V, sub-model partitioning",
        ahead=saved(found, case, SECONDS, by=TUNED_HIST, against=HIST),
        unit="%",
    )


def air_claim(found: Found, links: list[Case]) -> Claim:
    """That the air saves time on top of HIST at each SNR."""
    return ahead_claim(
        says="HIST over the air saves training time against HIST with bits at every SNR",
        source="experiments, AirComp",
        ahead={f"{case.snr_db:g} dB": saved(found, case, SECONDS, by=AIR_HIST, against=HIST) for case in links},
        unit="%",
    )


def panels_of(found: Found, cases: list[Case], links: list[Case]) -> tuple[Panel, ...]:
    """What HIST saves in all cases, one of them over the rounds, and what the air saves."""
    savings = (
        titled(
            "HIST against hierarchical FedAvg",
            draw_differences,
            {
                split: {
                    f"{case.model}, {case.num_cells} cells": saved(found, case, what, by=HIST, against=HFL)
                    for case in cases
                    if case.split == split
                }
                for split in SPLITTERS
            },
            xlabel=f"{name} saved at equal accuracy (%)",
        )
        for name, what in (("training time", SECONDS), ("uplink traffic", BITS))
    )
    shown = next(case for case in cases if case.num_cells == 3 and case.split == SHARDS_SPLIT)
    rounds = titled(
        str(shown),
        draw_mean_and_band,
        {scheme: 100.0 * found[shown, scheme][:, ACCURACY] for scheme in (HFL, HIST)},
        xlabel="global round",
        ylabel="test accuracy (%)",
    )
    air = titled(
        "over the air against bits",
        draw_mean_and_band,
        {"HIST": np.stack([saved(found, case, SECONDS, by=AIR_HIST, against=HIST) for case in links], axis=1)},
        x=SNR_DB,
        xlabel="mean SNR of a client over the whole band (dB)",
        ylabel="training time saved at equal accuracy (%)",
    )
    return (*savings, rounds, air)


PAPER = Paper(
    name="hist2023",
    citation=(
        "Fang, Han, Brinton 2023, Federated learning over hierarchical wireless networks: training latency minimization via "
        "submodel partitioning"
    ),
    runs=(
        "HIST and hierarchical FedAvg with 60 clients in 2, 3 and 4 cells, MLP and CNN, i.i.d. and two shards a client; "
        "sub-models by resources; over the air from -10 to 20 dB"
    ),
    run=run,
    takes=Takes.MINUTES,
    dataset=DATASET,
    trains=True,
)
