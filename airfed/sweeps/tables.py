"""The tables of a sweep: in files, and in words."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd

from airfed.plain_number import plain_number
from airfed.sweeps.sweep_folder import SUMMARY, TABLE_CSV, TABLE_PARQUET, SweepFolder
from airfed.sweeps.sweep_result import SweepResult
from airfed.toml_value import toml_value


def write_tables(folder: SweepFolder, result: SweepResult) -> None:
    """`table.csv` and `table.parquet`, the same, and `summary.csv`; numbers in full precision, missing ones empty."""
    folder.write_file(TABLE_CSV, _csv(result.table))
    parquet = io.BytesIO()
    result.table.to_parquet(parquet, index=False)
    folder.write_file(TABLE_PARQUET, parquet.getvalue())
    folder.write_file(SUMMARY, _csv(result.summary))


def formatted_columns(result: SweepResult) -> dict[str, list[str]]:
    """The columns of the summary in words, by heading; first the keys and the scheme."""
    summary = result.summary
    target = _target(result)
    return {
        **{_heading(key, result.keys): [_word(label) for label in summary[key]] for key in result.keys},
        "scheme": list(summary["scheme"]),
        "reached": [f"{reached} of {seeds}" for reached, seeds in zip(summary["reached"], summary["seeds"], strict=True)],
        f"seconds to {target}": _means(summary, "time_to_target_s"),
        "uplink Mbit/client": _means(summary, "uplink_bits_per_client", unit=1e6),
        "energy J/client": _means(summary, "energy_per_client_j"),
        "final accuracy %": _means(summary, "final_accuracy", unit=0.01),
    }


def formatted_summary(result: SweepResult) -> str:
    """The summary of a sweep for a terminal."""
    columns = formatted_columns(result)
    words = len(result.keys) + 1  # columns of words lean left, those of numbers right
    widths = [max(map(len, [name, *cells])) for name, cells in columns.items()]
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    note = (
        f"mean ± half of its 95 % confidence interval (Student's t) over seeds; seconds, traffic and energy are counted until "
        f"{_target(result)},\nover the seeds that reached it"
    )
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", note])


def _target(result: SweepResult) -> str:
    return "target" if "target_accuracy" in result.keys else f"{100 * result.grid.scenario.target_accuracy:g} %"


def _means(summary: pd.DataFrame, measure: str, *, unit: float = 1.0) -> list[str]:
    def cell(mean: float, high: float) -> str:
        if math.isnan(mean):
            return "-"
        return plain_number(mean, 4) if math.isnan(high) else f"{plain_number(mean, 4)} ± {plain_number(high - mean, 2)}"

    ends = (summary[f"{measure}_{end}"] / unit for end in ("mean", "high"))
    return [cell(mean, high) for mean, high in zip(*ends, strict=True)]


def _heading(key: str, keys: list[str]) -> str:
    """The last step of the key, or all of it where another key ends alike."""
    last = key.rsplit(".", 1)[-1]
    return key if sum(other.rsplit(".", 1)[-1] == last for other in keys) > 1 or '"' in last else last


def _word(label: Any) -> str:
    return label if isinstance(label, str) else toml_value(label.item() if hasattr(label, "item") else label)


def _csv(table: pd.DataFrame) -> bytes:
    return bytes(table.to_csv(index=False, lineterminator="\n").encode())
