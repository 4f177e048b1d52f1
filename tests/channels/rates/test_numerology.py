import numpy as np
import pytest

from channels.rates.numerology import (
    BASIC_TIME_UNIT_S,
    RESOURCE_BLOCK_SUBCARRIERS,
    FrequencyRange,
    Numerology,
    ofdm_rate_bps,
)

FR1, FR2 = FrequencyRange.FR1, FrequencyRange.FR2
ALL = [Numerology(index=index) for index in range(5)]

# 3GPP TS 38.101-1 and TS 38.101-2, table 5.3.2-1, column by column: N_RB at 15, 30, 60 kHz, and at 60, 120 kHz.
FR1_COLUMNS = {
    5: (25, 11, None),
    10: (52, 24, 11),
    15: (79, 38, 18),
    20: (106, 51, 24),
    25: (133, 65, 31),
    30: (160, 78, 38),
    35: (188, 92, 44),
    40: (216, 106, 51),
    45: (242, 119, 58),
    50: (270, 133, 65),
    60: (None, 162, 79),
    70: (None, 189, 93),
    80: (None, 217, 107),
    90: (None, 245, 121),
    100: (None, 273, 135),
}
FR2_COLUMNS = {50: (66, 32), 100: (132, 66), 200: (264, 132), 400: (None, 264)}
CARRIERS = [
    (frequency_range, index, width, count)
    for frequency_range, columns, first in ((FR1, FR1_COLUMNS, 0), (FR2, FR2_COLUMNS, 2))
    for width, counts in columns.items()
    for index, count in enumerate(counts, start=first)
]


@pytest.mark.parametrize(("frequency_range", "index", "width", "count"), CARRIERS)
def test_resource_blocks_of_every_carrier(frequency_range, index, width, count):
    numerology = Numerology(index=index)
    if count is None:
        with pytest.raises(ValueError, match="bandwidth_hz: got"):
            numerology.num_resource_blocks(width * 1e6, frequency_range=frequency_range)
        return
    assert numerology.num_resource_blocks(width * 1e6, frequency_range=frequency_range) == count
    occupied = numerology.occupied_bandwidth_hz(count)
    # What is left is at least the guard bands of table 5.3.3-1, at most 21 % of the channel: 60 kHz in 10 MHz.
    assert 0.79 * width * 1e6 < occupied < 0.985 * width * 1e6


@pytest.mark.parametrize(
    ("frequency_range", "index", "width_mhz", "guard_khz"),  # TS 38.101-1 and TS 38.101-2, table 5.3.3-1
    [
        (FR1, 0, 50, 692.5),
        (FR2, 2, 50, 1210),
        (FR2, 2, 100, 2450),
        (FR2, 2, 200, 4930),
        (FR2, 3, 50, 1900),
        (FR2, 3, 100, 2420),
        (FR2, 3, 200, 4900),
        (FR2, 3, 400, 9860),
    ],
)
def test_guard_band_as_tabulated(frequency_range, index, width_mhz, guard_khz):
    numerology = Numerology(index=index)
    count = numerology.num_resource_blocks(width_mhz * 1e6, frequency_range=frequency_range)
    guard_hz = (width_mhz * 1e6 - numerology.occupied_bandwidth_hz(count) - numerology.subcarrier_spacing_hz) / 2.0
    assert guard_hz == pytest.approx(guard_khz * 1e3, rel=1e-12)


def test_other_widths_are_an_error_that_lists_those_that_are():
    with pytest.raises(
        ValueError, match=r"bandwidth_hz: got 7e\+06; allowed .* FR2 carrier at 120 kHz .* \[50, 100, 200, 400\] MHz"
    ):
        Numerology(index=3).num_resource_blocks(7e6, frequency_range=FR2)
    with pytest.raises(ValueError, match=r"index: got 4; carriers of FR2 have one of \[2, 3\]"):
        Numerology(index=4).num_resource_blocks(100e6, frequency_range=FR2)
    for index in (-1, 5, 1.5):
        with pytest.raises(ValueError, match="index: got .*; allowed is an integer from 0 to 4"):
            Numerology(index=index)


def test_durations_of_the_first_numerology():
    first = ALL[0]
    assert first.subcarrier_spacing_hz == 15e3
    assert first.slot_s == 1e-3
    assert first.useful_symbol_s == pytest.approx(66.667e-6, abs=1e-9)
    assert first.cyclic_prefix_s == pytest.approx(4.6875e-6, rel=1e-12)
    assert first.mean_symbol_s == pytest.approx(71.429e-6, abs=1e-9)


@pytest.mark.parametrize("numerology", ALL)
def test_symbols_fill_the_millisecond(numerology):
    """Two symbols of a millisecond have a cyclic prefix longer by 16·64 Tc (TS 38.211 section 5.3.1)."""
    symbols = numerology.symbols_per_slot * 2**numerology.index
    ordinary = symbols * (numerology.useful_symbol_s + numerology.cyclic_prefix_s)
    assert ordinary + 2 * 16 * 64 * BASIC_TIME_UNIT_S == pytest.approx(1e-3, rel=1e-12)
    assert symbols * numerology.mean_symbol_s == pytest.approx(1e-3, rel=1e-12)
    assert numerology.useful_symbol_s == pytest.approx(2048 * 64 * BASIC_TIME_UNIT_S / 2**numerology.index, rel=1e-12)


def test_overhead():
    assert (FR1.downlink_overhead, FR2.downlink_overhead) == (0.14, 0.18)
    assert (FR1.uplink_overhead, FR2.uplink_overhead) == (0.08, 0.10)


def test_peak_rate_of_ts_38_306():
    bits = 8 * 948 / 1024
    rate = ofdm_rate_bps(2.0**bits - 1.0, numerology=ALL[1], num_resource_blocks=273, overhead=FR1.downlink_overhead)
    assert rate == pytest.approx(1e6 * 1e-6 * bits * 273 * 12 / (1e-3 / (14 * 2**1)) * (1 - 0.14), rel=1e-12)
    assert rate == pytest.approx(584.3e6, abs=0.05e6)


def test_rate_is_below_shannon_by_prefix_and_overhead():
    snr, blocks = np.logspace(-3, 5, 9), np.array([[1.0], [51.0]])
    for numerology in ALL:
        rate = ofdm_rate_bps(snr, numerology=numerology, num_resource_blocks=blocks, overhead=0.1)
        shannon = numerology.occupied_bandwidth_hz(blocks) * np.log2(1.0 + snr)
        np.testing.assert_allclose(rate / shannon, 0.9 * 14 / 15, rtol=1e-12)
    assert RESOURCE_BLOCK_SUBCARRIERS == 12


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="overhead: got 1; allowed is a finite number >= 0 and < 1"):
        ofdm_rate_bps(1.0, numerology=ALL[0], num_resource_blocks=25, overhead=1.0)
    with pytest.raises(ValueError, match="num_resource_blocks: got -1"):
        ALL[0].occupied_bandwidth_hz(-1)


def test_a_third_of_a_band_is_a_carrier():
    """As with three groups of cells that reuse a band."""
    third = Numerology(index=1).num_resource_blocks(1.0 / 3.0 * 30e6 * (1.0 + 1e-15), frequency_range=FrequencyRange.FR1)
    assert third == 24
    assert Numerology(index=1).carrier_bandwidths_hz(FrequencyRange.FR1)[:2] == (5e6, 10e6)
