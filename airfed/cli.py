"""The command line."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from airfed.atomic_file import write_atomically
from airfed.experiment import Experiment, Result
from airfed.named_scenarios import scenario_text
from airfed.published_cli import reproduce
from airfed.quiet import Quiet, progress_wanted
from airfed.report import write_figures, write_history, write_scenario, write_summary
from airfed.results_folder import SCENARIO, ResultsExist, ResultsFolder
from airfed.scenario import Scenario
from airfed.scenario_cli import read_scenario, scenario_app
from airfed.scenario_error import ScenarioError
from airfed.stop import BAD_INPUT, FAILED, INTERRUPTED, stop
from airfed.sweep_cli import sweep
from airfed.table import formatted_table
from fl_models import DivergedTraining, History
from latency_opt import InfeasibleProblem, UncertifiedSolution

app = typer.Typer(
    help="How long until a federated model is good, over a wireless network, and what would make it sooner.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"airfed {version('airfed')}")
        raise typer.Exit


@app.callback()
def main(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Without a command there is nothing to do."""


@app.command()
def run(
    scenario: Annotated[str | None, typer.Argument(help="Scenario file or name; the default one if none.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder; results/NAME if none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the results that the folder holds.")] = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario: print the schemes side by side, write history, summary and figures.

    Older results are replaced when the first scheme is complete, not before.
    """
    complete: list[History] = []
    try:
        settings = Scenario() if scenario is None else read_scenario(scenario)
        path = Path("results") / settings.name if out is None else out
        if scenario is not None and (path / SCENARIO).resolve() == Path(scenario).resolve():
            stop(f"--out {path}: holds the scenario file itself, which would be overwritten; give another folder", BAD_INPUT)
        experiment = Experiment.prepare(settings)
        folder = _open(path, overwrite=force)
        for history in experiment.histories(progress=progress_wanted(quiet=quiet)):
            if not complete:
                folder.clear()
                write_scenario(folder, settings)
            write_history(folder, [*complete, history])
            complete.append(history)
        result = Result(scenario=settings, histories=tuple(complete))
        write_summary(folder, result)
        write_figures(folder, result)
    except ScenarioError as error:
        stop(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        stop(f"interrupted; {_kept(complete)}", INTERRUPTED)
    except (DivergedTraining, InfeasibleProblem, UncertifiedSolution) as error:
        stop(f"{error}; {_kept(complete)}", FAILED)
    except OSError as error:
        stop(f"{path}: cannot be written: {error.strerror}; what was written until then is whole", FAILED)
    typer.echo(formatted_table(result.table, target_accuracy=settings.target_accuracy))
    typer.echo(f"\nresults in {folder.path}")


def _open(path: Path, *, overwrite: bool) -> ResultsFolder:
    try:
        return ResultsFolder.open(path, overwrite=overwrite)
    except ResultsExist as error:
        stop(f"{error}; give another --out or --force to overwrite them", BAD_INPUT)
    except OSError as error:
        stop(f"--out {path}: cannot be written: {error.strerror}; give another folder", BAD_INPUT)


def _kept(complete: list[History]) -> str:
    return (
        f"the results of {len(complete)} complete schemes are kept" if complete else "no scheme was complete, nothing written"
    )


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")],
    named: Annotated[str, typer.Option("--from", help="Named scenario to begin with.")] = "default",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a scenario, the default or another named one, with comments, to edit."""
    if path.exists() and not force:
        stop(f"{path}: exists already; give another name or --force to overwrite it", BAD_INPUT)
    if not path.parent.is_dir():
        stop(f"{path}: cannot be written: there is no folder {path.parent}; make it first, or give another name", BAD_INPUT)
    try:
        write_atomically(path, scenario_text(named).encode())
    except ScenarioError as error:
        stop(f"--from {error}", BAD_INPUT)
    except OSError as error:
        stop(f"{path}: cannot be written: {error.strerror}", BAD_INPUT)
    typer.echo(f"wrote {path}; run it with: airfed run {path}")


app.command()(sweep)
app.command()(reproduce)
app.add_typer(scenario_app, name="scenario")
