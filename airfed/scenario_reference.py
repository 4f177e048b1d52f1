"""The reference page of scenario files, made from their schema."""

from __future__ import annotations

import json
import sys

from airfed.named_scenarios import about, scenario_names
from airfed.scenario import Scenario
from airfed.scenario_schema import Node, allowed_range, resolved
from airfed.toml_value import toml_value

HEAD = """\
# Keys of scenario files

Every key: what it means, what it may be, and what it is if it is left out. `airfed scenario show default` prints the same as a
file, `airfed scenario check FILE` says what is wrong with one. A table without a `kind` is of the default's.

## In an editor

    airfed scenario schema > airfed.schema.json

Editors that know JSON schemas for TOML then complete keys, show what they mean and mark what is wrong. With the extension Even
Better TOML of VS Code, or its engine taplo on the command line or in another editor, begin the scenario with

```toml
#:schema ./airfed.schema.json
```

or, for all files at once, name them in the settings of VS Code,

```json
{ "evenBetterToml.schema.associations": { ".*/scenarios/.*\\.toml": "file:///home/me/airfed.schema.json" } }
```

or in `.taplo.toml`:

```toml
[[rule]]
include = ["scenarios/*.toml"]

[rule.schema]
path = "./airfed.schema.json"
```

The schema is of draft 2020-12. It knows each key by itself; what keys need of each other `airfed scenario check` knows.

## Scenarios with a name

`airfed run NAME` runs one, `airfed scenario show NAME` prints it with its sources, `airfed init my.toml --from NAME` begins a
file with it. A file here that is called like one of them, without an ending, is taken in its place, and that is said.

"""


def scenario_reference() -> str:
    """The page, in Markdown."""
    schema = Scenario.model_json_schema()
    lines = [HEAD + "| name | what it is |\n| --- | --- |"]
    lines += [f"| `{name}` | {_cell(about(name))} |" for name in scenario_names()]
    lines += ["", "## At the top", "", *_keys(schema, schema, path="", level=2, told=set())]
    return "\n".join(lines).rstrip() + "\n"


def _keys(node: Node, schema: Node, *, path: str, level: int, told: set[str], shared: Node | None = None) -> list[str]:
    """A table of the keys of a table, then its own tables under headings.

    Args:
        node: of the table.
        schema: that it is part of.
        path: of the table in a file, with a dot at the end if not at the top.
        level: of the headings.
        told: tables that have had their section.
        shared: keys that are told elsewhere.
    """
    rows, sections = [], list[str]()
    for key, part in node["properties"].items():
        if key == "kind" or (shared and shared.get(key) == part):
            continue
        inner = resolved(part, schema)
        section = _section(inner, schema, path=path + key, level=level, told=told)
        if section is None:
            rows.append(_row(key, inner))
        elif not section:
            rows.append(f"| `{key}` | {_cell(inner['description'])} | a table, as told above | |")
        else:
            sections += section
    table = ["| key | meaning | allowed | default |", "| --- | --- | --- | --- |", *rows, ""] if rows else []
    return table + sections


def _section(node: Node, schema: Node, *, path: str, level: int, told: set[str]) -> list[str] | None:
    """The section on a table or list of tables; none if it has been told, None for a plain key."""
    items = resolved(node.get("items", {}), schema)
    if "discriminator" not in node and "properties" not in node and "properties" not in items:
        return None
    mark = json.dumps([path, node], sort_keys=True)
    if mark in told:
        return []
    told.add(mark)
    name = f"[[{path}]]" if items else f"[{path}]"
    lines = [f"{'#' * level} `{name}`", "", _sentence(node), ""]
    if "discriminator" in node:
        return lines + _kinds(node, schema, path=path, level=level + 1, told=told)
    return lines + _keys(items or node, schema, path=f"{path}.", level=min(level + 1, 6), told=told)


def _kinds(node: Node, schema: Node, *, path: str, level: int, told: set[str]) -> list[str]:
    """What the kinds of a table are, then the keys of each."""
    parts = [resolved(part, schema) for part in node["oneOf"]]
    members = {str(part["properties"]["kind"]["const"]): part for part in parts}
    lines = ["| kind | what it is |", "| --- | --- |"]
    lines += [f"| `{json.dumps(kind)}` | {_cell(member['description'])} |" for kind, member in members.items()] + [""]
    shared = _shared(members)
    if shared:
        keys = _keys({"properties": shared}, schema, path=f"{path}.", level=min(level, 6), told=told)
        lines += ["All kinds have:", "", *keys]
    for kind, member in members.items():
        mark = json.dumps([path, member], sort_keys=True)
        if mark in told:
            continue
        told.add(mark)
        own = _keys(member, schema, path=f"{path}.", level=min(level + 1, 6), told=told, shared=shared)
        if own:
            lines += [f"{'#' * min(level, 6)} `[{path}]` of kind `{json.dumps(kind)}`", "", *own]
    return lines


def _shared(members: dict[str, Node]) -> Node:
    """The keys that all kinds have, with the same meaning."""
    first, *others = (member["properties"] for member in members.values())
    return {key: part for key, part in first.items() if key != "kind" and all(other.get(key) == part for other in others)}


def _row(key: str, node: Node) -> str:
    default = f"`{toml_value(node['default'])}`" if "default" in node else "needed"
    return f"| `{key}` | {_cell(node.get('description', ''))} | {_cell(allowed_range(node))} | {_cell(default)} |"


def _sentence(node: Node) -> str:
    text = str(node.get("description", "")).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _cell(text: str) -> str:
    """Text that does not end a cell of a table, nor begin emphasis."""
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":  # python -m airfed.scenario_reference > docs/scenario.md
    sys.stdout.write(scenario_reference())
