"""Runs that were ended go on to the same bytes, whatever ended them and whatever became of their files."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import airfed
from airfed.cli import app
from airfed.folder_lock import locked
from airfed.results_folder import CHECKPOINT
from airfed.run_checkpoints import RunCheckpoints
from airfed.unfinished_run import RUN
from fl_models import Checkpoint, DivergedTraining, OtherTraining, fingerprints

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and locks are POSIX's")

SCENARIO = """
name = "small"
target_accuracy = 0.3
[network]
num_cells = 2
clients_per_cell = 3
cell_load = 0.0
[learning]
rounds = 5
edge_rounds = 2
local_steps = 2
[learning.model]
hidden = 9
"""
SCHEMES = {
    "bits": 'algorithm = { kind = "mtgc" }\nuplink = { kind = "ofdma", bits_per_parameter = 8 }',
    "air": 'algorithm = { kind = "scaffold" }\nuplink = { kind = "aircomp" }\nserver_optimizer = { kind = "adam" }',
}
TEXT = SCENARIO + "".join(f'[[schemes]]\nname = "{name}"\n{keys}\n' for name, keys in SCHEMES.items())
NAMES = ("history.csv", "summary.json", "scenario.toml")

KILLED = """
import os, signal, sys
from airfed.cli import app
from airfed.run_checkpoints import RunCheckpoints
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background is born deaf to it
rounds, after = 0, RunCheckpoints.after_round
def killed_after(self, place, state, records):
    global rounds
    self._next_at = 0.0  # every round is kept
    after(self, place, state, records)
    rounds += state.round_index > 0
    if rounds == {rounds}:
        os.kill(os.getpid(), {signal})
