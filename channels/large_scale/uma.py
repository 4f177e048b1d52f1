"""3GPP urban macro (UMa): path loss, line-of-sight probability, shadowing. TR 38.901, section 7.4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.large_scale.free_space import SPEED_OF_LIGHT_M_PER_S
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.shadowing import lognormal_shadowing_db

SHADOWING_DEVIATION_LOS_DB = 4.0
SHADOWING_DEVIATION_NLOS_DB = 6.0


def uma_los_probability(distance_2d_m: ArrayLike, *, ut_height_m: ArrayLike) -> FloatArray:
    """Probability that an outdoor link of the urban macro is in line of sight.

    1 up to 18 m, then [18/d + e^(-d/63)(1 - 18/d)]·[1 + C'(h)·(5/4)(d/100)³ e^(-d/150)] with
    C'(h) = 0 up to a height of 13 m and ((h - 13)/10)^1.5 above.

    Args:
        distance_2d_m: ground distance; the outdoor part for an indoor user.
        ut_height_m: height of the user, 1.5 to 23 m.

    Source: 3GPP TR 38.901, table 7.4.2-1.

    >>> float(uma_los_probability(100.0, ut_height_m=1.5).round(5))
    0.34767
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    height = checked("ut_height_m", ut_height_m, low=1.5, high=23.0)
    far = np.maximum(distance, 18.0)
    ground = 18.0 / far + np.exp(-far / 63.0) * (1.0 - 18.0 / far)
    elevation = (np.maximum(height - 13.0, 0.0) / 10.0) ** 1.5
    boost = 1.0 + elevation * 1.25 * (far / 100.0) ** 3 * np.exp(-far / 150.0)
    return np.where(distance <= 18.0, 1.0, ground * boost)


def uma_pathloss_db(
    distance_2d_m: ArrayLike,
    *,
    carrier_hz: float,
    bs_height_m: float = 25.0,
    ut_height_m: ArrayLike = 1.5,
    los: ArrayLike,
    environment_height_m: ArrayLike = 1.0,
) -> FloatArray:
    """Path loss of the urban macro, in line of sight or not.

    With f in GHz, d the 3-D distance and the breakpoint d' = 4(h_BS - h_E)(h_UT - h_E) f/c, compared with the 2-D one:

    - LOS before d': 28 + 22 log10 d + 20 log10 f
    - LOS beyond d': 28 + 40 log10 d + 20 log10 f - 9 log10(d'² + (h_BS - h_UT)²)
    - NLOS: max(LOS, 13.54 + 39.08 log10 d + 20 log10 f - 0.6(h_UT - 1.5))

    Args:
        distance_2d_m: ground distance, 10 m to 5 km.
        carrier_hz: 0.5 to 100 GHz.
        bs_height_m: height of the station; the table is for 25 m.
        ut_height_m: height of the user, 1.5 to 22.5 m.
        los: whether the link is in line of sight.
        environment_height_m: h_E; 1 m for users below 13 m, drawn at random for higher ones (note 1 of the table).

    Source: 3GPP TR 38.901, table 7.4.1-1.

    >>> uma_pathloss_db(100.0, carrier_hz=3.5e9, los=[True, False]).round(3).tolist()
    [83.138, 103.038]
    """
    distance = checked("distance_2d_m", distance_2d_m, low=10.0, high=5000.0)
    checked("carrier_hz", carrier_hz, low=0.5e9, high=100e9)
    checked("bs_height_m", bs_height_m, low=0.0, open_low=True)
    height = checked("ut_height_m", ut_height_m, low=1.5, high=22.5)
    distance_3d = np.hypot(distance, bs_height_m - height)
    frequency_db = 20.0 * np.log10(carrier_hz / 1e9)

    effective = (bs_height_m - np.asarray(environment_height_m)) * (height - np.asarray(environment_height_m))
    breakpoint_m = 4.0 * effective * carrier_hz / SPEED_OF_LIGHT_M_PER_S
    near_db = 28.0 + 22.0 * np.log10(distance_3d) + frequency_db
    corner_db = 9.0 * np.log10(breakpoint_m**2 + (bs_height_m - height) ** 2)
    far_db = 28.0 + 40.0 * np.log10(distance_3d) + frequency_db - corner_db
    los_db = np.where(distance <= breakpoint_m, near_db, far_db)
    nlos_db = 13.54 + 39.08 * np.log10(distance_3d) + frequency_db - 0.6 * (height - 1.5)
    return np.where(los, los_db, np.maximum(los_db, nlos_db))


@dataclass(frozen=True, kw_only=True)
class UrbanMacro:
    """Outdoor users of an urban macro cell: line of sight drawn per link, shadowing of 4 dB in it and 6 dB without.

    Users stand below 13 m, where the environment height is 1 m for certain.
    """

    bs_height_m: float = 25.0
    ut_height_m: float = 1.5

    def __post_init__(self) -> None:
        checked("bs_height_m", self.bs_height_m, low=0.0, open_low=True)
        checked("ut_height_m", self.ut_height_m, low=1.5, high=13.0, open_high=True)

    def draw(self, distance_2d_m: ArrayLike, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        distance = np.asarray(distance_2d_m, dtype=float)
        los = rng.random(distance.shape) < uma_los_probability(distance, ut_height_m=self.ut_height_m)
        pathloss_db = uma_pathloss_db(
            distance, carrier_hz=carrier_hz, bs_height_m=self.bs_height_m, ut_height_m=self.ut_height_m, los=los
        )
        deviation_db = np.where(los, SHADOWING_DEVIATION_LOS_DB, SHADOWING_DEVIATION_NLOS_DB)
        return LargeScale(pathloss_db=pathloss_db, shadowing_db=lognormal_shadowing_db(deviation_db, rng=rng), los=los)
