"""3GPP urban macro (UMa): path loss, line-of-sight probability, shadowing. TR 38.901, section 7.4."""

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
    los=ShadowingLaw(deviation_db=4.0, correlation_distance_m=37.0),
    nlos=ShadowingLaw(deviation_db=6.0, correlation_distance_m=50.0),
    indoor=ShadowingLaw(deviation_db=7.0, correlation_distance_m=7.0),
    max_indoor_distance_m=25.0,
    legacy_walls_below_6_ghz=True,
)


def uma_los_probability(distance_2d_m: ArrayLike, *, ut_height_m: ArrayLike = 1.5, extrapolate: bool = False) -> FloatArray:
    """Probability that a link of the urban macro is in line of sight.

    1 up to 18 m, then [18/d + e^(-d/63)(1 - 18/d)]·[1 + C'(h)·(5/4)(d/100)³ e^(-d/150)] with
    C'(h) = 0 up to a height of 13 m and ((h - 13)/10)^1.5 above.

    Args:
        distance_2d_m: ground distance; the outdoor part for an indoor user.
        ut_height_m: height of the user, 1.5 to 23 m.
        extrapolate: use the formula at other heights.

    Source: 3GPP TR 38.901, table 7.4.2-1.

    >>> float(uma_los_probability(100.0, ut_height_m=1.5).round(5))
    0.34767
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    height = in_table("ut_height_m", ut_height_m, low=1.5, high=23.0, extrapolate=extrapolate)
    far = np.maximum(distance, 18.0)
    ground = 18.0 / far + np.exp(-far / 63.0) * (1.0 - 18.0 / far)
    # For tall users near by the table's own formula exceeds 1 by some thousandths.
    return np.minimum(ground * (1.0 + _elevation(far, height)), 1.0)


def uma_pathloss_db(
    distance_2d_m: ArrayLike,
    *,
    carrier_hz: float,
    bs_height_m: ArrayLike = 25.0,
    ut_height_m: ArrayLike = 1.5,
    los: ArrayLike,
    environment_height_m: ArrayLike = 1.0,
    extrapolate: bool = False,
) -> FloatArray:
    """Path loss of the urban macro, in line of sight or not.

    With f in GHz, d the 3-D distance and the breakpoint d' = 4(h_BS - h_E)(h_UT - h_E) f/c, compared with the 2-D one:

    - LOS before d': 28 + 22 log10 d + 20 log10 f
    - LOS beyond d': 28 + 40 log10 d + 20 log10 f - 9 log10(d'² + (h_BS - h_UT)²)
    - NLOS: max(LOS, 13.54 + 39.08 log10 d + 20 log10 f - 0.6(h_UT - 1.5))

    Args:
        distance_2d_m: ground distance, 10 m to 5 km.
        carrier_hz: 0.5 to 100 GHz.
        bs_height_m: height of the station, 25 m.
        ut_height_m: height of the user, 1.5 to 22.5 m.
        los: whether the link is in line of sight.
        environment_height_m: h_E; 1 m for users below 13 m, drawn at random for higher ones (note 1 of the table).
        extrapolate: use the formulas beyond these ranges.

    Source: 3GPP TR 38.901, table 7.4.1-1.

    >>> uma_pathloss_db(100.0, carrier_hz=3.5e9, los=[True, False]).round(3).tolist()
    [83.138, 103.038]
    """
    distance = in_table("distance_2d_m", distance_2d_m, low=10.0, high=5000.0, extrapolate=extrapolate)
    in_table("carrier_hz", carrier_hz, low=0.5e9, high=100e9, extrapolate=extrapolate)
    station = in_table("bs_height_m", bs_height_m, low=25.0, high=25.0, extrapolate=extrapolate)
    height = in_table("ut_height_m", ut_height_m, low=1.5, high=22.5, extrapolate=extrapolate)
    distance_3d = np.hypot(distance, station - height)
    frequency_db = 20.0 * np.log10(carrier_hz / 1e9)

    environment = checked("environment_height_m", environment_height_m, low=0.0)
    if np.any(np.minimum(station, height) <= environment):
        raise ValueError(
            f"environment_height_m: got up to {environment.max():g}; allowed is less than bs_height_m and ut_height_m, here "
            f"at least {min(station.min(), height.min()):g}"
        )
    breakpoint_m = 4.0 * (station - environment) * (height - environment) * carrier_hz / SPEED_OF_LIGHT_M_PER_S
    near_db = 28.0 + 22.0 * np.log10(distance_3d) + frequency_db
    corner_db = 9.0 * np.log10(breakpoint_m**2 + (station - height) ** 2)
    far_db = 28.0 + 40.0 * np.log10(distance_3d) + frequency_db - corner_db
    los_db = np.where(distance < breakpoint_m, near_db, far_db)
    nlos_db = 13.54 + 39.08 * np.log10(distance_3d) + frequency_db - 0.6 * (height - 1.5)
    return np.where(los, los_db, np.maximum(los_db, nlos_db))


def draw_environment_height_m(distance_2d_m: ArrayLike, *, ut_height_m: ArrayLike, rng: np.random.Generator) -> FloatArray:
    """Height h_E of what stands around a user: 1 m with probability 1/(1 + C), else uniform on {12, 15, ..., h_UT - 1.5} m.

    C(d, h) = ((h - 13)/10)^1.5·(5/4)(d/100)³ e^(-d/150) beyond 18 m and for users above 13 m, else 0.

    Source: 3GPP TR 38.901, table 7.4.1-1, note 1.
    """
    distance, height = np.broadcast_arrays(np.asarray(distance_2d_m, dtype=float), np.asarray(ut_height_m, dtype=float))
    low = rng.random(distance.shape) < 1.0 / (1.0 + _elevation(distance, height))
    steps = np.maximum(np.floor((height - 13.5) / 3.0) + 1.0, 1.0)
    high = 12.0 + 3.0 * np.floor(steps * rng.random(distance.shape))
    return np.where(low, 1.0, high)


def _elevation(distance_2d_m: FloatArray, ut_height_m: FloatArray) -> FloatArray:
    """C(d, h), what a user's height adds to its sight."""
    near = (np.maximum(ut_height_m - 13.0, 0.0) / 10.0) ** 1.5
    return np.where(distance_2d_m <= 18.0, 0.0, near * 1.25 * (distance_2d_m / 100.0) ** 3 * np.exp(-distance_2d_m / 150.0))


@dataclass(frozen=True, kw_only=True)
class UrbanMacro:
    """Links of an urban macro network: line of sight drawn for each, shadowing correlated from place to place.

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
        distance, height = layout.link_distance_2d_m, layout.client_height_m
        return draw_outdoor(
            layout,
            carrier_hz=carrier_hz,
            laws=LAWS,
            building=self.building,
            los_probability=lambda outdoor: uma_los_probability(outdoor, ut_height_m=height, extrapolate=self.extrapolate),
            pathloss_db=lambda los: uma_pathloss_db(
                distance,
                carrier_hz=carrier_hz,
                bs_height_m=layout.station_height_m[:, None],
                ut_height_m=height,
                los=los,
                environment_height_m=draw_environment_height_m(distance, ut_height_m=height, rng=rng),
                extrapolate=self.extrapolate,
            ),
            rng=rng,
        )
