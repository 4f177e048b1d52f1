"""Differential privacy that the receiver's noise gives for nothing: the Gaussian mechanism, exactly.

Protected is a client's update in a round, against a receiver that keeps to the protocol but is curious: it sees the symbols
y = Σ h_i b_i s_i + z before anything is made of them, and knows the channels and the plan. With z ~ CN(0, σ²) each real
dimension of y has noise of variance σ²/2. Neighbours are rounds in which one client's signal is 0 (add or remove) or another
(replace), and all else, the plan included, is the same. A client that is silent whatever its update leaks nothing.

Not covered are plans that follow the updates: symbols scaled by the largest norm Δ_max of all clients tell of it, so each
client must clip its own vector instead. Nor is noise below the σ² assumed, which should be a floor: interference that may be
absent does not count.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx

from channels.arrays import BoolArray, FloatArray, checked

SMALL_MU = 0.1
"""Below, six nodes integrate to the last digit what a difference would lose."""
GAUSS = np.polynomial.legendre.leggauss(6)


def channel_noise_multiplier(
    received_amplitude: ArrayLike, *, clip: ArrayLike, noise_power_w: ArrayLike, replace: bool = False
) -> FloatArray:
    """Noise multiplier √(σ²/2)/Δ of one round: noise per real dimension over the sensitivity Δ = |h b| clip; ∞ for the silent.

    The others' signals hide nothing here: the guarantee holds even if the receiver knows them all.

    Args:
        received_amplitude: |h_i b_i|, which is √η w_i if the client arrives aligned; any shape, such as (..., K). With several
            antennas ‖h_i b_i‖: the receiver sees them all, whatever it combines.
        clip: most that √(Σ_t |s_t|²) can be over all symbols of the round, > 0.
        noise_power_w: σ² > 0 in one complex symbol at an antenna.
        replace: whether neighbours replace an update, Δ = 2|h b| clip, rather than add or remove one.

    Source: Seif, Tandon, Li 2020, "Wireless federated learning with local differential privacy"; Liu and Simeone 2021, "Privacy
    for free: wireless federated learning via uncoded transmission with adaptive power control".

    >>> channel_noise_multiplier([0.1, 0.0], clip=5.0, noise_power_w=2.0).tolist()
    [2.0, inf]
    """
    amplitude = checked("received_amplitude", received_amplitude, low=0.0)
    norm = checked("clip", clip, low=0.0, open_low=True)
    noise = checked("noise_power_w", noise_power_w, low=0.0, open_low=True)
    with np.errstate(divide="ignore"):
        return np.sqrt(noise / 2.0) / ((2.0 if replace else 1.0) * amplitude * norm)


def composed_noise_multiplier(noise_multiplier: ArrayLike, *, axis: int = -1) -> FloatArray:
    """(Σ 1/s_t²)^(-1/2): rounds with multipliers s_t together are exactly as private as one with this.

    Args:
        noise_multiplier: (..., T) s_t > 0, ∞ in rounds in which the client is silent.
        axis: that of the rounds.

    Source: Dong, Roth, Su 2022, "Gaussian differential privacy", composition of Gaussian mechanisms.

    >>> float(composed_noise_multiplier([10.0] * 25))
    2.0
    """
    leak = np.sum(signal_to_noise(noise_multiplier) ** 2, axis=axis)
    with np.errstate(divide="ignore"):
        return 1.0 / np.sqrt(leak)


def gaussian_delta(epsilon: ArrayLike, *, noise_multiplier: ArrayLike) -> FloatArray:
    """Least δ for which the Gaussian mechanism is (ε, δ)-private: Φ(μ/2 - ε/μ) - e^ε Φ(-μ/2 - ε/μ), μ = 1/noise_multiplier.

    With r(u) = e^(u²/2) Φ(-u) it is e^(-u²/2)(r(u) - r(u + μ)) at u = ε/μ - μ/2, which loses no digits however small δ is. For
    small μ, where the two r are alike, their difference is the integral of -r'(v) = 1/√(2π) - v r(v), by Gauss's rule. The
    relative error is about 1e-14, and 1e-16 u² for large u.

    Args:
        epsilon: ε >= 0.
        noise_multiplier: noise over sensitivity, > 0; ∞ leaks nothing.

    Source: Balle and Wang 2018, "Improving the Gaussian mechanism for differential privacy", theorem 8.

    >>> gaussian_delta([0.0, 1.0, 30.0], noise_multiplier=1.0).round(6).tolist()
    [0.382925, 0.126937, 0.0]
    """
    budget = checked("epsilon", epsilon, low=0.0)
    mu = signal_to_noise(noise_multiplier)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        near = np.maximum(budget / mu - 0.5 * mu, -9.0)  # below, δ is 1 to the last digit
        fall = np.where(
            mu < SMALL_MU,
            _tail_fall(budget / mu, mu),
            _scaled_tail(near) - _scaled_tail(budget / mu + 0.5 * mu),
        )
        delta = np.exp(-0.5 * near**2) * fall
    return np.where(mu > 0.0, np.minimum(delta, 1.0), 0.0)


def gaussian_epsilon(delta: ArrayLike, *, noise_multiplier: ArrayLike) -> FloatArray:
    """Least ε >= 0 for which the Gaussian mechanism is (ε, δ)-private, the inverse of `gaussian_delta`.

    By bisection from μ²/2 + μ√(2 ln(1/δ)), which always suffices; what is returned is on the private side.

    Args:
        delta: δ in (0, 1).
        noise_multiplier: noise over sensitivity, > 0; ∞ leaks nothing.

    Source: Balle and Wang 2018, theorem 8; the start is by Bun and Steinke 2016, "Concentrated differential privacy",
    proposition 1.3.

    >>> gaussian_epsilon(1e-5, noise_multiplier=[1.0, 10.0]).round(6).tolist()
    [4.377178, 0.340669]
    """
    allowed = checked("delta", delta, low=0.0, high=1.0, open_low=True, open_high=True)
    mu = signal_to_noise(noise_multiplier)

    def private(epsilon: FloatArray) -> BoolArray:
        return gaussian_delta(epsilon, noise_multiplier=noise_multiplier) <= allowed

    enough = mu * (0.5 * mu + np.sqrt(-2.0 * np.log(allowed)))
    none = np.zeros_like(enough)
    return np.where(private(none), 0.0, _bisect(private, private_end=enough, other_end=none))


def needed_noise_multiplier(epsilon: ArrayLike, *, delta: ArrayLike) -> FloatArray:
    """Least noise multiplier with which the Gaussian mechanism is (ε, δ)-private.

    It bounds how strongly a client may arrive: √η w <= √(σ²/2)/(multiplier · clip).

    Args:
        epsilon: ε >= 0.
        delta: δ in (0, 1).

    Source: Balle and Wang 2018, algorithm 1, for the task; here by bisection for μ, with which δ rises, up to √(2ε) + 20,
    where δ is 1 to the last digit, from √(2π) δ, with which δ is kept to without any ε.

    >>> float(needed_noise_multiplier(1.0, delta=1e-5).round(6))
    3.730632
    """
    budget = checked("epsilon", epsilon, low=0.0)
    allowed = checked("delta", delta, low=0.0, high=1.0, open_low=True, open_high=True)

    def private(mu: FloatArray) -> BoolArray:
        return gaussian_delta(budget, noise_multiplier=1.0 / mu) <= allowed

    too_much = np.sqrt(2.0 * budget) + np.full_like(allowed, 20.0)
    enough = np.broadcast_to(np.sqrt(2.0 * np.pi) * allowed * (1.0 - 1e-12), too_much.shape)
    return 1.0 / _bisect(private, private_end=enough, other_end=too_much)


def signal_to_noise(noise_multiplier: ArrayLike) -> FloatArray:
    """μ = 1/noise_multiplier, 0 where that is infinite; checked.

    >>> signal_to_noise([2.0, np.inf]).tolist()
    [0.5, 0.0]
    """
    multiplier = np.asarray(noise_multiplier, dtype=float)
    checked("noise_multiplier", np.where(multiplier == np.inf, 1.0, multiplier), low=0.0, open_low=True)
    return 1.0 / multiplier


def _scaled_tail(u: FloatArray) -> FloatArray:
    """r(u) = e^(u²/2) Φ(-u)."""
    return 0.5 * erfcx(u / np.sqrt(2.0))


def _tail_fall(middle: FloatArray, width: FloatArray) -> FloatArray:
    """r(u - w/2) - r(u + w/2) for small w, 0 where e^(-u²/2) is."""
    middle = np.minimum(middle, 100.0)
    total = sum(
        weight * (1.0 / np.sqrt(2.0 * np.pi) - place * _scaled_tail(place))
        for place, weight in ((middle + 0.5 * width * node, weight) for node, weight in zip(*GAUSS, strict=True))
    )
    return 0.5 * width * total


def _bisect(private: Callable[[FloatArray], BoolArray], *, private_end: FloatArray, other_end: FloatArray) -> FloatArray:
    """The last point, seen from `private_end`, that is private, approached from that side to the last digits."""
    for _ in range(100):
        middle = 0.5 * (private_end + other_end)
        holds = private(middle)
        private_end, other_end = np.where(holds, middle, private_end), np.where(holds, other_end, middle)
    return private_end
