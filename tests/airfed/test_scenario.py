import tomllib

import pytest

from airfed import Experiment, Scenario, ScenarioError
from airfed.scenario_schema import allowed_range, node_at
from airfed.scenario_summary import summary
from airfed.toml_value import toml_value


def test_default_scenario_is_the_main_job():
    scenario = Scenario()
    network, learning = scenario.network, scenario.learning
    assert (network.num_cells, network.clients_per_cell, network.cell_radius_m) == (3, 20, 250.0)
    assert (network.carrier_hz, network.bandwidth_hz, network.client_power_dbm) == (3.5e9, 10e6, 23.0)
    assert (network.propagation.kind, network.fading.kind, network.noise_figure_db) == ("uma", "rayleigh", 7.0)
    assert network.devices.max_cpu_hz / network.devices.min_cpu_hz == 8.0
    assert len(set(network.cell_load)) == 3
    assert (learning.model.hidden, learning.edge_rounds, learning.local_steps) == (300, 5, 5)
    assert len(scenario.schemes) == 5


def test_written_scenarios_read_back_the_same():
    scenario = Scenario.from_toml(
        """
        name = "other one"
        seed = 5
        [network]
        num_cells = 1
        cell_load = 0.25
        bandwidth_hz = 12345678.9
        fading = { kind = "rician", k_factor_db = 3.3 }
        propagation = { kind = "log_distance", exponent = 3.1 }
        [learning.model]
        kind = "softmax_regression"
        [[schemes]]
        name = 'quotes " and unicode ü'
        algorithm = { kind = "hierarchical_fedavg" }
        uplink = { kind = "aircomp", transceiver = { kind = "channel_inversion" } }
        """
    )
    for each in (scenario, Scenario()):
        assert Scenario.from_toml(each.to_toml()) == each
        tomllib.loads(each.to_toml())


def test_every_key_of_the_default_file_has_a_comment():
    lines = Scenario().to_toml().splitlines()
    before_schemes = lines[: lines.index("[[schemes]]")]
    for above, line in zip(["", *before_schemes], before_schemes, strict=False):
        if "=" in line.split("#")[0]:
            assert "#" in line or above.startswith("#"), line


def test_what_is_left_out_is_as_in_the_default():
    scenario = Scenario.from_toml("[network]\nnoise_figure_db = 9.0\n[learning.model]\nhidden = 50")
    assert scenario.network.noise_figure_db == 9.0
    assert scenario.network.num_cells == 3
    assert scenario.learning.model.hidden == 50


