"""Scenarios as commented TOML. (Python reads TOML but does not write it.)"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from airfed.scenario_schema import Node, allowed_range, resolved, schema_of
from airfed.toml_value import toml_value

COMMENT_COLUMN = 36
MAX_LINE = 120
HEAD = "# What the keys of kinds not chosen here mean and may be: docs/scenario.md, or airfed scenario schema.\n\n"


def to_toml(model: BaseModel) -> str:
    """The whole model as a TOML document, each key with what it means and may be."""
    schema = schema_of(type(model))
    lines = _table(model.model_dump(), schema, schema, path=())
    return HEAD + "\n".join(lines).strip() + "\n"


def _table(table: dict[str, Any], node: Node, schema: Node, *, path: tuple[str, ...]) -> list[str]:
    """The lines of one table: its plain keys, then its tables."""
    plain, nested = [], []
    for key, value in sorted(table.items(), key=lambda item: item[0] != "kind"):  # the kind first, the rest as they are
        inner = resolved(node["properties"][key], schema)
        name = ".".join((*path, key))
        if isinstance(value, dict):
            chosen = _chosen(inner, value, schema)
            nested += ["", *_explained(inner, schema, chosen=chosen), f"[{name}]"]
            nested += _table(value, chosen, schema, path=(*path, key))
        elif inner.get("type") == "array" and value and isinstance(value[0], dict):
            nested += ["", *_explained(inner, schema)]
            nested += _properties(resolved(inner["items"], schema), schema, indent="  ")
            for entry in value:
                nested += ["", f"[[{name}]]", *(f"{k} = {toml_value(v)}" for k, v in entry.items())]
        else:
            about = node["description"] if key == "kind" else "; ".join(filter(None, _meaning(inner)))
            plain += _commented(f"{key} = {toml_value(value)}", about)
    return plain + nested


def _meaning(node: Node) -> tuple[str, str]:
    """What a plain key is, and what it may be."""
    return node.get("description", ""), allowed_range(node)


def _explained(node: Node, schema: Node, *, label: str = "", indent: str = "", chosen: Node | None = None) -> list[str]:
    """Comments on a table: what it is and, if it is one of several kinds, all of them with their keys.

    If one is chosen, whose keys follow with comments of their own, the others are told in a line each.
    """
    mapping = node.get("discriminator", {}).get("mapping", {})
    about = node.get("description", "")
    lines = [f"# {indent}{label}{about.rstrip('.') + ', of kind' if mapping else about}"]
    for kind, reference in mapping.items():
        member = resolved({"$ref": reference}, schema)
        line = f'# {indent}  "{kind}": {member["description"]}'
        if chosen is None:
            lines += [line, *_properties(member, schema, indent=indent + "    ")]
        else:
            own = [key for key, part in member["properties"].items() if key != "kind" and chosen["properties"].get(key) != part]
            lines.append(line + (f"; own keys: {', '.join(own)}" if own else ""))
    return lines


def _properties(node: Node, schema: Node, *, indent: str) -> list[str]:
    """Comments on the keys of a table but its kind."""
    lines = []
    for key, part in node["properties"].items():
        inner = resolved(part, schema)
        if key == "kind":
            continue
        if "discriminator" in inner:
            lines += _explained(inner, schema, label=f"{key}: ", indent=indent)
        else:
            default = f"{toml_value(inner['default'])} if left out" if "default" in inner else ""
            lines.append(f"# {indent}{key}: {'; '.join(filter(None, (*_meaning(inner), default)))}")
    return lines


def _chosen(node: Node, value: dict[str, Any], schema: Node) -> Node:
    """The member of a union that a value is; the node itself if it is no union."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    return resolved({"$ref": mapping[value["kind"]]}, schema) if mapping else node


def _commented(line: str, comment: str) -> list[str]:
    """The line with its comment beside it, or above it where that would be too long."""
    beside = f"{line:<{COMMENT_COLUMN - 1}} # {comment}"
    return [beside] if len(beside) <= MAX_LINE else [f"# {comment}", line]
