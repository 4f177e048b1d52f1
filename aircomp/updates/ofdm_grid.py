"""The resource grid: which value rides on which subcarrier of which OFDM symbol, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp.updates.symbols import num_symbols, pack_symbols, unpack_symbols
from channels.arrays import ComplexArray, FloatArray, IntArray, check_count, checked
from channels.rates.numerology import RESOURCE_BLOCK_SUBCARRIERS, Numerology


@dataclass(frozen=True, kw_only=True)
class OFDMGrid:
    """Real vectors (..., d) on resource elements (..., T, S): T OFDM symbols of S subcarriers, two values an element.

    Values 2n and 2n + 1 are the parts of element n, which is on OFDM symbol n // S and subcarrier n % S. Values that follow
    each other so lie on different subcarriers, and a client silent on some of them loses only those values. Elements left over
    at the end of the last OFDM symbol are 0.

    Attributes:
        num_subcarriers: S.
        subcarrier_spacing_hz: Δf; without its prefix an OFDM symbol lasts 1/Δf.
        cyclic_prefix_s: >= 0.

    Source: Zhu, Wang, Huang 2019, "Broadband analog aggregation for low-latency federated edge learning", section II.

    >>> grid = OFDMGrid(num_subcarriers=2, subcarrier_spacing_hz=15e3, cyclic_prefix_s=5e-6)
    >>> grid.pack(np.arange(1.0, 8.0)).tolist()
    [[(1+2j), (3+4j)], [(5+6j), (7+0j)]]
    >>> grid.subcarriers(7).tolist()
    [0, 0, 1, 1, 0, 0, 1]
    """

    num_subcarriers: int
    subcarrier_spacing_hz: float
    cyclic_prefix_s: float

    def __post_init__(self) -> None:
        check_count("num_subcarriers", self.num_subcarriers)
        checked("subcarrier_spacing_hz", self.subcarrier_spacing_hz, low=0.0, open_low=True)
        checked("cyclic_prefix_s", self.cyclic_prefix_s, low=0.0)

    @classmethod
    def from_numerology(cls, numerology: Numerology, *, num_resource_blocks: int) -> OFDMGrid:
        """A 5G NR carrier: 12 subcarriers a resource block, and the mean prefix of a slot, so that 14 OFDM symbols fill it.

        Prefixes differ within half a millisecond: the mean is 1.6 % longer than the usual one, `numerology.cyclic_prefix_s`.

        Source: 3GPP TS 38.211 v17, sections 4.4.4.1 and 5.3.1.

        >>> grid = OFDMGrid.from_numerology(Numerology(index=1), num_resource_blocks=273)
        >>> grid.num_subcarriers, round(grid.symbol_s * 1e6, 3)
        (3276, 35.714)
        """
        check_count("num_resource_blocks", num_resource_blocks)
        return cls(
            num_subcarriers=RESOURCE_BLOCK_SUBCARRIERS * num_resource_blocks,
            subcarrier_spacing_hz=numerology.subcarrier_spacing_hz,
            cyclic_prefix_s=numerology.mean_symbol_s - numerology.useful_symbol_s,
        )

    @property
    def bandwidth_hz(self) -> float:
        """S·Δf, the band that the subcarriers fill; one sample a second for each hertz."""
        return self.num_subcarriers * self.subcarrier_spacing_hz

    @property
    def symbol_s(self) -> float:
        """OFDM symbol with its prefix."""
        return 1.0 / self.subcarrier_spacing_hz + self.cyclic_prefix_s

    @property
    def prefix_samples(self) -> int:
        """Whole samples, at the rate `bandwidth_hz`, that fit into the prefix."""
        return int(self.cyclic_prefix_s * self.bandwidth_hz * (1.0 + 1e-12))

    def num_ofdm_symbols(self, num_values: int) -> int:
        """T, the OFDM symbols that carry d real values, ceil(d/(2S))."""
        check_count("num_values", num_values)
        return -(-num_symbols(num_values) // self.num_subcarriers)

    def air_time_s(self, num_values: int) -> float:
        """T (1/Δf + prefix); for many values and no prefix d/(2B), that of `aircomp_uplink_latency_s`.

        >>> OFDMGrid(num_subcarriers=100, subcarrier_spacing_hz=1e4, cyclic_prefix_s=0.0).air_time_s(20_000)
        0.01
        """
        return self.num_ofdm_symbols(num_values) * self.symbol_s

    def subcarriers(self, num_values: int) -> IntArray:
        """(d,) the subcarrier of each value: indexed with it, whatever is (..., S) is (..., d)."""
        check_count("num_values", num_values)
        return np.arange(num_values) // 2 % self.num_subcarriers

    def pack(self, values: FloatArray) -> ComplexArray:
        """(..., d) real values as (..., T, S) resource elements."""
        symbols = pack_symbols(values)
        *batch, used = symbols.shape
        num_ofdm_symbols = self.num_ofdm_symbols(values.shape[-1])
        grid = np.zeros((*batch, num_ofdm_symbols * self.num_subcarriers), dtype=complex)
        grid[..., :used] = symbols
        return grid.reshape(*batch, num_ofdm_symbols, self.num_subcarriers)

    def unpack(self, grid: ComplexArray, num_values: int) -> FloatArray:
        """(..., d) the first values that the elements (..., T, S) carry; undoes `pack`.

        Raises:
            ValueError: if the grid has other subcarriers, or too few OFDM symbols.
        """
        needed = self.num_ofdm_symbols(num_values)
        if grid.ndim < 2 or grid.shape[-1] != self.num_subcarriers or grid.shape[-2] < needed:
            raise ValueError(f"grid: got shape {grid.shape}; needed is (..., at least {needed}, {self.num_subcarriers})")
        *batch, num_ofdm_symbols, num_subcarriers = grid.shape
        return unpack_symbols(grid.reshape(*batch, num_ofdm_symbols * num_subcarriers), num_values)