RunCheckpoints.after_round = killed_after
app()
"""


def command(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def killed(*arguments, cwd, rounds, by=signal.SIGKILL):
    """The command in a process of its own, which is sent a signal after so many rounds, all of which are kept."""
    code = KILLED.format(rounds=rounds, signal=int(by))
    process = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(process, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in NAMES}


def kept(folder):
    return sorted(path.name for path in (folder / CHECKPOINT).iterdir())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run that nothing ends leaves behind."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "s.toml").write_text(TEXT)
    done = command("run", folder / "s.toml", "--out", folder / "there")
    assert done.exit_code == 0, done.stderr
    assert not (folder / "there" / CHECKPOINT).exists()
    return contents(folder / "there")


@pytest.fixture(scope="module")
def once_ended(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ended")
    (folder / "s.toml").write_text(TEXT)
    done = killed("run", "s.toml", "--out", "there", cwd=folder, rounds=8)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert kept(folder / "there") == ["00-0000005.done", "01-0000002.state", "01-0000003.state", RUN]
    return folder


@pytest.fixture
def ended(once_ended, tmp_path):
    """A run that was killed in the third round of its second scheme."""
    return shutil.copytree(once_ended, tmp_path, dirs_exist_ok=True) / "there"


def resumed(folder):
    done = command("run", "--resume", folder)
    assert done.exit_code == 0, done.stderr
    assert not (folder / CHECKPOINT).exists()
    return done


def test_killed_twice_and_gone_on_with(ended, whole):
    again = killed("run", "--resume", ended, cwd=ended.parent, rounds=1)
    assert again.returncode == -signal.SIGKILL, again.stderr
    assert kept(ended) == ["00-0000005.done", "01-0000003.state", "01-0000004.state", RUN]
    done = resumed(ended)
    assert "airfed:" not in done.stderr
    assert contents(ended) == whole
    nothing = command("run", "--resume", ended)
    assert (nothing.exit_code, nothing.stderr) == (0, "")
    assert "this run is complete" in nothing.stdout


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "cut short":
        content = content[: len(content) // 2]
    elif how == "empty":
        content = bytearray()
    else:
        content[-9] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damaged", "how"),
    [
        (["01-0000003.state"], "cut short"),
        (["01-0000003.state", "01-0000002.state"], "a bit"),
        (["00-0000005.done", "01-0000003.state", RUN], "empty"),
    ],
)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(ended, whole, damaged, how):
    for name in damaged:
        damage(ended / CHECKPOINT / name, how)
    done = resumed(ended)
    notes = [line for line in done.stderr.splitlines() if line.startswith("airfed: ")]
    assert len(notes) == len(damaged)
    for name in damaged:
        assert any(name in note or name == RUN for note in notes), notes
    assert contents(ended) == whole


def test_what_a_torn_write_left_behind_is_tidied_up(ended, whole):
    """Power that is lost within a write leaves a temporary file, here older ones too."""
    for name in (".history.csv.abcdefgh", f"{CHECKPOINT}/.01-0000004.state.a_cdef12", f"{CHECKPOINT}/.{RUN}.abcdefgh"):
        (ended / name).write_bytes(b"half a")
    resumed(ended)
    assert contents(ended) == whole
    assert not [path for path in ended.rglob("*") if path.name.startswith(".")]


def test_ctrl_c_keeps_the_last_whole_round(tmp_path, whole):
    (tmp_path / "s.toml").write_text(TEXT)
    done = killed("run", "s.toml", "--out", "there", cwd=tmp_path, rounds=3, by=signal.SIGINT)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1].endswith("interrupted; no scheme was complete; go on with: airfed run --resume there")
    assert "00-0000003.state" in kept(tmp_path / "there")
    refused = command("run", tmp_path / "s.toml", "--out", tmp_path / "there")
    assert refused.exit_code == 2
    assert "holds a run that was ended; go on with: airfed run --resume " in refused.stderr
    resumed(tmp_path / "there")
    assert contents(tmp_path / "there") == whole


def test_a_changed_scenario_is_refused(ended):
    path = ended / "scenario.toml"
    before = path.read_text()
    path.write_text(before.replace("rounds = 5", "rounds = 6"))
    done = command("run", "--resume", ended)
    assert done.exit_code == 2
    assert "scenario.toml: changed since the run was begun: learning.rounds is 5 there and 6 here; undo that" in done.stderr
    path.write_text("rounds = = 6")
    assert "not valid TOML" in command("run", "--resume", ended).stderr
    path.write_text(before + "# a comment more\n")
    resumed(ended)


def test_older_results_stay_until_a_scheme_is_complete(tmp_path, whole):
    """A forced run that is killed before goes on, though the folder still has the scenario of the older results."""
    (tmp_path / "s.toml").write_text(TEXT)
    (tmp_path / "other.toml").write_text(TEXT.replace("rounds = 5", "rounds = 1"))
    assert command("run", tmp_path / "other.toml", "--out", tmp_path / "there").exit_code == 0
    older = contents(tmp_path / "there")
    done = killed("run", "s.toml", "--out", "there", "--force", cwd=tmp_path, rounds=2)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert contents(tmp_path / "there") == older
    resumed(tmp_path / "there")
    assert contents(tmp_path / "there") == whole


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume", "nowhere"], "there is no such folder"),
        (["--resume", "empty"], "holds no run"),
        (["--resume", "empty", "--force"], "give neither a scenario nor --out nor --force"),
        (["rural", "--resume", "empty"], "give neither a scenario nor --out nor --force"),
    ],
)
def test_what_cannot_be_gone_on_with(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    done = command("run", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "empty").iterdir()) == []


def test_without_checkpoints_it_begins_with_its_scenario(tmp_path, whole):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/scenario.toml").write_bytes(whole["scenario.toml"])
    resumed(tmp_path / "there")
    assert contents(tmp_path / "there") == whole


def test_one_process_at_a_time(ended, whole):
    before = {path: path.read_bytes() for path in ended.rglob("*") if path.is_file()}
    with locked(ended):
        for arguments in (["--resume", ended], [ended.parent / "s.toml", "--out", ended, "--force"]):
            done = command("run", *arguments)
            assert done.exit_code == 2
            assert "another process is at it" in done.stderr
    assert {path: path.read_bytes() for path in ended.rglob("*") if path.is_file()} == before


# From Python.


@pytest.fixture(scope="module")
def scenario():
    return airfed.Scenario.from_toml(TEXT)


class Ended(BaseException):
    """What ends a run in these tests."""


@pytest.fixture
def ends_after(monkeypatch):
    """A function to end the next run after so many rounds of its own."""
    after = RunCheckpoints.after_round

    def set_to(rounds):
        left = iter(range(rounds))

        def ending(self, place, state, records):
            after(self, place, state, records)
            if state.round_index and next(left, None) is None:
                raise Ended

        monkeypatch.setattr(RunCheckpoints, "after_round", ending)

    return set_to


def test_the_same_call_goes_on(scenario, tmp_path, ends_after):
    folder = tmp_path / "kept/here"
    expected = airfed.run(scenario, progress=False).to_frame().to_csv()
    for rounds in (3, 4):
        ends_after(rounds)
        with pytest.raises(Ended):
            airfed.run(scenario, progress=False, checkpoint=folder)
    assert min(path.name for path in folder.iterdir()) == "00-0000005.done"
    ends_after(10**6)
    assert airfed.run(scenario, progress=False, checkpoint=folder).to_frame().to_csv() == expected
    assert list((tmp_path / "kept").iterdir()) == []


def test_the_checkpoints_of_another_run_are_refused(scenario, tmp_path, ends_after):
    ends_after(2)
    with pytest.raises(Ended):
        airfed.run(scenario, progress=False, checkpoint=tmp_path)
    ends_after(10**6)
    other = scenario.model_copy(update={"seed": 1})
    with pytest.raises(OtherTraining, match=r"00-0000003.state: of another training: .*streams.* differ"):
        airfed.run(other, progress=False, checkpoint=tmp_path)
    shorter = scenario.model_copy(update={"learning": scenario.learning.model_copy(update={"rounds": 2})})
    with pytest.raises(OtherTraining, match="after 3 rounds, of which 2 are asked for"):
        airfed.run(shorter, progress=False, checkpoint=tmp_path)
    longer = scenario.model_copy(update={"learning": scenario.learning.model_copy(update={"rounds": 7})})
    expected = airfed.run(longer, progress=False).to_frame().to_csv()
    assert airfed.run(longer, progress=False, checkpoint=tmp_path).to_frame().to_csv() == expected


def test_other_versions_are_told(scenario, tmp_path, ends_after):
    ends_after(1)
    with pytest.raises(Ended):
        airfed.run(scenario, progress=False, checkpoint=tmp_path)
    ends_after(10**6)
    newest = max(tmp_path.iterdir())
    checkpoint = Checkpoint.from_bytes(newest.read_bytes())
    newest.write_bytes(dataclasses.replace(checkpoint, versions=checkpoint.versions | {"airfed": "0.0.1"}).to_bytes())
    with pytest.warns(UserWarning, match="what is kept was computed with airfed 0.0.1 .*: the rounds to come may differ"):
        airfed.run(scenario, progress=False, checkpoint=tmp_path)


def test_a_disk_that_is_full_for_checkpoints_does_not_end_a_run(scenario, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("airfed.run_checkpoints.write_atomically", full)
    expected = airfed.run(scenario, progress=False).to_frame().to_csv()
    with pytest.warns(UserWarning, match="no checkpoint can be written: No space left on device; the run goes on") as told:
        found = airfed.run(scenario, progress=False, checkpoint=tmp_path)
    assert len(told) == 1
    assert found.to_frame().to_csv() == expected


def test_a_diverged_run_gives_what_was_recorded(tmp_path):
    wild = airfed.Scenario.from_toml(TEXT.replace("[learning]", "[learning]\nstep_size = 1000.0"))
    with pytest.raises(DivergedTraining, match="scheme '.*': training diverged in round") as caught:
        airfed.run(wild, progress=False, checkpoint=tmp_path)
    history = caught.value.history
    assert [record.round for record in history.records] == list(range(len(history.records)))
    assert history.scheme in SCHEMES


def test_little_time_goes_into_checkpoints(scenario, tmp_path, monkeypatch):
    """By a clock that goes on by a second a look, and by four more while a checkpoint is written."""
    now = [0.0]

    def look():
        now[0] += 1.0
        return now[0]

    def slow(path, content):
        now[0] += 4.0

    monkeypatch.setattr("airfed.run_checkpoints.time", type("Clock", (), {"monotonic": staticmethod(look)}))
    monkeypatch.setattr("airfed.run_checkpoints.write_atomically", slow)
    training = airfed.Experiment.prepare(scenario).trainings[0]
    with RunCheckpoints.open(tmp_path, tell=pytest.fail) as checkpoints:
        checkpoints.load([training], num_rounds=5)
        state, record = training.start()
        records, spent = [record], 0.0
        state, record = training.round(state, record)
        for _ in range(2000):
            before = now[0]
            checkpoints.after_round(0, state, [*records, record])
            spent += now[0] - before > 2.0
    assert 0.5 < 5.0 * spent / now[0] / 0.02 < 1.1


def test_fingerprints_of_an_experiment_are_the_same_when_prepared_again(scenario):
    one, other = (fingerprints(airfed.Experiment.prepare(scenario).trainings) for _ in range(2))
    assert one == other
