"""A scenario as tables for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airfed.specs.spec import Spec
from channels.html_table import html_table
from channels.quantity import name_and_unit, quantity

if TYPE_CHECKING:
    from airfed.scenario import Scenario


def scenario_html(scenario: Scenario) -> str:
    """What a scenario says, a table for each of its parts; of what has a kind, the kind and what is not as by default."""
    whole = [
        ("name", scenario.name),
        ("seed", str(scenario.seed)),
        ("target accuracy", f"{100.0 * scenario.target_accuracy:g} %"),
    ]
    schemes = [(scheme.name, _said(scheme.algorithm, ""), _said(scheme.uplink, "")) for scheme in scenario.schemes]
    return (
        html_table(whole, title="Scenario")
        + html_table(_rows(scenario.network), title="network")
        + html_table(_rows(scenario.learning), title="learning")
        + html_table(schemes, title="schemes", header=("name", "algorithm", "uplink"), words=3)
    )


def _rows(spec: Spec) -> list[tuple[str, str]]:
    rows = []
    for name in sorted(type(spec).model_fields, key="kind".__ne__):  # which comes first
        (label, unit), value = name_and_unit(name), getattr(spec, name)
        rows.append((label, _said(value, unit)))
    return rows


def _said(value: Any, unit: str) -> str:
    """A value with its unit; of an object its kind, and in brackets what is not as by default."""
    if not isinstance(value, Spec):
        return quantity(value, unit)
    kind = str(getattr(value, "kind", "")).replace("_", " ")
    other = []
    for name, entry in value.__repr_args__():
        label, unit = name_and_unit(name or "")
        if name != "kind":
            other.append(f"{label}: {_said(entry, unit)}")
    return " ".join(filter(None, (kind, f"({', '.join(other)})" if other else ""))) or "as by default"
