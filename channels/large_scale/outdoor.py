"""What the outdoor surroundings of 3GPP TR 38.901 have in common: how their links are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from channels.arrays import BoolArray, FloatArray
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.penetration import Building, draw_entry
from channels.large_scale.shadowing import ShadowingLaw, shadowing_by_condition_db
from channels.layouts.layout import Layout


@dataclass(frozen=True, kw_only=True)
class OutdoorLaws:
    """The numbers of one kind of surroundings.

    Attributes:
        los: shadowing in line of sight.
        nlos: shadowing without.
        indoor: shadowing of clients in buildings.
        max_indoor_distance_m: how far inside a building clients may be.
        legacy_walls_below_6_ghz: whether walls take a fixed loss there.
    """

    los: ShadowingLaw
    nlos: ShadowingLaw
    indoor: ShadowingLaw
    max_indoor_distance_m: float
    legacy_walls_below_6_ghz: bool


def draw_outdoor(
    layout: Layout,
    *,
    carrier_hz: float,
    laws: OutdoorLaws,
    building: Building,
    los_probability: Callable[[FloatArray], FloatArray],
    pathloss_db: Callable[[BoolArray], FloatArray],
    rng: np.random.Generator,
) -> LargeScale:
    """Ways into buildings, lines of sight up to the outer walls, path losses and shadowing of all links (N, K).

    Args:
        layout: stations and clients.
        carrier_hz: carrier frequency.
        laws: the numbers of the surroundings.
        building: what the outer walls of buildings are made of.
        los_probability: from the outdoor part of the ground distances.
        pathloss_db: from lines of sight, without walls.
        rng: source of everything.

    Source: 3GPP TR 38.901, section 7.4 and section 7.5, steps 2 to 4.
    """
    distance = layout.link_distance_2d_m
    entry = draw_entry(
        layout,
        carrier_hz=carrier_hz,
        building=building,
        max_distance_m=laws.max_indoor_distance_m,
        legacy_below_6_ghz=laws.legacy_walls_below_6_ghz,
        rng=rng,
    )
    los = rng.random(distance.shape) < los_probability(distance - entry.distance_m)
    outdoor_loss_db = pathloss_db(los)
    conditions = [
        (los & ~layout.indoor, laws.los),
        (~los & ~layout.indoor, laws.nlos),
        (np.broadcast_to(layout.indoor, los.shape), laws.indoor),
    ]
    return LargeScale(
        pathloss_db=outdoor_loss_db + entry.loss_db,
        shadowing_db=shadowing_by_condition_db(layout.client_xy_m, conditions, rng=rng),
        los=los & ~layout.indoor,
    )
