"""Sweeps as a user meets them: the same results wherever they are computed, whatever ends them on the way."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest
from threadpoolctl import threadpool_info
from typer.testing import CliRunner

import airfed
from airfed.cli import app
from airfed.sweeps import BackendError, FolderInUse, Grid, OtherSweep, RayCluster, SweepFolder, SweptKey, ThisMachine, run_sweep
from airfed.sweeps.outcome import MEASURES, computed, versions

SMALL = """
name = "small"
target_accuracy = 0.3
[network]
num_cells = 2
clients_per_cell = 2
cell_load = 0.0
[learning]
rounds = 2
edge_rounds = 2
step_size = 0.3
[learning.model]
hidden = 8
[[schemes]]
name = "bits"
algorithm = { kind = "hierarchical_fedavg" }
uplink = { kind = "ofdma" }
[[schemes]]
name = "air"
algorithm = { kind = "hist" }
uplink = { kind = "aircomp" }
"""
OVER = ("network.bandwidth_hz=5e6,10e6,20e6", "learning.local_steps=1,5")
SEEDS = 10
POINTS = 3 * 2 * SEEDS
RESULTS = ("figure.pdf", "figure.png", "figure.svg", "points", "summary.csv", "sweep.json", "table.csv", "table.parquet")


def command(*arguments):
    over = [word for key in OVER for word in ("--over", key)]
    return [sys.executable, "-m", "airfed", "sweep", "small.toml", *over, "--seeds", str(SEEDS), "--out", "there", *arguments]


def sweep(cwd, *arguments):
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def sweep_here(*arguments):
    """The command in this process."""
    return CliRunner().invoke(app, ["sweep", "small.toml", "--out", "there", *arguments])


def content(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(scope="module")
def grid():
    return Grid(scenario=airfed.Scenario.from_toml(SMALL), keys=tuple(SweptKey.parse(text) for text in OVER), num_seeds=SEEDS)


@pytest.fixture(scope="module")
def serial(grid, tmp_path_factory):
    """The folder of the sweep as one process computes it, point after point."""
    path = tmp_path_factory.mktemp("serial") / "there"
    over = {key.key: key.values for key in grid.keys}
    airfed.sweep(grid.scenario, over=over, seeds=SEEDS, out=path, backend=ThisMachine(num_processes=1), progress=False)
    return path


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to run commands in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path


def same(folder, serial):
    """Whether a folder holds the serial result to the bit: points, tables, everything."""
    found = content(folder)
    expected = content(serial)
    assert len(expected) == POINTS + 4
    assert {name: found.get(name) for name in expected} == expected
    assert {name.split("/")[0] for name in found} == set(RESULTS)
    return True


def started(cwd, output):
    """The command on two processes, in the background, in a process group of its own."""

    def hear_ctrl_c():
        """Even if whoever runs the tests does not."""
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with (cwd / output).open("w") as file:
        return subprocess.Popen(
            command("--jobs", "2"), cwd=cwd, stdout=file, stderr=file, start_new_session=True, preexec_fn=hear_ctrl_c
        )


def wait_for_points(process, folder, number):
    points = folder / "points"
    while process.poll() is None and len(list(points.glob("*.json"))) < number:
        time.sleep(0.005)
    assert process.poll() is None, "done too soon"


# --- on this machine ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_killed_half_way_and_started_again_it_loses_nothing(here, serial, on_a_terminal):
    """Killed with SIGKILL, which no process can answer, then ended with Ctrl-C, as a terminal sends it to all processes, then
    left to finish: what was done stays as it was, and the whole is the serial result to the bit.
    """
    folder = here / "there"
    process = started(here, "killed.txt")
    wait_for_points(process, folder, POINTS // 3)
    process.kill()
    process.wait(timeout=60)
    done = {file.name: file.stat().st_mtime_ns for file in folder.glob("points/[0-9]*.json")}
    assert POINTS // 3 <= len(done) < POINTS
    kept = {name: file for name, file in content(folder / "points").items() if not name.startswith(".")}  # half written
    assert kept == {name: (serial / "points" / name).read_bytes() for name in done}
    assert not (folder / "table.csv").exists()

    (folder / "points/.00059.json.abc").write_text("half")  # as left when killed within a write
    process = started(here, "interrupted.txt")
    wait_for_points(process, folder, len(done) + 5)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    text = (here / "interrupted.txt").read_text()
    assert "Traceback" not in text
    assert "Warning" not in text
    kept = len(list(folder.glob("points/*.json")))
    assert f"interrupted; {kept} of {POINTS} points are done and kept in there" in text.splitlines()[-1]

    shown = on_a_terminal(*command("--jobs", "2")[3:], cwd=here)
    assert f"{kept}/{POINTS}" in shown  # the bar begins where it was
    assert same(folder, serial)
    assert done == {name: (folder / "points" / name).stat().st_mtime_ns for name in done}


def test_damaged_files_are_recognised_and_computed_again(here, serial):
    folder = here / "there"
    (folder / "points").mkdir(parents=True)
    for name, file in content(serial).items():
        (folder / name).write_bytes(file)
    points = folder / "points"
    (points / "00003.json").write_bytes((points / "00003.json").read_bytes()[:-30])
    text = (points / "00011.json").read_text()
    digit = next(place for place, mark in enumerate(text) if mark == "7" and text[place - 1].isdecimal())
    (points / "00011.json").write_text(text[:digit] + "8" + text[digit + 1 :])
    (points / "00020.json").write_bytes((points / "00021.json").read_bytes())
    (points / "00030.json").write_bytes(b"\xff\x00")
    (points / "00031.json").write_text("[1]")
    done = sweep(here, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    names = "00003.json, 00011.json, 00020.json, 00030.json, 00031.json"
    assert f"damaged files of points, which are computed again: {names}" in done.stderr
    assert same(folder, serial)
    assert done.stdout.split()[:7] == ["bandwidth_hz", "local_steps", "scheme", "reached", "seconds", "to", "30"]
    assert sum(f"of {SEEDS}" in line for line in done.stdout.splitlines()) == 3 * 2 * 2


def test_the_folder_of_another_sweep_is_refused(grid, serial, tmp_path):
    before = content(serial)

    def refused(message, **changes):
        given = {"scenario": grid.scenario, "keys": grid.keys, "num_seeds": SEEDS} | changes
        with pytest.raises(OtherSweep) as caught, SweepFolder.open(serial, Grid(**given), overwrite=False):
            pass
        assert message in str(caught.value)

    other = grid.scenario.model_copy(update={"target_accuracy": 0.5})
    refused("holds another sweep: scenario.target_accuracy is 0.3 there and 0.5 here", scenario=other)
    refused("holds another sweep: seeds is [0, 1, 2", num_seeds=3)
    refused("holds another sweep: over.0.values", keys=(SweptKey.parse("network.bandwidth_hz=5e6,10e6"), grid.keys[1]))
    refused("holds another sweep: over.0.key is 'network.bandwidth_hz' there", keys=grid.keys[::-1])
    assert content(serial) == before

    (tmp_path / "table.csv").write_text("mine")
    with pytest.raises(OtherSweep, match="holds table.csv, but no sweep.json that says of what"):
        airfed.sweep(grid.scenario, over={}, out=tmp_path, progress=False)
    assert (tmp_path / "table.csv").read_text() == "mine"
    with SweepFolder.open(tmp_path, grid, overwrite=True) as folder:
        assert folder.outcomes() == ({}, [])
        assert not (tmp_path / "table.csv").exists()


def test_other_packages_are_another_sweep(grid, serial, tmp_path):
    about = json.loads((serial / "sweep.json").read_text())
    assert about["versions"] == versions()
    about["versions"]["numpy"] = "1.0"
    (tmp_path / "sweep.json").write_text(json.dumps(about))
    with pytest.raises(OtherSweep, match="versions.numpy is '1.0' there"), SweepFolder.open(tmp_path, grid, overwrite=False):
        pass
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(OtherSweep, match="cannot be read"), SweepFolder.open(tmp_path, grid, overwrite=False):
        pass


def test_one_process_at_a_time(grid, tmp_path):
    with (
        SweepFolder.open(tmp_path, grid, overwrite=False),
        pytest.raises(FolderInUse, match="another process is at it"),
        SweepFolder.open(tmp_path, grid, overwrite=True),
    ):
        pass
    with SweepFolder.open(tmp_path, grid, overwrite=False):
        pass


def test_what_a_worker_without_the_same_packages_finds_is_not_taken(grid):
    class OldWorkers:
        def run(self, task, items):
            for item in items:
                yield replace(task(item), versions=versions() | {"numpy": "1.0"})

    one = Grid(scenario=grid.scenario, num_seeds=1)
    with pytest.raises(BackendError, match="a worker has numpy 1.0 and this process"):
        run_sweep(one, backend=OldWorkers(), progress=False)


def test_a_run_by_itself_finds_the_same(grid, serial):
    """A point is what `airfed.run` finds for its scenario, on all processors."""
    table = pd.read_parquet(serial / "table.parquet")
    point = grid.points[37]
    rows = table[(table["network.bandwidth_hz"] == 10e6) & (table["learning.local_steps"] == 5) & (table["seed"] == 7)]
    assert point.labels == (10e6, 5)
    assert point.scenario.seed == 7
    expected = airfed.run(point.scenario, progress=False).table
    pd.testing.assert_frame_equal(rows[list(MEASURES)].reset_index(drop=True), expected[list(MEASURES)])


def test_a_sweep_takes_a_name():
    with pytest.raises(airfed.ScenarioError, match="did you mean client_power_dbm"):
        airfed.sweep("rural", over={"network.client_power_dbmm": [20.0]})
    with pytest.raises(airfed.ScenarioError, match="neither a file nor a named scenario; did you mean rural"):
        airfed.sweep("rurral", over={})


def test_training_that_diverges_is_an_outcome(tmp_path):
    """With a huge step the air's noise, which grows with the updates, feeds on itself; bits go on."""
    scenario = airfed.Scenario.from_toml(SMALL)
    over = {"learning.step_size": [0.3, 1000.0], "network.clients_per_cell": [6]}
    result = airfed.sweep(scenario, over=over, seeds=1, out=tmp_path, backend=ThisMachine(num_processes=1), progress=False)
    wild = result.table.set_index(["learning.step_size", "scheme"]).loc[(1000.0, "air")]
    assert wild["outcome"] == "diverged"
    assert wild[list(MEASURES)].isna().all()
    assert (result.summary["diverged"] == [0, 0, 0, 1]).all()
    assert not result.failures