BAD = [
    ("foo = 1", "foo: unknown key with value 1; known keys here: name, seed"),
    (
        "[network]\nnum_cell = 3",
        "network.num_cell: unknown key with value 3; did you mean num_cells? All keys: airfed",
    ),
    ("[learning]\nround = 3", "learning.round: unknown key with value 3; did you mean rounds or edge_rounds? All keys: airfed"),
    ("[network]\nclients_per_cell = 0", "network.clients_per_cell: got 0; allowed is an integer, 1 to 100000"),
    ("[network]\nclient_power_dbm = -3", "network.client_power_dbm: got -3; allowed is a number, 0 to 60"),
    ("[network]\nstation_power_dbm = -0.1", "network.station_power_dbm: got -0.1; allowed is a number, 0 to 80"),
    ("[network]\ncell_load = [0.1, 2.0, 0.1]", "network.cell_load.1: got 2.0; allowed is a number, 0 to 0.99"),
    ("[network]\ncell_load = 1.2", "network.cell_load: got 1.2; allowed is a number, 0 to 0.99"),
    ("[network]\ncell_load = [0.1]", "network.cell_load: got 1 values for num_cells = 3; allowed is one value per cell"),
    ("[network]\ncarrier_hz = nan", "network.carrier_hz: got nan; allowed is a number, 5e8 to 1e11"),
    ("[network]\ncarrier_hz = inf", "network.carrier_hz: got inf; allowed is a number, 5e8 to 1e11"),
    ("[network]\nmin_distance_m = 5", "network.min_distance_m: got 5; allowed is at least 10"),
    ("[network]\ncell_radius_m = 30", "network.min_distance_m: got 35; allowed is 0 to 23.38"),
    ("[network]\nfading = 3", 'network.fading: got 3; allowed is a table with a kind of "moving_rayleigh" or "nakagami"'),
    (
        '[network]\nfading = { kind = "x" }',
        'network.fading.kind: got \'x\'; allowed is one of "moving_rayleigh", "nakagami", "one_ring", "rayleigh"',
    ),
    (
        '[network]\nfading = { kind = "rician", k_factor_db = 99 }',
        "network.fading.k_factor_db: got 99; allowed is a number, -30 to 60",
    ),
    (
        "[network.devices]\nmin_cpu_hz = 1e9",
        "network.devices.min_cpu_hz: got 1e+09 with max_cpu_hz = 4e+08; allowed is at most",
    ),
    ("network = 3", 'network: got 3; allowed is a table with a kind of "csv" or "disc" or "given_snr"'),
    ("[learning]\nrounds = 2.5", "learning.rounds: got 2.5; allowed is an integer, 1 to 1e6"),
    ('[learning]\nrounds = "many"', "learning.rounds: got 'many'; allowed is an integer, 1 to 1e6"),
    ("[learning.model]\nhidden = 2", "network.num_cells: got 3 with learning.model.hidden = 2; allowed is 1 to 2"),
    ('[learning.model]\nkind = "softmax_regression"', "schemes.2.algorithm: got hist with learning.model of kind"),
    ("schemes = []", "schemes: got []; allowed is a list of 1 to 20 tables"),
    ("schemes = [3]", "schemes.0: got 3; allowed is a table with the keys name, algorithm, uplink"),
    ('[[schemes]]\nname = "x"', "schemes.0.algorithm: missing; needed is a table with a kind of"),
    ("target_accuracy = 1.2", "target_accuracy: got 1.2; allowed is a number, above 0 to below 1"),
    ("seed = -1", "seed: got -1; allowed is an integer, 0 to 4294967295"),
    ('name = "../x"', "name: got '../x'; allowed is 1 to 60 letters"),
    ("a =", "not valid TOML"),
    ("seed = " + "9" * 5000, "not valid TOML"),
    ("x = " + "[" * 3000, "not valid TOML"),
    ("[network]\nnum_cells = true", "network.num_cells: got True; allowed is an integer, 1 to 1000"),
    ('[learning]\nrounds = "2"', "learning.rounds: got '2'; allowed is an integer, 1 to 1e6"),
    ('"a\\nb" = 1', "'a\\nb': unknown key"),
    (
        "[network.fading]\nk_factor_db = 3",
        "network.fading.k_factor_db: unknown key with value 3; known keys here: kind, antenna_correlation (of kind",
    ),
    (
        "[network]\nclients_per_cell = 500",
        "learning.split.min_samples: got 3 for each of 1500 clients, 4500 in all; allowed is at most 1437 in all",
    ),
    (
        '[[schemes]]\nname = "cost $5"\nalgorithm = { kind = "hist" }\nuplink = { kind = "ofdma" }',
        "schemes.0.name: got 'cost $5'; allowed is 1 to 60 Latin or Greek characters",
    ),
    (
        '[[schemes]]\nname = "x"\nalgorithm = { kind = "hist" }\n'
        'uplink = { kind = "aircomp", transceiver = { kind = "truncated_inversion", participation = 1.2 } }',
        "schemes.0.uplink.transceiver.participation: got 1.2; allowed is a number, 0.001 to 0.999",
    ),
    (
        '[[schemes]]\nname = "x"\nalgorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma" }\n'
        '[[schemes]]\nname = "x"\nalgorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma" }',
        "schemes.1.name: got 'x' a second time",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text.replace("\n", " ")[:40] for text, _ in BAD])
def test_bad_scenarios_name_key_value_and_range(text, message):
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_toml(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ScenarioError, match="missing.toml: cannot be read: No such file"):
        Scenario.load(tmp_path / "missing.toml")
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        Scenario.load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe4"')
    with pytest.raises(ScenarioError, match="not UTF-8 text: byte 8 is 0xe4"):
        Scenario.load(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(ScenarioError, match="cannot be read: larger than 1000000 bytes"):
        Scenario.load(tmp_path / "large.toml")


def test_scenarios_that_cannot_be_met_are_told_before_anything_runs():
    uneven = Scenario.from_toml("[learning]\nclient_concentration = 0.001\nmin_samples = 10")
    with pytest.raises(ScenarioError, match="learning.split.over_clients.concentration: got 0.001; in 1000 draws"):
        Experiment.prepare(uneven)


def test_schema_says_what_is_allowed():
    schema = Scenario.model_json_schema()
    assert allowed_range(node_at(schema, ["learning", "selection"])) == (
        'a table with a kind of "everybody" or "uniform_count" or "uniform_share"'
    )
    assert allowed_range(node_at(schema, ["schemes", 0, "uplink", "ofdma", "bandwidth"])) == '"equal" or "optimal"'
    assert node_at(schema, ["network", "nothing"]) is None


def test_memory_that_is_not_there_is_told(monkeypatch):
    def build(*_):
        raise MemoryError("Unable to allocate 1 TiB")

    scenario = Scenario()
    monkeypatch.setattr(type(scenario.network), "build", build)
    for prepare in (Experiment.prepare, summary):
        with pytest.raises(ScenarioError, match="scenario 'default' needs more memory than there is: Unable to allocate 1 TiB"):
            prepare(scenario)


def test_toml_values():
    assert toml_value([True, 1, 1.0, 0.1, 1e-28, 'a"b\n']) == '[true, 1, 1.0, 0.1, 1e-28, "a\\"b\\n"]'
    assert toml_value([float("inf"), -float("inf"), float("nan")]) == "[inf, -inf, nan]"
    with pytest.raises(TypeError, match="got NoneType, which TOML cannot hold"):
        toml_value(None)
