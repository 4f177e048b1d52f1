"""Combining vectors drawn at random from the semidefinite relaxation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import BeamformingResult, ForcedChannel
from aircomp.beamforming.convex_step import convex_step
from aircomp.beamforming.relaxation import low_rank_factor, relax
from channels.arrays import check_count


@dataclass(frozen=True, kw_only=True)
class GaussianRandomization:
    """The best of candidates m ~ CN(0, M) and M's eigenvectors, each scaled until min_i |mᴴg_i| = 1.

    For K <= 3 clients the relaxation has a solution of rank one, and the answer is the optimum.

    Attributes:
        num_candidates: how many are drawn, the same normals for every draw of the channel.
        seed: of the normals.

    Source: Sidiropoulos, Davidson, Luo 2006, "Transmit beamforming for physical-layer multicasting", section IV; Chen, Qin, Wei
    2018, "A uniform-forcing transceiver design for over-the-air function computation".

    >>> result = GaussianRandomization().solve([[1.0, 0.0], [0.0, 2.0]])
    >>> float(result.square_norm.round(6)), np.abs(result.combiner).round(4).tolist(), bool(result.gap < 1e-8)
    (1.25, [1.0, 0.5], True)
    """

    num_candidates: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("num_candidates", self.num_candidates)

    def solve(self, channel: ArrayLike) -> BeamformingResult:
        forced = ForcedChannel.of(channel)
        relaxation = relax(forced)
        factor = low_rank_factor(relaxation.matrix, forced.gain)
        rank = factor.shape[-1]
        normal = np.random.default_rng(self.seed).standard_normal((2, self.num_candidates, rank))
        weights = np.concatenate([np.eye(rank), normal[0] + 1j * normal[1]])
        combiner = forced.shortest(weights @ np.swapaxes(factor, -1, -2))
        stationarity = convex_step(forced, combiner, tolerance=1e-8).stationarity
        return forced.result(combiner, bound=relaxation.bound, stationarity=stationarity, iterations=0)
