"""A key of the scenario and the values that it takes in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airfed.scenario_error import ScenarioError
from airfed.toml_reader import read_toml
from airfed.toml_value import toml_value
from channels.shortened import shortened

MAX_KEY = 500
"""Characters."""


@dataclass(frozen=True, kw_only=True)
class SweptKey:
    """A key of the scenario and the values that it takes in turn.

    Attributes:
        key: dotted, as in TOML; an entry of a list by its number from 0 or by its name, in quotes if TOML needs them.
        values: as they would stand in a scenario file, each once.

    Raises:
        ScenarioError: if the key cannot be read or swept, or there are no values, or one that TOML cannot hold or that is there
            twice.

    >>> SweptKey.parse("network.bandwidth_hz=5e6,10e6").values
    (5000000.0, 10000000.0)
    >>> SweptKey(key='schemes."HIST, bits".uplink.participation', values=[0.9, 1.0]).path
    ('schemes', 'HIST, bits', 'uplink', 'participation')
    """

    key: str
    values: Sequence[Any]

    def __post_init__(self) -> None:
        path = _path(self.key)
        if path is None:
            raise ScenarioError(
                f"key: got {shortened(repr(self.key))}; needed is a key of the scenario, its parts joined by dots as in TOML"
            )
        if path == ("seed",):
            raise ScenarioError("seed: cannot be swept as a key; say how many seeds every point has")
        if isinstance(self.values, str) or not hasattr(self.values, "__iter__"):
            raise ScenarioError(f"{self.key}: got {shortened(repr(self.values))}; needed is a list of values")
        values = tuple(_plain(value) for value in self.values)
        if not values:
            raise ScenarioError(f"{self.key}: got no values; needed is at least one")
        try:
            texts = [toml_value(value) for value in values]
        except TypeError as error:
            raise ScenarioError(f"{self.key}: {error}") from None
        [(most, times)] = Counter(texts).most_common(1)
        if times > 1:
            raise ScenarioError(f"{self.key}: got {shortened(most)} a second time; allowed is each value once")
        object.__setattr__(self, "values", values)

    @classmethod
    def parse(cls, text: str) -> SweptKey:
        """The key and values of KEY=VALUE,VALUE,... with values in TOML's notation, texts in quotes.

        Raises:
            ScenarioError: as above, or if the text is not of that form.
        """
        ends = (end for end, mark in enumerate(text[: MAX_KEY + 1]) if mark == "=")
        end = next((end for end in ends if _path(text[:end])), None)  # a name in quotes may have = in it
        if end is None:
            raise ScenarioError(
                f"got {shortened(repr(text))}; needed is KEY=VALUE,VALUE,..., such as network.bandwidth_hz=5e6,10e6"
            )
        key, values = text[:end].strip(), text[end + 1 :].strip()
        try:
            document = read_toml(f"values = [{values}\n]")
        except ValueError:
            document = {}
        if document.keys() != {"values"}:
            raise ScenarioError(
                f"{key}: got {shortened(repr(values))}; needed are values in TOML's notation with commas between them, texts "
                f'in quotes: {key}="one","two"'
            )
        return cls(key=key, values=document["values"])

    @property
    def path(self) -> tuple[str, ...]:
        """The steps of the key."""
        return _path(self.key) or ()

    @property
    def labels(self) -> tuple[Any, ...]:
        """What stands for the values in tables: themselves if all are numbers, all texts or all truths, else their notation."""
        kinds = {float if type(value) is int else type(value) for value in self.values}
        if len(kinds) == 1 and kinds <= {float, str, bool}:
            return tuple(self.values)
        return tuple(toml_value(value) for value in self.values)


def _path(key: str) -> tuple[str, ...] | None:
    """The steps of a dotted key; None if it is none."""
    if key.splitlines() != [key] or len(key) > MAX_KEY:
        return None
    try:
        part: Any = read_toml(f"{key} = 0")
    except ValueError:
        return None
    path = []
    while isinstance(part, dict) and len(part) == 1:
        ((step, part),) = part.items()
        path.append(step)
    return tuple(path) if part == 0 else None


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy as Python's, tuples as lists; a copy, which nobody changes later."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
