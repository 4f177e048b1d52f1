"""The JSON schema of scenario files, for editors that complete and check TOML while it is written."""

from __future__ import annotations

from typing import Any

from airfed.scenario import Scenario
from airfed.scenario_schema import Node
from airfed.specs.spec import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OURS = ("allowed", "discriminator")
"""Keywords that JSON Schema does not know."""


def editor_schema() -> Node:
    """The schema of scenario files, draft 2020-12.

    A table without a kind is of the kind that the default is, as when a scenario is read: each other kind needs its key, or is
    there as a text alone. What keys need of each other no schema can say; `airfed scenario check` does.

    >>> schema = editor_schema()
    >>> schema["properties"]["seed"]["maximum"]
    4294967295
    """
    schema = Scenario.model_json_schema()
    specs = {spec.__name__: spec for spec in _all_below(Spec)}
    for name, node in [*schema["$defs"].items(), (Scenario.__name__, schema)]:
        for key, part in node.get("properties", {}).items():
            if "discriminator" in part:
                _choose_by_kind(part, schema["$defs"], default=_default_kind(specs[name], key))
            elif part.get("type") == "string" and "allowed" in part:
                part["description"] = f"{part['description']}; {part['allowed']}"
    return {"$schema": DIALECT, **_plain(schema), "title": "airfed scenario"}


def _all_below(spec: type[Spec]) -> list[type[Spec]]:
    return [found for below in spec.__subclasses__() for found in (below, *_all_below(below))]


def _default_kind(spec: type[Spec], key: str) -> str | None:
    """The kind that a table without one is of; None where a kind is needed."""
    field = spec.model_fields[key]
    return None if field.is_required() else str(field.get_default(call_default_factory=True).kind)


def _choose_by_kind(node: Node, definitions: Node, *, default: str | None) -> None:
    """Lets tables of a union be told apart: by their kind or, for that of the default, by having none.

    Kinds that can do without any key of their own may be there as a text.
    """
    mapping = node["discriminator"]["mapping"]
    del node["oneOf"]
    node["anyOf"] = [
        {"$ref": reference} if kind == default else {"allOf": [{"$ref": reference}], "required": ["kind"]}
        for kind, reference in mapping.items()
    ]
    needed = {kind: definitions[reference.rsplit("/", 1)[-1]].get("required", []) for kind, reference in mapping.items()}
    alone = [kind for kind, keys in needed.items() if not keys]
    if alone:
        node["anyOf"].append({"enum": alone})


def _plain(node: Any) -> Any:
    """The node without keywords that JSON Schema does not know."""
    if isinstance(node, dict):
        return {key: _plain(part) for key, part in node.items() if key not in OURS or not _is_keyword(key, part)}
    return [_plain(part) for part in node] if isinstance(node, list) else node


def _is_keyword(key: str, part: Any) -> bool:
    """Whether it is one of our keywords rather than a key of a scenario with that name."""
    return isinstance(part, str) if key == "allowed" else "mapping" in part
