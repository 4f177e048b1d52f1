"""`[network.propagation]` in a scenario: the surroundings, and with them heights and walls."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from airfed.specs.spec import Spec
from channels import (
    Building,
    Factory,
    FreeSpace,
    IndoorFactory,
    IndoorOffice,
    Layout,
    LogDistance,
    Propagation,
    RuralMacro,
    UrbanMacro,
    UrbanMicro,
    draw_indoor,
    floor_height_m,
)


class SurroundingsSpec(Spec):
    """What all surroundings have: at what heights stations and clients are, and which clients are indoors."""

    bs_height_m: float = Field(25.0, ge=0.1, le=1000.0, description="height of the stations")
    ut_height_m: float = Field(1.5, ge=0.1, le=1000.0, description="height of the clients, those in tall buildings apart")

    def furnish(self, layout: Layout, *, rng: np.random.Generator) -> Layout:
        """The layout with heights, and with some of the clients in buildings."""
        return replace(layout, station_height_m=np.array(self.bs_height_m), client_height_m=np.array(self.ut_height_m))


class OutdoorSpec(SurroundingsSpec):
    """What 3GPP's outdoor surroundings have."""

    indoor_share: float = Field(0.0, ge=0.0, le=1.0, description="share of the clients that are inside buildings")
    extrapolate: bool = Field(False, description="use the formulas beyond the range of their table")

    def furnish(self, layout: Layout, *, rng: np.random.Generator) -> Layout:
        indoor = draw_indoor(layout.num_clients, indoor_share=self.indoor_share, rng=rng)
        return replace(super().furnish(layout, rng=rng), indoor=indoor)


class UrbanSpec(OutdoorSpec):
    """What 3GPP's urban surroundings have: clients indoors are on any of 4 to 8 floors."""

    building: Literal["low", "high"] = Field("low", description="loss through outer walls above 6 GHz: plain or coated glass")

    def furnish(self, layout: Layout, *, rng: np.random.Generator) -> Layout:
        furnished = super().furnish(layout, rng=rng)
        height_m = floor_height_m(furnished.indoor, outdoor_height_m=self.ut_height_m, rng=rng)
        return replace(furnished, client_height_m=height_m)


class UrbanMacroSpec(UrbanSpec):
    """3GPP TR 38.901 urban macro, masts above the roofs"""

    kind: Literal["uma"] = "uma"

    def build(self) -> Propagation:
        return UrbanMacro(building=Building(self.building), extrapolate=self.extrapolate)


class UrbanMicroSpec(UrbanSpec):
    """3GPP TR 38.901 urban micro, stations in street canyons"""

    kind: Literal["umi"] = "umi"
    bs_height_m: float = Field(10.0, ge=0.1, le=1000.0, description="height of the stations")

    def build(self) -> Propagation:
        return UrbanMicro(building=Building(self.building), extrapolate=self.extrapolate)


class RuralMacroSpec(OutdoorSpec):
    """3GPP TR 38.901 rural macro"""

    kind: Literal["rma"] = "rma"
    bs_height_m: float = Field(35.0, ge=0.1, le=1000.0, description="height of the stations")
    street_width_m: float = Field(20.0, ge=0.1, le=1000.0, description="average width of streets")
    building_height_m: float = Field(5.0, ge=0.1, le=1000.0, description="average height of buildings")

    def build(self) -> Propagation:
        return RuralMacro(
            street_width_m=self.street_width_m, building_height_m=self.building_height_m, extrapolate=self.extrapolate
        )


class IndoorOfficeSpec(SurroundingsSpec):
    """3GPP TR 38.901 indoor office, all in one hall; cells of at most some 80 m"""

    kind: Literal["inh"] = "inh"
    bs_height_m: float = Field(3.0, ge=0.1, le=1000.0, description="height of the stations")
    ut_height_m: float = Field(1.0, ge=0.1, le=1000.0, description="height of the clients")
    open_office: bool = Field(True, description="open, or else mixed with rooms")
    extrapolate: bool = Field(False, description="use the formulas beyond the range of their table")

    def build(self) -> Propagation:
        return IndoorOffice(open_office=self.open_office, extrapolate=self.extrapolate)


class IndoorFactorySpec(SurroundingsSpec):
    """3GPP TR 38.901 indoor factory, all in one hall"""

    kind: Literal["inf"] = "inf"
    bs_height_m: float = Field(8.0, ge=0.1, le=1000.0, description="height of the stations")
    factory: Literal["SL", "DL", "SH", "DH", "HH"] = Field(
        "DH", description="sparse or dense clutter, stations low in it or high above; HH: clients high above, too"
    )
    clutter_size_m: float = Field(2.0, ge=0.1, le=100.0, description="typical width of what stands about; 10 where sparse")
    clutter_density: float = Field(0.6, gt=0.0, lt=1.0, description="share of the floor that it covers; below 0.4 where sparse")
    clutter_height_m: float = Field(6.0, ge=0.1, le=100.0, description="its height; read for SH and DH")
    extrapolate: bool = Field(False, description="use the formulas beyond the range of their table")

    def build(self) -> Propagation:
        return IndoorFactory(
            factory=Factory(self.factory),
            clutter_size_m=self.clutter_size_m,
            clutter_density=self.clutter_density,
            clutter_height_m=self.clutter_height_m,
            extrapolate=self.extrapolate,
        )


class FreeSpaceSpec(SurroundingsSpec):
    """free space, line of sight to everybody"""

    kind: Literal["free_space"] = "free_space"

    def build(self) -> Propagation:
        return FreeSpace()


class LogDistanceSpec(Spec):
    """a power law of the ground distance with log-normal shadowing"""

    kind: Literal["log_distance"] = "log_distance"
    exponent: float = Field(3.5, ge=1.0, le=8.0, description="path-loss exponent")
    reference_distance_m: float = Field(1.0, ge=0.01, le=100.0, description="free space up to here")
    shadowing_deviation_db: float = Field(8.0, ge=0.0, le=20.0, description="standard deviation of the shadowing")
    correlation_distance_m: float = Field(
        50.0, ge=0.1, le=1e5, description="where the shadowing's correlation between clients has fallen to 1/e"
    )
    site_correlation: float = Field(0.5, ge=0.0, le=1.0, description="correlation of a client's shadowing to two stations")

    def furnish(self, layout: Layout, *, rng: np.random.Generator) -> Layout:
        """The layout as it is: heights do not matter here."""
        return layout

    def build(self) -> Propagation:
        return LogDistance(
            exponent=self.exponent,
            reference_distance_m=self.reference_distance_m,
            shadowing_deviation_db=self.shadowing_deviation_db,
            correlation_distance_m=self.correlation_distance_m,
            site_correlation=self.site_correlation,
        )


PropagationSpec = (
    UrbanMacroSpec | UrbanMicroSpec | RuralMacroSpec | IndoorOfficeSpec | IndoorFactorySpec | FreeSpaceSpec | LogDistanceSpec
)
