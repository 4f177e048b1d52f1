"""The digital rival of an over-the-air sum: everybody's values as bits, each client in its part of the same band."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aircomp.transceiver import Links
from channels.arrays import BoolArray, FloatArray, checked
from channels.rates.shannon import shannon_rate_bps
from channels.summary import shown_by

ANALOG_SYMBOLS_PER_VALUE = 0.5
MAX_ITERATIONS = 100
TOLERANCE = 1e-13
QUADRATIC = 1e-9
"""A Newton step below this share leaves an error of rounding."""

SMALL_SNR = 1e-2
"""Below it, x/ln(1 + x) - 1 is taken from its series."""


@shown_by("bits_per_parameter", "mse", "active", "band_share", "rate", "symbols_per_value")
@dataclass(frozen=True, kw_only=True, eq=False)
class DigitalAggregationPlan:
    """What a sum of values sent as bits costs in channel uses, one symbol of the whole band each, and how far it is off.

    The errors are on the scale of a `TransceiverPlan`: for a complex symbol of unit power, which is two real values.

    Attributes:
        bits_per_parameter: b.
        peak_to_rms: ρ, the largest value of a block over the values' root mean square.
        weights: (..., K) weights w_i of the wanted sum.
        active: (..., K) who has a channel, and so takes part.
        band_share: (..., K) part β_i of the band; 0 for who is left out.
        rate: (..., K) β_i log2(1 + P_i|h_i|²/(σ² β_i)), bits of each client in a channel use of the whole band.
    """

    bits_per_parameter: float
    peak_to_rms: float
    weights: FloatArray
    active: BoolArray
    band_share: FloatArray
    rate: FloatArray

    @property
    def symbols_per_value(self) -> FloatArray:
        """(...) channel uses b/min_i r_i until one real value of every active client has arrived."""
        return self.bits_per_parameter / self._slowest

    @property
    def rate_spread(self) -> FloatArray:
        """(...) fastest active client's rate over the slowest's, less 1. It is 0 for the best split, and for no other.

        Rates grow with their shares, which add up to 1: who gains by another split takes from somebody else.
        """
        return np.max(self.rate, axis=-1) / self._slowest - 1.0

    @property
    def silent_mse(self) -> FloatArray:
        """(...) Σ w_i² of who is left out."""
        return np.sum(np.where(self.active, 0.0, self.weights**2), axis=-1)

    @property
    def mse(self) -> FloatArray:
        """(...) E|Σ_active w_i Q(s_i) - Σ w_i s_i|², of rounding and of who is left out."""
        return self.silent_mse + rounding_mse(
            self.bits_per_parameter, weights=self.weights * self.active, peak_to_rms=self.peak_to_rms
        )

    def bits_for(self, target_mse: ArrayLike) -> FloatArray:
        """(...) bits a value, real and at least 2, with which `mse` meets the target; infinite where no number does."""
        target = checked("target_mse", target_mse, low=0.0)
        spare = np.maximum(target - self.silent_mse, 0.0)
        return bits_for_rounding_mse(spare, weights=self.weights * self.active, peak_to_rms=self.peak_to_rms)

    def air_time_ratio(self, target_mse: ArrayLike) -> FloatArray:
        """(...) air time over that of an over-the-air sum with the target as its mse, half a channel use a value."""
        return self.bits_for(target_mse) / (self._slowest * ANALOG_SYMBOLS_PER_VALUE)

    @property
    def _slowest(self) -> FloatArray:
        return np.min(np.where(self.active, self.rate, np.inf), axis=-1)


def equal_band_shares(snr: ArrayLike) -> FloatArray:
    """(..., K) the band in equal parts, one for each client whose SNR (..., K) is not 0.

    >>> equal_band_shares([1.0, 0.0, 3.0]).tolist()
    [0.5, 0.0, 0.5]
    """
    heard = _checked_snr(snr) > 0.0
    return heard / heard.sum(axis=-1, keepdims=True)


def best_band_shares(snr: ArrayLike) -> FloatArray:
    """(..., K) shares β_i, Σβ_i = 1, under which the slowest client is fastest: those that make all β_i ln(1 + γ_i/β_i) equal.

    With x_i = γ_i/β_i, the SNR in a client's own part, and x/ln(1 + x) = 1 + δ, a common rate is δ_i = γ_i/γ_min (1 + e) - 1,
    e being the weakest client's δ. Σβ_i falls and is convex in e: Newton's method climbs to where it is 1, from where the
    weakest has the whole band. Nothing cancels in e, so that shares are right to 12 digits at any SNR.

    Args:
        snr: (..., K) linear SNR γ_i of each client over the whole band; 0 for who is left out.

    Source: Yang, Chen, Saad, Hong, Shikh-Bahaei 2021, "Energy efficient federated learning over wireless communication
    networks", section III-D, for clients that start together and send the same.

    >>> best_band_shares([1.0, 0.0, 10.0]).round(4).tolist()
    [0.8416, 0.0, 0.1584]
    """
    gamma = _checked_snr(snr)
    heard = gamma > 0.0
    gamma = np.where(heard, gamma, np.inf)
    weakest = np.min(gamma, axis=-1, keepdims=True)
    gamma = np.where(heard, gamma, weakest)
    ratio, lead = gamma / weakest, (gamma - weakest) / weakest
    excess = _excess(weakest)
    for _ in range(MAX_ITERATIONS):
        own_excess = lead + ratio * excess
        own_snr = _snr_of(own_excess)
        shares = np.where(heard, gamma / own_snr, 0.0)
        slopes = shares / own_snr * ratio * (1.0 + own_snr) * np.log1p(own_snr) / (own_snr - own_excess)
        step = (shares.sum(axis=-1, keepdims=True) - 1.0) / slopes.sum(axis=-1, keepdims=True)
        if (np.abs(step) <= TOLERANCE * excess).all():
            break
        excess = excess + step
    return shares / shares.sum(axis=-1, keepdims=True)


@dataclass(frozen=True, kw_only=True)
class DigitalAggregation:
    """Values quantised at random to b bits, sent at Shannon's rate in bands of one's own, and added up by the receiver.

    Client i has a part β_i of the band and all its power in it: β_i log2(1 + P_i|h_i|²/(σ² β_i)) bits in a channel use of the
    whole band. The slowest decides. Clients without any channel (h = 0) are left out; they add w_i² to the error.

    Attributes:
        bits_per_parameter: b, 2 to 31, one of them for the sign; a number between two integers interpolates.
        peak_to_rms: ρ >= 1, the largest of the values that are quantised together over their root mean square, on which the
            width of a step depends; `gaussian_peak_to_rms` for Gaussian values.
        band_shares: from SNRs (..., K), over the whole band, to the shares: `best_band_shares` or `equal_band_shares`.

    Source: Zhu, Wang, Huang 2019, "Broadband analog aggregation for low-latency federated edge learning", section IV, for the
    comparison, there with equal bands; `stochastic_quantization` for the bits.

    >>> plan = DigitalAggregation(bits_per_parameter=8, peak_to_rms=4.0).plan([1.0, 1j], power_w=1.5, noise_power_w=1.0)
    >>> plan.rate.round(9).tolist(), float(plan.symbols_per_value.round(9))
    ([1.0, 1.0], 8.0)
    >>> float(plan.bits_for(plan.mse).round(9)), float(plan.air_time_ratio(plan.mse).round(9))
    (8.0, 16.0)
    """

    bits_per_parameter: float
    peak_to_rms: float
    band_shares: Callable[[FloatArray], FloatArray] = best_band_shares

    def __post_init__(self) -> None:
        checked("bits_per_parameter", self.bits_per_parameter, low=2, high=31)
        checked("peak_to_rms", self.peak_to_rms, low=1.0)

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> DigitalAggregationPlan:
        """Rates and errors for a batch of draws, on the channels of `Transceiver.plan`; noise must be more than 0."""
        checked("noise_power_w", noise_power_w, low=0.0, open_low=True)
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        snr = links.reach**2 / links.noise_power_w[..., None]
        shares = self.band_shares(snr)
        return DigitalAggregationPlan(
            bits_per_parameter=self.bits_per_parameter,
            peak_to_rms=self.peak_to_rms,
            weights=links.weights,
            active=links.heard,
            band_share=shares,
            rate=shannon_rate_bps(shares, gain_power_w=snr, noise_psd_w_per_hz=1.0),
        )


def rounding_mse(bits_per_parameter: ArrayLike, *, weights: ArrayLike, peak_to_rms: ArrayLike) -> FloatArray:
    """(...) E|Σ w_i (Q(s_i) - s_i)|² = Σ w_i² ρ²/(6 L²) a complex symbol of unit power, with L = 2^(b-1) - 1 levels a side.

    Each of the symbol's two real values has root mean square 1/√2, so steps of ρ/(√2 L), and the error step²/6 of a value that
    is uniform within a step. For Gaussian values it is less by a share (6/π²) Σ_k e^(-2π² k² L²/ρ²)/k², which is 12 % at 2 bits
    and ρ = 3.5 and below 1e-3 from 3 bits on for ρ <= 5. Of d values quantised together the largest is exact: 1/d less.

    Args:
        bits_per_parameter: b > 1, a number or (...).
        weights: (..., K) w_i.
        peak_to_rms: ρ, a number or (...).

    Source: Alistarh, Grubic, Li, Tomioka, Vojnovic 2017, "QSGD", section 3.1, with the maximum norm.

    >>> float(rounding_mse(2, weights=[1.0, 2.0], peak_to_rms=3.0))
    7.5
    """
    levels = np.exp2(checked("bits_per_parameter", bits_per_parameter, low=1.0, open_low=True) - 1.0) - 1.0
    return _total_square(weights) * (checked("peak_to_rms", peak_to_rms, low=0.0) / levels) ** 2 / 6.0


def bits_for_rounding_mse(mse: ArrayLike, *, weights: ArrayLike, peak_to_rms: ArrayLike) -> FloatArray:
    """(...) bits b = 1 + log2(1 + ρ √(Σ w_i²/(6 mse))) that give a `rounding_mse`, real and at least 2; infinite for 0.

    >>> float(bits_for_rounding_mse(7.5, weights=[1.0, 2.0], peak_to_rms=3.0))
    2.0
    """
    target = checked("mse", mse, low=0.0)
    peak = checked("peak_to_rms", peak_to_rms, low=0.0, open_low=True)
    with np.errstate(divide="ignore"):
        levels = peak * np.sqrt(_total_square(weights) / (6.0 * target))
    return np.maximum(1.0 + np.log2(1.0 + levels), 2.0)


def _checked_snr(snr: ArrayLike) -> FloatArray:
    array = checked("snr", snr, low=0.0)
    if not array.any(axis=-1).all():
        raise ValueError("snr: got a draw in which every client's is 0; needed is at least one that is not")
    return array


def _excess(snr: FloatArray) -> FloatArray:
    """δ = x/ln(1 + x) - 1 for x > 0, by its series where x is small."""
    x = np.minimum(snr, SMALL_SNR)
    gregory = (1 / 2, -1 / 12, 1 / 24, -19 / 720, 3 / 160, -863 / 60480)
    series = x * np.polynomial.polynomial.polyval(x, gregory)
    return np.where(snr < SMALL_SNR, series, snr / np.log1p(snr) - 1.0)


def _snr_of(excess: FloatArray) -> FloatArray:
    """x whose `_excess` is δ > 0: Newton's method for (1 + δ) ln(1 + x) - x, from 2δ below the root and then down to it."""
    x = 2.0 * excess
    for _ in range(MAX_ITERATIONS):
        step = (1.0 + x) * np.log1p(x) * (excess - _excess(x)) / (x - excess)
        x = x + step
        if (np.abs(step) <= QUADRATIC * x).all():
            break
    return x


def _total_square(weights: ArrayLike) -> FloatArray:
    return np.sum(checked("weights", weights, low=0.0) ** 2, axis=-1)
