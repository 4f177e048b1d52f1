"""Inputs that once ended in a traceback, took for ever, or were repeated at full length."""

import json
import struct
import tracemalloc
import zlib

import pytest

from airfed import Scenario, ScenarioError
from airfed.checked_json import DamagedFile, digest, sealed
from airfed.sweeps import Grid, OtherSweep, SweepFolder, SweptKey
from airfed.sweeps.outcome import MEASURES
from airfed.unfinished_run import RUN, UnfinishedRun
from channels import layout_from_csv
from fl_models.data.idx import read_idx

HEX = "0x" + "f" * 5000
"""Of more digits than Python turns into decimals."""

SCENARIOS = {
    "a key of many parts": ("a." * 3000 + "a = 0", "a key of more than 32 parts"),
    "a key of so many parts that reading takes hours": ("a." * 400_000 + "a = 0", "a key of more than 32 parts"),
    "in quotes": ("\"a\" . 'a' ." * 40_000 + "a = 0", "a key of more than 32 parts"),
    "a table within many": ("[" + "a." * 400_000 + "a]", "a key of more than 32 parts"),
    "lists within lists": ("a = " + "[" * 100 + "]" * 100, "nested deeper than 32"),
    "a long integer": (f"seed = {HEX}", "an integer of 20000 bits; allowed are up to 64"),
    "a long integer at a key of before": (f"[learning]\nmin_samples = {HEX}\n[learning.split]", "an integer of 20000 bits"),
    "a long list": ("[network]\ncell_load = [" + "2, " * 300_000 + "]", "a list of more than 100000 entries"),
    "many wrong values": (
        "[network]\ncell_load = [" + "2, " * 10_000 + "]",
        "network.cell_load.0: got 2; allowed is a number, 0 to 0.99 (100 or more keys are wrong)",
    ),
    "a long key": ("a" * 100_000 + " = 0", "a" * 57 + "...: unknown key"),
    "more links than memory": (
        "[network]\nnum_cells = 1000\nclients_per_cell = 2000\ncell_load = 0.0\n[learning]\nedge_rounds = 1\n"
        '[learning.data]\nkind = "synthetic_iid"\nclient_sizes = 2\nnum_inputs = 2\n[learning.split]\nkind = "given"\n'
        '[[schemes]]\nname = "x"\nalgorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma" }',
        "network: got 1000 stations and 2000000 clients, which makes 2e+09 links; allowed are 1e+08",
    ),
    "more samples than memory": (
        '[learning.data]\nkind = "synthetic_images"\nnum_samples = 10_000_000\nimage_shape = [1024, 1024, 1024]\n'
        '[learning.model]\nkind = "cifar_cnn"',
        "learning.data: got 8e+06 samples of 1073741824 values; allowed are 1e+09 values in all",
    ),
    "more samples of clients than memory": (
        '[learning.data]\nkind = "synthetic_iid"\nnum_inputs = 100_000\nclient_sizes = 1000\n[learning.split]\nkind = "given"',
        "learning.data: got 6e+04 samples of 100000 values; allowed are 1e+09 values in all",
    ),
    "more parameters than memory": (
        "[learning.model]\nhidden = [100_000, 100_000]",
        "learning.model: got a model of 1e+10 parameters; allowed are 1e+08",
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios(name):
    text, message = SCENARIOS[name]
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_toml(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


OVER = {
    f"target_accuracy={HEX}": "needed are values in TOML's notation",
    "a." * 50_000 + "a=1": "got 'a.a.a",
    "a" * 600 + "=1": "needed is KEY=VALUE",
    "a" + "=" * 100_000: "a: got '====",
    "schemes." + "9" * 400 + '.name="a"': 'got entry "9999',
    'schemes."a\u2028b".name="a"': 'got \'schemes."a\\u2028b"',
    "target_accuracy=" + "x" * 10_000: "target_accuracy: got 'xxx",
    "target_accuracy=" + "0.5," * 20_000: "target_accuracy: got 0.5 a second time",
    "target_accuracy=inf": "target_accuracy = inf: target_accuracy: got inf; allowed is a number",
}


@pytest.mark.parametrize("text", OVER, ids=lambda text: text[:20])
def test_keys_and_values_to_sweep(text):
    with pytest.raises(ScenarioError) as caught:
        Grid(scenario=Scenario(), keys=(SweptKey.parse(text),), num_seeds=1)
    assert OVER[text] in str(caught.value)
    assert len(str(caught.value)) < 1000


LAYOUTS = {
    "a long value": ("kind,x_m,y_m\nstation,0," + "9" * 50_000, "line 2: y_m: got '999"),
    "a long kind": ("kind,x_m,y_m\n" + "s" * 50_000 + ",0,0", "line 2: kind: got 'sss"),
    "a long cell": ("kind,x_m,y_m,cell\nclient,0,0," + "9" * 50_000, "line 2: cell: got '999"),
    "many columns": ("kind," * 10_000, "got columns kind, kind, kind"),
    "a line's end in a column's name": ('kind,"x\n_m",y_m', "got columns kind, 'x\\n_m', y_m; needed are"),
    "too many nodes": ("kind,x_m,y_m\nstation,0,0\n" + "client,0,0\n" * 200_000, "more than 200000 stations and clients"),
    "too many links": (
        "kind,x_m,y_m\n" + "station,0,0\n" * 20_000 + "client,0,0\n" * 20_000,
        "got 20000 stations and 20000 clients; allowed are 1e+08 links between them",
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name, tmp_path):
    text, message = LAYOUTS[name]
    (tmp_path / "sites.csv").write_text(text)
    with pytest.raises(ValueError, match="sites.csv") as caught:
        layout_from_csv(tmp_path / "sites.csv")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(tmp_path))
    assert "\n" not in str(caught.value)


def bomb(*shape):
    """A small gzip file of zeros without end, behind a header that says how many there are."""
    packer = zlib.compressobj(1, wbits=31)
    packed = packer.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, *shape))
    packed += b"".join(packer.compress(bytes(2**20)) for _ in range(64))
    return packed + packer.flush()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 28, 28), "holds more than 784 bytes of content"),
        ((2**20, 28, 28), "need 822083584 bytes of content; allowed are at most 268435456"),
    ],
    ids=["more than it says", "says too much"],
)
def test_files_that_unpack_to_more_than_memory(tmp_path, shape, message):
    path = tmp_path / "images.gz"
    path.write_bytes(bomb(*shape))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            read_idx(path, num_dimensions=3)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_header_that_says_too_much_takes_no_memory(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, 340_000, 28, 28) + bytes(1000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="holds 1000 bytes of content"):
            read_idx(path, num_dimensions=3)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


