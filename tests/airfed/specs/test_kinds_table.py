"""The table of kinds in the documentation is that of the specs."""

import re
from pathlib import Path

from airfed import Scenario
from airfed.scenario_schema import resolved

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "scenarios.md"


def kinds_of_tables(node, schema, path=()):
    """For each table that has kinds, by its path, all of them, whatever kinds the tables around it are of."""
    node = resolved(node, schema)
    found = {}
    mapping = node.get("discriminator", {}).get("mapping", {})
    if mapping:
        found[".".join(path)] = set(mapping)
    inner = [((), {"$ref": reference}) for reference in mapping.values()]
    inner += [((key,), part) for key, part in node.get("properties", {}).items() if key != "kind"]
    inner += [((), node["items"])] if isinstance(node.get("items"), dict) else []
    for step, part in inner:
        for key, kinds in kinds_of_tables(part, schema, (*path, *step)).items():
            found[key] = found.get(key, set()) | kinds
    return found


def test_the_table_tells_every_kind_of_every_table():
    rows = re.findall(r"^\| `\[(.+?)\]` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    told = {table: re.findall(r"`(\w+)`", kinds) for table, kinds in rows}
    assert all(len(kinds) == len(set(kinds)) for kinds in told.values())
    schema = Scenario.model_json_schema()
    assert {table: set(kinds) for table, kinds in told.items()} == kinds_of_tables(schema, schema)
