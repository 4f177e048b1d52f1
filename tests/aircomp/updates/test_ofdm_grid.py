"""The resource grid: nothing is lost on it, values lie where it says, and it takes as long as it must."""

import numpy as np
import pytest

from aircomp.updates.ofdm_grid import OFDMGrid
from channels import Numerology
from latency_opt import aircomp_uplink_latency_s

GRID = OFDMGrid(num_subcarriers=6, subcarrier_spacing_hz=15e3, cyclic_prefix_s=5e-6)


@pytest.mark.parametrize("num_values", [1, 2, 11, 12, 13, 24, 100])
def test_values_come_back_and_no_energy_is_lost(num_values):
    values = np.random.default_rng(0).standard_normal((2, 3, num_values))
    grid = GRID.pack(values)
    assert grid.shape == (2, 3, GRID.num_ofdm_symbols(num_values), 6)
    assert 12 * (grid.shape[-2] - 1) < num_values <= 12 * grid.shape[-2]
    np.testing.assert_array_equal(GRID.unpack(grid, num_values), values)
    np.testing.assert_allclose(np.sum(np.abs(grid) ** 2, axis=(-2, -1)), np.sum(values**2, axis=-1))


def test_elements_left_over_are_empty():
    grid = GRID.pack(np.ones(15))
    assert np.count_nonzero(grid) == 8
    np.testing.assert_array_equal(grid[1, 2:], 0.0)


def test_a_silent_subcarrier_loses_its_own_values_and_no_others():
    num_values = 29
    values = np.random.default_rng(1).standard_normal((4, num_values))
    active = np.random.default_rng(2).random((4, 6)) < 0.5
    heard = GRID.unpack(GRID.pack(values) * active[:, None, :], num_values)
    np.testing.assert_array_equal(heard, values * active[:, GRID.subcarriers(num_values)])
    # Values 2n and 2n + 1 lie on subcarrier n % S.
    assert GRID.subcarriers(num_values).tolist() == [(j // 2) % 6 for j in range(num_values)]


def test_air_time_counts_whole_ofdm_symbols_with_their_prefixes():
    assert GRID.bandwidth_hz == 90e3
    np.testing.assert_allclose(GRID.symbol_s, 1 / 15e3 + 5e-6, rtol=1e-14)
    np.testing.assert_allclose([GRID.air_time_s(d) for d in (1, 12, 13)], GRID.symbol_s * np.array([1, 1, 2]), rtol=1e-14)


def test_air_time_of_many_values_without_prefix_is_that_of_the_latency_model():
    bare = OFDMGrid(num_subcarriers=600, subcarrier_spacing_hz=15e3, cyclic_prefix_s=0.0)
    for num_values in (10**4, 10**6, 10**8 + 1):
        limit = float(aircomp_uplink_latency_s(num_values, bandwidth_hz=bare.bandwidth_hz))
        assert limit * (1 - 1e-12) <= bare.air_time_s(num_values) <= limit + bare.symbol_s


@pytest.mark.parametrize("index", [0, 1, 3])
def test_fourteen_symbols_of_a_5g_carrier_fill_its_slot(index):
    numerology = Numerology(index=index)
    grid = OFDMGrid.from_numerology(numerology, num_resource_blocks=24)
    np.testing.assert_allclose(grid.bandwidth_hz, numerology.occupied_bandwidth_hz(24))
    np.testing.assert_allclose(grid.air_time_s(14 * 2 * 12 * 24), numerology.slot_s, rtol=1e-13)
    np.testing.assert_allclose(grid.cyclic_prefix_s / numerology.cyclic_prefix_s, 1.0 + 32.0 / (14 * 144), rtol=1e-9)


@pytest.mark.parametrize(("prefix_s", "samples"), [(0.0, 0), (3 / 90e3, 3), (3.9 / 90e3, 3), (5e-6, 0)])
def test_whole_samples_of_the_prefix(prefix_s, samples):
    grid = OFDMGrid(num_subcarriers=6, subcarrier_spacing_hz=15e3, cyclic_prefix_s=prefix_s)
    assert grid.prefix_samples == samples


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_subcarriers": 0}, "num_subcarriers: got 0"),
        ({"num_subcarriers": 2.5}, "num_subcarriers: got 2.5"),
        ({"subcarrier_spacing_hz": 0.0}, "subcarrier_spacing_hz: got 0"),
        ({"cyclic_prefix_s": -1e-6}, "cyclic_prefix_s: got -1e-06"),
    ],
)
def test_bad_grids_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        OFDMGrid(**({"num_subcarriers": 6, "subcarrier_spacing_hz": 15e3, "cyclic_prefix_s": 0.0} | arguments))


def test_grids_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"grid: got shape \(2, 5\)"):
        GRID.unpack(np.zeros((2, 5), dtype=complex), 4)
    with pytest.raises(ValueError, match=r"needed is \(..., at least 3, 6\)"):
        GRID.unpack(np.zeros((2, 6), dtype=complex), 25)
    with pytest.raises(ValueError, match="num_values: got 0"):
        GRID.pack(np.zeros(0))
    with pytest.raises(ValueError, match="num_resource_blocks: got 0"):
        OFDMGrid.from_numerology(Numerology(index=0), num_resource_blocks=0)
