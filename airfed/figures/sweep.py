"""What a sweep found, over the values of a key."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from airfed.figures.files import FORMATS, picture
from airfed.figures.style import BAND_OPACITY, MARKERS, axes_or_new, curve_style, explain, plain, plain_log_ticks, wrapped
from airfed.toml_value import short_number
from fl_models.task import TEST_ACCURACY

DECADE = 10.0
"""An axis is logarithmic if its values, all positive, span as much."""
FEW_VALUES = 8
"""Up to so many values each has a tick of its own."""
MAX_PANELS = 30
PANELS_A_ROW = 3
PANEL_INCHES = (4.0, 3.5)


@dataclass(frozen=True, kw_only=True)
class _Measure:
    label: str
    unit: float = 1.0


MEASURES = {
    "time_to_target_s": _Measure(label="network time to the target (s)"),
    "rounds_to_target": _Measure(label="rounds to the target"),
    "uplink_bits_per_client": _Measure(label="uplink per client to the target (Mbit)", unit=1e6),
    "energy_per_client_j": _Measure(label="energy per client to the target (J)"),
    "final_accuracy": _Measure(label="final {accuracy} (%)", unit=0.01),
}


def draw_sweep(
    summary: pd.DataFrame,
    *,
    key: str,
    measure: str = "time_to_target_s",
    accuracy_label: str = TEST_ACCURACY,
    ax: Axes | None = None,
) -> Axes:
    """The mean of a measure over the values of a key, one line a scheme, with its 95 % confidence interval as a band.

    A hollow marker says that not all seeds reached the target: the mean is over those that did. An axis is logarithmic if what
    it shows spans a decade.

    Args:
        summary: of a sweep, with one row for each value of the key and scheme; where several keys were swept, those rows of it
            that have the same values of the others.
        key: what is on the horizontal axis.
        measure: what is on the vertical one: a column without its `_mean`.
        accuracy_label: what accuracy is in this sweep, `Grid.accuracy_label`.
        ax: where to draw; a new figure if not given.

    Raises:
        ValueError: if the measure or the key is unknown, or there are several rows for a value and scheme.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure: got {measure!r}; allowed is one of {', '.join(MEASURES)}")
    if key not in summary.columns:
        raise ValueError(f"key: got {key!r}; allowed is a swept key, which the summary has a column of")
    if summary.duplicated([key, "scheme"]).any():
        raise ValueError(f"summary: got several rows for a value of {key} and a scheme; choose the values of the other keys")
    ax = axes_or_new(ax)
    _draw_panels([(summary, ax)], key, measure, accuracy_label)
    explain(ax, **_meaning_of_hollow(summary, measure))
    return ax


def reached_by_nobody(summary: pd.DataFrame) -> bool:
    """Whether no scheme got to the target on any seed, so that there is no time to it to be drawn."""
    return not summary["reached"].any()


