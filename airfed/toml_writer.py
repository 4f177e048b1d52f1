"""Scenarios as commented TOML. (Python reads TOML but does not write it.)"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from airfed.scenario_schema import Node, allowed_range, resolved
from airfed.toml_value import toml_value

COMMENT_COLUMN = 36
MAX_LINE = 120


def to_toml(model: BaseModel) -> str:
    """The whole model as a TOML document, each key with what it means and may be."""
    schema = type(model).model_json_schema()
    lines = _table(model.model_dump(), schema, schema, path=())
    return "\n".join(lines).strip() + "\n"


def _table(table: dict[str, Any], node: Node, schema: Node, *, path: tuple[str, ...]) -> list[str]:
    """The lines of one table: its plain keys, then its tables."""
    plain, nested = [], []
    for key, value in table.items():
        inner = resolved(node["properties"][key], schema)
        about = inner.get("description", "")
        name = ".".join((*path, key))
        if isinstance(value, dict):
            nested += ["", f"# {about}", f"[{name}]"]
            nested += _table(value, _chosen(inner, value, schema), schema, path=(*path, key))
        elif inner.get("type") == "array" and value and isinstance(value[0], dict):
            item = resolved(inner["items"], schema)
            nested += ["", f"# {about}", *(f"#   {k}: {part['description']}" for k, part in item["properties"].items())]
            for entry in value:
                nested += ["", f"[[{name}]]", *(f"{k} = {toml_value(v)}" for k, v in entry.items())]
        else:
            comment = "; ".join(part for part in (about, allowed_range(inner)) if part)
            plain += _commented(f"{key} = {toml_value(value)}", comment)
    return plain + nested


def _chosen(node: Node, value: dict[str, Any], schema: Node) -> Node:
    """The member of a union that a value is; the node itself if it is no union."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    return resolved({"$ref": mapping[value["kind"]]}, schema) if mapping else node


def _commented(line: str, comment: str) -> list[str]:
    """The line with its comment beside it, or above it where that would be too long."""
    beside = f"{line:<{COMMENT_COLUMN}}# {comment}"
    return [beside] if len(beside) <= MAX_LINE else [f"# {comment}", line]
