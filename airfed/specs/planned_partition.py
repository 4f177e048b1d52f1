"""Shares of the model that are planned before training and then stay, in a scenario."""

from __future__ import annotations

from airfed.specs.planning import Planning
from airfed.specs.spec import Spec
from channels.arrays import FloatArray
from fl_models import HIST, Algorithm
from latency_opt import TrainingBound, certified, minimize_training_latency, whole_neurons


class PlannedPartitionKind(Spec):
    """Shares by how long a global round takes each cell."""

    def fraction(self, planning: Planning) -> FloatArray:
        """(N,) shares, adding up to 1."""
        raise NotImplementedError

    def build(self, planning: Planning) -> Algorithm:
        """The algorithm with its neurons of the first hidden layer for each cell; other layers are dealt out in proportion."""
        problem = planning.median_round
        neurons = whole_neurons(
            self.fraction(planning),
            num_neurons=planning.model.partition_sizes[0],
            fixed_latency_s=problem.fixed_latency_s,
            slope_s=problem.slope_s,
        )
        return HIST(schedule=planning.schedule, neurons=tuple(int(count) for count in neurons))


def fraction_at_price(planning: Planning, *, imbalance_price: float) -> FloatArray:
    """(N,) shares with which rounds times their length is least, at a price B/ε' of the imbalance over the target."""
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=imbalance_price, target=1.0)
    return certified(minimize_training_latency(planning.median_round, bound=bound)).fraction
