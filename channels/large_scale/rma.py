"""3GPP rural macro (RMa): path loss, line-of-sight probability, shadowing. TR 38.901, section 7.4."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.constants import SPEED_OF_LIGHT_M_PER_S
from channels.large_scale.in_table import in_table
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.outdoor import OutdoorLaws, draw_outdoor
from channels.large_scale.penetration import Building
from channels.large_scale.shadowing import ShadowingLaw
from channels.layouts.layout import Layout

LAWS = OutdoorLaws(
    los=ShadowingLaw(deviation_db=4.0, correlation_distance_m=37.0),
    nlos=ShadowingLaw(deviation_db=8.0, correlation_distance_m=120.0),
    indoor=ShadowingLaw(deviation_db=8.0, correlation_distance_m=120.0),
    max_indoor_distance_m=10.0,
    legacy_walls_below_6_ghz=False,
)
FAR_LOS_DEVIATION_DB = 6.0  # beyond the breakpoint


def rma_los_probability(distance_2d_m: ArrayLike, *, ut_height_m: ArrayLike = 1.5, extrapolate: bool = False) -> FloatArray:
    """Probability that a link of the rural macro is in line of sight: 1 up to 10 m, then e^(-(d - 10)/1000).

    Args:
        distance_2d_m: ground distance; the outdoor part for an indoor user.
        ut_height_m: height of the user, 1 to 10 m; the probability is the same at all.
        extrapolate: take other heights too.

    Source: 3GPP TR 38.901, table 7.4.2-1.

    >>> float(rma_los_probability(1010.0).round(5))
    0.36788
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    height = in_table("ut_height_m", ut_height_m, low=1.0, high=10.0, extrapolate=extrapolate)
    return np.broadcast_arrays(np.exp(-(np.maximum(distance, 10.0) - 10.0) / 1000.0), height)[0].copy()


def rma_breakpoint_m(*, carrier_hz: float, bs_height_m: ArrayLike, ut_height_m: ArrayLike) -> FloatArray:
    """Distance 2π h_BS h_UT f/c from which a line of sight loses 40 dB a decade."""
    return 2.0 * np.pi * np.asarray(bs_height_m) * np.asarray(ut_height_m) * carrier_hz / SPEED_OF_LIGHT_M_PER_S


