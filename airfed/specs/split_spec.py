"""`[learning.split]` in a scenario: who holds which samples."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from airfed.specs.client_sizes_spec import AsTheyFallSpec, ClientSizesSpec
from airfed.specs.spec import Spec
from channels.arrays import IntArray
from fl_models import IID, Dirichlet, Shards, Splitter, two_level_split


class IIDSpec(Spec):
    """at random, whatever the class"""

    kind: Literal["iid"] = "iid"

    def build(self) -> Splitter:
        return IID()


class DirichletSpec(Spec):
    """shares of classes are Dirichlet draws: of each class over clients or, where sizes are given, of each client's mix"""

    kind: Literal["dirichlet"] = "dirichlet"
    concentration: float = Field(0.5, gt=0.0, le=1e6, description="small is uneven; 0.1 leaves most clients with a few classes")

    def build(self) -> Splitter:
        return Dirichlet(concentration=self.concentration)


class DirichletOverCellsSpec(DirichletSpec):
    """shares of classes are Dirichlet draws: of each class over the cells or, where sizes are given, of each cell's mix"""

    concentration: float = Field(1.0, gt=0.0, le=1e6, description="small is uneven; 0.1 leaves most cells with a few classes")


class ShardsSpec(Spec):
    """samples sorted by class are cut into shards, and everybody gets some at random"""

    kind: Literal["shards"] = "shards"
    per_part: int = Field(2, ge=1, le=10_000, description="shards of each")

    def build(self) -> Splitter:
        return Shards(per_part=self.per_part)


OverCellsSpec = IIDSpec | DirichletOverCellsSpec | ShardsSpec
OverClientsSpec = IIDSpec | DirichletSpec | ShardsSpec


class SplitKind(Spec):
    """A split of samples that nobody holds yet."""

    min_samples: int = Field(3, ge=1, le=10_000, description="every client holds at least so many samples")
    sizes: ClientSizesSpec = Field(
        default_factory=AsTheyFallSpec, discriminator="kind", description="how many samples each client gets"
    )

    def split(self, labels: IntArray, *, serving_cell: IntArray, rng: np.random.Generator) -> list[IntArray]:
        """For each client which samples it holds."""
        num_clients = len(serving_cell)
        sizes = self.sizes.draw(len(labels), num_clients=num_clients, min_samples=self.min_samples, rng=rng)
        return self._split(labels, serving_cell, sizes, rng)

    def _split(
        self, labels: IntArray, serving_cell: IntArray, sizes: IntArray | None, rng: np.random.Generator
    ) -> list[IntArray]:
        raise NotImplementedError


class TwoLevelSplitSpec(SplitKind):
    """over cells, then over the clients of each; dirichlet at both levels, or iid at one, are three kinds of heterogeneity"""

    kind: Literal["two_level"] = "two_level"
    over_cells: OverCellsSpec = Field(
        default_factory=DirichletOverCellsSpec, discriminator="kind", description="how samples go to cells"
    )
    over_clients: OverClientsSpec = Field(
        default_factory=DirichletSpec, discriminator="kind", description="how those of a cell go to its clients"
    )

    def _split(
        self, labels: IntArray, serving_cell: IntArray, sizes: IntArray | None, rng: np.random.Generator
    ) -> list[IntArray]:
        return two_level_split(
            labels,
            serving_cell=serving_cell,
            over_cells=self.over_cells.build(),
            over_clients=self.over_clients.build(),
            client_sizes=sizes,
            min_samples=self.min_samples,
            rng=rng,
        )


class OneLevelSplitSpec(SplitKind):
    """over all clients at once, whatever their cell"""

    kind: Literal["one_level"] = "one_level"
    over_clients: OverClientsSpec = Field(
        default_factory=IIDSpec, discriminator="kind", description="how samples go to clients"
    )

    def _split(
        self, labels: IntArray, serving_cell: IntArray, sizes: IntArray | None, rng: np.random.Generator
    ) -> list[IntArray]:
        try:
            return self.over_clients.build().split(
                labels, num_parts=len(serving_cell), sizes=sizes, min_samples=self.min_samples, rng=rng
            )
        except ValueError as error:
            raise ValueError(f"over_clients.{error}") from None


class GivenSplitSpec(Spec):
    """as samples come, for data whose clients bring their own"""

    kind: Literal["given"] = "given"


SplitSpec = TwoLevelSplitSpec | OneLevelSplitSpec | GivenSplitSpec
