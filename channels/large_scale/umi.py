"""3GPP urban micro, street canyon (UMi): path loss, line-of-sight probability, shadowing. TR 38.901, section 7.4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, check_member, checked
from channels.constants import SPEED_OF_LIGHT_M_PER_S
from channels.large_scale.in_table import in_table
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.outdoor import OutdoorLaws, draw_outdoor
from channels.large_scale.penetration import Building
from channels.large_scale.shadowing import ShadowingLaw
from channels.layouts.layout import Layout

LAWS = OutdoorLaws(
    los=ShadowingLaw(deviation_db=4.0, correlation_distance_m=10.0),
    nlos=ShadowingLaw(deviation_db=7.82, correlation_distance_m=13.0),
    indoor=ShadowingLaw(deviation_db=7.0, correlation_distance_m=7.0),
    max_indoor_distance_m=25.0,
    legacy_walls_below_6_ghz=True,
)
ENVIRONMENT_HEIGHT_M = 1.0


def umi_los_probability(distance_2d_m: ArrayLike, *, ut_height_m: ArrayLike = 1.5, extrapolate: bool = False) -> FloatArray:
    """Probability that a link of the urban micro is in line of sight: 1 up to 18 m, then 18/d + e^(-d/36)(1 - 18/d).

    Args:
        distance_2d_m: ground distance; the outdoor part for an indoor user.
        ut_height_m: height of the user, 1.5 to 22.5 m; the probability is the same at all.
        extrapolate: take other heights too.

    Source: 3GPP TR 38.901, table 7.4.2-1.

    >>> float(umi_los_probability(100.0).round(5))
    0.23098
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    height = in_table("ut_height_m", ut_height_m, low=1.5, high=22.5, extrapolate=extrapolate)
    far = np.maximum(distance, 18.0)
    return np.broadcast_arrays(18.0 / far + np.exp(-far / 36.0) * (1.0 - 18.0 / far), height)[0].copy()


def umi_pathloss_db(
    distance_2d_m: ArrayLike,
    *,
    carrier_hz: float,
    bs_height_m: ArrayLike = 10.0,
    ut_height_m: ArrayLike = 1.5,
    los: ArrayLike,
    extrapolate: bool = False,
) -> FloatArray:
    """Path loss of the urban micro street canyon, in line of sight or not.

    With f in GHz, d the 3-D distance and the breakpoint d' = 4(h_BS - 1)(h_UT - 1) f/c, compared with the 2-D one:

    - LOS before d': 32.4 + 21 log10 d + 20 log10 f
    - LOS beyond d': 32.4 + 40 log10 d + 20 log10 f - 9.5 log10(d'² + (h_BS - h_UT)²)
    - NLOS: max(LOS, 35.3 log10 d + 22.4 + 21.3 log10 f - 0.3(h_UT - 1.5))

    Args:
        distance_2d_m: ground distance, 10 m to 5 km.
        carrier_hz: 0.5 to 100 GHz.
        bs_height_m: height of the station, 10 m.
        ut_height_m: height of the user, 1.5 to 22.5 m.
        los: whether the link is in line of sight.
        extrapolate: use the formulas beyond these ranges.

    Source: 3GPP TR 38.901, table 7.4.1-1.

    >>> umi_pathloss_db(100.0, carrier_hz=3.5e9, los=[True, False]).round(3).tolist()
    [85.314, 104.644]
    """
    distance = in_table("distance_2d_m", distance_2d_m, low=10.0, high=5000.0, extrapolate=extrapolate)
    in_table("carrier_hz", carrier_hz, low=0.5e9, high=100e9, extrapolate=extrapolate)
    station = in_table("bs_height_m", bs_height_m, low=10.0, high=10.0, extrapolate=extrapolate)
    height = in_table("ut_height_m", ut_height_m, low=1.5, high=22.5, extrapolate=extrapolate)
    for name, array in (("bs_height_m", station), ("ut_height_m", height)):
        checked(name, array, low=ENVIRONMENT_HEIGHT_M, open_low=True)
    distance_3d = np.hypot(distance, station - height)
    frequency = np.log10(carrier_hz / 1e9)

    effective = (station - ENVIRONMENT_HEIGHT_M) * (height - ENVIRONMENT_HEIGHT_M)
    breakpoint_m = 4.0 * effective * carrier_hz / SPEED_OF_LIGHT_M_PER_S
    near_db = 32.4 + 21.0 * np.log10(distance_3d) + 20.0 * frequency
    corner_db = 9.5 * np.log10(breakpoint_m**2 + (station - height) ** 2)
    far_db = 32.4 + 40.0 * np.log10(distance_3d) + 20.0 * frequency - corner_db
    los_db = np.where(distance < breakpoint_m, near_db, far_db)
    nlos_db = 35.3 * np.log10(distance_3d) + 22.4 + 21.3 * frequency - 0.3 * (height - 1.5)
    return np.where(los, los_db, np.maximum(los_db, nlos_db))


@dataclass(frozen=True, kw_only=True)
class UrbanMicro:
    """Links of an urban micro network: line of sight drawn for each, shadowing correlated from place to place.

    Clients in buildings have the path loss to the outer wall and through it besides.

    Attributes:
        building: what the outer walls of buildings are made of; above 6 GHz.
        extrapolate: use the formulas beyond the range of their table.

    Source: 3GPP TR 38.901, section 7.4 and table 7.5-6.
    """

    building: Building = Building.LOW
    extrapolate: bool = False

    def __post_init__(self) -> None:
        check_member("building", self.building, Building)

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links (N, K) of a layout."""
        return draw_outdoor(
            layout,
            carrier_hz=carrier_hz,
            laws=LAWS,
            building=self.building,
            los_probability=umi_los_probability,
            pathloss_db=lambda los: umi_pathloss_db(
                layout.link_distance_2d_m,
                carrier_hz=carrier_hz,
                bs_height_m=layout.station_height_m[:, None],
                ut_height_m=layout.client_height_m,
                los=los,
                extrapolate=self.extrapolate,
            ),
            rng=rng,
        )
