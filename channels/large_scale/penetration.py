"""Outdoor to indoor: what walls and the way inside take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, check_member, checked
from channels.layouts.layout import Layout
from channels.units import db_to_linear, linear_to_db

INDOOR_LOSS_DB_PER_M = 0.5
LEGACY_WALL_DB = 20.0
LEGACY_BELOW_HZ = 6e9


class Building(Enum):
    """How much a building's outer wall takes: LOW with plain glass, HIGH with coated (infrared-reflecting) glass."""

    LOW = "low"
    HIGH = "high"

    @property
    def deviation_db(self) -> float:
        """Standard deviation of the loss from building to building."""
        return 4.4 if self is Building.LOW else 6.5


def wall_loss_db(carrier_hz: ArrayLike, *, building: Building) -> FloatArray:
    """Loss through an outer wall of glass and concrete, 5 - 10 log10(Σ p_i 10^(-L_i/10)).

    LOW: 30 % glass of 2 + 0.2f dB and 70 % concrete of 5 + 4f dB; HIGH: 70 % coated glass of 25.4 + 0.11f dB and 30 % concrete;
    f in GHz. Earlier versions of the table have 23 + 0.3f dB for coated glass.

    Source: 3GPP TR 38.901 v19, tables 7.4.3-1 and 7.4.3-2.

    >>> [float(wall_loss_db(3.5e9, building=building).round(2)) for building in Building]
    [12.7, 27.5]
    """
    f = checked("carrier_hz", carrier_hz, low=0.0, open_low=True) / 1e9
    check_member("building", building, Building)
    concrete_db = 5.0 + 4.0 * f
    glass_db, glass_share = (2.0 + 0.2 * f, 0.3) if building is Building.LOW else (25.4 + 0.11 * f, 0.7)
    passed = glass_share * db_to_linear(-glass_db) + (1.0 - glass_share) * db_to_linear(-concrete_db)
    return 5.0 - linear_to_db(passed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """How links get to clients inside buildings; zeros for those outdoors.

    Attributes:
        distance_m: (N, K) the part of the ground distance that is indoors.
        loss_db: (N, K) what wall and way inside take.
    """

    distance_m: FloatArray
    loss_db: FloatArray


def draw_entry(
    layout: Layout,
    *,
    carrier_hz: float,
    building: Building,
    max_distance_m: float,
    legacy_below_6_ghz: bool,
    rng: np.random.Generator,
) -> Entry:
    """One draw of the ways into buildings: wall loss, 0.5 dB a metre inside, and a normal term for each client.

    The distance inside is the lesser of two uniform on 0 to `max_distance_m`, the same to every station. Below 6 GHz, if
    `legacy_below_6_ghz`, the wall takes 20 dB without a random term, and the distance is uniform and drawn for each link.

    Source: 3GPP TR 38.901, section 7.4.3.1 and table 7.4.3-3.
    """
    shape = (layout.num_cells, layout.num_clients)
    if legacy_below_6_ghz and carrier_hz < LEGACY_BELOW_HZ:
        inside_m = max_distance_m * rng.random(shape)
        through_db = np.full(shape, LEGACY_WALL_DB)
    else:
        inside_m = max_distance_m * np.broadcast_to(rng.random((2, layout.num_clients)).min(axis=0), shape)
        random_db = building.deviation_db * rng.standard_normal(layout.num_clients)
        through_db = np.broadcast_to(wall_loss_db(carrier_hz, building=building) + random_db, shape)
    distance_m = np.where(layout.indoor, np.minimum(inside_m, layout.link_distance_2d_m), 0.0)
    return Entry(
        distance_m=distance_m,
        loss_db=np.where(layout.indoor, through_db, 0.0) + INDOOR_LOSS_DB_PER_M * distance_m,
    )
