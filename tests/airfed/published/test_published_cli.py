"""`airfed reproduce` as a user meets it: exit codes, messages, files."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from airfed import published_cli
from airfed.cli import app
from airfed.published import NAMES, Claim, Findings, Paper, Takes, papers


def airfed(*arguments):
    return CliRunner().invoke(app, ["reproduce", *map(str, arguments)])


def small(ours):
    """A paper whose run is a sum."""

    def run(request):
        claim = Claim.law(says="1 + 1", source="eq. 1", published=2.0, ours=ours, tolerance=0.0, reason="exact")
        return Findings(data=f"seed {request.seed}", claims=(claim,), panels=(lambda *, ax: ax.plot([1.0, 2.0], [1.0, 4.0]),))

    return Paper(name="small2020", citation="S. Mall 2020", runs="a sum", run=run, takes=Takes.SECONDS)


def test_the_list_names_every_result():
    done = airfed("--list")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines() if line and not line.startswith(" ")] == list(NAMES)
    assert "Broadband analog aggregation" in done.stdout
    for entry, each in zip(done.stdout.split("\n\n"), papers(), strict=True):
        assert f"takes: {each.takes} of one processor" in entry
        assert "data: none to fetch" in entry
        assert ("--data: " in entry) == (each.dataset is not None)


def test_who_watches_is_told_how_long_it_takes(monkeypatch):
    monkeypatch.setattr(published_cli, "paper", lambda name: small(2.0))
    monkeypatch.setattr(published_cli, "progress_wanted", lambda *, quiet: not quiet)
    assert "small2020: takes seconds of one processor" in airfed("small2020").stderr
    assert airfed("small2020", "--quiet").stderr == ""


@pytest.mark.parametrize(("ours", "code", "verdict"), [(2.0, 0, "pass"), (2.1, 1, "FAIL")])
def test_a_failing_claim_is_exit_code_one(monkeypatch, tmp_path, ours, code, verdict):
    monkeypatch.setattr(published_cli, "paper", lambda name: small(ours))
    folder = tmp_path / "deep" / "there"
    done = airfed("small2020", "--out", folder, "--seed", "5")
    assert done.exit_code == code
    assert "data: seed 5" in done.stdout
    assert f"{verdict}  1 + 1 (eq. 1; law)" in done.stdout
    assert f"law 2, ours {ours:g}; must be equal: exact" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == [f"small2020.{kind}" for kind in ("csv", "pdf", "png", "svg")]
    table = pd.read_csv(folder / "small2020.csv")
    assert table.loc[0, ["published", "ours"]].tolist() == [2.0, ours]
    assert (folder / "small2020.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "small2020.pdf").read_bytes().startswith(b"%PDF")
    before = (folder / "small2020.svg").read_bytes()
    assert airfed("small2020", "--out", folder, "--seed", "5").exit_code == code
    assert (folder / "small2020.svg").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["NAME", "--list"]),
        (["nonsense1999"], ["nonsense1999", "known are cao2020"]),
        (["cao2020", "--data", "images"], ["data_folder", "images", "cao2020 reads no data set"]),
        (["hist2023", "--data", "missing-folder"], ["--data", "missing-folder"]),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(arguments, words):
    done = airfed(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_out_that_is_a_file(monkeypatch, tmp_path):
    monkeypatch.setattr(published_cli, "paper", lambda name: small(2.0))
    (tmp_path / "there").write_text("mine")
    done = airfed("small2020", "--out", tmp_path / "there")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
    assert (tmp_path / "there").read_text() == "mine"
