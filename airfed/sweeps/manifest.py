"""What a results folder says of the sweep that it belongs to."""

from __future__ import annotations

from typing import Any

from airfed.sweeps.grid import Grid
from airfed.versions import versions


def manifest(grid: Grid) -> dict[str, Any]:
    """All that the results of the sweep depend on, as JSON holds it."""
    return {
        "over": [{"key": key.key, "values": list(key.values)} for key in grid.keys],
        "seeds": list(grid.seeds),
        "scenario": grid.scenario.model_dump(mode="json"),
        "versions": versions(),
    }
