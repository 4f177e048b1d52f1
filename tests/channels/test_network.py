import dataclasses

import numpy as np
import pytest

from channels import (
    ChannelKnowledge,
    CorrelatedRayleigh,
    Devices,
    Estimator,
    FreeSpace,
    LargeScale,
    Rayleigh,
    TappedDelayLine,
    TDLProfile,
    draw_cpu_hz,
    exponential_correlation,
    shannon_rate_bps,
)


@pytest.fixture
def network(make_network):
    return dataclasses.replace(
        make_network(3, 4),
        bandwidth_hz=np.array([1e6, 2e6, 3e6]),
        load=np.array([0.0, 0.1, 0.2]),
        client_power_w=np.linspace(0.1, 0.2, 12),
    )


def test_a_cell_sees_its_own_part(network):
    state = network.draw(5, rng=np.random.default_rng(1))
    for cell in range(3):
        part, clients = state.cells[cell], network.layout.clients_of(cell)
        assert part.num_clients == 4
        np.testing.assert_array_equal(part.fading, state.response[:, clients, 0, 0])
        np.testing.assert_array_equal(part.estimate, part.fading)
        np.testing.assert_allclose(np.abs(part.gain) ** 2, part.power_gain)
        np.testing.assert_allclose(part.power_gain, np.abs(part.fading) ** 2 * part.mean_power_gain)
        np.testing.assert_array_equal(part.broadcast_power_gain, part.power_gain)
        np.testing.assert_array_equal(part.client_power_w, network.client_power_w[clients])
        np.testing.assert_array_equal(part.devices.cpu_hz, network.devices.cpu_hz[clients])
        assert part.bandwidth_hz == (cell + 1) * 1e6
        assert part.load == pytest.approx(0.1 * cell)
        np.testing.assert_allclose(part.noise_power_w, network.noise_psd_w_per_hz * part.bandwidth_hz)


