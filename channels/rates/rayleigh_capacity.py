"""What a Rayleigh-fading link carries: on average, or with an outage."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expn, gammainc, gammaincinv

from channels.arrays import FloatArray, IntArray, check_count, checked


def ergodic_rate(snr: ArrayLike, *, num_antennas: int = 1) -> FloatArray:
    """Mean rate E[log2(1 + γ g)] = log2(e) e^(1/γ) Σ_{k=1..A} E_k(1/γ) in bits per channel use, g ~ Gamma(A, 1).

    The transmitter sends at constant power and follows the fading with its rate; E_k is the exponential integral. Relative
    accuracy is about 1e-14 from no SNR, where the rate is 0, to 1e12.

    Args:
        snr: γ, mean linear SNR of a branch.
        num_antennas: A, independent equal branches under maximum-ratio combining.

    Source: Alouini and Goldsmith 1999, "Capacity of Rayleigh fading channels under different adaptive transmission and
    diversity-combining techniques", optimal rate adaptation under maximal-ratio combining; Γ(1-k, z) = z^(1-k) E_k(z).

    >>> float(ergodic_rate(10.0).round(4)), float(ergodic_rate(10.0, num_antennas=2).round(4))
    (2.9065, 4.0586)
    """
    mean = checked("snr", snr, low=0.0)[..., np.newaxis]
    check_count("num_antennas", num_antennas)
    order = np.arange(1, num_antennas + 1)
    return _scaled_exponential_integral(order, mean).sum(axis=-1) / np.log(2.0)


def outage_probability(snr: ArrayLike, *, rate: ArrayLike, num_antennas: int = 1) -> FloatArray:
    """Probability P(log2(1 + γ g) < R) = P(A, (2^R - 1)/γ) that the channel is too weak for a rate, g ~ Gamma(A, 1).

    P(A, x) is the regularised lower incomplete gamma function; for A = 1 it is 1 - e^(-x). A rate of 0 is never in outage.

    Args:
        snr: γ, mean linear SNR of a branch.
        rate: R, bits per channel use.
        num_antennas: A, independent equal branches under maximum-ratio combining.

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, sections 5.4.1 and 5.4.2.

    >>> float(outage_probability(10.0, rate=1.0).round(4)), float(outage_probability(10.0, rate=1.0, num_antennas=2).round(4))
    (0.0952, 0.0047)
    """
    mean, rate = checked("snr", snr, low=0.0), checked("rate", rate, low=0.0)
    check_count("num_antennas", num_antennas)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # no SNR is always in outage
        threshold = np.expm1(rate * np.log(2.0)) / mean
    return np.where(rate > 0.0, gammainc(num_antennas, threshold), 0.0)


def outage_rate(snr: ArrayLike, *, outage_probability: ArrayLike, num_antennas: int = 1) -> FloatArray:
    """Largest rate R = log2(1 + γ P⁻¹(A, ε)) whose outage probability is ε, in bits per channel use.

    Args:
        snr: γ, mean linear SNR of a branch.
        outage_probability: ε, in [0, 1).
        num_antennas: A, independent equal branches under maximum-ratio combining.

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, sections 5.4.1 and 5.4.2, ε-outage capacity.

    >>> float(outage_rate(10.0, outage_probability=0.01).round(4))
    0.1382
    """
    mean = checked("snr", snr, low=0.0)
    outage = checked("outage_probability", outage_probability, low=0.0, high=1.0, open_high=True)
    check_count("num_antennas", num_antennas)
    return np.log1p(mean * gammaincinv(num_antennas, outage)) / np.log(2.0)


def _scaled_exponential_integral(order: IntArray, snr: FloatArray) -> FloatArray:
    """e^z E_k(z) at z = 1/snr: neither factor overflows, nor does z.

    Where z > 50, eight steps of the continued fraction 1/(z + k - 1·k/(z + k + 2 - 2(k + 1)/(z + k + 4 - ...))) are exact to
    rounding (Press et al., Numerical Recipes, section 6.3), here multiplied through by snr.
    """
    weak = 0.02
    s = np.minimum(snr, weak)
    tail = 1.0 + (order + 16) * s
    for j in range(8, 0, -1):
        tail = 1.0 + (order + 2 * j - 2) * s - j * (order + j - 1) * s**2 / tail
    z = 1.0 / np.maximum(snr, weak)
    return np.where(snr < weak, s / tail, np.exp(z) * expn(order, z))
