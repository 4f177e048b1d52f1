"""The command that runs a scenario for many values and seeds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from airfed.figures import reached_by_nobody, sweep_files
from airfed.quiet import Quiet, progress_wanted
from airfed.scenario import Scenario
from airfed.scenario_cli import read_scenario
from airfed.scenario_error import ScenarioError
from airfed.stop import BAD_INPUT, FAILED, INTERRUPTED, stop
from airfed.sweeps import (
    Backend,
    BackendError,
    DaskCluster,
    FolderInUse,
    Grid,
    OtherSweep,
    RayCluster,
    SweepFolder,
    SweepResult,
    SweptKey,
    ThisMachine,
    run_sweep,
)
from airfed.sweeps.sweep_folder import FIGURE
from airfed.sweeps.tables import formatted_summary, write_tables

SHOWN_FAILURES = 3


class BackendName(StrEnum):
    """Where points are computed, as named on the command line."""

    joblib = "joblib"
    dask = "dask"
    ray = "ray"


def sweep(
    scenario: Annotated[str | None, typer.Argument(help="Scenario file or name; the default one if none.")] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES", help="Key and values to combine, such as network.bandwidth_hz=5e6,10e6; repeatable."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Seeds of every combination, from the scenario's on.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Results folder; results/NAME-sweep if none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Throw away the sweep that the folder holds, and begin anew.")] = False,
    backend: Annotated[BackendName, typer.Option(help="This machine, or a cluster.")] = BackendName.joblib,
    address: Annotated[str | None, typer.Option(help="Of the cluster; one on this machine if none.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes of joblib; one for each processor if none.")] = None,
    quiet: Quiet = False,
) -> None:
    """Run a scenario for all combinations of values, with several seeds each: tables, summary and a figure.

    Ended at any moment and started again, it goes on with what is missing.
    """
    try:
        settings = Scenario() if scenario is None else read_scenario(scenario)
        grid = Grid(scenario=settings, keys=tuple(SweptKey.parse(text) for text in over or ()), num_seeds=seeds)
    except ScenarioError as error:
        stop(str(error), BAD_INPUT)
    where = _backend(backend, address, jobs)
    path = Path("results") / f"{settings.name}-sweep" if out is None else out
    try:
        with SweepFolder.open(path, grid, overwrite=force) as folder:
            result = _run(grid, folder, where, progress=progress_wanted(quiet=quiet))
    except (OtherSweep, FolderInUse) as error:
        hint = "; give another --out, or --force to throw it away" if isinstance(error, OtherSweep) else ""
        stop(f"{error}{hint}", BAD_INPUT)
    except OSError as error:
        stop(f"{path}: cannot be written: {error.strerror}; what was written until then is whole", FAILED)
    typer.echo(formatted_summary(result))
    typer.echo(f"\nresults in {path}")
    if result.failures:
        stop(_failed(result), FAILED)


def _run(grid: Grid, folder: SweepFolder, backend: Backend, *, progress: bool) -> SweepResult:
    done, damaged = folder.outcomes()
    if damaged:
        typer.echo(f"airfed: damaged files of points, which are computed again: {', '.join(damaged)}", err=True)

    def kept() -> str:
        number = f"{folder.num_points} of {len(grid.points)} points"
        return f"{number} are done and kept in {folder.path}, and the same command goes on from there"

    try:
        result = run_sweep(grid, done=done, keep=folder.write, backend=backend, progress=progress)
        write_tables(folder, result)
        files = sweep_files(FIGURE, result.summary, keys=result.keys, accuracy_label=grid.accuracy_label)
        for name, content in files.items():
            folder.write_file(name, content)
        if files and reached_by_nobody(result.summary):
            shown = f"final {grid.accuracy_label} in place of time"
            typer.echo(f"airfed: no scheme reached the target on any seed; the figure shows {shown}", err=True)
    except KeyboardInterrupt:
        stop(f"interrupted; {kept()}", INTERRUPTED)
    except BackendError as error:
        stop(f"{error}; {kept()}", FAILED)
    return result


def _backend(name: BackendName, address: str | None, jobs: int | None) -> Backend:
    if name is BackendName.joblib:
        if address is not None:
            stop(f"--address: got {address} with --backend joblib, which is this machine; allowed with dask and ray", BAD_INPUT)
        return ThisMachine(num_processes=jobs)
    if jobs is not None:
        stop(f"--jobs: got {jobs} with --backend {name.value}, whose cluster decides; allowed with joblib", BAD_INPUT)
    return DaskCluster(address=address) if name is BackendName.dask else RayCluster(address=address)


def _failed(result: SweepResult) -> str:
    shown = [f"{result.grid.points[index]}: {why}" for index, why in list(result.failures.items())[:SHOWN_FAILURES]]
    number = len(result.failures)
    more = f"; and {number - len(shown)} more" if number > len(shown) else ""
    return f"{number} of {len(result.outcomes)} points failed and are in no table: {'; '.join(shown)}{more}"
