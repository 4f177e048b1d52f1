"""Fading that moves on in time: Jakes' (Clarke's) Doppler spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from channels.arrays import ComplexArray, FloatArray, checked
from channels.constants import SPEED_OF_LIGHT_M_PER_S
from channels.small_scale.rayleigh import Rayleigh

SPARE_WAVES = 24


def max_doppler_hz(speed_m_per_s: ArrayLike, *, carrier_hz: float) -> FloatArray:
    """Largest Doppler shift f_d = v f/c.

    >>> float(max_doppler_hz(30.0, carrier_hz=3.5e9).round(1))
    350.2
    """
    speed = checked("speed_m_per_s", speed_m_per_s, low=0.0)
    checked("carrier_hz", carrier_hz, low=0.0, open_low=True)
    return speed * carrier_hz / SPEED_OF_LIGHT_M_PER_S


def jakes_autocorrelation(delay_s: ArrayLike, *, doppler_hz: ArrayLike) -> FloatArray:
    """E[h(t + τ) h*(t)] = J0(2π f_d τ), for scatterers all around.

    Source: Clarke 1968, "A statistical theory of mobile-radio reception"; Jakes 1974, eq. 1.3-7.

    >>> float(jakes_autocorrelation(1e-3, doppler_hz=100.0).round(4))
    0.9037
    """
    doppler = checked("doppler_hz", doppler_hz, low=0.0)
    return special.j0(2.0 * np.pi * doppler * checked("delay_s", delay_s))


def draw_jakes(shape: tuple[int, ...], *, time_s: ArrayLike, doppler_hz: float, rng: np.random.Generator) -> ComplexArray:
    """(*shape, T) independent Rayleigh fading processes at T times, with Jakes' spectrum.

    h(t) = M^(-1/2) Σ_m c_m e^{j 2π f_d t cos((m - 1/2)π/M)} with c_m ~ CN(0, 1): Gaussian by construction, and with the
    autocorrelation that Gauss-Chebyshev quadrature with M nodes gives J0. The quadrature errs by 2 J_2M(x) at x = 2π f_d τ,
    nothing but rounding once 2M exceeds x by some x^(1/3), so M follows from the span of the times.

    Time and memory grow with the span of the times in periods of the shift, f_d·span, besides with their number.

    Args:
        shape: how many processes.
        time_s: (T,) times, in any order and at any distances.
        doppler_hz: largest Doppler shift f_d.
        rng: source of the amplitudes.

    Source: Clarke 1968 for the spectrum; Abramowitz and Stegun 25.4.38 for the quadrature.

    >>> draw_jakes((3,), time_s=np.arange(4) * 1e-3, doppler_hz=50.0, rng=np.random.default_rng(0)).shape
    (3, 4)
    """
    time = checked("time_s", time_s)
    checked("doppler_hz", doppler_hz, low=0.0)
    if time.ndim != 1 or not len(time):
        raise ValueError(f"time_s: got shape {time.shape}; needed is (number of times >= 1,)")
    time = time - time.min()
    largest = 2.0 * np.pi * doppler_hz * time.max()
    num_waves = int(largest / 2.0 + 5.0 * np.cbrt(largest)) + SPARE_WAVES
    shift_hz = doppler_hz * np.cos((np.arange(num_waves) + 0.5) * np.pi / num_waves)
    waves = np.exp(2j * np.pi * shift_hz[:, None] * time) / np.sqrt(num_waves)
    return Rayleigh().draw((*shape, num_waves), rng=rng) @ waves


def age(fading: ComplexArray, *, fresh: ComplexArray, delay_s: ArrayLike, doppler_hz: ArrayLike) -> ComplexArray:
    """What `fading` was a time τ ago: ρ h + √(1 - ρ²) h', ρ = J0(2π f_d τ), h' an independent draw of the same fading.

    Exact for every Gaussian fading, correlated over antennas or subcarriers or not. Past the first root of J0 a radio that
    does not know the age of what it knows has the sign wrong.

    Args:
        fading: (..., K) h.
        fresh: (..., K) h'.
        delay_s: τ, at least 0, a number or one that broadcasts.
        doppler_hz: f_d, a number or one that broadcasts.

    Source: Truong and Heath 2013, "Effects of channel aging in massive MIMO systems", eq. 7.
    """
    correlation = jakes_autocorrelation(checked("delay_s", delay_s, low=0.0), doppler_hz=doppler_hz)
    return correlation * fading + np.sqrt(np.maximum(1.0 - correlation**2, 0.0)) * fresh
