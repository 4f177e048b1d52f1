"""Computing the points of a sweep that are not there yet."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from airfed.named_scenarios import scenario_of
from airfed.scenario import Scenario
from airfed.sweeps.backends import Backend, BackendError, ThisMachine
from airfed.sweeps.grid import Grid
from airfed.sweeps.outcome import Outcome, computed
from airfed.sweeps.sweep_folder import SweepFolder
from airfed.sweeps.sweep_result import SweepResult
from airfed.sweeps.swept_key import SweptKey
from airfed.sweeps.tables import write_tables
from airfed.versions import versions


def sweep(
    scenario: Scenario | str | Path | None = None,
    *,
    over: Mapping[str, Iterable[Any]],
    seeds: int = 5,
    out: str | Path | None = None,
    overwrite: bool = False,
    backend: Backend | None = None,
    progress: bool = True,
) -> SweepResult:
    """Runs a scenario for all combinations of values of its keys, with several seeds each.

    Seed s of all combinations is the same, so that they are compared on common draws. Results are the same to the bit whatever
    the backend and the number of workers, given the same packages and kind of processor.

    Args:
        scenario: a scenario, the path of a scenario file, or the name of one that comes along, such as "rural"; the default one
            if none.
        over: values by dotted key, an entry of a list by its number or name: `{"network.bandwidth_hz": [5e6, 10e6]}`.
        seeds: how many; the first is the scenario's.
        out: folder that keeps each point as soon as it is done, so that a sweep that was ended goes on with those that are
            missing, and gets the tables.
        overwrite: whether to throw away what the folder holds of a sweep, and begin anew.
        backend: where points are computed; one process for each processor of this machine by default.
        progress: whether to show a progress bar.

    Raises:
        ScenarioError: if the scenario cannot be read, or a combination is not allowed; nothing has run then.
        OtherSweep: if the folder holds another sweep, and `overwrite` is false.
        FolderInUse: if another process is at the folder.
        BackendError: if the backend cannot compute; what was done is kept.

    >>> small = Scenario(network={"clients_per_cell": 3}, learning={"rounds": 2, "model": {"hidden": 9}})
    >>> over = {"network.client_power_dbm": [17.0, 23.0]}
    >>> result = sweep(small, over=over, seeds=2, backend=ThisMachine(num_processes=1), progress=False)
    >>> len(result.table), len(result.summary)
    (20, 10)
    """
    if scenario is None:
        scenario = Scenario()
    elif not isinstance(scenario, Scenario):
        scenario = scenario_of(scenario)
    keys = tuple(SweptKey(key=key, values=list(values)) for key, values in over.items())
    grid = Grid(scenario=scenario, keys=keys, num_seeds=seeds)
    where = backend or ThisMachine()
    if out is None:
        return run_sweep(grid, backend=where, progress=progress)
    with SweepFolder.open(out, grid, overwrite=overwrite) as folder:
        done, damaged = folder.outcomes()
        if damaged:
            warnings.warn(f"damaged files of points, which are computed again: {', '.join(damaged)}", stacklevel=2)
        result = run_sweep(grid, done=done, keep=folder.write, backend=where, progress=progress)
        write_tables(folder, result)
    return result


def run_sweep(
    grid: Grid,
    *,
    done: Mapping[int, Outcome] | None = None,
    keep: Callable[[Outcome], None] | None = None,
    backend: Backend,
    progress: bool,
) -> SweepResult:
    """Computes the points that are not done.

    A point that fails does not end the sweep, and is not kept, so that it is tried again another time.

    Args:
        grid: what to compute.
        done: outcomes that are known already, by index of their points.
        keep: given each new outcome as soon as it is there.
        backend: where points are computed.
        progress: whether to show a progress bar.

    Raises:
        BackendError: if the backend cannot compute, or computes with other packages.
    """
    outcomes = dict(done or {})
    missing = [point for point in grid.points if point.index not in outcomes]
    bar = tqdm(total=len(grid.points), initial=len(outcomes), unit="point", smoothing=0.1, disable=not progress)
    # A cluster that is not needed any more may be gone.
    with bar, closing(backend.run(computed, missing) if missing else _nothing()) as found:
        for outcome in found:
            _check_versions(outcome)
            if keep and not outcome.failure:
                keep(outcome)
            outcomes[outcome.index] = outcome
            bar.update()
    return SweepResult(grid=grid, outcomes=tuple(outcomes[point.index] for point in grid.points))


def _nothing() -> Generator[Outcome]:
    yield from ()


def _check_versions(outcome: Outcome) -> None:
    for name, here in versions().items():
        there = outcome.versions.get(name)
        if there != here:
            raise BackendError(f"a worker has {name} {there} and this process {here}; all need the same, lest results differ")
