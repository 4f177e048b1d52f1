"""3GPP indoor office (InH): path loss, line-of-sight probability, shadowing. TR 38.901, section 7.4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.large_scale.in_table import in_table
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.shadowing import ShadowingLaw, shadowing_by_condition_db
from channels.layouts.layout import Layout

LOS_SHADOWING = ShadowingLaw(deviation_db=3.0, correlation_distance_m=10.0)
NLOS_SHADOWING = ShadowingLaw(deviation_db=8.03, correlation_distance_m=6.0)


def inh_los_probability(distance_2d_m: ArrayLike, *, ut_height_m: ArrayLike = 1.0, open_office: bool = True) -> FloatArray:
    """Probability that a link of the indoor office is in line of sight.

    - open office: 1 up to 5 m, e^(-(d - 5)/70.8) up to 49 m, 0.54 e^(-(d - 49)/211.7) beyond
    - mixed office: 1 up to 1.2 m, e^(-(d - 1.2)/4.7) up to 6.5 m, 0.32 e^(-(d - 6.5)/32.6) beyond

    Args:
        distance_2d_m: ground distance.
        ut_height_m: height of the user, positive; the probability is the same at all.
        open_office: open if true, else mixed.

    Source: 3GPP TR 38.901, table 7.4.2-1.

    >>> float(inh_los_probability(20.0).round(5)), float(inh_los_probability(20.0, open_office=False).round(5))
    (0.80907, 0.2115)
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    height = checked("ut_height_m", ut_height_m, low=0.0, open_low=True)
    if open_office:
        near = np.exp(-np.maximum(distance - 5.0, 0.0) / 70.8)
        probability = np.where(distance <= 49.0, near, 0.54 * np.exp(-(distance - 49.0) / 211.7))
    else:
        near = np.exp(-np.maximum(distance - 1.2, 0.0) / 4.7)
        probability = np.where(distance < 6.5, near, 0.32 * np.exp(-(distance - 6.5) / 32.6))
    return np.broadcast_arrays(probability, height)[0].copy()


def inh_pathloss_db(
    distance_2d_m: ArrayLike,
    *,
    carrier_hz: float,
    bs_height_m: ArrayLike = 3.0,
    ut_height_m: ArrayLike = 1.0,
    los: ArrayLike,
    extrapolate: bool = False,
) -> FloatArray:
    """Path loss of the indoor office, in line of sight or not, with f in GHz and d the 3-D distance.

    - LOS: 32.4 + 17.3 log10 d + 20 log10 f
    - NLOS: max(LOS, 38.3 log10 d + 17.3 + 24.9 log10 f)

    Args:
        distance_2d_m: ground distance; with the heights it makes a distance of 1 to 150 m in space.
        carrier_hz: 0.5 to 100 GHz.
        bs_height_m: height of the station, positive.
        ut_height_m: height of the user, positive.
        los: whether the link is in line of sight.
        extrapolate: use the formulas beyond these ranges.

    Source: 3GPP TR 38.901, table 7.4.1-1.

    >>> inh_pathloss_db(20.0, carrier_hz=3.5e9, los=[True, False]).round(3).tolist()
    [65.827, 80.759]
    """
    distance = checked("distance_2d_m", distance_2d_m, low=0.0)
    in_table("carrier_hz", carrier_hz, low=0.5e9, high=100e9, extrapolate=extrapolate)
    station = checked("bs_height_m", bs_height_m, low=0.0, open_low=True)
    height = checked("ut_height_m", ut_height_m, low=0.0, open_low=True)
    distance_3d = in_table(
        "3-D distance of distance_2d_m",
        np.hypot(distance, station - height),
        low=1.0,
        high=150.0,
        extrapolate=extrapolate,
    )
    frequency = np.log10(carrier_hz / 1e9)
    los_db = 32.4 + 17.3 * np.log10(distance_3d) + 20.0 * frequency
    nlos_db = 38.3 * np.log10(distance_3d) + 17.3 + 24.9 * frequency
    return np.where(los, los_db, np.maximum(los_db, nlos_db))


@dataclass(frozen=True, kw_only=True)
class IndoorOffice:
    """Links of an indoor office: line of sight drawn for each, shadowing correlated from place to place.

    Stations and clients are all in the same hall; no outer wall is between them.

    Attributes:
        open_office: open if true, else mixed.
        extrapolate: use the formulas beyond the range of their table.

    Source: 3GPP TR 38.901, section 7.4 and table 7.5-6.
    """

    open_office: bool = True
    extrapolate: bool = False

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links (N, K) of a layout."""
        distance = layout.link_distance_2d_m
        los = rng.random(distance.shape) < inh_los_probability(distance, open_office=self.open_office)
        pathloss_db = inh_pathloss_db(
            distance,
            carrier_hz=carrier_hz,
            bs_height_m=layout.station_height_m[:, None],
            ut_height_m=layout.client_height_m,
            los=los,
            extrapolate=self.extrapolate,
        )
        conditions = [(los, LOS_SHADOWING), (~los, NLOS_SHADOWING)]
        shadowing_db = shadowing_by_condition_db(layout.client_xy_m, conditions, rng=rng)
        return LargeScale(pathloss_db=pathloss_db, shadowing_db=shadowing_db, los=los)
