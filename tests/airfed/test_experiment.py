import dataclasses

import numpy as np
import pandas as pd
import pytest

import airfed
from airfed.folder_lock import FolderInUse
from airfed.results_folder import ResultsFolder

SMALL = airfed.Scenario.from_toml(
    "target_accuracy = 0.3\n[network]\nclients_per_cell = 3\n[learning]\nrounds = 3\n[learning.model]\nhidden = 9"
)


def test_run_returns_histories_and_a_table(tmp_path):
    result = airfed.run(SMALL, progress=False)
    assert [history.scheme for history in result.histories] == [scheme.name for scheme in SMALL.schemes]
    assert len(result.table) == 5
    frame = result.to_frame()
    assert len(frame) == 5 * 4
    (tmp_path / "s.toml").write_text(SMALL.to_toml())
    pd.testing.assert_frame_equal(airfed.run(tmp_path / "s.toml", progress=False).to_frame(), frame)


def test_a_network_of_ones_own_takes_the_place_of_the_scenarios(make_network):
    network = make_network(2, 5)
    result = airfed.run(SMALL, network=network, progress=False)
    assert len(result.histories[2].cell_parameters) == 2
    # The path losses of this network, not the scenario's, decide the time: quieter clients are later.
    quiet = dataclasses.replace(network, client_power_w=network.client_power_w / 10.0)
    slower = airfed.run(SMALL, network=quiet, progress=False)
    assert slower.histories[0].records[-1].time_s > result.histories[0].records[-1].time_s


def test_a_station_that_serves_nobody_is_told(make_network):
    network = make_network(3, 4)
    crowded = dataclasses.replace(network, layout=network.layout.served_by(np.minimum(network.layout.serving_cell, 1)))
    with pytest.raises(airfed.ScenarioError, match="network: cell 2 serves no client; leave out stations that serve nobody"):
        airfed.run(SMALL, network=crowded, progress=False)


def test_schemes_share_network_data_model_and_draws():
    experiment = airfed.Experiment.prepare(SMALL)
    first = experiment.trainings[0]
    for training in experiment.trainings:
        assert training.network is first.network
        assert training.task is first.task
        assert training.streams == first.streams
    starts = [next(iter(training.rounds(1))) for training in experiment.trainings]
    assert len({(record.test_accuracy, record.test_loss) for record in starts}) == 1


def test_a_scheme_does_not_depend_on_the_others():
    """Alone or after four others: the same history."""
    together = airfed.run(SMALL, progress=False).histories[-1]
    alone = airfed.run(SMALL.model_copy(update={"schemes": SMALL.schemes[-1:]}), progress=False).histories[0]
    assert alone.to_frame().to_csv() == together.to_frame().to_csv()


@pytest.mark.parametrize(
    ("scheme", "check"),
    [
        (
            'algorithm = { kind = "hist", partition = { kind = "training_latency", imbalance_price = 5.0 } }\n'
            'uplink = { kind = "ofdma" }',
            "finite",
        ),
        ('algorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma", bits_per_parameter = 8 }', "quarter"),
        *(
            (f'algorithm = {{ kind = "hierarchical_fedavg" }}\nuplink = {{ kind = "aircomp", {keys} }}', "finite")
            for keys in (
                'transceiver = { kind = "channel_inversion" }',
                'transceiver = { kind = "full_power" }, scaling = "standardized"',
                'transceiver = { kind = "optimal_power_control" }, scaling = "root_mean_square"',
                'transceiver = { kind = "regularized_inversion" }',
                'transceiver = { kind = "least_error" }, beamformer = "difference_of_convex"',
            )
        ),
    ],
)
def test_every_kind_of_scheme_runs(scheme, check):
    text = SMALL.to_toml().split("[[schemes]]")[0] + f'[[schemes]]\nname = "x"\n{scheme}\n'
    history = airfed.run(airfed.Scenario.from_toml(text), progress=False).histories[0]
    assert history.records[-1].test_loss < history.records[0].test_loss
    if check == "quarter":
        plain = airfed.run(SMALL, progress=False).histories[0]
        assert history.records[-1].uplink_bits == plain.records[-1].uplink_bits / 4


@pytest.mark.parametrize(
    "network",
    ['propagation = { kind = "free_space" }', 'propagation = { kind = "log_distance" }', 'fading = { kind = "rician" }'],
)
def test_every_kind_of_channel_runs(network):
    text = f"[network]\nclients_per_cell = 2\n{network}\n[learning]\nrounds = 1\n[learning.model]\nhidden = 6"
    for history in airfed.run(airfed.Scenario.from_toml(text), progress=False).histories:
        assert np.isfinite(history.records[-1].time_s)


def test_results_folder_keeps_what_it_had_when_a_write_fails(tmp_path, monkeypatch):
    with ResultsFolder.open(tmp_path / "a/b") as folder:
        folder.write("history.csv", b"old")
        monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            folder.write("history.csv", b"new")
        assert [path.name for path in folder.path.iterdir()] == ["history.csv"]
        assert (folder.path / "history.csv").read_bytes() == b"old"


def test_results_folder_is_cleared_only_when_asked_to(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with ResultsFolder.open(tmp_path) as folder:
        folder.write("history.csv", b"old")
    with ResultsFolder.open(tmp_path) as again:
        assert again.held == ["history.csv"]
        assert (tmp_path / "history.csv").read_bytes() == b"old"
        again.clear()
        assert again.held == []
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_results_folder_is_one_process_at_a_time_and_tidied_up(tmp_path):
    """What a process that was killed within a write left behind goes, and nothing else that begins with a dot."""
    for name in (".history.csv.abcd_012", ".history.csv.swp", ".notes.abcd_012"):
        (tmp_path / name).write_text("half a")
    with ResultsFolder.open(tmp_path):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".history.csv.swp", ".notes.abcd_012"]
        with pytest.raises(FolderInUse, match="another process is at it"), ResultsFolder.open(tmp_path):
            pass
    with ResultsFolder.open(tmp_path):
        pass


def test_a_folder_where_a_result_goes_is_told_before_anything_is_removed(tmp_path):
    (tmp_path / "history.csv").mkdir()
    (tmp_path / "scenario.toml").write_text("mine")
    with pytest.raises(IsADirectoryError, match="history.csv in it is a folder"), ResultsFolder.open(tmp_path):
        pass
    assert (tmp_path / "scenario.toml").read_text() == "mine"
