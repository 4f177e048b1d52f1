"""HIST's shares by a price of imbalance that a pilot run tells, in a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airfed.specs.planned_partition import PlannedPartitionKind, fraction_at_price
from airfed.specs.planning import Planning
from channels.arrays import FloatArray
from fl_models import PilotConstants, pilot_constants, pilot_trajectory
from latency_opt import hist_imbalance_price, largest_step_size


class PilotPartitionSpec(PlannedPartitionKind):
    """those of training_latency at the price B/ε' that a pilot run tells: B = 2δ₁²/ρ, with the divergence δ₁² of its cells"""

    kind: Literal["pilot"] = "pilot"
    target: float = Field(
        10.0,
        gt=0.0,
        le=1e12,
        description="ε', the wanted mean squared gradient above what the bound never gets below; the less, the more balanced",
    )
    num_rounds: int = Field(
        3, ge=1, le=10_000, description="global rounds of the pilot run, by hierarchical FedAvg over ideal links"
    )
    num_iterations: int = Field(10, ge=1, le=10_000, description="of the power method at each model, for the smoothness L")
    radius: Annotated[float, Field(gt=0.0, le=1e6)] | Literal["step"] = Field(
        "step", description="how far from a model L is measured, or step for the mean distance between successive models"
    )

    def constants(self, planning: Planning) -> PilotConstants:
        """What the pilot run tells."""
        schedule = planning.schedule
        models = pilot_trajectory(planning.task, schedule=schedule, num_rounds=self.num_rounds, streams=planning.pilot_streams)
        return pilot_constants(
            planning.task,
            models,
            batch_size=schedule.batch_size,
            rng=planning.pilot_rng,
            num_batches=2,  # as few as can be: the noise is no part of the price
            num_iterations=self.num_iterations,
            radius=None if self.radius == "step" else self.radius,
        )

    def imbalance_price(self, planning: Planning) -> float:
        """B/ε', at the schedule's first step size or, where that is longer, the longest for which the bound holds."""
        schedule, constants = planning.schedule, self.constants(planning).constants
        steps = schedule.edge_rounds * schedule.local_steps
        longest = float(largest_step_size(smoothness=constants.smoothness, steps=steps))
        price = hist_imbalance_price(
            constants,
            step_size=min(schedule.step_size_at(0), longest),
            edge_rounds=schedule.edge_rounds,
            local_steps=schedule.local_steps,
            num_cells=planning.task.num_cells,
        )
        return float(price) / self.target

    def fraction(self, planning: Planning) -> FloatArray:
        return fraction_at_price(planning, imbalance_price=self.imbalance_price(planning))
