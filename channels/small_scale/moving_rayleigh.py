"""Rayleigh fading of clients that move so slowly that one draw resembles the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, FloatArray, checked
from channels.small_scale.rayleigh import Rayleigh

NUM_WAVES = 128
LINKS_AT_ONCE = 8192
"""Whose waves are in memory together."""


@dataclass(frozen=True, kw_only=True)
class MovingRayleigh:
    """h ~ CN(0, 1), a function of time: E[h(n) h*(m)] = J0(2π f_d T (n - m)) for the draws n and m, however far apart.

    h(n) = M^(-1/2) Σ_m c_m e^{j 2π f_d T n cos θ_m} of M = 128 waves with c_m ~ CN(0, 1) and θ_m uniform in the m-th of M equal
    parts of [0, π]: each link has waves of its own, and they alone are drawn, so that any stretch of the course of time can be
    had by itself. With finitely many waves the mean of |h|² over all time is not 1 but Σ|c_m|²/M, off by 9 % (one deviation).

    Antennas and clients are independent.

    Attributes:
        doppler_hz: f_d, largest Doppler shift, as of `max_doppler_hz`.
        interval_s: T, time from a draw to the next.

    Source: Clarke 1968, "A statistical theory of mobile-radio reception"; with random angles: Zheng and Xiao 2003, "Simulation
    models with correct statistical properties for Rayleigh fading channels".

    >>> fading = MovingRayleigh(doppler_hz=1.0, interval_s=0.1)
    >>> whole, rest = (fading.course((5 - n, 1), first=n, rng=np.random.default_rng(0)) for n in (0, 3))
    >>> bool((whole[3:] == rest).all())
    True
    """

    doppler_hz: float
    interval_s: float

    def __post_init__(self) -> None:
        checked("doppler_hz", self.doppler_hz, low=0.0)
        checked("interval_s", self.interval_s, low=0.0)

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws, each at a time of its own: plain Rayleigh fading."""
        return Rayleigh().draw(shape, rng=rng)

    def course(self, shape: tuple[int, ...], *, first: int, rng: np.random.Generator) -> ComplexArray:
        """The draws from the `first` on, in an array of the given shape, whose first axis is time.

        The waves come from the generator: one that starts in the same place continues the same course.
        """
        if not shape:
            raise ValueError("shape: got (); needed is at least one axis, which is time")
        checked("first", first, low=0)
        turns = self.doppler_hz * self.interval_s * np.arange(first, first + shape[0])
        drawn = np.empty((shape[0], int(np.prod(shape[1:]))), dtype=complex)
        for start in range(0, drawn.shape[1], LINKS_AT_ONCE):
            links = drawn[:, start : start + LINKS_AT_ONCE]
            links[:] = _sums_of_waves(links.shape[1], turns=turns, rng=rng)
        return drawn.reshape(shape)

    def amplitude_quantile(self, probability: float) -> float:
        """That of Rayleigh fading."""
        return Rayleigh().amplitude_quantile(probability)


def _sums_of_waves(num_links: int, *, turns: FloatArray, rng: np.random.Generator) -> ComplexArray:
    """(T, num_links) at times of so many turns of the largest shift."""
    amplitude = Rayleigh().draw((num_links, NUM_WAVES), rng=rng) / np.sqrt(NUM_WAVES)
    cosine = np.cos((np.arange(NUM_WAVES) + rng.random((num_links, NUM_WAVES))) * np.pi / NUM_WAVES)
    sums = np.empty((len(turns), num_links), dtype=complex)
    for index, turn in enumerate(turns):
        np.einsum("lm,lm->l", amplitude, np.exp(2j * np.pi * (turn * cosine)), out=sums[index])
    return sums
