"""Rayleigh fading of clients that move so slowly that one draw resembles the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, checked
from channels.small_scale.doppler import draw_jakes
from channels.small_scale.rayleigh import Rayleigh

DRAWS_OF_A_PROCESS = 256
MAX_TURNS = 10.0  # in an interval: beyond, draws are as good as independent, and processes take long


@dataclass(frozen=True, kw_only=True)
class MovingRayleigh:
    """h ~ CN(0, 1), draws following each other in time along the first axis: E[h(n) h*(m)] = J0(2π f_d T (n - m)).

    Antennas and clients are independent. After 256 draws a process ends, and another, independent one begins.

    Attributes:
        doppler_hz: f_d, largest Doppler shift, as of `max_doppler_hz`.
        interval_s: T, time from a draw to the next; f_d T at most 10.

    Source: Clarke 1968, "A statistical theory of mobile-radio reception"; Jakes 1974, eq. 1.3-7.

    >>> fading = MovingRayleigh(doppler_hz=0.0, interval_s=0.1)
    >>> first, second = fading.draw((2, 1, 1), rng=np.random.default_rng(0))
    >>> bool(np.isclose(first, second).all())
    True
    """

    doppler_hz: float
    interval_s: float

    def __post_init__(self) -> None:
        checked("doppler_hz", self.doppler_hz, low=0.0)
        checked("interval_s", self.interval_s, low=0.0)
        checked("doppler_hz·interval_s", self.doppler_hz * self.interval_s, high=MAX_TURNS)

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Draws in an array of the given shape, the first axis being time."""
        if not shape:
            raise ValueError("shape: got (); needed is at least one axis, which is time")
        parts = []
        for start in range(0, shape[0], DRAWS_OF_A_PROCESS):
            time_s = self.interval_s * np.arange(min(DRAWS_OF_A_PROCESS, shape[0] - start))
            part = draw_jakes(shape[1:], time_s=time_s, doppler_hz=self.doppler_hz, rng=rng)
            parts.append(np.moveaxis(part, -1, 0))
        return np.concatenate(parts) if parts else np.empty(shape, dtype=complex)

    def amplitude_quantile(self, probability: float) -> float:
        """That of Rayleigh fading."""
        return Rayleigh().amplitude_quantile(probability)