def test_a_point_that_cannot_be_met_is_told_and_not_kept(here):
    """Clients served by the strongest station leave one without any on some seeds."""
    over = ("--over", 'network.association="cell","strongest"', "--over", "network.clients_per_cell=1")
    done = sweep_here(*over, "--seeds", "8", "--jobs", "1")
    summary = pd.read_csv(here / "there/summary.csv")
    failed = 8 - summary.groupby("network.association")["seeds"].first()
    assert failed["cell"] == 0
    assert 0 < failed["strongest"] < 8
    assert done.exit_code == 1
    message = done.stderr.splitlines()[-1]
    assert f"{failed['strongest']} of 16 points failed and are in no table: point" in message
    assert "is the strongest of no client" in message
    assert len(list((here / "there/points").iterdir())) == 16 - failed["strongest"]


def test_a_target_that_nobody_reached_is_told(here):
    """The figure has no times then, and shows something else."""
    (here / "small.toml").write_text(SMALL.replace("target_accuracy = 0.3", "target_accuracy = 0.99"))
    done = sweep_here("--over", "network.bandwidth_hz=5e6,10e6", "--seeds", "1", "--jobs", "1")
    assert done.exit_code == 0
    words = "airfed: no scheme reached the target on any seed; the figure shows final test accuracy in place of time"
    assert done.stderr.splitlines() == [words]


