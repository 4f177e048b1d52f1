"""The command line as a user meets it: exit codes, messages, files."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

SMALL = """
name = "small"
target_accuracy = 0.3
[network]
clients_per_cell = 3
[learning]
rounds = 4
step_size = 0.1
[learning.model]
hidden = 9
"""
EXACT = """
[[schemes]]
name = "exact"
algorithm = { kind = "hierarchical_fedavg" }
uplink = { kind = "ofdma" }
"""
NOISY = """
[[schemes]]
name = "noisy"
algorithm = { kind = "hist" }
uplink = { kind = "aircomp" }
"""
FILES = [
    "accuracy_vs_time.pdf",
    "accuracy_vs_time.png",
    "accuracy_vs_uplink.pdf",
    "accuracy_vs_uplink.png",
    "history.csv",
    "round_latency.pdf",
    "round_latency.png",
    "scenario.toml",
    "summary.json",
]


def airfed(*arguments, cwd, **options):
    command = [sys.executable, "-W", "error", "-m", "airfed", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_leaves_everything(small, tmp_path):
    done = airfed("run", small, "--out", "there", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bar where nobody watches
    table = done.stdout.splitlines()
    for heading in ("scheme", "final accuracy", "seconds to 30 %", "uplink Mbit/client", "energy J/client", "speed-up"):
        assert heading in table[0]
    assert len(table) == 2 + 5 + 2 + 2
    folder = tmp_path / "there"
    assert names(folder) == FILES
    history = pd.read_csv(folder / "history.csv")
    assert len(history) == 5 * (4 + 1)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["seed"] == 0
    assert {"airfed", "numpy", "python"} <= set(summary["versions"])
    assert [row["scheme"] for row in summary["schemes"]] == list(history["scheme"].unique())
    whole, *_, over_the_air = summary["schemes"]
    assert whole["cell_parameters"] == [9 * 75 + 10] * 3
    assert sum(over_the_air["cell_parameters"]) == 9 * 75 + 3 * 10
    for name in ("accuracy_vs_time.png", "accuracy_vs_uplink.png", "round_latency.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert (folder / name).stat().st_size < 300_000
    parts = history[[f"round_{part}_s" for part in ("compute", "uplink", "downlink", "backhaul")]].sum(axis=1)
    pd.testing.assert_series_equal(parts, history["round_latency_s"], check_names=False)

    # The scenario as run runs again, to the same bytes.
    again = airfed("run", folder / "scenario.toml", "--out", "again", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again/history.csv").read_bytes() == (folder / "history.csv").read_bytes()
    assert (tmp_path / "again/scenario.toml").read_bytes() == (folder / "scenario.toml").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")
def test_progress_is_shown_on_a_terminal_and_not_if_quiet(tmp_path, on_a_terminal):
    (tmp_path / "small.toml").write_text(SMALL.replace("rounds = 4", "rounds = 1") + EXACT)
    assert "100%" in on_a_terminal("run", "small.toml", cwd=tmp_path)
    assert on_a_terminal("run", "small.toml", "--force", "--quiet", cwd=tmp_path) == ""


def test_results_are_not_overwritten_without_force(small, tmp_path):
    assert airfed("run", small, cwd=tmp_path).returncode == 0
    folder = tmp_path / "results/small"
    (folder / "notes.txt").write_text("mine")
    before = {name: (folder / name).read_bytes() for name in FILES}
    refused = airfed("run", small, cwd=tmp_path)
    assert refused.returncode == 2
    assert "already holds results" in refused.stderr
    assert "--force" in refused.stderr
    assert {name: (folder / name).read_bytes() for name in FILES} == before
    assert airfed("run", small, "--force", cwd=tmp_path).returncode == 0
    assert (folder / "notes.txt").read_text() == "mine"

    # A forced run that completes no scheme leaves the older results alone, and so does one on the results' own scenario.
    before = {name: (folder / name).read_bytes() for name in FILES}
    wild = SMALL.replace("step_size = 0.1", "step_size = 1000.0") + NOISY
    small.write_text(wild)
    assert airfed("run", small, "--force", cwd=tmp_path).returncode == 1
    own = airfed("run", folder / "scenario.toml", "--force", cwd=tmp_path)
    assert own.returncode == 2
    assert "holds the scenario file itself" in own.stderr
    assert {name: (folder / name).read_bytes() for name in FILES} == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo = 1", ["foo", "1", "known keys"]),
        ("[network]\nclient_power_dbm = -23", ["network.client_power_dbm", "-23", "0 to 60"]),
        ("[network]\nclients_per_cell = 0", ["network.clients_per_cell", "0", "1 to 100000"]),
        ("[learning.model]\nhidden = 2", ["network.num_cells", "3", "1 to 2"]),
        (
            '[[schemes]]\nname = "x"\nalgorithm = { kind = "hierarchical_fedavg" }\n'
            'uplink = { kind = "aircomp", transceiver = { kind = "truncated_inversion", participation = 1.2 } }',
            ["participation", "1.2", "0.001 to 0.999"],
        ),
        ("a = = 3", ["not valid TOML", "line 1"]),
        ("[network]\nclients_per_cell = 500", ["min_samples", "4500", "at most 1437"]),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(tmp_path, text, words):
    (tmp_path / "bad.toml").write_text(text)
    done = airfed("run", "bad.toml", "--out", "there", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert not (tmp_path / "there").exists()


def test_missing_and_unreadable_files(tmp_path):
    for name in ("missing.toml", "."):
        done = airfed("run", name, cwd=tmp_path)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
        assert "cannot be read" in done.stderr


def test_out_that_is_a_file(small, tmp_path):
    (tmp_path / "there").write_text("mine")
    done = airfed("run", small, "--out", "there", cwd=tmp_path)
    assert done.returncode == 2
    assert "--out there: cannot be written" in done.stderr
    assert (tmp_path / "there").read_text() == "mine"


def test_init_writes_a_scenario_that_runs(tmp_path):
    done = airfed("init", "my.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "my.toml").read_text()
    (tmp_path / "my.toml").write_text(text.replace("rounds = 60", "rounds = 1"))
    refused = airfed("init", "my.toml", cwd=tmp_path)
    assert refused.returncode == 2
    assert "exists already" in refused.stderr
    assert airfed("run", "my.toml", cwd=tmp_path).returncode == 0
    nowhere = airfed("init", "nowhere/my.toml", cwd=tmp_path)
    assert nowhere.returncode == 2
    assert "nowhere/my.toml: cannot be written: there is no folder nowhere; make it first" in nowhere.stderr


def test_diverging_training_is_told_and_keeps_what_was_done(tmp_path):
    """With a huge step the air's noise, which grows with the updates, feeds on itself."""
    (tmp_path / "wild.toml").write_text(SMALL.replace("step_size = 0.1", "step_size = 1000.0") + EXACT + NOISY)
    done = airfed("run", "wild.toml", "--out", "there", cwd=tmp_path)
    assert done.returncode == 1
    # In which of them single precision overflows is up to the noise.
    assert re.search("training diverged in round [12] with step_size 1000", done.stderr.splitlines()[-1])
    assert "scheme 'noisy'" in done.stderr.splitlines()[-1]
    assert "1 complete schemes are kept, and the " in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert names(tmp_path / "there") == ["history.csv", "scenario.toml"]
    kept = pd.read_csv(tmp_path / "there/history.csv").groupby("scheme").size()
    assert kept["exact"] == 5
    assert kept["noisy"] == int(re.search(r"the (\d) records of this one", done.stderr).group(1)) in (1, 2)
    before = (tmp_path / "there/history.csv").read_bytes()
    (tmp_path / "there/history.csv").write_text("older")
    assert (
        airfed("run", "wild.toml", "--out", "there", "--force", cwd=tmp_path).stderr.splitlines()[-1]
        == (done.stderr.splitlines()[-1])
    )
    assert (tmp_path / "there/history.csv").read_bytes() == before