def rma_pathloss_db(
    distance_2d_m: ArrayLike,
    *,
    carrier_hz: float,
    bs_height_m: ArrayLike = 35.0,
    ut_height_m: ArrayLike = 1.5,
    los: ArrayLike,
    street_width_m: float = 20.0,
    building_height_m: float = 5.0,
    extrapolate: bool = False,
) -> FloatArray:
    """Path loss of the rural macro, in line of sight or not.

    With f in GHz, d the 3-D distance, h the building height, W the street width and the breakpoint d' = 2π h_BS h_UT f/c,
    compared with the 2-D distance:

    - LOS before d': PL1(d) = 20 log10(40π d f/3) + min(.03h^1.72, 10) log10 d - min(.044h^1.72, 14.77) + .002 d log10 h
    - LOS beyond d': PL1(d') + 40 log10(d/d')
    - NLOS: max(LOS, 161.04 - 7.1 log10 W + 7.5 log10 h - (24.37 - 3.7(h/h_BS)²) log10 h_BS
      + (43.42 - 3.1 log10 h_BS)(log10 d - 3) + 20 log10 f - (3.2 log10(11.75 h_UT)² - 4.97))

    Args:
        distance_2d_m: ground distance, 10 m to 10 km in line of sight, to 5 km else.
        carrier_hz: 0.5 to 30 GHz.
        bs_height_m: height of the station, 10 to 150 m.
        ut_height_m: height of the user, 1 to 10 m.
        los: whether the link is in line of sight.
        street_width_m: average width of streets, 5 to 50 m.
        building_height_m: average height of buildings, 5 to 50 m.
        extrapolate: use the formulas beyond these ranges.

    Source: 3GPP TR 38.901, table 7.4.1-1.

    >>> rma_pathloss_db(1000.0, carrier_hz=0.9e9, los=[True, False]).round(3).tolist()
    [93.736, 118.628]
    """
    sight = np.asarray(los, dtype=bool)
    distance = in_table("distance_2d_m", distance_2d_m, low=10.0, high=10_000.0, extrapolate=extrapolate)
    in_table("distance_2d_m", np.where(sight, 10.0, distance), low=10.0, high=5000.0, extrapolate=extrapolate)
    in_table("carrier_hz", carrier_hz, low=0.5e9, high=30e9, extrapolate=extrapolate)
    station = in_table("bs_height_m", bs_height_m, low=10.0, high=150.0, extrapolate=extrapolate)
    height = in_table("ut_height_m", ut_height_m, low=1.0, high=10.0, extrapolate=extrapolate)
    width = in_table("street_width_m", street_width_m, low=5.0, high=50.0, extrapolate=extrapolate)
    building = in_table("building_height_m", building_height_m, low=5.0, high=50.0, extrapolate=extrapolate)
    distance_3d = np.hypot(distance, station - height)
    frequency_ghz = carrier_hz / 1e9

    def near_db(d: FloatArray) -> FloatArray:
        return (
            20.0 * np.log10(40.0 * np.pi * d * frequency_ghz / 3.0)
            + np.minimum(0.03 * building**1.72, 10.0) * np.log10(d)
            - np.minimum(0.044 * building**1.72, 14.77)
            + 0.002 * np.log10(building) * d
        )

    breakpoint_m = rma_breakpoint_m(carrier_hz=carrier_hz, bs_height_m=station, ut_height_m=height)
    far_db = near_db(breakpoint_m) + 40.0 * np.log10(distance_3d / breakpoint_m)
    los_db = np.where(distance < breakpoint_m, near_db(distance_3d), far_db)
    nlos_db = (
        161.04
        - 7.1 * np.log10(width)
        + 7.5 * np.log10(building)
        - (24.37 - 3.7 * (building / station) ** 2) * np.log10(station)
        + (43.42 - 3.1 * np.log10(station)) * (np.log10(distance_3d) - 3.0)
        + 20.0 * np.log10(frequency_ghz)
        - (3.2 * np.log10(11.75 * height) ** 2 - 4.97)
    )
    return np.where(sight, los_db, np.maximum(los_db, nlos_db))


@dataclass(frozen=True, kw_only=True)
class RuralMacro:
    """Links of a rural macro network: line of sight drawn for each, shadowing correlated from place to place.

    Clients in buildings have the path loss to the outer wall and through it, of plain glass, besides. Nobody is in a car.

    Attributes:
        street_width_m: average width of streets.
        building_height_m: average height of buildings.
        extrapolate: use the formulas beyond the range of their table.

    Source: 3GPP TR 38.901, section 7.4 and table 7.5-6.
    """

    street_width_m: float = 20.0
    building_height_m: float = 5.0
    extrapolate: bool = False

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links (N, K) of a layout."""
        distance = layout.link_distance_2d_m
        heights = {"bs_height_m": layout.station_height_m[:, None], "ut_height_m": layout.client_height_m}
        drawn = draw_outdoor(
            layout,
            carrier_hz=carrier_hz,
            laws=LAWS,
            building=Building.LOW,
            los_probability=rma_los_probability,
            pathloss_db=lambda los: rma_pathloss_db(
                distance,
                carrier_hz=carrier_hz,
                **heights,
                los=los,
                street_width_m=self.street_width_m,
                building_height_m=self.building_height_m,
                extrapolate=self.extrapolate,
            ),
            rng=rng,
        )
        far = distance >= rma_breakpoint_m(carrier_hz=carrier_hz, **heights)
        far_factor = FAR_LOS_DEVIATION_DB / LAWS.los.deviation_db
        return replace(drawn, shadowing_db=np.where(drawn.los & far, far_factor, 1.0) * drawn.shadowing_db)
