"""`airfed scenario`: what scenarios there are, what they say, whether they are right, and their schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from airfed.editor_schema import editor_schema
from airfed.named_scenarios import about, is_file, scenario_names, scenario_of, scenario_text
from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from airfed.scenario_summary import summary
from airfed.stop import BAD_INPUT, stop

scenario_app = typer.Typer(help="List, show and check scenarios; print their schema.", no_args_is_help=True)


def read_scenario(text: str) -> Scenario:
    """The scenario in a file or of a name; says so where a file hides a name, and ends the command where there is neither."""
    if is_file(text) and text in scenario_names():
        typer.echo(
            f"airfed: {text} is a file here, which is taken, and not the named scenario; rename the file for that", err=True
        )
    try:
        return scenario_of(text)
    except ScenarioError as error:
        stop(str(error), BAD_INPUT)


@scenario_app.command("list")
def list_() -> None:
    """List the named scenarios."""
    width = max(map(len, scenario_names()))
    for name in scenario_names():
        typer.echo(f"{name:<{width}}  {about(name)}")


@scenario_app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a scenario, as in the list.")],
    full: Annotated[bool, typer.Option("--full", help="Every key with its meaning and range, defaults too.")] = False,
) -> None:
    """Print a named scenario as a TOML file, with comments."""
    try:
        text = scenario_text(name)
    except ScenarioError as error:
        stop(str(error), BAD_INPUT)
    typer.echo(Scenario.from_toml(text).to_toml() if full else text, nl=False)


@scenario_app.command()
def check(scenario: Annotated[str, typer.Argument(help="Scenario file or name.")]) -> None:
    """Say whether a scenario is right, what it is and how large, or what is wrong with it.

    Draws network and data; trains nothing.
    """
    settings = read_scenario(scenario)
    try:
        lines = summary(settings)
    except ScenarioError as error:
        stop(str(error), BAD_INPUT)
    typer.echo(f"{scenario}: right")
    for line in lines:
        typer.echo(f"  {line}")


@scenario_app.command()
def schema() -> None:
    """Print the JSON schema of scenario files, for editors."""
    typer.echo(json.dumps(editor_schema(), indent=2, ensure_ascii=False))
