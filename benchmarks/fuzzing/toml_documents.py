"""Scenario files made from the schema, whose values are mostly allowed, and changes of them."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from airfed import Scenario
from airfed.scenario_schema import Node, resolved
from airfed.toml_value import toml_value
from fuzzing.mutations import LONG, with_bytes_changed

HOSTILE = (
    "true", "0", "-1", "1", "2", "3", "10", "0.5", "-0.0", "1e-300", "5e-324", "1e308", "1e999", "-1e999", "nan", "inf", "-inf",
    "9223372036854775807", "18446744073709551616", "9" * 5000, "0x" + "f" * 5000, "0b1", "1_000", "1979-05-27", "07:32:00",
    "1979-05-27T07:32:00Z", '""', '"kind"', '"\\u0000"', '"a\\nb"', '"\\ud800"', '"é"', "'x'", '"""\na"""',
    '"' + "x" * 5000 + '"', "[]", "[[]]", "[1, 2, 3]", "[0.0, 0.3, 0.6]", "[true]", '["a", 1]', "[" * 30 + "]" * 30, "[" * 2000,
    "{}", "{ kind = 1 }",
    '{ kind = "none" }', "{ kind = [] }", "{ a.b.c = 1 }", "{ a = 1, a = 2 }", "[nan]", "[" + "1e999, " * 50 + "]",
)  # fmt: skip
KEYS = (
    "kind",
    "",
    '""',
    "'a\nb'",
    '"a.b"',
    "é",
    "x" * 300,
    "a" + ".a" * 40,
    "seed.x",
    "__class__",
    "model_config",
    '"\\u0000"',
)


@cache
def schema() -> Node:
    return Scenario.model_json_schema()


@cache
def all_keys() -> tuple[str, ...]:
    tables = (schema(), *schema()["$defs"].values())
    return tuple(sorted({key for table in tables for key in table.get("properties", {})}))


@dataclass(frozen=True)
class Raw:
    """What stands in a document as it is, TOML or not."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes documents of some keys of the schema, each table of any of its kinds.

    Attributes:
        rng: source of randomness.
        share: of the keys that may be left out, those that are not.
        hostile: share of the values that may be anything.
        small: whether numbers are rather small ones that are allowed; else often at the ends of what is allowed, or beyond.
    """

    rng: random.Random
    share: float
    hostile: float
    small: bool = False

    def table(self, node: Node) -> dict[str, Any]:
        """Some keys of a table with values."""
        needed = set(node.get("required", ()))
        chosen = (key for key in node.get("properties", {}) if key in needed or self.rng.random() < self.share)
        return {key: self.value(node["properties"][key]) for key in chosen if key != "kind"}

    def value(self, node: Node) -> Any:
        """A value of a key."""
        rng, node = self.rng, resolved(node, schema())
        if rng.random() < self.hostile:
            return Raw(rng.choice(HOSTILE))
        if "discriminator" in node:
            mapping = node["discriminator"]["mapping"]
            kind = rng.choice(list(mapping))
            return {"kind": kind, **self.table(resolved({"$ref": mapping[kind]}, schema()))}
        if "properties" in node:
            return self.table(node)
        if "anyOf" in node:
            return self.value(rng.choice(node["anyOf"]))
        if "enum" in node or "const" in node:
            return rng.choice(node.get("enum", [node.get("const")]))
        match node.get("type"):
            case "array" if "prefixItems" in node:
                return [self.value(item) for item in node["prefixItems"]]
            case "array":
                return [self.value(node["items"]) for _ in range(min(rng.choice((1, 1, 2, 3)), node.get("maxItems", 3)))]
            case "boolean":
                return rng.random() < 0.5
            case "string":
                return rng.choice(("a", "abc", "B 2", "é", "x" * 60))
            case _:
                return self.number(node)

    def number(self, node: Node) -> int | float:
        """The default, an end of the range, near it or just beyond, or anything between, where small numbers are likelier."""
        rng, is_integer = self.rng, node.get("type") == "integer"
        low = node.get("minimum", node.get("exclusiveMinimum", 0))
        high = node.get("maximum", node.get("exclusiveMaximum", 10))
        default = node.get("default", low)
        if not isinstance(default, (int, float)):
            default = low
        if self.small:
            few = (
                low + rng.choice((0, 1, 2, 5, 10))
                if is_integer
                else low + (high - low) * rng.random() ** rng.choice((1, 5, 30))
            )
            return min(high, rng.choice((few, few, few, low, high, default)))
        if is_integer:
            return int(
                rng.choice((low, low, low + 1, low + rng.randrange(10), low + rng.randrange(100), high, high + 1, default))
            )
        inside = low + (high - low) * rng.random() ** rng.choice((1, 3, 10))
        near = 1e-9 * (abs(high) or 1.0)
        return float(rng.choice((low, high, inside, inside, inside, low + near, high - near, default)))


def document(rng: random.Random) -> bytes:
    """A scenario of some keys of the schema with values that are allowed, nearly allowed, or anything."""
    return written(Maker(rng=rng, share=rng.choice((0.1, 0.3, 0.6)), hostile=rng.choice((0.0, 0.0, 0.02, 0.1))).table(schema()))


def allowed_document(rng: random.Random) -> bytes:
    """A scenario that is allowed: of one made of the schema, what is refused is left out, until nothing is."""
    maker = Maker(rng=rng, share=rng.choice((0.2, 0.5, 0.9)), hostile=0.0, small=True)
    tree = {key: maker.value(node) for key, node in schema()["properties"].items() if key != "schemes" or rng.random() < 0.2}
    while True:
        try:
            Scenario.model_validate(tree)
            return written(tree)
        except ValidationError as error:
            for one in error.errors():
                _leave_out(tree, one, rng)


def _leave_out(tree: dict[str, Any], error: Any, rng: random.Random) -> None:
    """Takes out of the tree what an error of pydantic is about or, where that is not in it, something beside it."""
    told = re.match(r"Value error, ([\w.]+): ", error["msg"])
    place: Any = tree
    found: tuple[dict[str, Any], str] | None = None
    for step in (*error["loc"], *(told[1].split(".") if told else ())):
        if isinstance(place, dict) and step in place:
            found, place = (place, step), place[step]
        elif isinstance(place, list) and str(step).isdecimal() and int(step) < len(place):
            place = place[int(step)]
    # Of what is not in the tree the schemes are the likeliest reason.
    table, key = found or (tree, "schemes" if "schemes" in tree else rng.choice(list(tree)))
    if told and isinstance(table[key], dict) and table[key]:
        table, key = table[key], rng.choice(list(table[key]))
    del table[key]


def written(tree: dict[str, Any]) -> bytes:
    """The document, a line for each of its keys."""
    return "\n".join(f"{key} = {_text(value)}" for key, value in tree.items()).encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_text(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return toml_value(value)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A scenario of its own, or this one with lines, keys or values changed, or bytes."""
    choice = rng.random()
    if choice < 0.4:
        data = document(rng)
        if choice < 0.3:
            return data
    if choice < 0.5:
        return with_bytes_changed(data, rng)
    lines = data.decode("utf-8", "surrogateescape").splitlines() or [""]
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(lines))
        key, equals, _ = lines[place].partition("=")
        match rng.randrange(7):
            case 0:
                lines.insert(place, lines[rng.randrange(len(lines))])
            case 1 if len(lines) > 1:
                del lines[place]
            case 2:
                lines.insert(place, f"{rng.choice(all_keys())} = {rng.choice(HOSTILE)}")
            case 3 if equals:
                lines[place] = f"{rng.choice((*all_keys(), *KEYS))} ={lines[place].partition('=')[2]}"
            case 4:
                lines.insert(
                    place, rng.choice(("[", "[[")) + ".".join(rng.choices((*all_keys(), *KEYS), k=rng.choice((1, 2, 3)))) + "]"
                )
            case 5 if rng.random() < 0.1:
                lines.insert(place, rng.choice(LONG).decode())
            case _ if equals:
                lines[place] = f"{key}= {rng.choice(HOSTILE)}"
    return rng.choice(("\n", "\n", "\n", "\r\n", "\r")).join(lines).encode("utf-8", "surrogateescape")
