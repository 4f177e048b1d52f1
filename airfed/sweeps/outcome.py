"""What is found at one point of a sweep."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from threadpoolctl import threadpool_limits

from airfed.experiment import Experiment
from airfed.scenario_error import ScenarioError
from airfed.sweeps.grid import SweepPoint
from airfed.table import comparison_table
from airfed.versions import versions
from fl_models import DivergedTraining, Workers
from latency_opt import InfeasibleProblem, UncertifiedSolution

MEASURES = ("final_accuracy", "rounds_to_target", "time_to_target_s", "uplink_bits_per_client", "energy_per_client_j")
"""Columns of the comparison table that a sweep keeps; all but the first are missing where the target was not reached."""

REACHED, NOT_REACHED, DIVERGED = "reached", "not reached", "diverged"

Row = dict[str, Any]

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is found at one point, or why nothing is.

    Attributes:
        index: of the point.
        rows: one a scheme: `scheme`, `outcome` and the measures, nan where missing; none if the point failed.
        failure: why there are none; empty if there are.
        versions: of Python and the packages that the numbers may depend on, where it was computed.
    """

    index: int
    rows: tuple[Row, ...] = ()
    failure: str = ""
    versions: dict[str, str]


def is_row(row: Any) -> bool:
    """Whether this is one of the rows of an outcome, as JSON holds it: with None where a measure is missing.

    >>> is_row({"scheme": "HIST", "outcome": "diverged"} | dict.fromkeys(MEASURES)), is_row({"scheme": "HIST"})
    (True, False)
    """
    return (
        isinstance(row, dict)
        and row.keys() == {"scheme", "outcome", *MEASURES}
        and isinstance(row["scheme"], str)
        and row["outcome"] in (REACHED, NOT_REACHED, DIVERGED)
        and all(row[name] is None or type(row[name]) is float for name in MEASURES)
    )


def computed(point: SweepPoint) -> Outcome:
    """Runs the scenario of a point on one thread; the rest of the machine is for other points.

    The result is the same wherever this runs, given the same packages and kind of processor.
    """
    with one_thread():
        try:
            rows, failure = tuple(_rows(point)), ""
        except (ScenarioError, InfeasibleProblem, UncertifiedSolution) as error:
            rows, failure = (), str(error)
    return Outcome(index=point.index, rows=rows, failure=failure, versions=versions())


def _rows(point: SweepPoint) -> Iterator[Row]:
    experiment = Experiment.prepare(point.scenario)
    for scheme, training in zip(point.scenario.schemes, experiment.trainings, strict=True):
        alone = replace(
            experiment,
            scenario=point.scenario.model_copy(update={"schemes": (scheme,)}),
            trainings=(replace(training, workers=Workers(num_threads=1)),),
        )
        try:
            histories = tuple(alone.histories(progress=False))
        except DivergedTraining:
            yield {"scheme": scheme.name, "outcome": DIVERGED} | dict.fromkeys(MEASURES, math.nan)
            continue
        found = comparison_table(histories, target_accuracy=point.scenario.target_accuracy).iloc[0]
        reached = REACHED if found["time_to_target_s"] >= 0.0 else NOT_REACHED
        yield {"scheme": scheme.name, "outcome": reached} | {name: float(found[name]) for name in MEASURES}


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it the libraries of linear algebra use one thread.

    The limit is the process's, so only one thread at a time has it: another would lift it from the first when it is done, whose
    sums would then be taken in another order.
    """
    with _ONE_AT_A_TIME, threadpool_limits(limits=1):
        yield
