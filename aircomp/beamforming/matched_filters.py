"""A combining vector at once, without any relaxation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import BeamformingResult, ForcedChannel
from aircomp.beamforming.convex_step import convex_step
from channels.arrays import ComplexArray


@dataclass(frozen=True, kw_only=True)
class MatchedFilters:
    """The best of the clients' matched filters g_i and the eigenvectors of Σ g_i g_iᴴ/‖g_i‖⁴, in which the weak count more.

    Among orthogonal channels none of these serves all: the sum of the eigenvectors, each in a phase of its own, is one more.
    A start for `SuccessiveConvexApproximation` where time matters: there is no bound.

    >>> result = MatchedFilters().solve([[1.0, 0.2], [1.0, 2.0]])
    >>> float(result.square_norm.round(4)), float(result.bound)
    (0.9615, nan)
    """

    def solve(self, channel: ArrayLike) -> BeamformingResult:
        forced = ForcedChannel.of(channel)
        combiner = matched_start(forced)
        stationarity = convex_step(forced, combiner, tolerance=1e-8).stationarity
        return forced.result(combiner, bound=np.full(len(combiner), np.nan), stationarity=stationarity, iterations=0)


def matched_start(channel: ForcedChannel) -> ComplexArray:
    """(B, A) the best of those directions."""
    norm = np.where(channel.heard, np.linalg.norm(channel.gain, axis=-1), 1.0)
    inverse = channel.gain / norm[..., None] ** 2
    directions = np.linalg.eigh(np.swapaxes(inverse, -1, -2) @ inverse.conj())[1]
    mixed = directions @ np.exp(1j * np.arange(directions.shape[-1]) ** 2)  # phases that no symmetry of the channels undoes
    return channel.shortest(np.concatenate([inverse, np.swapaxes(directions, -1, -2), mixed[:, None]], axis=-2))