GRID = Grid(scenario=Scenario(), num_seeds=2)
ROW = {"scheme": "HIST", "outcome": "reached"} | dict.fromkeys(MEASURES, 0.5)
CONTENTS = [
    1,
    [],
    {},
    {"sweep": "", "point": 0},
    {"point": "0"},
    {"point": []},
    {"point": True},
    {"point": 0, "rows": None},
    {"point": 0, "rows": [0.5]},
    {"point": 0, "rows": {"scheme": "HIST"}},
    {"point": 0, "rows": [{"scheme": "HIST"}]},
    {"point": 0, "rows": [ROW | {"scheme": 1.0}]},
    {"point": 0, "rows": [ROW | {"outcome": "won"}]},
    {"point": 0, "rows": [ROW | {"final_accuracy": "0.5"}]},
    {"point": 0, "rows": [ROW | {"more": 1.0}]},
]
"""Of files of a point, with a sum that is right; keys that are left out are as they should be."""


@pytest.mark.parametrize("content", CONTENTS, ids=str)
def test_points_of_a_sweep(tmp_path, content):
    with SweepFolder.open(tmp_path, GRID, overwrite=False) as folder:
        if isinstance(content, dict) and content:
            content = {"sweep": digest(folder.about), "rows": [ROW]} | content
        (tmp_path / "points" / "00000.json").write_bytes(sealed(content))
        assert folder.outcomes() == ({}, ["00000.json"])
        (tmp_path / "points" / "00000.json").write_bytes(sealed({"sweep": digest(folder.about), "point": 0, "rows": [ROW]}))
        assert list(folder.outcomes()[0]) == [0]


@pytest.mark.parametrize("content", [1, [], {}, {"scenario": 1, "older": ""}, {"scenario": "", "older": 1}, {"scenario": "a"}])
def test_what_run_a_folder_has(tmp_path, content):
    (tmp_path / RUN).write_bytes(sealed(content))
    with pytest.raises(DamagedFile, match="of no run"):
        UnfinishedRun.read(tmp_path)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff", b"9" * 5000, b"", json.dumps([[1]]).encode()])
def test_what_sweep_a_folder_holds(tmp_path, content):
    (tmp_path / "sweep.json").write_bytes(content)
    with pytest.raises(OtherSweep), SweepFolder.open(tmp_path, GRID, overwrite=False):
        pass
    assert (tmp_path / "sweep.json").read_bytes() == content
