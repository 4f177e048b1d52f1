"""Sionna's tapped and clustered delay lines as fading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from channels.arrays import ComplexArray, FloatArray, check_count, check_member, checked
from channels.sionna_backend.session import require_sionna, sionna_session
from channels.small_scale.tapped_delay_line import MAX_DELAY_SPREAD_S, TappedDelayLine
from channels.small_scale.tdl_profiles import TDLProfile

BATCH_VALUES = 200_000  # links times subcarriers that fit into memory at once
MAX_BATCH = 2_000
QUANTILE_DRAWS = 4_000
AT_CARRIER = np.zeros(1)


@dataclass(frozen=True, kw_only=True)
class SionnaTDL:
    """A tapped delay line of TR 38.901 as Sionna draws it: 20 sinusoids a tap; antennas are independent.

    Attributes:
        profile: A to E.
        delay_spread_s: root mean square.
        carrier_hz: carrier frequency.

    Raises:
        MissingExtra: if Sionna is not installed.

    Source: 3GPP TR 38.901, section 7.7.2; Hoydis et al. 2022, "Sionna".
    """

    profile: TDLProfile
    delay_spread_s: float
    carrier_hz: float

    def __post_init__(self) -> None:
        _check_delay_line(self)

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h at the carrier, in an array of the given shape."""
        return self.frequency_response(shape, frequency_hz=AT_CARRIER, rng=rng)[..., 0]

    def frequency_response(self, shape: tuple[int, ...], *, frequency_hz: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """(*shape, S) draws of h at S frequencies, counted from the carrier."""
        with sionna_session(int(rng.integers(2**63))):
            from sionna.phy.channel.tr38901 import TDL

            line = TDL(self.profile.value, self.delay_spread_s, self.carrier_hz, precision="double")
            parts = [
                ofdm_response(line(links, 1, 1.0), frequency_hz)[:, 0, 0, 0, 0, 0]
                for links in batches(int(np.prod(shape)), num_subcarriers=len(frequency_hz))
            ]
        return np.concatenate(parts).reshape(*shape, len(frequency_hz))

    def amplitude_quantile(self, probability: float) -> float:
        """That of Gaussian taps, which many sinusoids nearly are."""
        line = TappedDelayLine.tr38901(self.profile, delay_spread_s=self.delay_spread_s)
        return line.amplitude_quantile(probability)


@dataclass(frozen=True, kw_only=True)
class SionnaCDL:
    """A clustered delay line of TR 38.901 as Sionna draws it, received by a row of antennas half a wavelength apart.

    All antennas are omnidirectional and vertically polarised. Angles are those of the table for every client, so that all of
    them stand in the same direction.

    Attributes:
        profile: A to E.
        delay_spread_s: root mean square.
        carrier_hz: carrier frequency.
        num_antennas: of the station, the last axis of a draw.

    Raises:
        MissingExtra: if Sionna is not installed.

    Source: 3GPP TR 38.901, section 7.7.1; Hoydis et al. 2022, "Sionna".
    """

    profile: TDLProfile
    delay_spread_s: float
    carrier_hz: float
    num_antennas: int = 1

    def __post_init__(self) -> None:
        _check_delay_line(self)
        check_count("num_antennas", self.num_antennas)

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h at the carrier, in an array of the given shape."""
        return self.frequency_response(shape, frequency_hz=AT_CARRIER, rng=rng)[..., 0]

    def frequency_response(self, shape: tuple[int, ...], *, frequency_hz: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """(*shape, S) draws of h at S frequencies, counted from the carrier."""
        if not shape or shape[-1] != self.num_antennas:
            raise ValueError(f"shape: got {shape}; needed is (..., {self.num_antennas}), an entry for each antenna")
        num_links = int(np.prod(shape)) // self.num_antennas
        with sionna_session(int(rng.integers(2**63))):
            from sionna.phy.channel.tr38901 import CDL

            line = CDL(
                self.profile.value,
                self.delay_spread_s,
                self.carrier_hz,
                ut_array=antenna_row(1, carrier_hz=self.carrier_hz),
                bs_array=antenna_row(self.num_antennas, carrier_hz=self.carrier_hz),
                direction="uplink",
                precision="double",
            )
            parts = [
                ofdm_response(line(links, 1, 1.0), frequency_hz)[:, 0, :, 0, 0, 0]
                for links in batches(num_links, num_subcarriers=len(frequency_hz) * self.num_antennas)
            ]
        return np.concatenate(parts).reshape(*shape, len(frequency_hz))

    def amplitude_quantile(self, probability: float) -> float:
        """The quantile at one antenna, by draws of its own that are always the same."""
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        return float(np.quantile(self._amplitudes, probability))

    @cached_property
    def _amplitudes(self) -> FloatArray:
        return np.abs(self.draw((QUANTILE_DRAWS, self.num_antennas), rng=np.random.default_rng(0)))


def _check_delay_line(line: SionnaTDL | SionnaCDL) -> None:
    require_sionna()
    check_member("profile", line.profile, TDLProfile)
    checked("delay_spread_s", line.delay_spread_s, low=0.0, high=MAX_DELAY_SPREAD_S)
    checked("carrier_hz", line.carrier_hz, low=0.5e9, high=100e9)


def antenna_row(num_antennas: int, *, carrier_hz: float) -> Any:
    """Sionna's array of omnidirectional, vertically polarised antennas in a row, half a wavelength apart."""
    from sionna.phy.channel.tr38901 import PanelArray

    return PanelArray(
        num_rows_per_panel=1,
        num_cols_per_panel=num_antennas,
        polarization="single",
        polarization_type="V",
        antenna_pattern="omni",
        carrier_frequency=carrier_hz,
        precision="double",
    )


def ofdm_response(impulse_response: tuple[Any, Any], frequency_hz: FloatArray) -> ComplexArray:
    """[batch, rx, rx antenna, tx, tx antenna, time, S] frequency response of what a Sionna channel returns."""
    import torch
    from sionna.phy.channel import cir_to_ofdm_channel

    amplitude, delay = impulse_response
    return cir_to_ofdm_channel(torch.as_tensor(frequency_hz), amplitude, delay).numpy()


def batches(num_links: int, *, num_subcarriers: int) -> Iterator[int]:
    """Sizes of batches that fit into memory and make up all links."""
    largest = max(1, min(MAX_BATCH, BATCH_VALUES // num_subcarriers))
    for start in range(0, num_links, largest):
        yield min(largest, num_links - start)
