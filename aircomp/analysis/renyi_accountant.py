"""Privacy over many rounds in which clients take part at random: Rényi differential privacy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, logsumexp, xlog1py, xlogy

from aircomp.analysis.privacy import signal_to_noise
from channels.arrays import FloatArray, check_count, checked

ORDERS = (*range(2, 65), 80, 96, 128, 192, 256, 384, 512, 1024)


def gaussian_rdp(order: ArrayLike, *, noise_multiplier: ArrayLike) -> FloatArray:
    """Rényi divergence α μ²/2 of order α of the Gaussian mechanism, μ = 1/noise_multiplier.

    Args:
        order: α > 1.
        noise_multiplier: noise over sensitivity, > 0; ∞ leaks nothing.

    Source: Mironov 2017, "Rényi differential privacy", proposition 7.

    >>> float(gaussian_rdp(4.0, noise_multiplier=2.0))
    0.5
    """
    alpha = checked("order", order, low=1.0, open_low=True)
    return 0.5 * alpha * signal_to_noise(noise_multiplier) ** 2


def sampled_gaussian_rdp(order: int, *, noise_multiplier: ArrayLike, sampling_probability: ArrayLike) -> FloatArray:
    """Rényi divergence ln(A)/(α - 1) of order α when the client takes part with probability q, unknown to the receiver.

    A = Σ_{k=0..α} C(α, k)(1 - q)^(α-k) q^k e^(μ²k(k-1)/2); here A - 1, where the terms 0 and 1 vanish and the others have
    e^(...) - 1, in logarithms: nothing overflows, nor is lost beside 1. For neighbours by adding or removing an update.

    Args:
        order: α >= 2, an integer.
        noise_multiplier: noise over sensitivity when it takes part, > 0; ∞ leaks nothing.
        sampling_probability: q in [0, 1], independent of the update and of other clients.

    Source: Mironov, Talwar, Zhang 2019, "Rényi differential privacy of the sampled Gaussian mechanism", section 3.3.

    >>> float(sampled_gaussian_rdp(2, noise_multiplier=1.0, sampling_probability=0.01).round(8))
    0.00017181
    """
    _check_order(order)
    mu = signal_to_noise(noise_multiplier)[..., None]
    q = checked("sampling_probability", sampling_probability, low=0.0, high=1.0)[..., None]
    k = np.arange(2, order + 1)
    log_binomial = -betaln(k + 1, order - k + 1) - np.log(order + 1)
    growth = 0.5 * mu**2 * k * (k - 1)
    with np.errstate(divide="ignore"):
        log_excess = growth + np.log(-np.expm1(-growth))
        log_terms = log_binomial + xlog1py(order - k, -q) + xlogy(k, q) + log_excess
    return np.logaddexp(0.0, logsumexp(log_terms, axis=-1)) / (order - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class RenyiAccountant:
    """What the receiver has learnt of a client so far, as Rényi divergences, which add up over rounds.

    Sampling counts only if the receiver cannot tell who took part in a round, and each round is drawn anew: clients decide by
    coins or channels that they alone know, and no schedule, pilot or η follows who is there. Otherwise the probability is 1,
    and then `composed_noise_multiplier` with `gaussian_epsilon` is exact where this is a bound.

    Attributes:
        orders: integers α >= 2.
        rdp: (..., number of orders) divergences so far; leading axes are clients or scenarios. None at first.

    Source: Mironov 2017, "Rényi differential privacy", proposition 1, for the sum; Hasırcıoğlu and Gündüz 2021, "Private
    wireless federated learning with anonymous over-the-air computation", for sampling over the air.

    >>> accountant = RenyiAccountant().compose(4.0, sampling_probability=0.2, num_rounds=100)
    >>> float(accountant.epsilon(1e-5).round(3)), float(accountant.delta(2.0).round(7))
    (2.299, 9.03e-05)
    """

    orders: tuple[int, ...] = ORDERS
    rdp: FloatArray = field(default_factory=lambda: np.zeros(1))

    def __post_init__(self) -> None:
        if not self.orders:
            raise ValueError("orders: got none; needed is at least one")
        for order in self.orders:
            _check_order(order)
        shape = checked("rdp", self.rdp, low=0.0).shape
        if not shape or shape[-1] not in (1, len(self.orders)):
            raise ValueError(f"rdp: got shape {shape}; needed is (..., {len(self.orders)}), the number of orders")

    def compose(
        self, noise_multiplier: ArrayLike, *, sampling_probability: ArrayLike = 1.0, num_rounds: int = 1
    ) -> RenyiAccountant:
        """This and `num_rounds` rounds more, which may have been chosen by what was received before.

        Args:
            noise_multiplier: (...) noise over sensitivity of a round, > 0; ∞ where a client is silent whatever its update.
            sampling_probability: (...) in [0, 1], that a client takes part in a round.
            num_rounds: rounds alike, >= 1.
        """
        check_count("num_rounds", num_rounds)
        one_round = [
            sampled_gaussian_rdp(order, noise_multiplier=noise_multiplier, sampling_probability=sampling_probability)
            for order in self.orders
        ]
        return RenyiAccountant(orders=self.orders, rdp=self.rdp + num_rounds * np.stack(one_round, axis=-1))

    def epsilon(self, delta: ArrayLike) -> FloatArray:
        """(...) ε >= 0 that holds with δ: least over α of ρ + ln(1 - 1/α) - ln(α δ)/(α - 1), ρ the divergence.

        It is 0 if δ² >= 1 - e^(-ρ), which bounds the square of the total variation.

        Source: Canonne, Kamath, Steinke 2020, "The discrete Gaussian for differential privacy", proposition 12; Bretagnolle and
        Huber 1979, "Estimation des densités: risque minimax", for the total variation.
        """
        allowed = checked("delta", delta, low=0.0, high=1.0, open_low=True, open_high=True)[..., None]
        alpha = np.array(self.orders)
        bounds = self.rdp + np.log1p(-1.0 / alpha) - (np.log(allowed) + np.log(alpha)) / (alpha - 1.0)
        return np.maximum(np.where(-np.expm1(-self.rdp) <= allowed**2, 0.0, bounds).min(axis=-1), 0.0)

    def delta(self, epsilon: ArrayLike) -> FloatArray:
        """(...) δ <= 1 that holds with ε: least over α of e^((α-1)(ρ - ε)) (1 - 1/α)^(α-1)/α and √(1 - e^(-ρ)).

        Source: as of `epsilon`.
        """
        budget = checked("epsilon", epsilon, low=0.0)[..., None]
        alpha = np.array(self.orders)
        log_bounds = (alpha - 1.0) * (self.rdp - budget + np.log1p(-1.0 / alpha)) - np.log(alpha)
        bounds = np.minimum(np.exp(np.minimum(log_bounds, 0.0)), np.sqrt(-np.expm1(-self.rdp)))
        return bounds.min(axis=-1)


def _check_order(order: int) -> None:
    """A ValueError unless the order is an integer >= 2."""
    check_count("order", order)
    if order < 2:
        raise ValueError(f"order: got {order}; allowed is an integer >= 2")
