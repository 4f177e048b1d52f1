import dataclasses

import numpy as np
import pytest

from channels import Devices, FreeSpace, draw_cpu_hz


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
        assert part.noise_power_w == pytest.approx(network.noise_psd_w_per_hz * part.bandwidth_hz)


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
