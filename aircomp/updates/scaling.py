"""Scaling updates to symbols that keep to the power limit: a factor and an offset that everybody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aircomp.updates.symbols import num_symbols
from channels.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Symbols carry (Δ - offset)/factor. A factor of 0 says that there is nothing to send but the offset."""

    factor: float
    offset: float = 0.0


class UpdateScaling(Protocol):
    """A rule by which the clients agree on a scale; what they tell the server for it takes no air time here."""

    def scale(self, updates: FloatArray) -> Scale:
        """The scale of updates (M, d), those of the clients that take part."""
        ...


@dataclass(frozen=True, kw_only=True)
class LargestNorm:
    """factor = Δ_max/√S for S symbols, Δ_max = max_i ‖Δ_i‖: nobody's mean symbol power exceeds 1.

    Each client tells the server one number, its norm.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning" (AirComp-FedZO), section IV.

    >>> LargestNorm().scale(np.array([[3.0, 4.0], [0.0, 1.0]]))
    Scale(factor=5.0, offset=0.0)
    """

    def scale(self, updates: FloatArray) -> Scale:
        return Scale(factor=float(np.linalg.norm(updates, axis=-1).max() / np.sqrt(num_symbols(updates.shape[-1]))))


@dataclass(frozen=True, kw_only=True)
class RootMeanSquareNorm:
    """factor = √(mean_i ‖Δ_i‖²/S) for S symbols: symbol power is 1 on average over clients, not for each.

    The scaling of COTAF, p_t = P/E‖Δ‖², with the expectation taken over the clients that take part, so for clients whose
    updates are alike. A client with a larger update than others exceeds its power limit in that round.

    Source: Sery, Shlezinger, Cohen, Eldar 2021, "Over-the-air federated learning from heterogeneous data", eq. 9.

    >>> RootMeanSquareNorm().scale(np.array([[4.0, 4.0], [0.0, 0.0]]))
    Scale(factor=4.0, offset=0.0)
    """

    def scale(self, updates: FloatArray) -> Scale:
        square_norm = float(np.mean(np.sum(np.square(updates), axis=-1)))
        return Scale(factor=float(np.sqrt(square_norm / num_symbols(updates.shape[-1]))))


@dataclass(frozen=True, kw_only=True)
class Standardized:
    """offset = mean of all values of all clients, factor = √2 times their standard deviation: symbol power is 1 on average.

    Each client tells the server two numbers, the mean and the variance of its values. Worth it where the values share a mean,
    which then need not be sent.

    Source: Zhu, Wang, Huang 2019, "Broadband analog aggregation for low-latency federated edge learning", section II-C.

    >>> Standardized().scale(np.array([[3.0, 4.0], [5.0, 4.0]])).offset
    4.0
    """

    def scale(self, updates: FloatArray) -> Scale:
        values = np.asarray(updates, dtype=float)
        return Scale(factor=float(np.sqrt(2.0) * values.std()), offset=float(values.mean()))
