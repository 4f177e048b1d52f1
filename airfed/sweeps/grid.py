"""What a sweep computes: a grid of scenarios, each with several seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from airfed.sweeps.scenario_at import scenario_at
from airfed.sweeps.swept_key import SweptKey

MAX_POINTS = 100_000
MAX_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """One scenario with one seed: what is computed at once.

    Attributes:
        index: its place in the sweep.
        labels: of the values of the swept keys.
        scenario: what to run.
    """

    index: int
    labels: tuple[Any, ...]
    scenario: Scenario

    def __str__(self) -> str:
        return f"point {self.index} (seed {self.scenario.seed})"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """All combinations of the values of the keys, each with the same seeds, so that all are compared on common draws.

    Attributes:
        scenario: what stays as it is; its seed is the first.
        keys: what varies.
        num_seeds: seeds of every combination, one after the other.
        points: one for each combination and seed, the seeds of a combination side by side.

    Raises:
        ScenarioError: if a combination is not allowed, one key holds another, or there are too many points.

    >>> keys = (SweptKey(key="network.client_power_dbm", values=[17.0, 23.0]),)
    >>> [(point.labels, point.scenario.seed) for point in Grid(scenario=Scenario(), keys=keys, num_seeds=2).points]
    [((17.0,), 0), ((17.0,), 1), ((23.0,), 0), ((23.0,), 1)]
    """

    scenario: Scenario
    keys: tuple[SweptKey, ...] = ()
    num_seeds: int = 5
    points: tuple[SweepPoint, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        seed = self.scenario.seed
        if type(self.num_seeds) is not int or not 1 <= self.num_seeds <= MAX_SEED + 1 - seed:
            raise ScenarioError(
                f"seeds: got {self.num_seeds!r} with seed = {seed}; allowed is an integer, 1 to {MAX_SEED + 1 - seed}"
            )
        number = self.num_seeds * math.prod(len(key.values) for key in self.keys)
        if number > MAX_POINTS:
            raise ScenarioError(f"points: got {number}, values times seeds; allowed are at most {MAX_POINTS}")
        object.__setattr__(self, "points", tuple(self._points()))

    @property
    def seeds(self) -> range:
        """The seeds of every combination."""
        return range(self.scenario.seed, self.scenario.seed + self.num_seeds)

    @property
    def accuracy_label(self) -> str:
        """What accuracy is, in words; of tasks of several kinds, all."""
        return " or ".join(dict.fromkeys(point.scenario.learning.task.accuracy_label for point in self.points))

    def _points(self) -> Iterator[SweepPoint]:
        index = itertools.count()
        for combination in itertools.product(*(zip(key.values, key.labels, strict=True) for key in self.keys)):
            scenario = scenario_at(self.scenario, self.keys, [value for value, _ in combination])
            labels = tuple(label for _, label in combination)
            for seed in self.seeds:
                yield SweepPoint(index=next(index), labels=labels, scenario=scenario.model_copy(update={"seed": seed}))