def test_an_energy_budget_that_a_fade_exceeds_is_told_and_keeps_what_was_done(tmp_path):
    poor = EXACT.replace('name = "exact"', 'name = "poor"').replace('"ofdma"', '"joint_ofdma", energy_budget_j = 1e-9')
    (tmp_path / "poor.toml").write_text(SMALL + EXACT + poor)
    done = airfed("run", "poor.toml", "--out", "there", cwd=tmp_path)
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert re.search("scheme 'poor': round 1: cell 0: energy_budget_j: .* needs more than .*; 1 complete schemes", told)
    assert "Traceback" not in done.stderr
    assert names(tmp_path / "there") == ["history.csv", "scenario.toml"]


def limit_files_to(num_bytes):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))

    return limit


@pytest.mark.skipif(os.name != "posix", reason="file-size limits are POSIX's")
def test_a_full_disk_leaves_whole_files(small, tmp_path):
    """Writes beyond 50 kB fail as on a full disk: figures cannot be written, everything before them stays whole."""
    done = airfed("run", small, "--out", "there", cwd=tmp_path, preexec_fn=limit_files_to(50_000))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "go on with: airfed run --resume there" in done.stderr.splitlines()[-1]
    assert names(tmp_path / "there") == ["checkpoint", "history.csv", "scenario.toml", "summary.json"]
    assert len(pd.read_csv(tmp_path / "there/history.csv")) == 25
    json.loads((tmp_path / "there/summary.json").read_text())
    assert airfed("run", "--resume", "there", cwd=tmp_path).returncode == 0
    assert names(tmp_path / "there") == FILES


def hear_ctrl_c():
    """Even if whoever runs the tests does not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_ctrl_c_leaves_whole_files(tmp_path):
    """Interrupted once the first scheme is on disk: its history is whole and nothing half written lies about."""
    (tmp_path / "long.toml").write_text(SMALL.replace("rounds = 4", "rounds = 150"))
    command = [sys.executable, "-m", "airfed", "run", "long.toml", "--out", "there"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=tmp_path, preexec_fn=hear_ctrl_c, **pipes)
    history = tmp_path / "there/history.csv"
    deadline = time.monotonic() + 60
    while not history.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted" in errors.splitlines()[-1]
    assert "go on with: airfed run --resume there" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert set(names(tmp_path / "there")) <= {*FILES, "checkpoint"}
    assert len(pd.read_csv(history)) % 151 == 0


def test_help_and_nonsense(tmp_path):
    assert "run" in airfed("--help", cwd=tmp_path).stdout
    assert airfed("--version", cwd=tmp_path).stdout.startswith("airfed 0.")
    assert airfed("nonsense", cwd=tmp_path).returncode == 2
