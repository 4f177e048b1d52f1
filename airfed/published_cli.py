"""The command that reproduces published results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from airfed.atomic_file import write_atomically
from airfed.figures import published_files
from airfed.published import Paper, Reproduction, Request, paper, papers
from airfed.quiet import Quiet, progress_wanted
from airfed.stop import BAD_INPUT, FAILED, INTERRUPTED, stop


def reproduce(
    name: Annotated[str | None, typer.Argument(help="Which result, such as cao2020; --list names them.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the results that can be reproduced, and stop.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for figure and claims; replaces those of an earlier run.")] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Fewer Monte-Carlo draws, rounds or seeds; with few seeds, claims on training stay open."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all that is random.")] = 0,
    data: Annotated[Path | None, typer.Option(help="Folder with the paper's data set, if it names one.")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many seeds to run a paper with that trains.")] = None,
    quiet: Quiet = False,
) -> None:
    """Reproduce a published result: what the paper claims beside what we find.

    Ends with code 1 if a claim fails.
    """
    if list_all:
        typer.echo("\n\n".join(_entry(each) for each in papers()))
        return
    if name is None:
        stop("NAME: got none; give the name of a result, airfed reproduce --list names them", BAD_INPUT)
    try:
        wanted = paper(name)
        request = Request(quick=quick, seed=seed, data_folder=data, seeds=seeds)
        wanted.check(request)
    except ValueError as error:
        stop(str(error), BAD_INPUT)
    if progress_wanted(quiet=quiet):
        typer.echo(f"{wanted.name}: takes {wanted.takes} of one processor, less with --quick", err=True)
    try:
        found = wanted.reproduce(request)
    except KeyboardInterrupt:
        stop("interrupted; nothing written", INTERRUPTED)
    except OSError as error:
        stop(f"--data: cannot be read: {error}", BAD_INPUT)
    typer.echo(found.report())
    if out is not None:
        try:
            _write(found, out)
        except OSError as error:
            stop(f"--out {out}: cannot be written: {error.strerror}; give another folder", BAD_INPUT)
        typer.echo(f"figure and claims in {out}")
    if found.failed:
        raise typer.Exit(FAILED)


def _entry(each: Paper) -> str:
    return "\n".join(
        [
            f"{each.name}  {each.citation}",
            f"    runs: {each.runs}",
            f"    takes: {each.takes} of one processor, less with --quick",
            "    data: none to fetch" + (f"; --data: {each.dataset}" if each.dataset is not None else ""),
        ]
    )


def _write(found: Reproduction, folder: Path) -> None:
    """NAME.png, NAME.pdf, NAME.svg and NAME.csv, the table of claims."""
    folder.mkdir(parents=True, exist_ok=True)
    name = found.paper.name
    claims = found.table.to_csv(index=False, lineterminator="\n").encode()
    for file, content in {f"{name}.csv": claims, **published_files(name, found.panels)}.items():
        write_atomically(folder / file, content)
