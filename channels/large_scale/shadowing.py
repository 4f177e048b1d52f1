"""Log-normal shadowing, correlated from place to place and from station to station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, FloatArray, check_count, checked
from channels.large_scale.gaussian_field import gaussian_field


def correlated_shadowing(
    client_xy_m: ArrayLike,
    *,
    num_stations: int,
    correlation_distance_m: float,
    site_correlation: float = 0.0,
    rng: np.random.Generator,
) -> FloatArray:
    """(N, K) shadowing of unit variance: correlation e^(-d/D) between clients d apart, ρ between stations.

    S_jk = √ρ·C_k + √(1 - ρ)·F_jk with one field C for all stations and one F_j for each. Distances between clients are those on
    the map, even where a layout wraps around.

    Args:
        client_xy_m: (K, 2) places of the clients.
        num_stations: N.
        correlation_distance_m: D.
        site_correlation: ρ, 0 in TR 38.901, often 0.5 elsewhere (TR 36.814).
        rng: source of the fields.

    Source: Gudmundson 1991, "Correlation model for shadow fading in mobile radio systems"; Viering, Hofstetter, Utschick 2002.
    """
    check_count("num_stations", num_stations)
    checked("site_correlation", site_correlation, low=0.0, high=1.0)
    fields = gaussian_field(client_xy_m, correlation_distance_m=correlation_distance_m, num_fields=num_stations + 1, rng=rng)
    return np.sqrt(site_correlation) * fields[0] + np.sqrt(1.0 - site_correlation) * fields[1:]


@dataclass(frozen=True, kw_only=True)
class ShadowingLaw:
    """Shadowing of links in one propagation condition, say in line of sight.

    Attributes:
        deviation_db: standard deviation.
        correlation_distance_m: where the correlation between clients has fallen to 1/e.
    """

    deviation_db: float
    correlation_distance_m: float

    def draw_db(self, client_xy_m: FloatArray, *, num_stations: int, rng: np.random.Generator) -> FloatArray:
        """(N, K) shadowing, independent from station to station."""
        return self.deviation_db * correlated_shadowing(
            client_xy_m, num_stations=num_stations, correlation_distance_m=self.correlation_distance_m, rng=rng
        )


def shadowing_by_condition_db(
    client_xy_m: FloatArray, conditions: list[tuple[BoolArray, ShadowingLaw]], *, rng: np.random.Generator
) -> FloatArray:
    """(N, K) shadowing where each link follows the law of the condition that it is in.

    Links in different conditions are independent, those in the same one correlated by the distance of their clients.

    Args:
        client_xy_m: (K, 2) places of the clients.
        conditions: pairs of (N, K) which links are in a condition, and its law; every link is in one.
        rng: source of the fields.

    Source: 3GPP TR 38.901, section 7.5, step 4, and table 7.5-6.
    """
    shadowing_db = np.zeros(conditions[0][0].shape)
    for links, law in conditions:
        clients = np.flatnonzero(links.any(axis=0))
        if len(clients):
            drawn_db = law.draw_db(client_xy_m[clients], num_stations=len(links), rng=rng)
            shadowing_db[:, clients] = np.where(links[:, clients], drawn_db, shadowing_db[:, clients])
    return shadowing_db
