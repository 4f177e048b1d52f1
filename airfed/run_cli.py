"""The command that runs a scenario, and goes on with a run that was ended."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from airfed.checked_json import DamagedFile
from airfed.experiment import Experiment, Result
from airfed.folder_lock import FolderInUse
from airfed.quiet import Quiet, progress_wanted
from airfed.report import write_figures, write_history, write_scenario, write_summary
from airfed.results_folder import CHECKPOINT, SCENARIO, SUMMARY, ResultsFolder
from airfed.run_checkpoints import RunCheckpoints
from airfed.scenario import Scenario
from airfed.scenario_cli import read_scenario
from airfed.scenario_error import ScenarioError
from airfed.stop import BAD_INPUT, FAILED, INTERRUPTED, stop
from airfed.table import formatted_table
from airfed.unfinished_run import ChangedScenario, UnfinishedRun
from fl_models import DivergedTraining, EndlessRound, History, OtherTraining
from latency_opt import InfeasibleProblem, UncertifiedSolution


def run(
    scenario: Annotated[str | None, typer.Argument(help="Scenario file or name; the default one if none.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder; results/NAME if none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the results that the folder holds.")] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Go on with the run of a results folder that was ended.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run a scenario: print the schemes side by side, write history, summary and figures.

    Older results are replaced when the first scheme is complete, not before. How far a run is is kept in its folder until it is
    complete: ended at any moment, it goes on with --resume, to the same results.
    """
    if resume is None:
        settings = Scenario() if scenario is None else read_scenario(scenario)
        path = Path("results") / settings.name if out is None else out
        if scenario is not None and (path / SCENARIO).resolve() == Path(scenario).resolve():
            stop(
                f"--out {path}: holds the scenario file itself, which would be overwritten; give another folder, or "
                f"{_go_on_with(path)}",
                BAD_INPUT,
            )
        _begin(settings, path, overwrite=force, progress=progress_wanted(quiet=quiet))
    elif scenario is not None or out is not None or force:
        stop(f"--resume {resume}: goes on with what the folder holds; give neither a scenario nor --out nor --force", BAD_INPUT)
    else:
        _go_on(resume, progress=progress_wanted(quiet=quiet))


def _begin(scenario: Scenario, path: Path, *, overwrite: bool, progress: bool) -> None:
    experiment = _prepared(scenario)
    with ExitStack() as stack:
        folder, checkpoints = _opened(path, f"--out {path}", stack)
        if not overwrite and UnfinishedRun.is_in(path / CHECKPOINT):
            stop(f"{path}: holds a run that was ended; {_go_on_with(path)}, or give --force to overwrite it", BAD_INPUT)
        if not overwrite and folder.held:
            held = ", ".join(folder.held)
            stop(f"{path}: already holds results ({held}); give another --out or --force to overwrite them", BAD_INPUT)
        checkpoints.clear()
        _carry_out(UnfinishedRun.over(folder, scenario), experiment, folder, checkpoints, progress=progress)


def _go_on(path: Path, *, progress: bool) -> None:
    if not path.is_dir():
        stop(f"--resume {path}: there is no such folder; give the results folder of a run", BAD_INPUT)
    with ExitStack() as stack:
        folder, checkpoints = _opened(path, f"--resume {path}", stack)
        unfinished = _unfinished(folder)
        _carry_out(unfinished, _prepared(unfinished.scenario), folder, checkpoints, progress=progress)


def _opened(path: Path, named: str, stack: ExitStack) -> tuple[ResultsFolder, RunCheckpoints]:
    try:
        folder = stack.enter_context(ResultsFolder.open(path))
        return folder, stack.enter_context(RunCheckpoints.open(path / CHECKPOINT, tell=_tell))
    except FolderInUse as error:
        stop(str(error), BAD_INPUT)
    except OSError as error:
        stop(f"{named}: cannot be written: {error.strerror}; give another folder", BAD_INPUT)


