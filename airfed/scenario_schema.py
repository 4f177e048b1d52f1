"""What a key of a scenario means and may be, in words, read from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from airfed.toml_value import short_number

Node = dict[str, Any]

NOUNS = {"integer": "an integer", "number": "a number", "string": "a text", "boolean": "true or false"}


@cache
def schema_of(model: type[BaseModel]) -> Node:
    """The JSON schema of a model; made once, as that takes a tenth of a second, and not to be changed."""
    return model.model_json_schema()


def resolved(node: Node, schema: Node) -> Node:
    """The node itself, or what its `$ref` points to, with the description given nearest to it."""
    if "$ref" not in node:
        return node
    target: Node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def node_at(schema: Node, location: Sequence[str | int]) -> Node | None:
    """The node of a key, given the way to it; the tags of unions may be on the way. None where there is none.

    >>> from airfed import Scenario
    >>> schema = Scenario.model_json_schema()
    >>> allowed_range(node_at(schema, ["network", "hexagonal", "num_cells"]))
    'an integer, 1 to 1000'
    """
    node: Node = schema
    for step in location:
        node = resolved(node, schema)
        if isinstance(step, int):
            following = node.get("items")
        elif step in node.get("properties", {}):
            following = node["properties"][step]
        elif step in node.get("discriminator", {}).get("mapping", {}):
            following = {"$ref": node["discriminator"]["mapping"][step]}
        else:
            following = next((part for part in node.get("anyOf", ()) if part.get("type") == _kind(step)), None)
        if following is None:
            return None
        node = following
    return resolved(node, schema)


def allowed_range(node: Node) -> str:
    """The values that a key may take; '' for a table."""
    if "allowed" in node:
        return str(node["allowed"])
    if "anyOf" in node:
        one, *others = node["anyOf"]
        told = ["a list of such" if part.get("items") == one else allowed_range(part) for part in others]
        return ", or ".join(dict.fromkeys([allowed_range(one), *told]))
    if "const" in node or "enum" in node:
        choices = [json.dumps(choice) for choice in node.get("enum", [node.get("const")])]
        return " or ".join(choices)
    if node.get("type") == "array":
        inner = allowed_range(node.get("items", {}))
        return f"a list, each {inner}" if inner else f"a list of {node.get('minItems', 0)} to {node['maxItems']} tables"
    if "discriminator" in node:
        kinds = " or ".join(json.dumps(kind) for kind in node["discriminator"]["mapping"])
        return f"a table with a kind of {kinds}"
    parts = [NOUNS.get(node.get("type", ""), ""), _bounds(node)]
    return ", ".join(part for part in parts if part)


def _bounds(node: Node) -> str:
    low = high = ""
    if "minimum" in node:
        low = short_number(node["minimum"])
    elif "exclusiveMinimum" in node:
        low = f"above {short_number(node['exclusiveMinimum'])}"
    if "maximum" in node:
        high = short_number(node["maximum"])
    elif "exclusiveMaximum" in node:
        high = f"below {short_number(node['exclusiveMaximum'])}"
    return " to ".join(part for part in (low, high) if part)


def _kind(tag: str) -> str:
    """JSON's name for the member of a plain union that pydantic names in a location."""
    if tag.startswith("tuple"):
        return "array"
    return {"float": "number", "int": "integer", "str": "string", "constrained-float": "number"}.get(tag, tag)
