"""How several antennas are combined, in a scenario."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aircomp import Beamformer, DifferenceOfConvex, GaussianRandomization, MatchedFilters, SuccessiveConvexApproximation
from airfed.specs.spec import Spec

Seed = Field(0, ge=0, le=2**32 - 1, description="of its random directions, which are the same for every channel")


class RandomizationSpec(Spec):
    """the best of random vectors drawn after the semidefinite relaxation"""

    kind: Literal["randomization"] = "randomization"
    num_candidates: int = Field(100, ge=1, le=1_000_000, description="how many")
    seed: int = Seed

    def build(self) -> Beamformer:
        return GaussianRandomization(num_candidates=self.num_candidates, seed=self.seed)


class MatchedFiltersSpec(Spec):
    """the best of the clients' matched filters and a few directions between, without any iteration"""

    kind: Literal["matched_filters"] = "matched_filters"

    def build(self) -> Beamformer:
        return MatchedFilters()


StartSpec = RandomizationSpec | MatchedFiltersSpec


class IteratingKind(Spec):
    """A beamformer that goes on from another one's answer, which is never better than its own."""

    start: StartSpec = Field(default_factory=RandomizationSpec, discriminator="kind", description="where it starts from")


class SCASpec(IteratingKind):
    """successive convex approximation until the vector is stationary"""

    kind: Literal["sca"] = "sca"
    num_starts: int = Field(
        3, ge=1, le=1000, description="of which the best answer is taken, where the first does not reach the relaxation's bound"
    )
    tolerance: float = Field(
        1e-6, ge=1e-9, le=1.0, description="share of the squared norm that a further step could take away when it ends"
    )
    max_iterations: int = Field(500, ge=1, le=1_000_000, description="steps after which it ends in any case")
    seed: int = Seed

    def build(self) -> Beamformer:
        return SuccessiveConvexApproximation(
            start=self.start.build(),
            num_starts=self.num_starts,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
            seed=self.seed,
        )


class DifferenceOfConvexSpec(IteratingKind):
    """difference-of-convex programming over matrices until they are of rank one"""

    kind: Literal["difference_of_convex"] = "difference_of_convex"
    penalty: float = Field(1.0, gt=0.0, le=1e9, description="ρ of what is not of rank one, at first")
    tolerance: float = Field(1e-4, ge=1e-8, le=1.0, description="relative fall of the objective at which it counts as still")
    max_iterations: int = Field(200, ge=1, le=1_000_000, description="semidefinite programs solved at most")

    def build(self) -> Beamformer:
        return DifferenceOfConvex(
            start=self.start.build(), penalty=self.penalty, tolerance=self.tolerance, max_iterations=self.max_iterations
        )


BeamformerSpec = SCASpec | DifferenceOfConvexSpec | RandomizationSpec | MatchedFiltersSpec
