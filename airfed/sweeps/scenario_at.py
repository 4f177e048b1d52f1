"""A scenario with some of its keys set to other values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError, explain
from airfed.specs.spec import Spec
from airfed.sweeps.swept_key import SweptKey
from airfed.toml_value import toml_value
from channels.shortened import shortened

_Place = tuple[str | int, ...]
"""The way to a value: keys of tables, places in lists."""


def scenario_at(scenario: Scenario, keys: Sequence[SweptKey], values: Sequence[Any]) -> Scenario:
    """The scenario with each key set to its value, checked as if it had been written so in a file.

    What the scenario leaves to the defaults is left to them again, so that a table whose `kind` is set has the defaults of that
    kind.

    Raises:
        ScenarioError: if a key leads nowhere or into what another one sets, or the whole is not allowed; the message names the
            key, the value and the range.

    >>> key = SweptKey(key='schemes."HIST, optimal partition, AirComp".uplink.kind', values=["ofdma"])
    >>> scenario_at(Scenario(), [key], key.values).schemes[-1].uplink.bits_per_parameter
    32
    """
    document, taken = _written(scenario), dict[_Place, str]()
    for key, value in zip(keys, values, strict=True):
        _put(document, scenario, key, value, taken)
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        where = ", ".join(f"{key.key} = {shortened(toml_value(value))}" for key, value in zip(keys, values, strict=True))
        raise ScenarioError(f"at {where}: {explain(error, Scenario)}" if keys else explain(error, Scenario)) from None


def _written(part: Any) -> Any:
    """A part of a scenario as in a file that leaves out what is left to the defaults, but for the kinds of tables."""
    if isinstance(part, Spec):
        names = type(part).model_fields
        return {name: _written(getattr(part, name)) for name in names if name in part.model_fields_set or name == "kind"}
    if isinstance(part, (list, tuple)):
        return [_written(entry) for entry in part]
    return part


def _put(document: Any, part: Any, key: SweptKey, value: Any, taken: dict[_Place, str]) -> None:
    """Sets the value in the document of a part; defaults on the way are written down first."""
    way: _Place = ()
    for depth, step in enumerate(key.path, start=1):
        place = _place(document, step, key, depth - 1)
        way = (*way, place)
        is_last = depth == len(key.path)
        if way in taken or (is_last and any(other[:depth] == way for other in taken)):
            other = next(name for where, name in taken.items() if where[:depth] == way)
            raise ScenarioError(f"{key.key}: is swept together with {other}; allowed are keys of which none holds another")
        if is_last:
            document[place] = value
            taken[way] = key.key
            return
        part = _inner(part, place)
        if isinstance(document, dict) and place not in document:
            document[place] = {} if part is None else _written(part)  # what is not known is told when all is checked
        document = document[place]


def _inner(part: Any, place: str | int) -> Any:
    if isinstance(part, Spec):
        return getattr(part, str(place)) if place in type(part).model_fields else None
    return part[place] if isinstance(part, (list, tuple)) and isinstance(place, int) else None


def _place(document: Any, step: str, key: SweptKey, depth: int) -> str | int:
    """Where a step of the key leads to in a table or list.

    Raises:
        ScenarioError: if there is no such entry, or neither table nor list to have one.
    """
    if isinstance(document, dict):
        return step
    above = ".".join(key.path[:depth])
    if not isinstance(document, list):
        raise ScenarioError(f"{key.key}: {above} is {shortened(toml_value(document))}, which has no keys")
    if step.isdecimal() and len(step) < 10 and int(step) < len(document):
        return int(step)
    names = [entry["name"] for entry in document if isinstance(entry, dict) and "name" in entry]
    if step in names:
        return names.index(step)
    allowed = f"0 to {len(document) - 1}" + "".join(f", {toml_value(name)}" for name in names)
    raise ScenarioError(f"{key.key}: got entry {shortened(toml_value(step))} of {above}; allowed is {allowed}")
