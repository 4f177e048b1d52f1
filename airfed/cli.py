"""The command line."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from airfed.atomic_file import write_atomically
from airfed.named_scenarios import scenario_text
from airfed.published_cli import reproduce
from airfed.run_cli import run
from airfed.scenario_cli import scenario_app
from airfed.scenario_error import ScenarioError
from airfed.stop import BAD_INPUT, stop
from airfed.sweep_cli import sweep

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


app.command()(run)


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
