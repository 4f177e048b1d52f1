"""HIST's shares of each round by its channels, in a scenario."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from airfed.specs.planning import Planning
from airfed.specs.spec import Spec
from fl_models import AdaptiveHIST, Algorithm, FixedPrice, PartitionPolicy, VirtualQueue
from latency_opt import FadingPartitionProblem, best_fixed_price, certified


class AdaptivePartitionKind(Spec):
    """Shares anew in each round, balanced enough on average."""

    max_imbalance: float = Field(0.5, gt=0.0, le=1e6, description="most that the imbalance χ² may be, on average over rounds")

    def policy(self, planning: Planning) -> PartitionPolicy:
        """The rule that says them."""
        raise NotImplementedError

    def build(self, planning: Planning) -> Algorithm:
        return AdaptiveHIST(schedule=planning.schedule, policy=self.policy(planning))


class FixedPricePartitionSpec(AdaptivePartitionKind):
    """shares of each round by its channels, with imbalance at the one price that is best over rounds drawn beforehand"""

    kind: Literal["fixed_price"] = "fixed_price"
    num_rounds: int = Field(200, ge=1, le=100_000, description="that are drawn to find the price")

    def policy(self, planning: Planning) -> PartitionPolicy:
        problem = FadingPartitionProblem(partition=planning.rounds(self.num_rounds), max_imbalance=self.max_imbalance)
        return FixedPrice(imbalance_price_s=float(certified(best_fixed_price(problem)).imbalance_price_s[0]))


class VirtualQueuePartitionSpec(AdaptivePartitionKind):
    """shares of each round by its channels, with imbalance at a price that follows what is still to be made good"""

    kind: Literal["virtual_queue"] = "virtual_queue"
    latency_weight_per_s: float = Field(
        0.1, gt=0.0, le=1e9, description="V; larger is sooner, and takes longer to make good what is above max_imbalance"
    )

    def policy(self, planning: Planning) -> PartitionPolicy:
        _ = planning.model  # says now, and not in the first round, if there is nothing to deal out
        return VirtualQueue(max_imbalance=self.max_imbalance, latency_weight_per_s=self.latency_weight_per_s)
