"""What an algorithm can be planned with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from airfed.scenario_error import ScenarioError
from channels import Network
from fl_models import (
    Aggregator,
    FederatedTask,
    NetworkClock,
    PartitionableModel,
    Schedule,
    Stream,
    Streams,
    partition_problem,
    partition_rounds,
)
from latency_opt import PartitionProblem

PILOT = 1
"""Of the streams of `Stream.PLANNING`, that of a pilot run."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Planning:
    """A scheme without its algorithm, before training. What takes time is done when it is asked for.

    Attributes:
        task: what is to be learnt.
        network: over what.
        aggregator: what the radio does to updates.
        clock: how long it takes.
        schedule: of the training.
        streams: of the experiment.
    """

    task: FederatedTask
    network: Network
    aggregator: Aggregator
    clock: NetworkClock
    schedule: Schedule
    streams: Streams

    @property
    def model(self) -> PartitionableModel:
        """The model to be dealt out."""
        if not isinstance(self.task.model, PartitionableModel):
            raise ScenarioError(f"learning.model: got {self.task.model}, which has no hidden neurons for hist to deal out")
        return self.task.model

    @cached_property
    def median_round(self) -> PartitionProblem:
        """How long the parts of the model take in the median round of each cell."""
        # The more antennas and subcarriers, the less a round varies, and the longer it takes to plan one.
        num_draws = max(20, 200 // (self.network.num_antennas * self.network.num_subcarriers))
        return partition_problem(
            self.model,
            num_draws=num_draws,
            network=self.network,
            aggregator=self.aggregator,
            clock=self.clock,
            schedule=self.schedule,
            rng=self.streams.rng(Stream.PLANNING),
        )

    def rounds(self, num_rounds: int) -> PartitionProblem:
        """How long they take in each of so many rounds, which are drawn for this alone."""
        return partition_rounds(
            self.model,
            num_rounds=num_rounds,
            network=self.network,
            aggregator=self.aggregator,
            clock=self.clock,
            schedule=self.schedule,
            rng=self.streams.rng(Stream.PLANNING),
        )

    @property
    def pilot_streams(self) -> Streams:
        """Of a pilot run, which is to have nothing in common with the training that it is for."""
        return Streams(seed=int(self.pilot_rng.integers(2**31)))

    @property
    def pilot_rng(self) -> np.random.Generator:
        """Of what is measured along it."""
        return self.streams.rng(Stream.PLANNING, PILOT)
