"""The `[network]` part of a scenario: its kinds are the ways in which stations and clients can stand."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from airfed.specs.fading_spec import SionnaSpec
from airfed.specs.given_snr_spec import GivenSNRNetworkSpec
from airfed.specs.layout_spec import (
    CSVLayoutSpec,
    DiscLayoutSpec,
    HallLayoutSpec,
    HexagonalLayoutSpec,
    LayoutSpec,
    PoissonLayoutSpec,
)
from airfed.specs.propagation_spec import OutdoorSpec
from airfed.specs.radio_spec import LOAD_MEANING, CellLoad, RadioSpec, ReceiverSpec
from airfed.specs.ray_traced_spec import RayTracedCityNetworkSpec
from channels import (
    Fading,
    LargeScale,
    Layout,
    Network,
    hexagonal_sites,
    reuse_groups,
    strongest_station,
    without_idle_stations,
)
from channels.arrays import IntArray
from channels.layouts.hexagonal import CLUSTER_SHIFT
from channels.sionna_backend import SionnaSystemLevel, Surroundings
from fl_models import Stream, Streams

MAX_MEAN_STATIONS, MAX_MEAN_CLIENTS = 1000, 100_000


class PlacedNetworkSpec(ReceiverSpec, RadioSpec, LayoutSpec):
    """A network whose nodes stand somewhere in surroundings."""

    @model_validator(mode="after")
    def _fits_surroundings(self) -> PlacedNetworkSpec:
        outdoor = self.propagation if isinstance(self.propagation, OutdoorSpec) else None
        if outdoor and not outdoor.extrapolate and self.nearest_m is not None and self.nearest_m < 10.0:
            raise ValueError(
                f"min_distance_m: got {self.nearest_m:g}; allowed is at least 10, where the {self.propagation.kind} "
                "model begins, or extrapolate = true"
            )
        if isinstance(self.fading, SionnaSpec) and not outdoor:
            raise ValueError(
                f"fading.kind: got 'sionna' with propagation of kind {self.propagation.kind!r}; allowed with uma, umi and rma"
            )
        return self

    def build(self, streams: Streams) -> Network:
        layout = self.place(streams.rng(Stream.LAYOUT))
        layout, large_scale, fading = self._channel(layout, streams.rng(Stream.LARGE_SCALE))
        layout, large_scale, stations = self._in_use(layout, large_scale)
        return self._network(
            layout,
            large_scale,
            fading,
            noise_psd_w_per_hz=self.noise_psd_w_per_hz,
            streams=streams,
            stations=stations,
            share_of_band=1.0 / (self.reuse_factor or 1),
            band_group=self._band_group(layout.num_cells),
        )

    def _channel(self, layout: Layout, rng: np.random.Generator) -> tuple[Layout, LargeScale, Fading]:
        """The layout with clients served as wanted, its path losses, and its fading."""
        propagation = self.propagation.build()
        if isinstance(self.fading, SionnaSpec):
            assert isinstance(propagation, Surroundings)  # as checked when the scenario was read
            system = SionnaSystemLevel(
                propagation=propagation,
                carrier_hz=self.carrier_hz,
                num_antennas=self.num_antennas,
            )
            drop = system.drop(layout, rng=rng)
            layout = self._associated(layout, drop.large_scale)
            return layout, drop.large_scale, drop.fading(layout)
        large_scale = propagation.draw(layout, carrier_hz=self.carrier_hz, rng=rng)
        fading = self.fading.build(carrier_hz=self.carrier_hz, num_antennas=self.num_antennas)
        return self._associated(layout, large_scale), large_scale, fading

    def _associated(self, layout: Layout, large_scale: LargeScale) -> Layout:
        return layout.served_by(strongest_station(large_scale.power_gain)) if self.by_strength else layout

    def _in_use(self, layout: Layout, large_scale: LargeScale) -> tuple[Layout, LargeScale, IntArray]:
        """The stations that are part of the network, and which of those of the layout they are."""
        return without_idle_stations(layout, large_scale)

    def _band_group(self, num_cells: int) -> IntArray | None:
        return None if self.reuse_factor is None else np.zeros(num_cells, dtype=int)


class HexagonalNetworkSpec(PlacedNetworkSpec, HexagonalLayoutSpec):
    """hexagonal cells, clients uniform in each"""

    kind: Literal["hexagonal"] = "hexagonal"
    cell_load: CellLoad = Field((0.0, 0.3, 0.6), description=LOAD_MEANING)

    @property
    def total_stations(self) -> int:
        return self.num_cells

    @property
    def total_clients(self) -> int:
        return self.num_cells * self.clients_per_cell

    @property
    def _stations_told(self) -> str:
        return f"num_cells = {self.num_cells}"

    @model_validator(mode="after")
    def _consistent(self) -> HexagonalNetworkSpec:
        inradius_m = self.cell_radius_m * np.sqrt(3.0) / 2.0
        if self.min_distance_m > 0.9 * inradius_m:
            raise ValueError(
                f"min_distance_m: got {self.min_distance_m:g}; allowed is 0 to {0.9 * inradius_m:g}, "
                f"nine tenths of the inner radius of the cell (cell_radius_m = {self.cell_radius_m:g})"
            )
        if self.wrap_around and self.num_cells not in CLUSTER_SHIFT:
            clusters = ", ".join(map(str, CLUSTER_SHIFT))
            raise ValueError(f"wrap_around: got true with num_cells = {self.num_cells}; allowed with {clusters} cells")
        if self.wrap_around and self.band_sharing == "reuse_3" and self.num_cells != 3:
            raise ValueError(
                f"band_sharing: got 'reuse_3' with {self.num_cells} cells that wrap around; allowed with 3, since across "
                "the seams of others neighbours would have the same third"
            )
        return self

    def _in_use(self, layout: Layout, large_scale: LargeScale) -> tuple[Layout, LargeScale, IntArray]:
        """All of them: a number of cells was asked for."""
        empty = np.flatnonzero(layout.cell_sizes == 0)
        if len(empty):
            raise ValueError(
                f"association: got 'strongest', and cell {empty[0]} is the strongest of no client; allowed is 'cell', or more "
                "clients, or another seed"
            )
        return layout, large_scale, np.arange(layout.num_cells)

    def _band_group(self, num_cells: int) -> IntArray | None:
        if self.reuse_factor is None:
            return None
        sites = hexagonal_sites(num_cells, radius_m=self.cell_radius_m)
        return reuse_groups(sites, radius_m=self.cell_radius_m, reuse_factor=self.reuse_factor)


class DiscNetworkSpec(PlacedNetworkSpec, DiscLayoutSpec):
    """one cell, clients uniform over a disc"""

    kind: Literal["disc"] = "disc"

    @property
    def total_stations(self) -> int:
        return 1

    @property
    def total_clients(self) -> int:
        return self.num_clients


class PoissonNetworkSpec(PlacedNetworkSpec, PoissonLayoutSpec):
    """stations and clients scattered as Poisson processes; stations that serve nobody are left out"""

    kind: Literal["poisson"] = "poisson"

    @property
    def total_stations(self) -> None:
        return None

    @property
    def total_clients(self) -> None:
        return None

    @model_validator(mode="after")
    def _bounded_numbers(self) -> PoissonNetworkSpec:
        for key, most in (("stations_per_km2", MAX_MEAN_STATIONS), ("clients_per_km2", MAX_MEAN_CLIENTS)):
            mean = getattr(self, key) * (self.width_m / 1e3) ** 2
            if mean > most:
                raise ValueError(
                    f"{key}: got {getattr(self, key):g} with width_m = {self.width_m:g}, on average {mean:g} in the square; "
                    f"allowed is at most {most}"
                )
        return self

    @model_validator(mode="after")
    def _one_value_for_all(self) -> PoissonNetworkSpec:
        for there, values in (("stations", self._per_cell.items()), ("clients", self._per_client.items())):
            for key, value in values:
                if isinstance(value, tuple):
                    raise ValueError(
                        f"{key}: got {len(value)} values with kind = 'poisson'; allowed is a single number, as the number of "
                        f"{there} is drawn"
                    )
        return self


class HallNetworkSpec(PlacedNetworkSpec, HallLayoutSpec):
    """stations in rows under the roof of a hall; those that serve nobody are left out"""

    kind: Literal["hall"] = "hall"

    @property
    def total_stations(self) -> int:
        return self.stations_along * self.stations_across

    @property
    def total_clients(self) -> int:
        return self.num_clients

    @model_validator(mode="after")
    def _room_around_stations(self) -> HallNetworkSpec:
        nearest_wall_m = 0.5 * min(self.length_m / self.stations_along, self.width_m / self.stations_across)
        if self.min_distance_m > nearest_wall_m:
            raise ValueError(
                f"min_distance_m: got {self.min_distance_m:g}; allowed is 0 to {nearest_wall_m:g}, the distance of stations "
                "from the nearest wall"
            )
        return self


class CSVNetworkSpec(PlacedNetworkSpec, CSVLayoutSpec):
    """places from a CSV file, with heights and who is indoors; stations that serve nobody are left out"""

    kind: Literal["csv"] = "csv"

    @property
    def total_stations(self) -> None:
        return None

    @property
    def total_clients(self) -> None:
        return None

    @model_validator(mode="after")
    def _heights_from_file(self) -> CSVNetworkSpec:
        for key in ("bs_height_m", "ut_height_m", "indoor_share"):
            field = type(self.propagation).model_fields.get(key)
            if field is not None and getattr(self.propagation, key) != field.default:
                raise ValueError(
                    f"propagation.{key}: got {getattr(self.propagation, key):g} with kind = 'csv'; leave it out: the file has "
                    "the columns height_m and indoor"
                )
        return self


NetworkSpec = (
    HexagonalNetworkSpec
    | DiscNetworkSpec
    | PoissonNetworkSpec
    | HallNetworkSpec
    | CSVNetworkSpec
    | RayTracedCityNetworkSpec
    | GivenSNRNetworkSpec
)
