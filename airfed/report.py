"""What a run writes: scenario, history, summary, figures."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from importlib.metadata import version

import pandas as pd

from airfed.experiment import Result
from airfed.figures import figure_files
from airfed.results_folder import HISTORY, SCENARIO, SUMMARY, ResultsFolder
from airfed.scenario import Scenario
from fl_models import History

PACKAGES = ("airfed", "numpy", "scipy", "cvxpy", "scikit-learn", "pandas", "matplotlib", "pydantic")


def write_scenario(folder: ResultsFolder, scenario: Scenario) -> None:
    """`scenario.toml`: the scenario as run, with all defaults spelt out."""
    folder.write(SCENARIO, scenario.to_toml().encode())


def write_history(folder: ResultsFolder, histories: Sequence[History]) -> None:
    """`history.csv`: one row a scheme and round, numbers in full precision."""
    frame = pd.concat([history.to_frame() for history in histories], ignore_index=True)
    folder.write(HISTORY, frame.to_csv(index=False, lineterminator="\n").encode())


def write_summary(folder: ResultsFolder, result: Result) -> None:
    """`summary.json`: the comparison table with the seed and the versions that made it; null where not reached.

    `cell_parameters` tells how large a part of the model each cell trains.
    """
    rows = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        | {"cell_parameters": history.cell_parameters}
        for row, history in zip(result.table.to_dict(orient="records"), result.histories, strict=True)
    ]
    summary = {
        "scenario": result.scenario.name,
        "seed": result.scenario.seed,
        "target_accuracy": result.scenario.target_accuracy,
        "schemes": rows,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }
    folder.write(SUMMARY, (json.dumps(summary, indent=2, ensure_ascii=False) + "\n").encode())


def write_figures(folder: ResultsFolder, result: Result) -> None:
    """The figures as PNG for the screen and as PDF for a paper."""
    for name, content in figure_files(result.histories, target_accuracy=result.scenario.target_accuracy).items():
        folder.write(name, content)
