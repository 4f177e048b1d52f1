"""How it is found who sends under selective forcing, in a scenario."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aircomp import DeviceSelection, DifferenceOfConvexSelection, GreedySelection
from airfed.specs.spec import Spec


class SelectionKind(Spec):
    """A way of finding as many clients as an error allows."""

    tolerance: float = Field(
        1e-4,
        ge=1e-9,
        le=1.0,
        description="share of the squared norm that a further step of a combining vector could take away",
    )


class GreedySelectionSpec(SelectionKind):
    """the client that costs most is left out, until the rest can be served"""

    kind: Literal["greedy"] = "greedy"

    def build(self) -> DeviceSelection:
        return GreedySelection(tolerance=self.tolerance)


class DifferenceOfConvexSelectionSpec(SelectionKind):
    """clients in the order of difference-of-convex programming, as many of the first as can be served"""

    kind: Literal["difference_of_convex"] = "difference_of_convex"
    num_steps: int = Field(3, ge=1, le=10_000, description="linearisations for each number of clients")
    penalty: float = Field(1.0, ge=0.0, le=1e9, description="ρ of what is not of rank one")

    def build(self) -> DeviceSelection:
        return DifferenceOfConvexSelection(num_steps=self.num_steps, penalty=self.penalty, tolerance=self.tolerance)


DeviceSelectionSpec = GreedySelectionSpec | DifferenceOfConvexSelectionSpec
