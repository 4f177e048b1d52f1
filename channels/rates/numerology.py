"""5G NR numerology: what a carrier's bandwidth is in resource blocks and symbols, and what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, check_member, checked

RESOURCE_BLOCK_SUBCARRIERS = 12
BASIC_TIME_UNIT_S = 1.0 / (480e3 * 4096)  # Tc, TS 38.211 section 4.1


class FrequencyRange(Enum):
    """FR1 is 410 MHz to 7.125 GHz, FR2 is 24.25 GHz to 52.6 GHz (FR2-1 since release 17).

    The overhead is the share of resource elements that control and reference signals take.

    Source: 3GPP TS 38.101-1 table 5.1-1; TS 38.306 section 4.1.2.

    >>> FrequencyRange.FR1.downlink_overhead
    0.14
    """

    FR1 = "FR1"
    FR2 = "FR2"

    @property
    def downlink_overhead(self) -> float:
        return {"FR1": 0.14, "FR2": 0.18}[self.value]

    @property
    def uplink_overhead(self) -> float:
        return {"FR1": 0.08, "FR2": 0.10}[self.value]


_FR1_MHZ = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100)
_RESOURCE_BLOCKS = {  # N_RB by numerology index and channel bandwidth in MHz
    FrequencyRange.FR1: {
        0: dict(zip(_FR1_MHZ[:10], (25, 52, 79, 106, 133, 160, 188, 216, 242, 270), strict=True)),
        1: dict(zip(_FR1_MHZ, (11, 24, 38, 51, 65, 78, 92, 106, 119, 133, 162, 189, 217, 245, 273), strict=True)),
        2: dict(zip(_FR1_MHZ[1:], (11, 18, 24, 31, 38, 44, 51, 58, 65, 79, 93, 107, 121, 135), strict=True)),
    },
    FrequencyRange.FR2: {
        2: {50: 66, 100: 132, 200: 264},
        3: {50: 32, 100: 66, 200: 132, 400: 264},
    },
}


@dataclass(frozen=True, kw_only=True)
class Numerology:
    """Numerology μ of 5G NR with the normal cyclic prefix: subcarriers 15·2^μ kHz apart, slots of 14 symbols in 2^-μ ms.

    Attributes:
        index: μ, an integer from 0 to 4; 4 carries synchronisation signals only.

    Source: 3GPP TS 38.211 v17, tables 4.2-1 and 4.3.2-1, section 5.3.1.

    >>> Numerology(index=1).num_resource_blocks(100e6, frequency_range=FrequencyRange.FR1)
    273
    """

    index: int

    def __post_init__(self) -> None:
        if self.index not in range(5):
            raise ValueError(f"index: got {self.index}; allowed is an integer from 0 to 4")

    @property
    def subcarrier_spacing_hz(self) -> float:
        return 15e3 * 2**self.index

    @property
    def symbols_per_slot(self) -> int:
        return 14

    @property
    def slot_s(self) -> float:
        return 1e-3 / 2**self.index

    @property
    def useful_symbol_s(self) -> float:
        """Symbol without its cyclic prefix, one over the subcarrier spacing."""
        return 1.0 / self.subcarrier_spacing_hz

    @property
    def cyclic_prefix_s(self) -> float:
        """144·64·2^-μ Tc; the first symbol of each half millisecond has 16·64 Tc more."""
        return 144 * 64 * BASIC_TIME_UNIT_S / 2**self.index

    @property
    def mean_symbol_s(self) -> float:
        """Symbol with its cyclic prefix, averaged over a slot of mean length."""
        return self.slot_s / self.symbols_per_slot

    @property
    def useful_share(self) -> float:
        """Share of the time that is not cyclic prefix; of rates, what Δf symbols a second and subcarrier are not reached by.

        >>> round(Numerology(index=1).useful_share * 15.0, 12)
        14.0
        """
        return self.useful_symbol_s / self.mean_symbol_s

    def carrier_bandwidths_hz(self, frequency_range: FrequencyRange) -> tuple[float, ...]:
        """Channel bandwidths that carriers of this numerology have in a frequency range: FR1 has indices 0, 1, 2, and FR2 2, 3.

        >>> [hz / 1e6 for hz in Numerology(index=3).carrier_bandwidths_hz(FrequencyRange.FR2)]
        [50.0, 100.0, 200.0, 400.0]
        """
        return tuple(1e6 * megahertz for megahertz in self._carriers(frequency_range))

    def num_resource_blocks(self, bandwidth_hz: float, *, frequency_range: FrequencyRange) -> int:
        """Transmission bandwidth configuration N_RB: the resource blocks that fit between the guard bands of a channel.

        Args:
            bandwidth_hz: channel bandwidth, one of `carrier_bandwidths_hz`; another is an error that lists them.
            frequency_range: of the carrier.

        Source: 3GPP TS 38.101-1 v17 and TS 38.101-2 v17 (50 to 400 MHz), table 5.3.2-1 of each.
        """
        table = self._carriers(frequency_range)
        bandwidth_mhz = round(bandwidth_hz / 1e6, 6)  # so that a third of three is one
        if bandwidth_mhz not in table:
            carrier = f"{frequency_range.value} carrier at {self.subcarrier_spacing_hz / 1e3:g} kHz"
            raise ValueError(f"bandwidth_hz: got {bandwidth_hz:g}; allowed for an {carrier} is one of {list(table)} MHz")
        return table[int(bandwidth_mhz)]

    def _carriers(self, frequency_range: FrequencyRange) -> dict[int, int]:
        """Resource blocks by channel bandwidth in MHz."""
        check_member("frequency_range", frequency_range, FrequencyRange)
        tables = _RESOURCE_BLOCKS[frequency_range]
        if self.index not in tables:
            raise ValueError(f"index: got {self.index}; carriers of {frequency_range.value} have one of {sorted(tables)}")
        return tables[self.index]

    def occupied_bandwidth_hz(self, num_resource_blocks: ArrayLike) -> FloatArray:
        """Band 12·N_RB·Δf that the subcarriers fill, over which noise is received; less than the channel bandwidth.

        >>> float(Numerology(index=1).occupied_bandwidth_hz(273))
        98280000.0
        """
        blocks = checked("num_resource_blocks", num_resource_blocks, low=0.0)
        return blocks * RESOURCE_BLOCK_SUBCARRIERS * self.subcarrier_spacing_hz


def ofdm_rate_bps(snr: ArrayLike, *, numerology: Numerology, num_resource_blocks: ArrayLike, overhead: ArrayLike) -> FloatArray:
    """Rate 12·N_RB (1 - o)/T log2(1 + γ) in bit/s: Shannon's on each resource element that carries data, one layer.

    T is the mean symbol, cyclic prefix included. The SNR is that of a resource element: power over the noise of one
    subcarrier, or both over the same set of them.

    Args:
        snr: γ, linear SNR; for a frequency-selective channel the effective SNR.
        numerology: gives T.
        num_resource_blocks: N_RB >= 0.
        overhead: o in [0, 1), `FrequencyRange.downlink_overhead` or `uplink_overhead`.

    Source: 3GPP TS 38.306 section 4.1.2, with log2(1 + γ) in place of modulation order times code rate.

    >>> rate = ofdm_rate_bps(255.0, numerology=Numerology(index=1), num_resource_blocks=273, overhead=0.14)
    >>> float(rate.round(-4))
    631090000.0
    """
    snr = checked("snr", snr, low=0.0)
    blocks = checked("num_resource_blocks", num_resource_blocks, low=0.0)
    data_share = 1.0 - checked("overhead", overhead, low=0.0, high=1.0, open_high=True)
    elements_per_s = RESOURCE_BLOCK_SUBCARRIERS * blocks * data_share / numerology.mean_symbol_s
    return elements_per_s * np.log1p(snr) / np.log(2.0)
