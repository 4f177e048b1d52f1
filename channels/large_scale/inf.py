"""3GPP indoor factory (InF): path loss, line-of-sight probability, shadowing. TR 38.901, section 7.4."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, check_member, checked
from channels.large_scale.in_table import in_table
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.shadowing import ShadowingLaw, shadowing_by_condition_db
from channels.layouts.layout import Layout

CORRELATION_DISTANCE_M = 10.0
LOS_DEVIATION_DB = 4.3


class Factory(Enum):
    """How a hall is filled with machines, sparsely or densely, and whether antennas stand low among them or high above.

    In `HIGH_HIGH` those of the clients do, too, so that nothing is in the way.
    """

    SPARSE_LOW = "SL"
    DENSE_LOW = "DL"
    SPARSE_HIGH = "SH"
    DENSE_HIGH = "DH"
    HIGH_HIGH = "HH"


NLOS_LAW = {  # a + b log10 d, and the deviation of the shadowing
    Factory.SPARSE_LOW: (33.0, 25.5, 5.7),
    Factory.DENSE_LOW: (18.6, 35.7, 7.2),
    Factory.SPARSE_HIGH: (32.4, 23.0, 5.9),
    Factory.DENSE_HIGH: (33.63, 21.9, 4.0),
}


def inf_los_probability(
    distance_2d_m: ArrayLike,
    *,
    factory: Factory,
    clutter_size_m: float,
    clutter_density: float,
    clutter_height_m: float = 2.0,
    bs_height_m: ArrayLike = 8.0,
    ut_height_m: ArrayLike = 1.5,
) -> FloatArray:
    """Probability e^(-d/k) that a link of the indoor factory is in line of sight.

    - SL, DL: k = -d_clutter/ln(1 - r)
    - SH, DH: k = -d_clutter/ln(1 - r)·(h_BS - h_UT)/(h_c - h_UT)
    - HH: the probability is 1

    Args:
        distance_2d_m: ground distance.
        factory: what the hall is like.
        clutter_size_m: d_clutter, typical width of what stands about; 10 m in sparse halls, 2 m in dense ones.
        clutter_density: r, share of the floor that it covers, in (0, 1); less than 0.4 in sparse halls.
        clutter_height_m: h_c, above the clients and below the stations for SH and DH.
        bs_height_m: height of the station.
        ut_height_m: height of the user.

    Source: 3GPP TR 38.901, table 7.4.2-1.

    >>> hall = {"clutter_size_m": 2.0, "clutter_density": 0.6, "clutter_height_m": 6.0}
    >>> float(inf_los_probability(20.0, factory=Factory.DENSE_HIGH, **hall).round(5))
    0.00176
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    station = checked("bs_height_m", bs_height_m, low=0.0, open_low=True)
    client = checked("ut_height_m", ut_height_m, low=0.0, open_low=True)
    check_member("factory", factory, Factory)
    checked("clutter_size_m", clutter_size_m, low=0.0, open_low=True)
    checked("clutter_density", clutter_density, low=0.0, high=1.0, open_low=True, open_high=True)
    if factory is Factory.HIGH_HIGH:
        return np.ones(np.broadcast_shapes(distance.shape, station.shape, client.shape))
    decay_m = -clutter_size_m / np.log1p(-clutter_density) * np.ones_like(station * client)
    if factory in (Factory.SPARSE_HIGH, Factory.DENSE_HIGH):
        low, high = float(client.max()), float(station.min())
        checked("clutter_height_m", clutter_height_m, low=low, high=high, open_low=True, open_high=True)
        decay_m = decay_m * (station - client) / (clutter_height_m - client)
    return np.exp(-distance / decay_m)


