"""A scenario's network in a city in which rays are traced: the extra `sionna`."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.specs.fading_spec import LinkFadingSpec
from airfed.specs.radio_spec import RadioSpec, ReceiverSpec
from airfed.specs.spec import Spec
from channels import Fading, Network, without_idle_stations
from channels.sionna_backend import MUNICH_ROOFTOPS_XYZ_M, City, RayTracedCity, RayTracedDrop
from fl_models import Stream, Streams

CoordinateM = Annotated[float, Field(ge=-1e5, le=1e5)]
PlaceM = Annotated[tuple[CoordinateM, CoordinateM, CoordinateM], Strict(False)]
ROOFTOPS: tuple[tuple[float, float, float], ...] = tuple((x, y, z) for x, y, z in MUNICH_ROOFTOPS_XYZ_M.tolist())


class RayTracedFadingSpec(Spec):
    """the traced paths, with phases at random"""

    kind: Literal["ray_traced"] = "ray_traced"


class CitySpec(Spec):
    """Which city, who is where in it, and how rays are traced."""

    city: Literal["munich", "etoile", "florence", "san_francisco"] = Field("munich", description="scene that comes with Sionna")
    num_clients: int = Field(30, ge=1, le=10_000, description="clients on open ground, wherever a station reaches")
    station_xyz_m: Annotated[tuple[PlaceM, ...], Strict(False)] = Field(
        ROOFTOPS,
        min_length=1,
        max_length=100,
        description="stations; the default are rooftops of Munich. Those that serve nobody are left out",
        json_schema_extra={"allowed": "a list of 1 to 100 places [x, y, z]"},
    )
    width_m: float = Field(800.0, ge=1.0, le=1e5, description="side of the square around the origin in which clients are")
    client_height_m: float = Field(1.5, ge=0.1, le=100.0, description="height of the clients")
    max_depth: int = Field(5, ge=0, le=50, description="most reflections and diffractions of a path")
    num_samples: int = Field(100_000, ge=1, le=10_000_000, description="rays shot from each station; few miss paths")
    diffraction: bool = Field(True, description="rays bend around edges, which reaches more places and takes longer")
    band_sharing: Literal["own", "reuse_1"] = Field(
        "own", description="a band for each cell, or one for all, in which cells disturb each other"
    )
    fading: RayTracedFadingSpec | LinkFadingSpec = Field(
        default_factory=RayTracedFadingSpec,
        discriminator="kind",
        description="small-scale fading, another in every edge round; traced paths are for one antenna",
    )


class RayTracedCityNetworkSpec(ReceiverSpec, RadioSpec, CitySpec):
    """a city of Sionna's with path losses and fading by ray tracing; needs the extra sionna and libLLVM 19"""

    kind: Literal["ray_traced_city"] = "ray_traced_city"

    @property
    def total_stations(self) -> int:
        return len(self.station_xyz_m)

    @property
    def total_clients(self) -> int:
        return self.num_clients

    @model_validator(mode="after")
    def _traceable(self) -> RayTracedCityNetworkSpec:
        if self.city != "munich" and self.station_xyz_m == ROOFTOPS:
            raise ValueError(
                f"station_xyz_m: got rooftops of Munich with city = {self.city!r}; allowed are places in that city"
            )
        if isinstance(self.fading, RayTracedFadingSpec) and self.num_antennas > 1:
            raise ValueError(
                f"num_antennas: got {self.num_antennas} with fading.kind = 'ray_traced'; allowed is 1, or other fading"
            )
        return self

    def build(self, streams: Streams) -> Network:
        city = RayTracedCity(
            city=City(self.city),
            carrier_hz=self.carrier_hz,
            max_depth=self.max_depth,
            num_samples=self.num_samples,
            diffraction=self.diffraction,
        )
        drop = city.drop(
            self.num_clients,
            station_xyz_m=np.array(self.station_xyz_m),
            width_m=self.width_m,
            client_height_m=self.client_height_m,
            rng=streams.rng(Stream.LAYOUT),
        )
        layout, large_scale, stations = without_idle_stations(drop.layout, drop.large_scale)
        return self._network(
            layout,
            large_scale,
            self._fading(drop),
            noise_psd_w_per_hz=self.noise_psd_w_per_hz,
            streams=streams,
            stations=stations,
            band_group=np.zeros(layout.num_cells, dtype=int) if self.band_sharing == "reuse_1" else None,
        )

    def _fading(self, drop: RayTracedDrop) -> Fading:
        if isinstance(self.fading, RayTracedFadingSpec):
            return drop.fading
        return self.fading.build(carrier_hz=self.carrier_hz, num_antennas=self.num_antennas)
