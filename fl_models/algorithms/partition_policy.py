"""How HIST's shares follow the channels from round to round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import FloatArray, IntArray, checked
from latency_opt.hist_partition.neurons import whole_neurons
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.priced_partition import PricedPartitionProblem, minimize_priced_latency


class PartitionPolicy(Protocol):
    """A rule for the shares of a round, from how long it would take each cell and from what was before."""

    def memory(self) -> dict[str, FloatArray]:
        """What it remembers before the first round, by name."""
        ...

    def neurons(
        self, problem: PartitionProblem, *, num_neurons: int, memory: Mapping[str, FloatArray]
    ) -> tuple[IntArray, dict[str, FloatArray]]:
        """(N,) neurons of the first dealt layer for each cell, at least one and adding up to `num_neurons`; and what it
        remembers then.

        Args:
            problem: t_j, κ_j (N,) of the round that is to come.
            num_neurons: of the layer.
            memory: what it remembered before the round.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class FixedPrice:
    """Each round the shares of least τ + μχ², latency and charge for imbalance.

    Attributes:
        imbalance_price_s: μ >= 0, such as `best_fixed_price` finds over many rounds drawn beforehand.

    >>> problem = PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 3.0], weights=[0.5, 0.5])
    >>> [FixedPrice(imbalance_price_s=price).neurons(problem, num_neurons=40, memory={})[0].tolist() for price in (0.0, 5.0)]
    [[30, 10], [23, 17]]
    """

    imbalance_price_s: float

    def __post_init__(self) -> None:
        checked("imbalance_price_s", self.imbalance_price_s, low=0.0)

    def memory(self) -> dict[str, FloatArray]:
        return {}

    def neurons(
        self, problem: PartitionProblem, *, num_neurons: int, memory: Mapping[str, FloatArray]
    ) -> tuple[IntArray, dict[str, FloatArray]]:
        return _priced_neurons(problem, num_neurons=num_neurons, imbalance_price_s=self.imbalance_price_s), {}


@dataclass(frozen=True, kw_only=True)
class VirtualQueue:
    """Drift plus penalty: each round the shares of least V·τ + Q·χ², then Q ← max(Q + χ² - ρ, 0), as `follow_virtual_queue`.

    It looks at the present round alone. Q counts the imbalance of the whole neurons that are dealt, so that their mean over T
    rounds is at most ρ + Q/T on every path.

    Attributes:
        max_imbalance: ρ > 0, on average.
        latency_weight_per_s: V > 0; larger is sooner, and takes longer to make good.

    Source: Neely 2010, "Stochastic network optimization with application to communication and queueing systems", chapter 4.
    """

    max_imbalance: float
    latency_weight_per_s: float

    def __post_init__(self) -> None:
        checked("max_imbalance", self.max_imbalance, low=0.0, open_low=True)
        checked("latency_weight_per_s", self.latency_weight_per_s, low=0.0, open_low=True)

    def memory(self) -> dict[str, FloatArray]:
        return {"queue": np.zeros(())}

    def neurons(
        self, problem: PartitionProblem, *, num_neurons: int, memory: Mapping[str, FloatArray]
    ) -> tuple[IntArray, dict[str, FloatArray]]:
        queue = memory["queue"]
        dealt = _priced_neurons(problem, num_neurons=num_neurons, imbalance_price_s=float(queue) / self.latency_weight_per_s)
        imbalance = problem.imbalance(dealt / num_neurons)
        return dealt, {"queue": np.maximum(queue + imbalance - self.max_imbalance, 0.0)}


def _priced_neurons(problem: PartitionProblem, *, num_neurons: int, imbalance_price_s: float) -> IntArray:
    priced = PricedPartitionProblem(partition=problem, imbalance_price_s=np.asarray(imbalance_price_s))
    return whole_neurons(
        minimize_priced_latency(priced).fraction,
        num_neurons=num_neurons,
        fixed_latency_s=problem.fixed_latency_s,
        slope_s=problem.slope_s,
    )
