"""Schemes side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from airfed.plain_number import plain_number
from fl_models import History


def comparison_table(histories: Sequence[History], *, target_accuracy: float) -> pd.DataFrame:
    """One row a scheme: final accuracy, and rounds, network time, traffic and energy until the target accuracy.

    Traffic and energy are means over all clients; `speed_up` is the time of the first scheme over that of the row. What a
    scheme did not reach is nan.
    """
    rows = []
    for history in histories:
        reached = history.reaching(target_accuracy)
        rows.append(
            {
                "scheme": history.scheme,
                "final_accuracy": history.final_accuracy,
                "rounds_to_target": reached.round if reached else math.nan,
                "time_to_target_s": reached.time_s if reached else math.nan,
                "uplink_bits_per_client": reached.uplink_bits if reached else math.nan,
                "energy_per_client_j": reached.energy_j if reached else math.nan,
            }
        )
    table = pd.DataFrame(rows)
    seconds = table["time_to_target_s"]
    table["speed_up"] = (seconds.iloc[0] / seconds).where(seconds > 0.0)
    return table


def formatted_columns(table: pd.DataFrame, *, target_accuracy: float) -> dict[str, list[str]]:
    """The columns of `comparison_table` in words, by heading."""
    target = f"{100 * target_accuracy:g} %"

    def cell(value: float, text: str, otherwise: str = "not reached") -> str:
        return otherwise if math.isnan(value) else text

    return {
        "scheme": list(table["scheme"]),
        "final accuracy": [f"{100 * value:.1f} %" for value in table["final_accuracy"]],
        f"seconds to {target}": [cell(value, _amount(value)) for value in table["time_to_target_s"]],
        "uplink Mbit/client": [cell(value, _amount(value / 1e6)) for value in table["uplink_bits_per_client"]],
        "energy J/client": [cell(value, plain_number(value, 3)) for value in table["energy_per_client_j"]],
        "speed-up": [cell(value, f"{_amount(value)}x", "-") for value in table["speed_up"]],
    }


def _amount(value: float) -> str:
    """To a tenth, but of less than one three digits, so that little does not look like nothing."""
    return f"{value:.1f}" if value >= 1.0 else plain_number(value, 3)


def formatted_table(table: pd.DataFrame, *, target_accuracy: float) -> str:
    """The table of `comparison_table` for a terminal."""
    columns = formatted_columns(table, target_accuracy=target_accuracy)
    widths = [max(map(len, [name, *cells])) for name, cells in columns.items()]
    rows = [list(columns), *(list(row) for row in zip(*columns.values(), strict=True))]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    note = f"traffic and energy, too, are counted until {100 * target_accuracy:g} %; speed-ups are over the first row"
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", note])
