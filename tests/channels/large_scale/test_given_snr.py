"""A network without places: its SNR is the one that was asked for."""

from dataclasses import replace

import numpy as np
import pytest

from channels import Devices, GivenSNR, LogDistance, Network, Rayleigh, unplaced_layout


def network(mean_snr_db, *, sizes=(3, 2), **changes):
    layout = unplaced_layout(sizes)
    radio = {"client_power_w": 0.2, "noise_psd_w_per_hz": 1e-20, "bandwidth_hz": 5e6} | changes
    given = GivenSNR(mean_snr_db=mean_snr_db, **radio)
    return Network(
        layout=layout,
        large_scale=given.draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(0)),
        fading=Rayleigh(),
        load=np.array(0.0),
        station_power_w=np.array(20.0),
        devices=Devices(cpu_hz=np.full(layout.num_clients, 1e8)),
        backhaul_rate_bps=np.array(1e8),
        backhaul_delay_s=np.array(0.0),
        **radio,
    )


def test_mean_snr_is_as_asked_for():
    wanted_db = np.array([-10.0, -5.0, 0.0, 5.0, 30.0])
    assert 10 * np.log10(network(wanted_db).mean_snr) == pytest.approx(wanted_db)
    assert 10 * np.log10(network(-5.0).mean_snr) == pytest.approx(np.full(5, -5.0))


def test_noise_power_and_band_make_no_difference_to_it():
    for changes in ({"noise_psd_w_per_hz": 1e-18}, {"client_power_w": 1.0}, {"bandwidth_hz": 1e9}):
        assert network(3.0, **changes).mean_snr == pytest.approx(np.full(5, 10**0.3))


def test_received_snr_over_fading_has_that_mean():
    cell = network(0.0).draw(20_000, rng=np.random.default_rng(1)).cells[0]
    snr = cell.client_power_w * cell.power_gain / cell.noise_power_w
    assert abs(snr.mean() - 1.0) < 4 / np.sqrt(60_000)  # exponential, with deviation 1


def test_nothing_arrives_from_other_cells():
    alone = network(0.0)
    shared = replace(alone, band_group=np.zeros(2, dtype=int))
    for one, other in zip(
        alone.draw(1, rng=np.random.default_rng(0)).cells,
        shared.draw(1, rng=np.random.default_rng(0)).cells,
        strict=True,
    ):
        assert one.noise_psd_w_per_hz == other.noise_psd_w_per_hz
        assert (one.client_noise_psd_w_per_hz == other.client_noise_psd_w_per_hz).all()


def test_models_that_need_distances_refuse():
    with pytest.raises(ValueError, match="distance_m: got 0"):
        LogDistance().draw(unplaced_layout([2]), carrier_hz=3.5e9, rng=np.random.default_rng(0))


@pytest.mark.parametrize("sizes", [[], [[1, 2]], [1.5], [0]])
def test_bad_sizes_are_told(sizes):
    with pytest.raises(ValueError, match="cell_sizes: got"):
        unplaced_layout(sizes)


def test_one_value_for_each_client():
    with pytest.raises(ValueError, match="mean_snr_db: got shape \\(2,\\)"):
        network([1.0, 2.0])