def _unfinished(folder: ResultsFolder) -> UnfinishedRun:
    """The run in a folder, as far as it is known; ends the command if there is none, or it is complete."""
    path, damaged = folder.path, False
    try:
        unfinished = UnfinishedRun.read(path / CHECKPOINT)
        if unfinished:
            unfinished.check_unchanged(folder)
            return unfinished
    except DamagedFile as error:
        _tell(f"{path / CHECKPOINT}: which run this is cannot be read: {error}; {SCENARIO} is taken")
        damaged = True
    except (ChangedScenario, ScenarioError) as error:
        stop(f"{error}; undo that, or run it into another folder", BAD_INPUT)
    if not (path / SCENARIO).exists():
        stop(f"--resume {path}: holds no run; give the results folder of one", BAD_INPUT)
    if (path / SUMMARY).exists() and not damaged:
        typer.echo(f"{path}: this run is complete, there is nothing to go on with")
        raise typer.Exit
    return UnfinishedRun(scenario=read_scenario(str(path / SCENARIO)))


def _prepared(scenario: Scenario) -> Experiment:
    try:
        return Experiment.prepare(scenario)
    except ScenarioError as error:
        stop(str(error), BAD_INPUT)
    except UncertifiedSolution as error:
        stop(f"scenario {scenario.name!r} cannot be planned: {error}", FAILED)
    except KeyboardInterrupt:
        stop("interrupted; no round was trained", INTERRUPTED)


def _carry_out(
    unfinished: UnfinishedRun,
    experiment: Experiment,
    folder: ResultsFolder,
    checkpoints: RunCheckpoints,
    *,
    progress: bool,
) -> None:
    """Trains what is not trained yet, and writes all results."""
    path, complete = folder.path, list[History]()
    try:
        unfinished.write(path / CHECKPOINT)
        if not folder.held:
            write_scenario(folder, experiment.scenario)
        for history in experiment.histories(progress=progress, checkpoints=checkpoints):
            if not complete and unfinished.has_older_results(folder):
                folder.clear()
                write_scenario(folder, experiment.scenario)
            write_history(folder, [*complete, history])
            complete.append(history)
        result = Result(scenario=experiment.scenario, histories=tuple(complete))
        write_summary(folder, result)
        write_figures(folder, result)
        UnfinishedRun.remove(path / CHECKPOINT)
        checkpoints.clear()
    except OtherTraining as error:
        stop(f"{error}; make it what it was, or run the scenario into another folder", BAD_INPUT)
    except KeyboardInterrupt:
        stop(f"interrupted; {_kept(complete)}; {_go_on_with(path)}", INTERRUPTED)
    except (DivergedTraining, EndlessRound) as error:
        stop(f"{error}; {_given_up(unfinished, folder, checkpoints, complete, error.history)}", FAILED)
    except (InfeasibleProblem, UncertifiedSolution) as error:
        stop(f"{error}; {_kept(complete)}", FAILED)
    except OSError as error:
        stop(f"{path}: cannot be written: {error.strerror}; what was written until then is whole; {_go_on_with(path)}", FAILED)
    typer.echo(formatted_table(result.table, target_accuracy=experiment.scenario.target_accuracy))
    typer.echo(f"\nresults in {path}")


def _given_up(
    unfinished: UnfinishedRun,
    folder: ResultsFolder,
    checkpoints: RunCheckpoints,
    complete: list[History],
    failed: History | None,
) -> str:
    """Keeps what was recorded of a run that cannot go on, unless older results are there; tells what is kept."""
    kept = _kept(complete)
    try:
        if failed and failed.records and (complete or not unfinished.has_older_results(folder)):
            write_history(folder, [*complete, failed])
            kept += f", and the {len(failed.records)} records of this one"
        UnfinishedRun.remove(folder.path / CHECKPOINT)
        checkpoints.clear()
    except OSError as error:
        kept += f"; {folder.path}: cannot be written: {error.strerror}"
    return kept


def _kept(complete: list[History]) -> str:
    return f"{len(complete)} complete schemes are kept" if complete else "no scheme was complete"


def _go_on_with(path: Path) -> str:
    return f"go on with: airfed run --resume {shlex.quote(str(path))}"


def _tell(message: str) -> None:
    typer.echo(f"airfed: {message}", err=True)
