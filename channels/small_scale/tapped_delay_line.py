"""Frequency-selective fading: a few taps, each at its delay and with its power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, FloatArray, check_count, check_member, checked
from channels.small_scale.rayleigh import Rayleigh
from channels.small_scale.rician import Rician
from channels.small_scale.tdl_profiles import TDL_PROFILES, TDLProfile
from channels.summary import shown_by
from channels.units import db_to_linear, linear_to_db

MAX_DELAY_SPREAD_S = 1e-3  # a hundred times more than any that was measured: more is a mistake of units


@shown_by("delay_s", "power", "k_factor")
@dataclass(frozen=True, kw_only=True, eq=False)
class TappedDelayLine:
    """h(f) = Σ_l √p_l g_l e^{-j 2π f τ_l} with Σ p_l = 1, where g_l ~ CN(0, 1), but for the first tap, which may be Rician.

    Attributes:
        delay_s: (L,) τ_l, at least 0.
        power: (L,) mean powers; scaled to a sum of 1.
        k_factor: power of the line of sight over the rest of the first tap, linear; 0 for none.

    Source: 3GPP TR 38.901, section 7.7.2.

    >>> taps = TappedDelayLine.tr38901(TDLProfile.A, delay_spread_s=100e-9)
    >>> len(taps.delay_s), round(taps.rms_delay_spread_s * 1e9, 1)
    (23, 100.0)
    """

    delay_s: FloatArray
    power: FloatArray
    k_factor: float = 0.0

    def __post_init__(self) -> None:
        delay = checked("delay_s", self.delay_s, low=0.0)
        if delay.ndim != 1 or not len(delay):
            raise ValueError(f"delay_s: got shape {delay.shape}; needed is (number of taps >= 1,)")
        power = checked("power", self.power, low=0.0, shape=delay.shape)
        if power.sum() == 0.0:
            raise ValueError("power: got 0 for all taps; needed is some that is not")
        if self.k_factor != 0.0:
            checked("k_factor", self.k_factor, low=1e-10, high=1e10)
            if power[0] == 0.0:
                raise ValueError("k_factor: got a line of sight in a first tap of power 0; needed is some power there")
        object.__setattr__(self, "delay_s", delay)
        object.__setattr__(self, "power", power / power.sum())

    @classmethod
    def tr38901(cls, profile: TDLProfile, *, delay_spread_s: float) -> TappedDelayLine:
        """A profile of TR 38.901, its delays scaled to a root-mean-square delay spread.

        Profiles A, B, C are without line of sight, D and E with. As in the tables, the spread of the scaled profile is that
        asked for to within a few per cent.
        """
        checked("delay_spread_s", delay_spread_s, low=0.0, high=MAX_DELAY_SPREAD_S)
        check_member("profile", profile, TDLProfile)
        table = TDL_PROFILES[profile]
        power = db_to_linear(table.power_db)
        first = power[0]
        if table.los_power_db is not None:
            power[0] += db_to_linear(table.los_power_db)
        return cls(delay_s=delay_spread_s * np.array(table.delay), power=power, k_factor=float(power[0] / first - 1.0))

    @property
    def rms_delay_spread_s(self) -> float:
        """√(Σ p τ² - (Σ p τ)²)."""
        mean = self.power @ self.delay_s
        return float(np.sqrt(self.power @ (self.delay_s - mean) ** 2))

    def taps(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """(*shape, L) draws of the complex amplitudes √p_l g_l of the taps."""
        gain = Rayleigh().draw((*shape, len(self.power)), rng=rng)
        if self.k_factor > 0.0:
            gain[..., 0] = self._first_tap.draw(shape, rng=rng)
        return np.sqrt(self.power) * gain

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h, in an array of the given shape."""
        return self.taps(shape, rng=rng).sum(axis=-1)

    def frequency_response(self, shape: tuple[int, ...], *, frequency_hz: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """(*shape, S) draws of h at S frequencies, counted from the carrier."""
        return response_of(self.taps(shape, rng=rng), delay_s=self.delay_s, frequency_hz=frequency_hz)

    def amplitude_quantile(self, probability: float) -> float:
        """That of the sum of the taps, which is Rayleigh or, with a line of sight, Rician."""
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        strong = self.power[0] * self.k_factor / (self.k_factor + 1.0)
        if strong <= 1e-10:
            return Rayleigh().amplitude_quantile(probability)
        if strong >= 1.0 - 1e-10:
            return 1.0
        return Rician(k_factor_db=float(linear_to_db(strong / (1.0 - strong)))).amplitude_quantile(probability)

    @property
    def _first_tap(self) -> Rician:
        return Rician(k_factor_db=float(linear_to_db(self.k_factor)))


def response_of(taps: ComplexArray, *, delay_s: FloatArray, frequency_hz: FloatArray) -> ComplexArray:
    """(..., S) frequency response Σ_l a_l e^{-j 2π f τ_l} of taps (..., L).

    >>> response = response_of(np.ones(2), delay_s=np.array([0.0, 0.5]), frequency_hz=np.array([0.0, 1.0]))
    >>> np.abs(response).round(9).tolist()
    [2.0, 0.0]
    """
    return taps @ np.exp(-2j * np.pi * np.multiply.outer(delay_s, frequency_hz))


def subcarrier_frequencies_hz(num_subcarriers: int, *, bandwidth_hz: float) -> FloatArray:
    """(S,) middles of S equal parts of the band, counted from the carrier in its middle.

    >>> subcarrier_frequencies_hz(4, bandwidth_hz=4e6).tolist()
    [-1500000.0, -500000.0, 500000.0, 1500000.0]
    """
    check_count("num_subcarriers", num_subcarriers)
    checked("bandwidth_hz", bandwidth_hz, low=0.0, open_low=True)
    return bandwidth_hz * ((np.arange(num_subcarriers) + 0.5) / num_subcarriers - 0.5)
