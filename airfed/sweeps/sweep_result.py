"""What a sweep found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from airfed.confidence import mean_and_half_width
from airfed.sweeps.grid import Grid
from airfed.sweeps.outcome import DIVERGED, MEASURES, REACHED, Outcome
from channels.html_table import html_table


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepResult:
    """What a sweep found.

    Attributes:
        grid: what was computed.
        outcomes: one for each point, in order.
    """

    grid: Grid
    outcomes: tuple[Outcome, ...]

    @property
    def keys(self) -> list[str]:
        """Names of the columns that hold the values of the swept keys."""
        return [key.key for key in self.grid.keys]

    @property
    def failures(self) -> dict[int, str]:
        """Why points failed, by index. They are in no table."""
        return {outcome.index: outcome.failure for outcome in self.outcomes if outcome.failure}

    @property
    def table(self) -> pd.DataFrame:
        """One row a point, seed and scheme: the swept keys, `seed`, `scheme`, `outcome`, and what the run of it took.

        `outcome` is reached, not reached or diverged. What needs the target is missing where it was not reached, and everything
        is where training diverged.
        """
        columns = [*self.keys, "seed", "scheme", "outcome", *MEASURES]
        return pd.DataFrame([[row[name] for name in columns] for row in self._rows()], columns=columns)

    @property
    def summary(self) -> pd.DataFrame:
        """One row a combination of values and scheme: how many seeds reached the target, and means with their confidence.

        `seeds` are those that there are results of, `reached` and `diverged` how many of them did so. Each measure has a
        `_mean` over the seeds that have it, and `_low` and `_high`, the ends of its 95 % confidence interval: mean ± t s/√S by
        Student's t, missing for fewer than two seeds. What needs the target is a mean over those that reached it, which
        flatters where some did not.
        """
        rows = []
        for labels, part in self.table.groupby([*self.keys, "scheme"], sort=False, dropna=False):
            row: dict[str, Any] = dict(zip([*self.keys, "scheme"], labels, strict=True))
            row["seeds"] = len(part)
            row["reached"] = int((part["outcome"] == REACHED).sum())
            row["diverged"] = int((part["outcome"] == DIVERGED).sum())
            for name in MEASURES:
                mean, half = _mean_and_half_width(part[name].dropna().to_numpy(dtype=float))
                row |= {f"{name}_mean": mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
            rows.append(row)
        measures = [f"{name}_{end}" for name in MEASURES for end in ("mean", "low", "high")]
        return pd.DataFrame(rows, columns=[*self.keys, "scheme", "seeds", "reached", "diverged", *measures])

    def __repr__(self) -> str:
        of = f"scenario={self.grid.scenario.name!r}, keys={self.keys}, num_seeds={self.grid.num_seeds}"
        return f"SweepResult({of}, done={len(self.outcomes) - len(self.failures)} of {len(self.outcomes)})"

    def _repr_html_(self) -> str:
        """The summary as a table."""
        from airfed.sweeps.tables import formatted_columns

        columns = formatted_columns(self)
        title = f"{self.grid.scenario.name}: mean ± half of its 95 % confidence interval over {self.grid.num_seeds} seeds"
        failed = f"; {len(self.failures)} of {len(self.outcomes)} points failed" if self.failures else ""
        return html_table(
            zip(*columns.values(), strict=True), title=title + failed, header=list(columns), words=len(self.keys) + 2
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        for point, outcome in zip(self.grid.points, self.outcomes, strict=True):
            about = dict(zip(self.keys, point.labels, strict=True)) | {"seed": point.scenario.seed}
            yield from (about | row for row in outcome.rows)


def _mean_and_half_width(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    mean, half = mean_and_half_width(values[:, None])
    return float(mean[0]), float(half[0])
