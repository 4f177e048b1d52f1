"""Errors in scenarios, told so that the reader can mend them."""

from __future__ import annotations

import difflib

from pydantic import BaseModel, ValidationError

from airfed.scenario_schema import allowed_range, node_at, schema_of
from channels.shortened import shortened

MAX_COUNTED = 100
"""Errors beyond the first that are looked at, to say how many keys are wrong."""

FEW = 3
"""Up to so many keys that are spelt alike are told in place of all."""
ALL_KEYS = "All keys: airfed scenario show default --full, and docs/scenario.md"


class ScenarioError(ValueError):
    """A scenario that cannot be read or run; the message names the key, the value and what is allowed."""


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """One line about the first thing that is wrong, and how many more there are."""
    schema = schema_of(model)
    # A plain union reports once for each of its members: the one that got furthest is what the user meant.
    errors = error.errors()
    top = errors[0]["loc"][:2]
    first, *others = sorted(errors, key=lambda one: -len(one["loc"]) if one["loc"][:2] == top else 0)
    location = first["loc"]
    key = ".".join(_written(step) for step in _keys(schema, location))
    got = shortened(repr(first["input"]))
    if first["type"] == "value_error":
        message = f"{key + '.' if key else ''}{first['ctx']['error']}"
    elif first["type"] == "extra_forbidden":
        known = list((node_at(schema, location[:-1]) or {}).get("properties", {}))
        near = difflib.get_close_matches(str(location[-1]), known, n=FEW)
        message = f"{key}: unknown key with value {got}; "
        message += f"did you mean {' or '.join(near)}? {ALL_KEYS}" if near else f"known keys here: {', '.join(known)}"
        kinds = (node_at(schema, location[:-2]) or {}).get("discriminator", {}).get("mapping", {})
        if kinds and not near:
            message += f" (of kind {location[-2]}; kinds are {', '.join(kinds)})"
    elif first["type"] == "missing":
        message = f"{key}: missing; needed is {_needed(schema, location)}"
    elif first["type"].startswith("union_tag"):
        node = node_at(schema, location) or {}
        kinds = ", ".join(f'"{kind}"' for kind in node.get("discriminator", {}).get("mapping", {}))
        tag = f"got {shortened(repr(first['input']['kind']))}" if "kind" in first["input"] else "missing"
        message = f"{key}.kind: {tag}; allowed is one of {kinds}"
    else:
        message = f"{key}: got {got}; allowed is {_needed(schema, location) or first['msg'].lower()}"
    keys = {tuple(_keys(schema, other["loc"])) for other in others[:MAX_COUNTED]}
    keys = {other for other in keys if other != tuple(_keys(schema, location))[: len(other)]}
    number = f"{len(keys)} or more" if len(others) > MAX_COUNTED else f"{len(keys)} more"
    more = f" ({number} {'keys are' if len(keys) > 1 else 'key is'} wrong)" if keys else ""
    return message + more


def _keys(schema: dict[str, object], location: tuple[str | int, ...]) -> list[str | int]:
    """The keys that a user wrote: the location without the tags of unions."""
    keys: list[str | int] = []
    for end, step in enumerate(location, start=1):
        above = node_at(schema, location[: end - 1]) or {}
        is_tag = (
            isinstance(step, str) and step not in above.get("properties", {}) and ("discriminator" in above or "anyOf" in above)
        )
        if not is_tag:
            keys.append(step)
    return keys


def _needed(schema: dict[str, object], location: tuple[str | int, ...]) -> str:
    # Of a place in a list of fixed length, or a member of a plain union, what the whole may be.
    above = node_at(schema, location[:-1]) or {}
    node = above if "anyOf" in above else node_at(schema, location) or above
    return allowed_range(node) or (f"a table with the keys {', '.join(node['properties'])}" if "properties" in node else "")


def _written(step: str | int) -> str:
    """A key as in TOML, quoted if it is no plain one."""
    text = str(step)
    return shortened(text if text.replace("-", "_").isidentifier() or text.isdecimal() else repr(text))
