"""Log-distance path loss: free space up to a reference distance, a power law beyond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.large_scale.free_space import free_space_pathloss_db
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.shadowing import correlated_shadowing
from channels.layouts.layout import Layout


def log_distance_pathloss_db(
    distance_m: ArrayLike, *, carrier_hz: float, exponent: float, reference_distance_m: float = 1.0
) -> FloatArray:
    """Path loss of free space up to the distance d0, and PL(d0) + 10 n log10(d/d0) beyond.

    Source: Rappaport, Wireless Communications, 2nd ed., eq. 4.68 (close-in reference).

    >>> float(log_distance_pathloss_db(100.0, carrier_hz=3.5e9, exponent=2.0).round(3))
    83.329
    """
    distance = checked("distance_m", distance_m, low=0.0, open_low=True)
    checked("exponent", exponent, low=0.0, open_low=True)
    checked("reference_distance_m", reference_distance_m, low=0.0, open_low=True)
    within_db = free_space_pathloss_db(np.minimum(distance, reference_distance_m), carrier_hz=carrier_hz)
    return within_db + 10.0 * exponent * np.log10(np.maximum(distance / reference_distance_m, 1.0))


@dataclass(frozen=True, kw_only=True)
class LogDistance:
    """Log-distance path loss over the ground distance with log-normal shadowing.

    Lines of sight are not told apart, so none is reported.

    Attributes:
        exponent: n.
        reference_distance_m: d0.
        shadowing_deviation_db: standard deviation of the shadowing.
        correlation_distance_m: distance of two clients at which the correlation of their shadowing has fallen to 1/e.
        site_correlation: correlation of a client's shadowing to two stations.
    """

    exponent: float = 3.5
    reference_distance_m: float = 1.0
    shadowing_deviation_db: float = 8.0
    correlation_distance_m: float = 50.0
    site_correlation: float = 0.5

    def __post_init__(self) -> None:
        for name in ("exponent", "reference_distance_m", "correlation_distance_m"):
            checked(name, getattr(self, name), low=0.0, open_low=True)
        checked("shadowing_deviation_db", self.shadowing_deviation_db, low=0.0)
        checked("site_correlation", self.site_correlation, low=0.0, high=1.0)

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """One draw for all links (N, K) of a layout."""
        pathloss_db = log_distance_pathloss_db(
            layout.link_distance_2d_m,
            carrier_hz=carrier_hz,
            exponent=self.exponent,
            reference_distance_m=self.reference_distance_m,
        )
        shadowing = correlated_shadowing(
            layout.client_xy_m,
            num_stations=layout.num_cells,
            correlation_distance_m=self.correlation_distance_m,
            site_correlation=self.site_correlation,
            rng=rng,
        )
        return LargeScale(
            pathloss_db=pathloss_db,
            shadowing_db=self.shadowing_deviation_db * shadowing,
            los=np.zeros(pathloss_db.shape, dtype=bool),
        )
