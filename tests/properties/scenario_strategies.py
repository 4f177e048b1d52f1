"""Scenarios drawn from the schema of scenario files itself, so that a new key is tried without a word here; and sweeps."""

import math
import warnings

from hypothesis import assume
from hypothesis import strategies as st

from airfed import Scenario, ScenarioError
from airfed.scenario_schema import resolved
from airfed.sweeps import Grid, SweepResult, SweptKey
from airfed.sweeps.outcome import DIVERGED, MEASURES, NOT_REACHED, REACHED, Outcome, versions
from strategies import decades

SCHEMA = Scenario.model_json_schema()
MOST_ENTRIES = 3
"""Of a list, and schemes."""
OPTIONAL = st.sampled_from([False, False, False, True])
"""Whether a key is written down: most are left to their defaults, else hardly any scenario would be allowed."""


def values(node):
    """What a key may be, by its schema alone."""
    node = resolved(node, SCHEMA)
    if "discriminator" in node:
        members = node["discriminator"]["mapping"]
        return st.sampled_from(sorted(members)).flatmap(lambda kind: tables({"$ref": members[kind]}, kind=kind))
    if "const" in node:
        return st.just(node["const"])
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if "anyOf" in node:
        return st.one_of(*(values(part) for part in node["anyOf"]))
    kind = node["type"]
    if "prefixItems" in node:
        return st.tuples(*map(values, node["prefixItems"])).map(list)
    if kind == "array":
        low = node.get("minItems", 1)
        return st.lists(values(node["items"]), min_size=low, max_size=max(low, MOST_ENTRIES))
    if kind == "object":
        return tables(node)
    if kind == "boolean":
        return st.booleans()
    if kind == "string":
        if "pattern" in node:
            return st.from_regex(node["pattern"], fullmatch=True)
        return st.text(min_size=node.get("minLength", 0), max_size=20)
    low = node.get("minimum", node.get("exclusiveMinimum", -(10**6)))
    high = node.get("maximum", node.get("exclusiveMaximum", 10**6))
    if kind == "integer":
        return st.integers(low, min(high, low + 30))
    return st.floats(
        low,
        high,
        exclude_min="exclusiveMinimum" in node,
        exclude_max="exclusiveMaximum" in node,
    )


@st.composite
def tables(draw, node, kind=None):
    node = resolved(node, SCHEMA)
    needed = set(node.get("required", ()))
    found = {} if kind is None else {"kind": kind}
    for key, part in node["properties"].items():
        if key != "kind" and (key in needed or draw(OPTIONAL)):
            found[key] = draw(values(part))
    return found


def described(document):
    """The scenario of a document, or None if its parts do not go together."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return Scenario.model_validate(document)
    except (ValueError, ScenarioError):
        return None


@st.composite
def documents(draw):
    """As a file holds them, whether or not their parts go together."""
    return draw(tables(SCHEMA))


@st.composite
def scenarios(draw):
    """Those whose parts do."""
    scenario = described(draw(documents()))
    assume(scenario is not None)
    return scenario


def found(draw, index, schemes):
    """An outcome as a point has it."""
    rows = []
    for scheme in schemes:
        what = draw(st.sampled_from([REACHED, NOT_REACHED, DIVERGED]))
        values = dict.fromkeys(MEASURES, math.nan)
        if what != DIVERGED:
            values["final_accuracy"] = draw(st.floats(0.0, 1.0))
        if what == REACHED:
            values |= {name: draw(decades(1e-3, 1e9)) for name in MEASURES[1:]}
        rows.append({"scheme": scheme, "outcome": what} | values)
    return Outcome(index=index, rows=tuple(rows), versions=versions())


@st.composite
def sweep_results(draw):
    values = draw(st.lists(st.floats(0.0, 30.0), min_size=1, max_size=3, unique=True))
    grid = Grid(
        scenario=Scenario(),
        keys=(SweptKey(key="network.client_power_dbm", values=values),),
        num_seeds=draw(st.integers(1, 4)),
    )
    schemes = ["one", "other"][: draw(st.integers(1, 2))]
    return SweepResult(grid=grid, outcomes=tuple(found(draw, point.index, schemes) for point in grid.points))
