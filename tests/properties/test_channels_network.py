"""Laws of networks, the channels that they draw, their processors and their noise."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import (
    CellChannel,
    ChannelKnowledge,
    Devices,
    GivenSNR,
    LargeScale,
    Network,
    Rayleigh,
    TappedDelayLine,
    TDLProfile,
    db_to_linear,
    draw_cpu_hz,
    thermal_noise_psd_w_per_hz,
)
from covered import law_of
from places import layouts
from strategies import counts, decade_arrays, decades, power_gains, refused, rngs, seeds

factors = st.sampled_from([2.0**-30, 2.0**30])


@st.composite
def networks(draw, *, flat=st.booleans(), knowledge=st.just(ChannelKnowledge()), alone=st.booleans()):
    """Networks with gains over 240 dB, of one or more antennas and subcarriers, with interference or without."""
    layout = draw(layouts(indoor=False))
    is_flat = draw(flat)
    taps = TappedDelayLine.tr38901(TDLProfile.C, delay_spread_s=1e-7)
    loss_db = -10.0 * np.log10(draw(power_gains((layout.num_cells, layout.num_clients))))
    return Network(
        layout=layout,
        large_scale=LargeScale(pathloss_db=loss_db, shadowing_db=np.zeros_like(loss_db), los=loss_db < 100.0),
        fading=Rayleigh() if is_flat else taps,
        bandwidth_hz=draw(decades(1e3, 1e9)),
        load=draw(st.floats(0.0, 0.99)),
        noise_psd_w_per_hz=draw(decades(1e-25, 1e-10)),
        client_power_w=draw(decade_arrays(layout.num_clients, 1e-6, 1e3)),
        station_power_w=draw(decade_arrays(layout.num_cells, 1e-6, 1e3)),
        devices=Devices(cpu_hz=draw(decade_arrays(layout.num_clients, 1e6, 1e10))),
        backhaul_rate_bps=1e8,
        backhaul_delay_s=0.01,
        num_antennas=1 if is_flat else draw(counts),
        num_subcarriers=1 if is_flat else draw(counts),
        knowledge=draw(knowledge),
        band_group=None if draw(alone) else np.zeros(layout.num_cells),
    )


@law_of(Network, CellChannel)
@given(network=networks(), num_draws=st.integers(1, 3), seed=seeds)
def test_cells_share_out_what_the_network_draws(network, num_draws, seed):
    state, again = (network.draw(num_draws, rng=np.random.default_rng(seed)) for _ in range(2))
    assert state.response.shape == (num_draws, network.num_clients, network.num_antennas, network.num_subcarriers)
    np.testing.assert_array_equal(state.response, again.response)
    assert len(state.cells) == network.num_cells
    for number, cell in enumerate(state.cells):
        clients = network.layout.clients_of(number)
        np.testing.assert_array_equal(cell.response, state.response[:, clients])
        np.testing.assert_array_equal(cell.mean_power_gain, network.mean_power_gain[clients])
        np.testing.assert_array_equal(cell.devices.cpu_hz, network.devices.cpu_hz[clients])
        assert cell.num_clients == len(clients)
        assert cell.is_known


@law_of(CellChannel, Network)
@given(network=networks(), seed=seeds)
def test_a_cell_s_gains_are_numbers_of_the_right_size(network, seed):
    for number, cell in enumerate(network.draw(2, rng=np.random.default_rng(seed)).cells):
        total = np.sum(np.abs(cell.response) ** 2, axis=-2)
        np.testing.assert_allclose(cell.power_gain, np.abs(cell.gain) ** 2, rtol=1e-9)
        np.testing.assert_array_equal(cell.estimated_power_gain, cell.power_gain)
        ratio = cell.power_gain / cell.mean_power_gain
        assert (ratio >= total.min(axis=-1) * (1.0 - 1e-6)).all()
        assert (ratio <= total.mean(axis=-1) * (1.0 + 1e-6)).all()
        assert (cell.broadcast_power_gain <= cell.mean_power_gain * total.mean(axis=-1) * (1.0 + 1e-6)).all()
        noise_w = network.noise_psd_w_per_hz * cell.bandwidth_hz
        assert cell.noise_power_w >= noise_w * (1.0 - 1e-12)
        assert (cell.client_noise_psd_w_per_hz >= network.noise_psd_w_per_hz).all()
        assert (cell.mean_sinr <= network.mean_snr[network.layout.clients_of(number)] * (1.0 + 1e-12)).all()


@law_of(CellChannel, Devices)
@given(network=networks(alone=st.just(True)), seed=seeds, data=st.data())
def test_a_cell_of_some_clients_is_what_they_are(network, seed, data):
    cell = max(network.draw(1, rng=np.random.default_rng(seed)).cells, key=lambda one: one.num_clients)
    chosen = np.array(data.draw(st.lists(st.sampled_from(range(cell.num_clients)), min_size=1, unique=True)))
    some = cell.of(chosen)
    assert some.is_known
    for name in ("power_gain", "estimated_power_gain", "broadcast_power_gain", "gain", "mean_sinr"):
        np.testing.assert_allclose(getattr(some, name), getattr(cell, name)[..., chosen], rtol=1e-12)
    assert some.devices.cpu_hz.tolist() == cell.devices.cpu_hz[chosen].tolist()


@law_of(Network)
@given(network=networks(), factor=factors, seed=seeds)
def test_units_of_power_do_not_matter(network, factor, seed):
    louder = dataclasses.replace(
        network,
        client_power_w=factor * network.client_power_w,
        station_power_w=factor * network.station_power_w,
        noise_psd_w_per_hz=factor * network.noise_psd_w_per_hz,
    )
    np.testing.assert_allclose(louder.mean_snr, network.mean_snr, rtol=1e-12)
    for ours, theirs in zip(*(n.draw(1, rng=np.random.default_rng(seed)).cells for n in (network, louder)), strict=True):
        np.testing.assert_allclose(theirs.mean_sinr, ours.mean_sinr, rtol=1e-9)
        np.testing.assert_allclose(theirs.power_gain, ours.power_gain, rtol=1e-9)


@law_of(Network)
@given(network=networks(alone=st.just(False)), seed=seeds)
def test_neighbours_only_add_noise(network, seed):
    quiet = dataclasses.replace(network, band_group=np.arange(network.num_cells))
    cells = zip(*(n.draw(1, rng=np.random.default_rng(seed)).cells for n in (network, quiet)), strict=True)
    for disturbed, alone in cells:
        assert disturbed.noise_psd_w_per_hz >= alone.noise_psd_w_per_hz
        assert (disturbed.client_noise_psd_w_per_hz >= alone.client_noise_psd_w_per_hz).all()
        np.testing.assert_allclose(alone.noise_psd_w_per_hz, network.noise_psd_w_per_hz, rtol=1e-12)


@law_of(Network, GivenSNR)
@given(network=networks(), snr_db=st.floats(-100.0, 100.0), rng=rngs)
def test_a_network_has_the_snr_that_is_given(network, snr_db, rng):
    given_snr = GivenSNR(
        mean_snr_db=snr_db,
        client_power_w=network.client_power_w,
        noise_psd_w_per_hz=network.noise_psd_w_per_hz,
        bandwidth_hz=network.bandwidth_hz[network.layout.serving_cell],
    )
    there = dataclasses.replace(network, large_scale=given_snr.draw(network.layout, carrier_hz=1e9, rng=rng))
    np.testing.assert_allclose(there.mean_snr, db_to_linear(snr_db), rtol=1e-9)


@law_of(Network)
@given(network=networks(flat=st.just(True)), low=st.floats(0.0, 0.99), high=st.floats(0.0, 0.99), seed=seeds)
def test_known_quantiles_rise(network, low, high, seed):
    low, high = sorted((low, high))
    lower, upper = (network.known_amplitude_quantile(p, rng=np.random.default_rng(seed)) for p in (low, high))
    assert lower <= upper
    assert lower == Rayleigh().amplitude_quantile(low)
    drawn = network.quantile(low, of=lambda cell: np.abs(cell.fading), rng=np.random.default_rng(seed), num_samples=2000)
    deviation = 6.0 * np.sqrt(0.25 / 2000.0)
    assert low - deviation <= -np.expm1(-(drawn**2)) <= low + deviation


@law_of(Network)
@given(network=networks(), client=counts)
def test_who_hears_nobody_is_named(network, client):
    deaf = np.array(network.large_scale.pathloss_db)
    number = client % network.num_clients
    deaf[:, number] = np.inf
    with pytest.raises(ValueError, match=rf"^large_scale: got no gain between client {number} "):
        dataclasses.replace(network, large_scale=dataclasses.replace(network.large_scale, pathloss_db=deaf))


@law_of(Network)
@given(network=networks(knowledge=st.just(ChannelKnowledge(pilot_snr_db=0.0))), rng=rngs)
def test_estimates_are_cut_like_channels(network, rng):
    for cell in network.draw(1, rng=rng).cells:
        assert not cell.is_known
        some = cell.of(np.arange(cell.num_clients)[:1])
        np.testing.assert_array_equal(some.estimated_response, cell.estimated_response[:, :1])
        assert np.isfinite(cell.estimated_power_gain).all()


@law_of(Devices)
@given(cpu_hz=counts.flatmap(lambda number: decade_arrays(number, 1.0, 1e12)), data=st.data())
def test_devices_are_chosen_one_by_one(cpu_hz, data):
    devices = Devices(cpu_hz=cpu_hz)
    chosen = data.draw(arrays(int, counts, elements=st.integers(0, len(cpu_hz) - 1)))
    assert devices.of(chosen).cpu_hz.tolist() == cpu_hz[chosen].tolist()


@law_of(draw_cpu_hz)
@given(num_clients=counts, low_hz=decades(1.0, 1e10), ratio=decades(1.0, 1e6), factor=factors, seed=seeds)
def test_clocks_are_between_their_bounds(num_clients, low_hz, ratio, factor, seed):
    def drawn(unit):
        return draw_cpu_hz(
            num_clients, min_cpu_hz=unit * low_hz, max_cpu_hz=unit * low_hz * ratio, rng=np.random.default_rng(seed)
        )

    cpu_hz = drawn(1.0)
    assert cpu_hz.shape == (num_clients,)
    assert ((cpu_hz >= low_hz) & (cpu_hz <= low_hz * ratio * (1.0 + 1e-12))).all()
    np.testing.assert_allclose(drawn(factor), factor * cpu_hz, rtol=1e-9)


@law_of(thermal_noise_psd_w_per_hz)
@given(figure_db=st.floats(0.0, 100.0), temperature_k=decades(1e-3, 1e6), factor=decades(1.0, 1e3))
def test_noise_is_proportional_to_temperature(figure_db, temperature_k, factor):
    def noise(figure_db, temperature_k):
        return thermal_noise_psd_w_per_hz(noise_figure_db=figure_db, temperature_k=temperature_k)

    at = noise(figure_db, temperature_k)
    np.testing.assert_allclose(noise(figure_db, factor * temperature_k), factor * at, rtol=1e-9)
    np.testing.assert_allclose(noise(0.0, temperature_k) * db_to_linear(figure_db), at, rtol=1e-9)
    with refused("noise_figure_db"):
        noise(-figure_db - 1e-9, temperature_k)