def sweep_files(
    name: str, summary: pd.DataFrame, *, keys: Sequence[str], accuracy_label: str = TEST_ACCURACY
) -> dict[str, bytes]:
    """The figure of a sweep as PNG, PDF and SVG, by file name: the time to the target, or final accuracy if nobody got there.

    Over the first of the keys whose values are numbers, or the first of all; the others have a panel for each combination of
    their values. No files if there is no key, no result, or more than `MAX_PANELS` panels.
    """
    key = next((key for key in keys if _is_numeric(summary[key]) and summary[key].nunique() > 1), keys[0] if keys else None)
    others = [other for other in keys if other != key]
    panels = list(itertools.product(*(summary[other].unique() for other in others)))
    if key is None or summary.empty or len(panels) > MAX_PANELS:
        return {}
    measure = "final_accuracy" if reached_by_nobody(summary) else "time_to_target_s"
    columns = min(PANELS_A_ROW, len(panels))
    rows = math.ceil(len(panels) / columns)
    width, height = PANEL_INCHES
    figure = Figure(figsize=(max(2.0, columns) * width, rows * height + 1.0), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    parts = []
    for values, ax in zip(panels, grid.flat, strict=False):
        chosen = summary
        for other, value in zip(others, values, strict=True):
            chosen = chosen[chosen[other] == value]
        titles = (f"{other} = {value}" for other, value in zip(others, values, strict=True))
        ax.set_title("\n".join(titles), fontsize="small")
        parts.append((chosen, ax))
    _draw_panels(parts, key, measure, accuracy_label)
    for ax in grid.flat:
        ax.label_outer()
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    # A panel has only those schemes that there are results of.
    curves = {label: handle for ax in grid.flat for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    explained = {"ncols": 2, "frameon": False, "fontsize": "small"} | _meaning_of_hollow(summary, measure)
    if measure == "final_accuracy":
        explained |= {"title": "target not reached on any seed: final accuracy instead of time", "title_fontsize": "small"}
    figure.legend(curves.values(), curves.keys(), loc="outside upper center", **explained)
    return {f"{name}.{kind}": picture(figure, kind) for kind in FORMATS}


def _draw_panels(panels: Sequence[tuple[pd.DataFrame, Axes]], key: str, measure: str, accuracy_label: str) -> None:
    """Rows of a summary on axes, of one scale each way."""
    unit = MEASURES[measure].unit
    means = pd.concat([rows[f"{measure}_mean"] / unit for rows, _ in panels])
    is_log = _spans_a_decade(means)
    schemes = list(dict.fromkeys(scheme for rows, _ in panels for scheme in rows["scheme"]))
    lowest = means.min() / DECADE if is_log else 0.0  # of an interval that goes on to where nothing can be
    for rows, ax in panels:
        if is_log:
            ax.set_yscale("log")
        _draw_curves(rows, key, measure, schemes, lowest, ax)
        _label_values(rows[key], ax)
        ax.set(xlabel=key, ylabel=MEASURES[measure].label.format(accuracy=accuracy_label))
        plain(ax)
    ax = panels[0][1]
    if is_log:
        plain_log_ticks(ax.yaxis, *ax.get_ylim())
    elif measure != "final_accuracy":
        ax.set_ylim(bottom=0.0)


def _draw_curves(summary: pd.DataFrame, key: str, measure: str, schemes: Sequence[str], lowest: float, ax: Axes) -> None:
    """Lines, bands and markers, hollow where not all seeds reached the target."""
    table = summary.assign(**{end: summary[f"{measure}_{end}"] / MEASURES[measure].unit for end in ("mean", "low", "high")})
    table["x"] = table[key] if _is_numeric(table[key]) else pd.factorize(table[key])[0]
    table["low"] = table["low"].clip(lower=lowest)
    for scheme in table["scheme"].unique():
        index = schemes.index(scheme)
        rows = table[table["scheme"] == scheme].sort_values("x")
        partly = rows[_is_partly(rows, measure)]
        style = curve_style(index) | {"marker": MARKERS[index % len(MARKERS)]}
        ax.plot(rows["x"], rows["mean"], label=scheme, **style)
        ax.fill_between(rows["x"], rows["low"], rows["high"], color=style["color"], alpha=BAND_OPACITY, linewidth=0.0)
        ax.plot(partly["x"], partly["mean"], **style | {"linestyle": "", "markerfacecolor": "white"})


def _is_partly(summary: pd.DataFrame, measure: str) -> pd.Series:
    """Where a mean is over those seeds alone that reached the target."""
    return (summary["reached"] < summary["seeds"]) & (summary["reached"] > 0) & (measure != "final_accuracy")


def _meaning_of_hollow(summary: pd.DataFrame, measure: str) -> dict[str, Any]:
    """Options of a legend that needs to tell it."""
    return {"title": "hollow: not on all seeds", "title_fontsize": "small"} if _is_partly(summary, measure).any() else {}


def _label_values(values: pd.Series, ax: Axes) -> None:
    known = list(values.unique())
    if not _is_numeric(values):
        ax.set_xticks(range(len(known)), [wrapped(str(value)) for value in known])
        return
    if _spans_a_decade(values):
        ax.set_xscale("log")
        plain_log_ticks(ax.xaxis, *ax.get_xlim())
    if len(known) <= FEW_VALUES:
        ax.set_xticks(known, [short_number(value) for value in known])
        ax.xaxis.set_minor_locator(NullLocator())


def _is_numeric(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_bool_dtype(values)


def _spans_a_decade(values: pd.Series) -> bool:
    return bool(values.min() > 0.0 and values.max() >= DECADE * values.min())