def test_mean_snr_is_received_power_over_noise_in_the_band(network):
    snr = network.mean_snr
    client = 7  # in the second cell
    expected = network.client_power_w[client] * network.large_scale.power_gain[1, client] / (network.noise_psd_w_per_hz * 2e6)
    assert snr[client] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("bandwidth_hz", np.array([1e6, -1.0, 1e6]), r"bandwidth_hz: got -1 at index \(1,\)"),
        ("bandwidth_hz", np.ones(4), "bandwidth_hz: got shape"),
        ("load", np.array(1.0), "load: got 1"),
        ("client_power_w", 0.0, "client_power_w: got 0"),
        ("noise_psd_w_per_hz", np.nan, "noise_psd_w_per_hz: got nan"),
        ("devices", Devices(cpu_hz=np.ones(3)), "devices.cpu_hz: got shape"),
        ("num_antennas", 0, "num_antennas: got 0"),
        ("num_antennas", 2.5, "num_antennas: got 2.5; allowed is an integer >= 1"),
        ("band_group", np.zeros(2), "band_group: got shape"),
        ("num_subcarriers", 4, "num_subcarriers: got 4 with flat fading"),
        (
            "large_scale",
            LargeScale(**dict.fromkeys(("pathloss_db", "shadowing_db", "los"), np.zeros(12))),
            "large_scale: got shape",
        ),
        (
            "large_scale",
            LargeScale(pathloss_db=np.full((3, 12), np.inf), shadowing_db=np.zeros((3, 12)), los=np.zeros((3, 12), dtype=bool)),
            "large_scale: got no gain between client 0 and its station",
        ),
    ],
)
def test_bad_networks_say_what_is_wrong(network, field, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(network, **{field: value})


def test_processors_spread_over_the_range():
    clocks = draw_cpu_hz(20_000, min_cpu_hz=1e8, max_cpu_hz=8e8, rng=np.random.default_rng(0))
    assert clocks.min() >= 1e8
    assert clocks.max() <= 8e8
    log = np.log(clocks / 1e8) / np.log(8.0)
    assert abs(log.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(log))


def test_free_space_network_has_everybody_in_sight(network):
    drawn = FreeSpace().draw(network.layout, carrier_hz=3.5e9, rng=np.random.default_rng(0))
    assert drawn.los.all()


def test_subcarriers_need_bands_of_one_width(network):
    taps = TappedDelayLine.tr38901(TDLProfile.A, delay_spread_s=1e-7)
    with pytest.raises(ValueError, match="bands of different widths"):
        dataclasses.replace(network, fading=taps, num_subcarriers=4)


def wide(make_network, **changes):
    taps = TappedDelayLine.tr38901(TDLProfile.C, delay_spread_s=3e-7)
    return dataclasses.replace(make_network(3, 4), fading=taps, num_subcarriers=16, num_antennas=4, **changes)


def test_the_flat_channel_has_the_rate_of_all_antennas_and_subcarriers(make_network):
    network = wide(make_network)
    for cell in network.draw(6, rng=np.random.default_rng(0)).cells:
        assert cell.response.shape == (6, 4, 4, 16)
        received_w = cell.client_power_w * cell.mean_power_gain
        power = np.sum(np.abs(cell.response) ** 2, axis=-2)  # maximum-ratio combining
        snr = received_w[:, None] * power / cell.noise_power_w
        rate = cell.bandwidth_hz * np.log2(1.0 + snr).mean(axis=-1)
        flat = shannon_rate_bps(
            cell.bandwidth_hz, gain_power_w=cell.client_power_w * cell.power_gain, noise_psd_w_per_hz=cell.noise_psd_w_per_hz
        )
        np.testing.assert_allclose(flat, rate, rtol=1e-9)
        # Downlink: all antennas send to all at once, so there is no gain from combining.
        spread = np.mean(np.abs(cell.response) ** 2, axis=-2)
        snr = (40.0 * cell.mean_power_gain / (cell.client_noise_psd_w_per_hz * cell.bandwidth_hz))[:, None] * spread
        rate = cell.bandwidth_hz * np.log2(1.0 + snr).mean(axis=-1)
        flat = shannon_rate_bps(
            cell.bandwidth_hz, gain_power_w=40.0 * cell.broadcast_power_gain, noise_psd_w_per_hz=cell.client_noise_psd_w_per_hz
        )
        np.testing.assert_allclose(flat, rate, rtol=1e-9)


def test_one_subcarrier_is_the_channel_at_the_carrier(make_network):
    network = dataclasses.replace(make_network(1, 3), num_antennas=2)
    state = network.draw(5, rng=np.random.default_rng(1))
    expected = Rayleigh().draw((5, 3, 2), rng=np.random.default_rng(1))
    np.testing.assert_array_equal(state.response[..., 0], expected)
    np.testing.assert_allclose(np.abs(state.cells[0].fading) ** 2, np.sum(np.abs(expected) ** 2, axis=-1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_antennas": 4},
        {"num_subcarriers": 8, "fading": TappedDelayLine.tr38901(TDLProfile.C, delay_spread_s=1e-6)},
        {"knowledge": ChannelKnowledge(pilot_snr_db=-10.0)},
        {"knowledge": ChannelKnowledge(pilot_snr_db=-10.0, estimator=Estimator.LEAST_SQUARES)},
    ],
)
def test_thresholds_let_through_the_share_that_they_are_asked_for(make_network, changes):
    """Whatever antennas, subcarriers and estimators make of the fading."""
    network = dataclasses.replace(make_network(2, 6), **changes)
    for probability in (0.1, 0.5):
        threshold = network.known_amplitude_quantile(probability, rng=np.random.default_rng(5))
        state = network.draw(2000, rng=np.random.default_rng(6))
        below = np.concatenate([np.abs(cell.estimate) < threshold for cell in state.cells], axis=1)
        spread = np.sqrt(probability * (1 - probability) * (1 / below.size + 1 / 50_000))
        assert abs(below.mean() - probability) < 4 * spread


def test_fading_must_fit_the_antennas(make_network):
    fading = CorrelatedRayleigh(correlation=exponential_correlation(4, coefficient=0.5))
    with pytest.raises(ValueError, match="num_antennas: got 1 with fading at 4; needed is the same number"):
        dataclasses.replace(make_network(1, 4), fading=fading)


def test_antennas_that_fade_alike_gain_array_but_no_diversity(make_network):
    """Both have 8 times the mean power; the spread of it is 1/8 for independent antennas and 1 for identical ones."""
    for coefficient, spread in ((0.0, 1 / 8), (1.0, 1.0)):
        fading = CorrelatedRayleigh(correlation=exponential_correlation(8, coefficient=coefficient))
        network = dataclasses.replace(make_network(1, 1), fading=fading, num_antennas=8)
        power = np.abs(network.draw(20_000, rng=np.random.default_rng(2)).cells[0].fading[:, 0]) ** 2
        assert abs(power.mean() - 8.0) < 4 * power.std() / np.sqrt(len(power))
        assert power.var() / 64 == pytest.approx(spread, rel=0.1)


def test_transceivers_get_the_estimate_and_the_air_the_truth(make_network):
    network = make_network(1, 5)
    unsure = dataclasses.replace(network, knowledge=ChannelKnowledge(pilot_snr_db=0.0))
    sure_cell, unsure_cell = (n.draw(2000, rng=np.random.default_rng(3)).cells[0] for n in (network, unsure))
    np.testing.assert_array_equal(unsure_cell.fading, sure_cell.fading)  # the same draws
    error = np.abs(unsure_cell.estimate - unsure_cell.fading) ** 2
    assert abs(error.mean() - 0.5) < 4 * error.std() / np.sqrt(error.size)


def test_cells_on_one_band_disturb_each_other(make_network):
    network = make_network(3, 4)
    together = dataclasses.replace(network, band_group=np.zeros(3, dtype=int))
    some = dataclasses.replace(network, band_group=np.array([0, 1, 0]))
    gain, power = network.large_scale.power_gain, network.client_power_w
    for cell in range(3):
        others = [other for other in range(3) if other != cell]
        alone, among, apart = (n.draw(1, rng=np.random.default_rng(4)).cells[cell] for n in (network, together, some))
        assert alone.noise_psd_w_per_hz == network.noise_psd_w_per_hz
        heard_w = sum(np.sum((gain * power)[cell, network.layout.clients_of(other)]) for other in others)
        np.testing.assert_allclose(among.noise_psd_w_per_hz, network.noise_psd_w_per_hz + heard_w / 10e6)
        clients = network.layout.clients_of(cell)
        heard_w = sum(40.0 * gain[other, clients] for other in others)
        np.testing.assert_allclose(among.client_noise_psd_w_per_hz, network.noise_psd_w_per_hz + heard_w / 10e6)
        if cell == 1:
            assert apart.noise_psd_w_per_hz == alone.noise_psd_w_per_hz
        else:
            assert alone.noise_psd_w_per_hz < apart.noise_psd_w_per_hz < among.noise_psd_w_per_hz