def test_points_that_all_fail_leave_no_figure(here):
    (here / "small.toml").write_text('[network]\nkind = "csv"\npath = "none.csv"\n')
    two = ("--over", "learning.local_steps=1,2", "--over", "learning.edge_rounds=1,2")
    done = sweep_here(*two, "--seeds", "1", "--jobs", "1")
    assert done.exit_code == 1
    assert done.stderr.startswith("airfed: 4 of 4 points failed")
    assert not (here / "there/figure.png").exists()
    assert (here / "there/summary.csv").exists()


def test_a_bar_is_for_who_watches_and_wants_one(here, monkeypatch):
    options = ("--over", "network.bandwidth_hz=5e6", "--seeds", "1", "--jobs", "1", "--force")
    assert "100%" not in sweep_here(*options).stderr
    monkeypatch.setattr("airfed.sweep_cli.progress_wanted", lambda *, quiet: not quiet)
    assert "100%" in sweep_here(*options).stderr
    assert "100%" not in sweep_here(*options, "--quiet").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--over", "network.client_power_dbm=17.0,99.0"), "network.client_power_dbm: got 99.0; allowed is a number, 0 to 60"),
        (("--over", "network.client_power_dbm"), "got 'network.client_power_dbm'; needed is KEY=VALUE,VALUE,..."),
        (("--seeds", "0"), "seeds: got 0 with seed = 0; allowed is an integer, 1 to"),
        (("--address", "tcp://127.0.0.1:1"), "--address: got tcp://127.0.0.1:1 with --backend joblib"),
        (("--backend", "ray", "--jobs", "2"), "--jobs: got 2 with --backend ray, whose cluster decides"),
    ],
)
def test_wrong_commands_are_one_message_and_nothing_runs(here, arguments, message):
    done = sweep_here(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"airfed: {message}") or f": {message}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (here / "there").exists()


