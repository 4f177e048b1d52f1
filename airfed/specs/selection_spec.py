"""`[learning.selection]` in a scenario: who takes part in a global round."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from airfed.specs.spec import Spec
from fl_models import Everybody, Selection, UniformCount, UniformShare


class EverybodySpec(Spec):
    """all clients"""

    kind: Literal["everybody"] = "everybody"

    def build(self) -> Selection:
        return Everybody()


class UniformCountSpec(Spec):
    """so many of each cell, chosen at random"""

    kind: Literal["uniform_count"] = "uniform_count"
    num_clients: int = Field(10, ge=1, le=100_000, description="of each cell; all, where there are fewer")

    def build(self) -> Selection:
        return UniformCount(num_clients=self.num_clients)


class UniformShareSpec(Spec):
    """a share of each cell, chosen at random, at least one client"""

    kind: Literal["uniform_share"] = "uniform_share"
    share: float = Field(0.5, gt=0.0, le=1.0, description="of the clients of each cell")

    def build(self) -> Selection:
        return UniformShare(share=self.share)


SelectionSpec = EverybodySpec | UniformCountSpec | UniformShareSpec
