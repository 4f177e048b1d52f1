"""One value per client, from the file to the client."""

import numpy as np
import pytest

import airfed
from channels import dbm_to_watt
from fl_models import Streams

SMALL = "[learning]\nrounds = 1\n[learning.model]\nhidden = 12\n"
SCHEME = '[[schemes]]\nname = "x"\nalgorithm = "hierarchical_fedavg"\nuplink = "tdma"\n'
NODES = "kind,x_m,y_m\nstation,0,0\nclient,100,0\nclient,0,200\n"


def scenario(network):
    return airfed.Scenario.from_toml(f"[network]\n{network}\n{SMALL}{SCHEME}")


def test_each_client_has_its_own_power_and_clock():
    keys = "clients_per_cell = 2\nnum_cells = 2\ncell_load = 0.0\nclient_power_dbm = [10.0, 13.0, 16.0, 23.0]\n"
    one = scenario(keys + "devices.cpu_hz = [1e8, 2e8, 3e8, 4e8]")
    network = one.network.build(Streams(seed=0))
    assert network.client_power_w == pytest.approx(dbm_to_watt(np.array([10.0, 13.0, 16.0, 23.0])))
    assert network.devices.cpu_hz.tolist() == [1e8, 2e8, 3e8, 4e8]
    assert airfed.Scenario.from_toml(one.to_toml()) == one
    assert scenario(keys + "devices.cpu_hz = 5e8").network.build(Streams(seed=0)).devices.cpu_hz.tolist() == [5e8] * 4


def test_slow_clocks_and_weak_powers_cost_time():
    keys = "clients_per_cell = 2\nnum_cells = 1\ncell_load = 0.0\n"
    usual, slow, weak = (
        airfed.run(scenario(keys + more), progress=False).histories[0].records[-1].cost
        for more in (
            "devices.cpu_hz = [1e8, 1e8]",
            "devices.cpu_hz = [1e8, 1e7]",
            "devices.cpu_hz = [1e8, 1e8]\nclient_power_dbm = [23.0, 0.0]",
        )
    )
    assert slow.compute_s == pytest.approx(10.0 * usual.compute_s)
    assert weak.uplink_s > usual.uplink_s


def test_given_snr_stays_what_it_is_whatever_the_power():
    keys = 'kind = "given_snr"\nclients_per_cell = 2\nmean_snr_db = [3.0, 6.0]\nclient_power_dbm = [10.0, 20.0]'
    network = scenario(keys).network.build(Streams(seed=0))
    assert 10.0 * np.log10(network.mean_snr) == pytest.approx([3.0, 6.0])
    assert network.client_power_w == pytest.approx([0.01, 0.1])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            "clients_per_cell = 2\nclient_power_dbm = [1.0, 2.0]",
            "network.client_power_dbm: got 2 values for 6 clients; allowed is one value per client or a single number",
        ),
        ("clients_per_cell = 1\ndevices.cpu_hz = [1e8]", "network.devices.cpu_hz: got 1 values for 3 clients"),
        ('kind = "poisson"\nclient_power_dbm = [1.0]', "client_power_dbm: got 1 values with kind = 'poisson'.*of clients is"),
        ("devices.cpu_hz = 1e8\ndevices.min_cpu_hz = 1e7", "min_cpu_hz: got 1e[+]07 with clocks given as cpu_hz"),
        (
            'devices.cpu_hz = "fast"',
            "devices.cpu_hz: got 'fast'; allowed is a number, 1000 to 1e12, or a list of such, or \"log_uniform\"",
        ),
        ("client_power_dbm = [1.0, -2.0]", "client_power_dbm.1: got -2.0; allowed is a number, 0 to 60"),
    ],
)
def test_what_does_not_fit_is_told(keys, message):
    with pytest.raises(airfed.ScenarioError, match=message):
        scenario(keys)


def test_clients_of_a_file_are_counted_when_it_is_read(tmp_path):
    (tmp_path / "nodes.csv").write_text(NODES)
    place = f'kind = "csv"\npath = "{tmp_path / "nodes.csv"}"\n'
    network = scenario(place + "client_power_dbm = [3.0, 6.0]").network.build(Streams(seed=0))
    assert network.client_power_w == pytest.approx(dbm_to_watt([3.0, 6.0]))
    with pytest.raises(airfed.ScenarioError, match=r"network.devices.cpu_hz: got 3 values for 2 clients"):
        airfed.Experiment.prepare(scenario(place + "devices.cpu_hz = [1e8, 1e8, 1e8]"))
