"""The user's own image files: small ones that the tests write, through the whole of each learning paper's runs."""

import importlib
import struct

import numpy as np
import pytest
from typer.testing import CliRunner

from airfed.cli import app
from airfed.published.fedzo2022_attack import Attack, victim_parameters
from airfed.published.fedzo2022_runs import Run, measured
from airfed.published.fedzo2022_runs import Setting as FedZOSetting
from airfed.published.hist2023_runs import HFL, HIST, Case, trained
from airfed.published.hist2023_runs import Setting as HISTSetting
from airfed.published.image_data import ImageData
from airfed.published.mtgc2024_runs import BOTH, OURS, accuracies
from airfed.published.mtgc2024_runs import Setting as MTGCSetting

IDX = {"train-images-idx3-ubyte": 60, "train-labels-idx1-ubyte": 60, "t10k-images-idx3-ubyte": 20, "t10k-labels-idx1-ubyte": 20}
CIFAR = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def bright_squares(labels, height):
    """Bytes of images whose class can be seen: a bright square at a place of its own."""
    images = np.random.default_rng(0).integers(60, size=(len(labels), height, height), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 4)
        image[5 * row + 2 : 5 * row + 7, 5 * column + 2 : 5 * column + 7] = 250
    return images


@pytest.fixture
def fashion_folder(tmp_path):
    for name, count in IDX.items():
        labels = np.arange(count, dtype=np.uint8) % 10
        array = bright_squares(labels, 28) if "images" in name else labels
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        (tmp_path / name).write_bytes(header + array.tobytes())
    return tmp_path


@pytest.fixture
def cifar_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("fl_models.data.cifar10"), "IMAGES_PER_FILE", 20)
    labels = np.arange(20, dtype=np.uint8) % 10
    for name in CIFAR:
        grey = bright_squares(labels, 32)
        content = b"".join(bytes([label]) + 3 * image.tobytes() for label, image in zip(labels, grey, strict=True))
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def folder(request):
    return request.getfixturevalue(request.param)


BOTH_SETS = pytest.mark.parametrize(
    ("folder", "name"),
    [("fashion_folder", "Fashion-MNIST"), ("cifar_folder", "CIFAR-10")],
    indirect=["folder"],
    ids=["fashion", "cifar"],
)


@BOTH_SETS
def test_the_set_is_known_by_its_files_and_said(folder, name):
    data = ImageData(folder=folder)
    assert data.name == name
    assert str(folder) in data.says()
    assert name in data.says()
    train, test = data.load(seed=0)
    assert (len(train), len(test)) == ((60, 20) if name == "Fashion-MNIST" else (100, 20))


def test_digits_are_said_to_be_another_set():
    assert "accuracies and times may not" in ImageData().says()


@BOTH_SETS
def test_hist_runs_on_it(folder, name):
    setting = HISTSetting(data=ImageData(folder=folder), num_clients=6, edge_rounds=1, local_steps=2, rounds=1)
    for model in setting.models:
        whole, part = (trained(setting, Case(model=model, num_cells=2, split="i.i.d."), scheme, 0) for scheme in (HFL, HIST))
        assert 0.4 < part[2, -1] / whole[2, -1] < 0.8


@BOTH_SETS
def test_mtgc_runs_on_it(folder, name):
    setting = MTGCSetting.on(ImageData(folder=folder), rounds=1)
    assert (setting.num_cells, setting.clients_per_cell) == (10, 10)
    few = {"num_cells": 2, "clients_per_cell": 2, "edge_rounds": 1, "local_steps": 2, "batch_size": 4}
    small = MTGCSetting(data=setting.data, client_samples=None, rounds=1, **few)
    assert np.isfinite(accuracies(small, BOTH, OURS, 0)).all()


@BOTH_SETS
def test_fedzo_runs_on_it(folder, name):
    data = ImageData(folder=folder)
    setting = FedZOSetting(data=data, num_clients=5, rounds=1)
    _, loss = measured(setting, Run(local_steps=2, directions=3), 0)
    assert loss[0] == pytest.approx(np.log(10.0))
    assert loss[1] != loss[0]
    victim_parameters.cache_clear()
    attack = Attack(data=data, num_clients=2, rounds=1, victim_steps=200)
    task = attack.task(num_clients=2, seed=0)
    assert set(task.train.labels) == {4}


def test_other_images_make_other_results(fashion_folder):
    """It is the files that are trained on."""
    setting = FedZOSetting(data=ImageData(folder=fashion_folder), num_clients=5, rounds=1)
    digits = FedZOSetting(data=ImageData(), num_clients=5, rounds=1)
    assert measured(setting, Run(local_steps=2), 0)[1, 1] != measured(digits, Run(local_steps=2), 0)[1, 1]


@pytest.mark.parametrize("name", ["hist2023", "fedzo2022", "mtgc2024"])
def test_missing_and_damaged_files_are_told_before_anything_runs(tmp_path, name):
    said = CliRunner().invoke(app, ["reproduce", name, "--data", str(tmp_path / "none")])
    assert said.exit_code == 2
    assert "there is no folder" in said.output
    for file in IDX:
        (tmp_path / file).write_bytes(b"no such thing")
    said = CliRunner().invoke(app, ["reproduce", name, "--data", str(tmp_path)])
    assert said.exit_code == 2
    assert "starts with 0x" in said.output


def test_a_paper_without_seeds_refuses_them_and_one_seed_is_too_few():
    said = CliRunner().invoke(app, ["reproduce", "cao2020", "--seeds", "3"])
    assert said.exit_code == 2
    assert "seeds: got 3; cao2020 is not run over several seeds" in said.output
    said = CliRunner().invoke(app, ["reproduce", "mtgc2024", "--seeds", "1"])
    assert said.exit_code == 2
    assert "allowed is at least 2" in said.output
