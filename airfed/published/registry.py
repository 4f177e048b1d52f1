"""Which published results can be reproduced."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from airfed.published.paper import Paper, Reproduction, Request

NAMES = (
    "cao2020",
    "chen2018",
    "fedzo2022",
    "hist2023",
    "liu2020",
    "mtgc2024",
    "yang2021",
    "zhu2019",
)
"""Each is a file of this folder that holds its `PAPER`."""


def paper(name: str) -> Paper:
    """The paper of that name.

    Raises:
        ValueError: if there is none.
    """
    if name not in NAMES:
        raise ValueError(f"name: got {name!r}; known are {', '.join(NAMES)}")
    found = import_module(f"airfed.published.{name}").PAPER
    assert isinstance(found, Paper)
    return found


def papers() -> tuple[Paper, ...]:
    """All papers, by name."""
    return tuple(paper(name) for name in NAMES)


def reproduce(
    name: str, *, quick: bool = False, seed: int = 0, data_folder: str | Path | None = None, seeds: int | None = None
) -> Reproduction:
    """Runs the setting of a paper and sets what it claims beside what we find.

    Args:
        name: first author and year; `papers()` lists them.
        quick: fewer Monte-Carlo draws, rounds or seeds.
        seed: of all that is random.
        data_folder: where the files of the paper's data set are, if it names one.
        seeds: how many seeds to run a paper with that trains; as many as it says if None.

    Raises:
        ValueError: for a name that is not known, or a data folder or number of seeds that the paper has no use for.
    """
    folder = None if data_folder is None else Path(data_folder)
    return paper(name).reproduce(Request(quick=quick, seed=seed, data_folder=folder, seeds=seeds))
