"""What is named as a file and is none, is without end, or larger than memory: refused at once, by name."""

import os
import sys

import pytest
from fuzzing.watch import time_limit

from airfed import Experiment, Scenario
from airfed.checked_json import DamagedFile
from airfed.published.image_data import ImageData
from airfed.run_checkpoints import RunCheckpoints
from airfed.scenario_summary import summary
from airfed.sweeps import Grid, SweepFolder
from airfed.unfinished_run import RUN, UnfinishedRun
from channels import layout_from_csv
from channels.regular_file import read_regular
from fl_models import cifar10, mnist
from fl_models.data.idx import read_idx

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are Unix's")


@pytest.fixture(autouse=True)
def limit():
    """What would wait for ever fails."""
    with time_limit():
        yield


def pipe(path):
    os.mkfifo(path)


def zeros(path):
    path.symlink_to("/dev/zero")


def folder(path):
    path.mkdir()


def loop(path):
    path.symlink_to(path)


def gap(path):
    """Ten gigabytes that take nothing of the disk."""
    with path.open("wb") as file:
        file.truncate(10 * 2**30)


def nothing(path):
    pass


ODD = {
    pipe: "no regular file",
    zeros: "no regular file",
    folder: "Is a directory",
    loop: "Too many levels of symbolic links",
    gap: "larger than [0-9]+ bytes",
    nothing: "No such file or directory",
}


def scenario_of_layout(path):
    summary(Scenario(network={"kind": "csv", "path": str(path)}))


READERS = {
    "scenario.toml": Scenario.load,
    "layout of a scenario": scenario_of_layout,
    "sites.csv": layout_from_csv,
    "images": lambda path: read_idx(path, num_dimensions=3),
    "images.gz": lambda path: read_idx(path, num_dimensions=3),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_refused_at_once(tmp_path, make, name):
    path = tmp_path / name
    make(path)
    with pytest.raises((OSError, ValueError), match=ODD[make]) as caught:
        READERS[name](path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "data_batch_1.bin"])
def test_image_sets_say_which_file(tmp_path, make, name):
    for other in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / other).write_bytes(b"\x00")
    for other in (*(f"data_batch_{number}.bin" for number in range(2, 6)), "test_batch.bin"):
        (tmp_path / other).write_bytes(b"\x00")
    make(tmp_path / name)
    with pytest.raises((OSError, ValueError), match=name.removesuffix(".gz")):
        (cifar10 if name.endswith(".bin") else mnist)(tmp_path)
    with pytest.raises(OSError, match="train-images-idx3-ubyte|data_batch_1.bin"):
        ImageData(folder=tmp_path).load(seed=0)


@pytest.mark.parametrize("make", [pipe, zeros, folder, loop, gap], ids=lambda make: make.__name__)
def test_points_of_a_sweep_are_damaged(tmp_path, make):
    with SweepFolder.open(tmp_path, Grid(scenario=Scenario(), num_seeds=1), overwrite=False) as sweep:
        make(tmp_path / "points" / "00000.json")
        assert sweep.outcomes() == ({}, ["00000.json"])


@pytest.mark.parametrize("make", [pipe, zeros, folder, gap], ids=lambda make: make.__name__)
def test_a_sweep_that_cannot_be_told_is_another(tmp_path, make):
    make(tmp_path / "sweep.json")
    grid = Grid(scenario=Scenario(), num_seeds=1)
    with (
        pytest.raises(FileExistsError, match="its sweep.json cannot be read"),
        SweepFolder.open(tmp_path, grid, overwrite=False),
    ):
        pass


@pytest.mark.parametrize("make", [pipe, zeros, folder, loop, gap], ids=lambda make: make.__name__)
def test_what_run_a_folder_has_is_damaged(tmp_path, make):
    make(tmp_path / RUN)
    with pytest.raises(DamagedFile, match=f"cannot be read: {ODD[make]}"):
        UnfinishedRun.read(tmp_path)


@pytest.mark.parametrize("make", [pipe, zeros, folder, loop, gap], ids=lambda make: make.__name__)
def test_checkpoints_that_are_none_are_passed_over(tmp_path, make):
    make(tmp_path / "00-0000001.state")
    scheme = {"name": "a", "algorithm": {"kind": "hierarchical_fedavg"}, "uplink": {"kind": "tdma"}}
    small = {"num_cells": 1, "clients_per_cell": 3, "cell_load": 0.0}
    trainings = Experiment.prepare(Scenario(network=small, schemes=[scheme])).trainings
    told = []
    with RunCheckpoints.open(tmp_path, tell=told.append) as checkpoints:
        assert checkpoints.load(trainings, num_rounds=3) == {}
    assert len(told) == 1
    assert "00-0000001.state: cannot be used" in told[0]


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "x" * 5000])
@pytest.mark.parametrize("read", [Scenario.load, layout_from_csv, mnist, cifar10])
def test_names_that_no_file_can_have(name, read):
    with pytest.raises((OSError, ValueError), match="no file can have this name|File name too long|which lacks"):
        read(name)


def test_a_file_that_grows_is_not_read_beyond_the_most():
    with pytest.raises(OSError, match="larger than 10 bytes"):
        read_regular("/proc/self/status", max_bytes=10)
    assert len(read_regular("/proc/self/stat", max_bytes=10_000)) > 100
