"""Truncated channel inversion under Rayleigh fading, in closed form.

K clients with channels h_i ~ CN(0, 1) send symbols of unit power; those with |h_i| >= h_min arrive at √η, the others are
silent. A client may use the peak power P, then η = g P with g = h_min², as in `TruncatedInversion`; or P on average over the
fading, then η = P/E₁(g), since E|b_i|² = η E[1/|h|²; |h|² >= g] = η E₁(g). E₁ is the exponential integral, the SNR is γ = P/σ².
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, exp1, lambertw, softmax

from channels.arrays import FloatArray, check_count, checked


def truncation_participation(threshold: ArrayLike) -> FloatArray:
    """Probability p = P(|h| >= h_min) = e^(-h_min²) that a client takes part.

    Args:
        threshold: h_min > 0; with ∞ nobody ever sends, here and below.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning" (AirComp-FedZO), section IV.

    >>> float(truncation_participation(0.8).round(4))
    0.5273
    """
    return np.exp(-_power_threshold(threshold))


def silence_probability(threshold: ArrayLike, *, num_clients: ArrayLike) -> FloatArray:
    """Probability (1 - p)^K that nobody takes part.

    Args:
        threshold: h_min > 0.
        num_clients: K >= 1.

    Source: K independent channels, each silent with probability 1 - p.

    >>> float(silence_probability(0.8, num_clients=10).round(6))
    0.000557
    """
    return (-np.expm1(-_power_threshold(threshold))) ** checked("num_clients", num_clients, low=1.0)


def aligned_snr(threshold: ArrayLike, *, snr: ArrayLike, average_power: bool = False) -> FloatArray:
    """SNR η/σ² at which an active client is received: γ g, or γ/E₁(g) under an average power limit.

    Its inverse is the noise error of the sum. The second is larger: a limit on the average lets a client spend in a fade what
    it saves out of one.

    Args:
        threshold: h_min > 0.
        snr: γ = P/σ² > 0, linear.
        average_power: whether P limits the mean of |b_i|² over the fading rather than each draw's.

    Source: Zhu, Wang, Huang 2019, "Broadband analog aggregation for low-latency federated edge learning", truncated channel
    inversion.

    >>> float(aligned_snr(0.5, snr=10.0)), float(aligned_snr(0.5, snr=10.0, average_power=True).round(4))
    (2.5, 9.576)
    """
    g = _power_threshold(threshold)
    ratio = checked("snr", snr, low=0.0, open_low=True)
    if not average_power:
        return ratio * g
    with np.errstate(divide="ignore", over="ignore"):  # E₁ falls below all numbers
        return ratio / exp1(g)


def truncation_misalignment(threshold: ArrayLike, *, num_clients: ArrayLike) -> FloatArray:
    """Mean misalignment K(1 - p) of the sum: what the silent clients would have added, 1 each.

    Args:
        threshold: h_min > 0.
        num_clients: K >= 1.

    Source: the mean of `TransceiverPlan.misalignment_mse` over K independent channels.

    >>> float(truncation_misalignment(0.5, num_clients=10).round(4))
    2.212
    """
    return checked("num_clients", num_clients, low=1.0) * -np.expm1(-_power_threshold(threshold))


def truncation_mse(threshold: ArrayLike, *, num_clients: ArrayLike, snr: ArrayLike, average_power: bool = False) -> FloatArray:
    """Mean error E|y/√η - Σ s_i|² = K(1 - p) + σ²/η of the sum: each silent client is missing, and the noise.

    Args:
        threshold: h_min > 0.
        num_clients: K >= 1.
        snr: γ = P/σ² > 0, linear.
        average_power: whether P limits the mean of |b_i|² over the fading rather than each draw's.

    Source: the mean of `TransceiverPlan.mse` over K independent draws of h.

    >>> float(truncation_mse(0.5, num_clients=10, snr=10.0).round(4))
    2.612
    """
    noise_mse = 1.0 / aligned_snr(threshold, snr=snr, average_power=average_power)
    return truncation_misalignment(threshold, num_clients=num_clients) + noise_mse


def noise_mse_of_mean(threshold: ArrayLike, *, num_clients: int, snr: ArrayLike, average_power: bool = False) -> FloatArray:
    """Noise error E[σ²/(η M²) | M >= 1] of the mean over the M clients that take part, when anybody does.

    A mean over who takes part is not askew, so that this is all its error if the clients' updates do not differ;
    `silence_probability` says how often there is none.

    Args:
        threshold: h_min, finite and > 0.
        num_clients: K >= 1.
        snr: γ = P/σ² > 0, linear.
        average_power: whether P limits the mean of |b_i|² over the fading rather than each draw's.

    Source: Fang et al. 2022 (AirComp-FedZO), section IV, noise of the mean given M; here its mean over M.

    >>> float(noise_mse_of_mean(0.5, num_clients=10, snr=10.0).round(6))
    0.007354
    """
    inverse_square = mean_inverse_participants(threshold, num_clients=num_clients, order=2)
    return inverse_square / aligned_snr(threshold, snr=snr, average_power=average_power)


def mean_inverse_participants(threshold: ArrayLike, *, num_clients: int, order: int = 1) -> FloatArray:
    """E[M^(-n) | M >= 1] for the number M of K clients that take part; M is binomial, and the sum over m = 1..K is exact.

    Args:
        threshold: h_min, finite and > 0.
        num_clients: K >= 1.
        order: n.

    Source: P(M = m) ∝ C(K, m)(p/(1 - p))^m with p = e^(-h_min²).

    >>> float(mean_inverse_participants(np.sqrt(np.log(2.0)), num_clients=2).round(6))
    0.833333
    """
    g = checked("threshold", threshold, low=0.0, open_low=True)[..., None] ** 2
    check_count("num_clients", num_clients)
    count = np.arange(1, num_clients + 1)
    log_odds = -g - np.log(-np.expm1(-g))
    share = softmax(count * log_odds - betaln(count + 1, num_clients - count + 1), axis=-1)
    return share @ (1.0 / count**order)


def best_threshold(*, num_clients: ArrayLike, snr: ArrayLike, average_power: bool = False) -> FloatArray:
    """h_min of the least `truncation_mse`; ∞ where silence, whose error is K, beats every threshold.

    Average power: K e^(-g) = e^(-g)/(γ g), so g = 1/(Kγ), the only stationary point.
    Peak power: K e^(-g) = 1/(γ g²), so g = -2 W₀(-1/(2√(Kγ))) with Lambert's W; the branch -1 is the maximum beyond it. The
    error there is K(1 - (1 - g)e^(-g)), which is less than K only if g < 1, that is Kγ > e. Otherwise no error is below K,
    which it tends to as h_min grows.

    Args:
        num_clients: K >= 1.
        snr: γ = P/σ² > 0, linear.
        average_power: whether P limits the mean of |b_i|² over the fading rather than each draw's.

    Source: the stationary points of `truncation_mse`.

    >>> h_min = best_threshold(num_clients=10, snr=10.0)
    >>> float(h_min.round(4)), float(truncation_mse(h_min, num_clients=10, snr=10.0).round(4))
    (0.3247, 1.9491)
    >>> float(best_threshold(num_clients=10, snr=0.2)), float(best_threshold(num_clients=10, snr=10.0, average_power=True))
    (inf, 0.1)
    """
    array_snr = checked("num_clients", num_clients, low=1.0) * checked("snr", snr, low=0.0, open_low=True)
    if average_power:
        return 1.0 / np.sqrt(array_snr)
    heard = array_snr > np.e
    g = -2.0 * lambertw(-0.5 / np.sqrt(np.where(heard, array_snr, np.e))).real
    return np.where(heard, np.sqrt(g), np.inf)


def _power_threshold(threshold: ArrayLike) -> FloatArray:
    """g = h_min² of a checked threshold, which may be infinite."""
    amplitude = np.asarray(threshold, dtype=float)
    checked("threshold", np.where(amplitude == np.inf, 1.0, amplitude), low=0.0, open_low=True)
    return amplitude**2
