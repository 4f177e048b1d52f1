"""Scenarios that come along, each with a name."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path

from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError

DEFAULT = "default"
FOLDER = files("airfed") / "scenarios"


def scenario_names() -> tuple[str, ...]:
    """Their names, the default first.

    >>> scenario_names()[:2]
    ('default', 'dense-urban')
    """
    found = (Path(entry.name) for entry in FOLDER.iterdir())
    return (DEFAULT, *sorted(path.stem for path in found if path.suffix == ".toml"))


def scenario_text(name: str) -> str:
    """The TOML document of a named scenario, with comments that say where its numbers come from.

    Raises:
        ScenarioError: if there is none of that name.
    """
    if name not in scenario_names():
        raise ScenarioError(f"{name}: no named scenario; {_named_are(name)}")
    return Scenario().to_toml() if name == DEFAULT else (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def named_scenario(name: str) -> Scenario:
    """A named scenario.

    Raises:
        ScenarioError: if there is none of that name.

    >>> named_scenario("rural").network.propagation.kind
    'rma'
    """
    return Scenario.from_toml(scenario_text(name), source=name)


def about(name: str) -> str:
    """What a named scenario is, in a line.

    >>> about("default")
    'three cells of an urban macro network learn to read digits, in five ways'
    """
    if name == DEFAULT:
        return "three cells of an urban macro network learn to read digits, in five ways"
    return scenario_text(name).splitlines()[0].removeprefix("# ")


def is_file(text: str) -> bool:
    """Whether a scenario that is asked for so is a file rather than a named one.

    It is if there is such a file, or if it could not be a name: since names have neither dots nor slashes, `./rural` always is
    a file. A file hides the named scenario of its name; who reads one should say so.
    """
    return Path(text).is_file() or not text.replace("-", "").isalnum()


def scenario_of(text: str | Path) -> Scenario:
    """The scenario in a file or of a name; the file, if there are both.

    Raises:
        ScenarioError: if there is neither, or what the file says is not allowed.
    """
    if is_file(str(text)):
        return Scenario.load(text)
    if str(text) not in scenario_names():
        raise ScenarioError(f"{text}: cannot be read: neither a file nor a named scenario; {_named_are(str(text))}")
    return named_scenario(str(text))


def _named_are(wrong: str) -> str:
    near = difflib.get_close_matches(wrong, scenario_names(), n=1)
    return (f"did you mean {near[0]}? " if near else "") + f"named are {', '.join(scenario_names())}"