def inf_pathloss_db(
    distance_2d_m: ArrayLike,
    *,
    carrier_hz: float,
    factory: Factory,
    bs_height_m: ArrayLike = 8.0,
    ut_height_m: ArrayLike = 1.5,
    los: ArrayLike,
    extrapolate: bool = False,
) -> FloatArray:
    """Path loss of the indoor factory, in line of sight or not, with f in GHz and d the 3-D distance.

    - LOS: 31.84 + 21.5 log10 d + 19 log10 f
    - SL: max(LOS, 33 + 25.5 log10 d + 20 log10 f)
    - DL: max(SL, 18.6 + 35.7 log10 d + 20 log10 f)
    - SH: max(LOS, 32.4 + 23 log10 d + 20 log10 f)
    - DH: max(LOS, 33.63 + 21.9 log10 d + 20 log10 f)

    Args:
        distance_2d_m: ground distance; with the heights it makes a distance of 1 to 600 m in space.
        carrier_hz: 0.5 to 100 GHz.
        factory: what the hall is like.
        bs_height_m: height of the station, positive.
        ut_height_m: height of the user, positive.
        los: whether the link is in line of sight; always, in `HIGH_HIGH`.
        extrapolate: use the formulas beyond these ranges.

    Source: 3GPP TR 38.901, table 7.4.1-1.

    >>> inf_pathloss_db(20.0, carrier_hz=3.5e9, factory=Factory.DENSE_HIGH, los=[True, False]).round(3).tolist()
    [70.618, 73.481]
    """
    check_member("factory", factory, Factory)
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    in_table("carrier_hz", carrier_hz, low=0.5e9, high=100e9, extrapolate=extrapolate)
    station = checked("bs_height_m", bs_height_m, low=0.0, open_low=True)
    client = checked("ut_height_m", ut_height_m, low=0.0, open_low=True)
    distance_3d = in_table(
        "3-D distance of distance_2d_m", np.hypot(distance, station - client), low=1.0, high=600.0, extrapolate=extrapolate
    )
    frequency = np.log10(carrier_hz / 1e9)
    los_db = 31.84 + 21.5 * np.log10(distance_3d) + 19.0 * frequency
    sight = np.asarray(los, dtype=bool)
    if factory is Factory.HIGH_HIGH:
        if not sight.all():
            raise ValueError("los: got links out of sight in Factory.HIGH_HIGH, where nothing is in the way; allowed is True")
        return np.where(sight, los_db, los_db)
    kinds = (Factory.SPARSE_LOW, factory) if factory is Factory.DENSE_LOW else (factory,)
    nlos_db = los_db
    for kind in kinds:
        offset, slope, _ = NLOS_LAW[kind]
        nlos_db = np.maximum(nlos_db, offset + slope * np.log10(distance_3d) + 20.0 * frequency)
    return np.where(sight, los_db, nlos_db)


@dataclass(frozen=True, kw_only=True)
class IndoorFactory:
    """Links of a factory hall: line of sight drawn for each, shadowing correlated from place to place.

    Attributes:
        factory: what the hall is like.
        clutter_size_m: typical width of what stands about.
        clutter_density: share of the floor that it covers, in (0, 1).
        clutter_height_m: its height, above the clients and below the stations where those stand high.
        extrapolate: use the formulas beyond the range of their table.

    Source: 3GPP TR 38.901, section 7.4, tables 7.2-4 and 7.5-6; the defaults are InF-DH of table 7.8-7.
    """

    factory: Factory = Factory.DENSE_HIGH
    clutter_size_m: float = 2.0
    clutter_density: float = 0.6
    clutter_height_m: float = 6.0
    extrapolate: bool = False

    def __post_init__(self) -> None:
        check_member("factory", self.factory, Factory)
        checked("clutter_size_m", self.clutter_size_m, low=0.0, open_low=True)
        checked("clutter_density", self.clutter_density, low=0.0, high=1.0, open_low=True, open_high=True)
        checked("clutter_height_m", self.clutter_height_m, low=0.0, open_low=True)

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links (N, K) of a layout."""
        distance = layout.link_distance_2d_m
        heights = {"bs_height_m": layout.station_height_m[:, None], "ut_height_m": layout.client_height_m}
        los = rng.random(distance.shape) < inf_los_probability(
            distance,
            factory=self.factory,
            clutter_size_m=self.clutter_size_m,
            clutter_density=self.clutter_density,
            clutter_height_m=self.clutter_height_m,
            **heights,
        )
        pathloss_db = inf_pathloss_db(
            distance, carrier_hz=carrier_hz, factory=self.factory, **heights, los=los, extrapolate=self.extrapolate
        )
        _, _, nlos_deviation_db = NLOS_LAW.get(self.factory, (0.0, 0.0, LOS_DEVIATION_DB))
        conditions = [
            (los, ShadowingLaw(deviation_db=LOS_DEVIATION_DB, correlation_distance_m=CORRELATION_DISTANCE_M)),
            (~los, ShadowingLaw(deviation_db=nlos_deviation_db, correlation_distance_m=CORRELATION_DISTANCE_M)),
        ]
        shadowing_db = shadowing_by_condition_db(layout.client_xy_m, conditions, rng=rng)
        return LargeScale(pathloss_db=pathloss_db, shadowing_db=shadowing_db, los=los)