def test_workers_have_one_thread_each():
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    assert list(ThisMachine(num_processes=2).run(os.getenv, names)) == ["1"] * 3


def test_threads_of_one_process_take_turns(grid, serial):
    """As in a Dask worker of several threads, where one that is done would lift the limit on threads from the others."""
    before = threads_of_libraries()
    points = grid.points[::7]
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(computed, points))
    assert threads_of_libraries() == before
    with SweepFolder.open(serial, grid, overwrite=False) as folder:
        kept, _ = folder.outcomes()
    assert [repr(outcome) for outcome in outcomes] == [repr(kept[point.index]) for point in points]


def threads_of_libraries():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


def test_a_worker_that_dies_is_told():
    with pytest.raises(BackendError, match="one of 2 processes ended before its point was done"):
        list(ThisMachine(num_processes=2).run(os._exit, [1, 1]))


# --- on clusters -------------------------------------------------------------------------------------------------------------

CLUSTERS = {
    "dask": """
from distributed import LocalCluster
cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
print(cluster.scheduler_address, flush=True)
input()
cluster.close()
""",
    "ray": """
import ray
ray.init("local", num_cpus=2, include_dashboard=False)
print(ray.get_runtime_context().gcs_address, flush=True)
input()
ray.shutdown()
""",
}


@pytest.fixture
def cluster(request, monkeypatch):
    """The address of a cluster of two workers, which lives as long as the process that started it, until its input ends."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")  # Ray lets in who has the same
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    script = subprocess.Popen([sys.executable, "-c", CLUSTERS[request.param]], **pipes)
    yield request.param, script.stdout.readline().strip()
    script.communicate("\n", timeout=60)


ON_CLUSTERS = pytest.mark.parametrize(
    "cluster", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in CLUSTERS], indirect=True
)


def test_a_sweep_that_is_done_needs_no_cluster(grid, serial):
    over = {key.key: key.values for key in grid.keys}
    nobody = RayCluster(address="127.0.0.1:1")
    again = airfed.sweep(grid.scenario, over=over, seeds=SEEDS, out=serial, backend=nobody, progress=False)
    pd.testing.assert_frame_equal(again.table, pd.read_parquet(serial / "table.parquet"), check_exact=True)


@ON_CLUSTERS
def test_a_cluster_finds_the_same_to_the_bit(here, serial, cluster):
    backend, address = cluster
    done = sweep(here, "--backend", backend, "--address", address)
    assert done.returncode == 0, done.stderr
    assert same(here / "there", serial)


@pytest.mark.parametrize("backend", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in CLUSTERS])
def test_an_address_that_does_not_answer_is_told(here, backend):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        done = sweep(here, "--backend", backend, "--address", address)
    assert done.returncode == 1
    assert f"address: {address} does not answer (Connection refused)" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("backend", "module"), [("dask", "distributed"), ("ray", "ray")])
def test_a_missing_extra_is_told(here, monkeypatch, backend, module):
    monkeypatch.setitem(sys.modules, module, None)  # as where it is not installed
    done = sweep_here("--backend", backend)
    assert done.exit_code == 1
    expected = f"{backend.title()} is not installed: pip install -e '.[{backend}]'; 0 of 5 points are done and kept in there"
    assert expected in done.stderr.splitlines()[-1]
