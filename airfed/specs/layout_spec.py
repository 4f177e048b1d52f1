"""Where the nodes of a scenario's network stand, for the kinds of networks that have surroundings."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from airfed.specs.fading_spec import FadingSpec, RayleighSpec
from airfed.specs.propagation_spec import PropagationSpec, UrbanMacroSpec
from airfed.specs.spec import Spec
from channels import Layout, disc_layout, hall_layout, hexagonal_layout, layout_from_csv, poisson_layout

ASSOCIATION = "clients are served by {}, or by the station with the strongest average gain"
SHARING = (
    'a band for each cell, or one for all; cells on the same band disturb each other, least with association = "strongest"'
)


class LayoutSpec(Spec):
    """Nodes in surroundings."""

    propagation: PropagationSpec = Field(
        default_factory=UrbanMacroSpec, discriminator="kind", description="path loss and shadowing, drawn once"
    )
    fading: FadingSpec = Field(
        default_factory=RayleighSpec, discriminator="kind", description="small-scale fading, another in every edge round"
    )

    @property
    def nearest_m(self) -> float | None:
        """No client is nearer to its station; None where that is not known."""
        return None

    @property
    def by_strength(self) -> bool:
        """Whether clients are served by the station that they hear best."""
        return False

    @property
    def reuse_factor(self) -> int | None:
        """How many parts the band is cut into; None where each cell has a band of its own."""
        return None

    @abstractmethod
    def place(self, rng: np.random.Generator) -> Layout:
        """The layout, with heights and buildings as the surroundings have them."""


class HexagonalLayoutSpec(LayoutSpec):
    """Hexagonal cells with clients uniform in each."""

    num_cells: int = Field(3, ge=1, le=1000, description="hexagonal cells; cell_load has as many values, or one")
    clients_per_cell: int = Field(20, ge=1, le=100_000, description="clients, uniform over each cell")
    cell_radius_m: float = Field(250.0, ge=1.0, le=5000.0, description="circumradius of a cell")
    min_distance_m: float = Field(35.0, ge=0.1, le=4000.0, description="no client is nearer to its station")
    wrap_around: bool = Field(False, description="1, 3, 7 or 19 cells repeat to fill the plane, so that none is at an edge")
    association: Literal["cell", "strongest"] = Field("cell", description=ASSOCIATION.format("their own cell"))
    band_sharing: Literal["own", "reuse_1", "reuse_3"] = Field(
        "own",
        description="a band for each cell, or one for all with reuse factor 1 or 3; cells on the same band disturb each other, "
        'least with association = "strongest"',
    )

    @property
    def nearest_m(self) -> float:
        return self.min_distance_m

    @property
    def by_strength(self) -> bool:
        return self.association == "strongest"

    @property
    def reuse_factor(self) -> int | None:
        return {"own": None, "reuse_1": 1, "reuse_3": 3}[self.band_sharing]

    def place(self, rng: np.random.Generator) -> Layout:
        layout = hexagonal_layout(
            num_cells=self.num_cells,
            clients_per_cell=self.clients_per_cell,
            radius_m=self.cell_radius_m,
            min_distance_m=self.min_distance_m,
            wrap_around=self.wrap_around,
            rng=rng,
        )
        return self.propagation.furnish(layout, rng=rng)


class DiscLayoutSpec(LayoutSpec):
    """One station in the middle of a disc."""

    num_clients: int = Field(20, ge=1, le=100_000, description="clients, uniform over the disc")
    radius_m: float = Field(250.0, ge=1.0, le=10_000.0, description="of the disc")
    min_distance_m: float = Field(35.0, ge=0.1, le=4000.0, description="no client is nearer to the station")

    @property
    def nearest_m(self) -> float:
        return self.min_distance_m

    def place(self, rng: np.random.Generator) -> Layout:
        layout = disc_layout(num_clients=self.num_clients, radius_m=self.radius_m, min_distance_m=self.min_distance_m, rng=rng)
        return self.propagation.furnish(layout, rng=rng)


class ScatteredLayoutSpec(LayoutSpec):
    """Stations anywhere; those that serve nobody are left out."""

    association: Literal["cell", "strongest"] = Field("cell", description=ASSOCIATION.format("the nearest station"))
    band_sharing: Literal["own", "reuse_1"] = Field("own", description=SHARING)

    @property
    def by_strength(self) -> bool:
        return self.association == "strongest"

    @property
    def reuse_factor(self) -> int | None:
        return 1 if self.band_sharing == "reuse_1" else None


class PoissonLayoutSpec(ScatteredLayoutSpec):
    """Stations and clients scattered over a square."""

    stations_per_km2: float = Field(5.0, gt=0.0, le=1e5, description="mean density of stations")
    clients_per_km2: float = Field(60.0, gt=0.0, le=1e7, description="mean density of clients")
    width_m: float = Field(1000.0, ge=1.0, le=1e5, description="side of the square")
    min_distance_m: float = Field(35.0, ge=0.0, le=4000.0, description="clients nearer to any station are taken away")
    wrap_around: bool = Field(False, description="the square repeats to fill the plane, so that nobody is at an edge")

    @property
    def nearest_m(self) -> float:
        return self.min_distance_m

    def place(self, rng: np.random.Generator) -> Layout:
        layout = poisson_layout(
            stations_per_km2=self.stations_per_km2,
            clients_per_km2=self.clients_per_km2,
            width_m=self.width_m,
            min_distance_m=self.min_distance_m,
            wrap_around=self.wrap_around,
            rng=rng,
        )
        return self.propagation.furnish(layout, rng=rng)


class HallLayoutSpec(ScatteredLayoutSpec):
    """Rows of stations in a hall."""

    num_clients: int = Field(60, ge=1, le=100_000, description="clients, uniform over the floor")
    stations_along: int = Field(6, ge=1, le=1000, description="stations in a row along the hall")
    stations_across: int = Field(3, ge=1, le=1000, description="rows of stations")
    length_m: float = Field(120.0, ge=1.0, le=1e5, description="of the hall")
    width_m: float = Field(60.0, ge=1.0, le=1e5, description="of the hall")
    min_distance_m: float = Field(1.0, ge=0.0, le=4000.0, description="no client is nearer to any station on the ground")

    @property
    def nearest_m(self) -> float:
        return self.min_distance_m

    def place(self, rng: np.random.Generator) -> Layout:
        layout = hall_layout(
            num_clients=self.num_clients,
            stations_along=self.stations_along,
            stations_across=self.stations_across,
            length_m=self.length_m,
            width_m=self.width_m,
            min_distance_m=self.min_distance_m,
            rng=rng,
        )
        return self.propagation.furnish(layout, rng=rng)


class CSVLayoutSpec(ScatteredLayoutSpec):
    """Stations and clients from a file."""

    path: str = Field(
        min_length=1,
        max_length=4096,
        description="CSV file with a line for each station and client and the columns kind (station or client), x_m, y_m and, "
        "if wanted, height_m, indoor, cell; from the folder in which airfed runs",
        json_schema_extra={"allowed": "the path of a CSV file"},
    )
    association: Literal["cell", "strongest"] = Field(
        "cell", description=ASSOCIATION.format("the cell of the file, or else the nearest station")
    )

    def place(self, rng: np.random.Generator) -> Layout:
        try:
            return layout_from_csv(self.path)
        except OSError as error:
            raise ValueError(
                f"network.path: got {self.path!r}, which cannot be read: {error.strerror}; needed is the path of a CSV file, "
                "from the folder in which airfed runs"
            ) from None
