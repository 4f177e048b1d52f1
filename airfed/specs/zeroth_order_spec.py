"""Algorithms by function values alone, in a scenario."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from airfed.specs.algorithm_kind import AlgorithmKind
from airfed.specs.planning import Planning
from fl_models import DZOPA, ZONES, Algorithm, FedZO, SeedSharedFedZO


class ZerothOrderKind(AlgorithmKind):
    """Two-point estimates in place of gradients."""

    by_gradients: ClassVar[bool] = False

    directions: int = Field(20, ge=1, le=100_000, description="b₂, random directions along which a step looks")
    smoothing: float = Field(1e-3, gt=0.0, le=1e3, description="μ, how far it looks, in units of the parameters")


class FedZOSpec(ZerothOrderKind):
    """steps along two-point estimates of the gradient, by values of the loss alone; models are averaged"""

    kind: Literal["fedzo"] = "fedzo"
    whole: bool = Field(
        False,
        description="directions are drawn as in seed_shared_fedzo, where otherwise less is drawn of the same distribution",
    )

    def build(self, planning: Planning) -> Algorithm:
        return FedZO(schedule=planning.schedule, directions=self.directions, smoothing=self.smoothing, whole=self.whole)


class SeedSharedFedZOSpec(ZerothOrderKind):
    """fedzo, but clients send differences of the loss, b₂H numbers, and servers take the same steps; needs bits, as in ofdma"""

    by_bits: ClassVar[bool] = True

    kind: Literal["seed_shared_fedzo"] = "seed_shared_fedzo"

    def build(self, planning: Planning) -> Algorithm:
        return SeedSharedFedZO(schedule=planning.schedule, directions=self.directions, smoothing=self.smoothing)


class DZOPASpec(ZerothOrderKind):
    """every client keeps a model of its own, drawn towards the mean, by estimated gradients; in one cell"""

    in_one_cell: ClassVar[bool] = True
    arrays_per_client: ClassVar[int] = 2

    kind: Literal["dzopa"] = "dzopa"
    consensus_rate: float = Field(0.5, gt=0.0, le=1.0, description="c, how far a model is drawn to the mean in an iteration")
    dual_rate: float = Field(
        0.0, ge=0.0, lt=1.0, description="s of the primal-dual algorithm, less than c; 0 is the primal one"
    )

    @model_validator(mode="after")
    def _slower_dual(self) -> DZOPASpec:
        if self.dual_rate >= self.consensus_rate:
            raise ValueError(
                f"dual_rate: got {self.dual_rate:g} with consensus_rate = {self.consensus_rate:g}; allowed is 0 to below "
                "consensus_rate, or models never agree"
            )
        return self

    def build(self, planning: Planning) -> Algorithm:
        return DZOPA(
            schedule=planning.schedule,
            directions=self.directions,
            smoothing=self.smoothing,
            consensus_rate=self.consensus_rate,
            dual_rate=self.dual_rate,
        )


class ZONESSpec(ZerothOrderKind):
    """a step of some clients at a time, each corrected by what it estimated when it last took part; in one cell"""

    in_one_cell: ClassVar[bool] = True
    arrays_per_client: ClassVar[int] = 1

    kind: Literal["zone_s"] = "zone_s"

    def build(self, planning: Planning) -> Algorithm:
        return ZONES(schedule=planning.schedule, directions=self.directions, smoothing=self.smoothing)
