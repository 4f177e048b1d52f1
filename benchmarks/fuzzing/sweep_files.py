"""What a sweep reads: the keys and values of `--over`, and the files of its folder."""

from __future__ import annotations

import json
import math
import random
from functools import cache
from pathlib import Path

from airfed import Scenario, ScenarioError
from airfed.checked_json import sealed, unsealed
from airfed.sweeps import FolderInUse, Grid, OtherSweep, SweepFolder, SweepResult, SweptKey
from airfed.sweeps.manifest import manifest
from airfed.sweeps.outcome import MEASURES
from airfed.sweeps.sweep_folder import SWEEP
from airfed.sweeps.tables import formatted_summary
from fuzzing import toml_documents
from fuzzing.mutations import with_bytes_changed, with_json_changed
from fuzzing.target import Target

POINTS = 2
KEPT = "notes.txt"
"""A file that is not the sweep's, and stays as it is."""
SMALL = Scenario(network={"num_cells": 1, "clients_per_cell": 3, "cell_load": 0.0})
OVER_SEEDS = (
    b"network.bandwidth_hz=5e6,10e6", b'schemes."HIST, optimal partition".uplink.bandwidth="equal"', b"schemes.0.name='a','b'",
    b"network.cell_load=[0.0],[0.5]", b'network.fading.kind="rician"', b'network.fading={ kind = "nakagami", m = 1.5 }',
    b"target_accuracy=0.5", b"learning.min_samples=2", b"network.propagation.indoor_share=0.1,0.2",
)  # fmt: skip
OVER_STEPS = (
    "0",
    "7",
    "-1",
    "9" * 5000,
    '"٣"',
    '"²"',
    '"HIST, optimal partition"',
    "kind",
    "name",
    '"a b"',
    "x" * 600,
    '""',
    "00",
)


def mutated_over(data: bytes, rng: random.Random) -> bytes:
    """A key of the schema's steps, values of any notation; or bytes changed."""
    if rng.random() < 0.4:
        return with_bytes_changed(data, rng)
    key, _, values = data.decode("utf-8", "surrogateescape").partition("=")
    steps = key.split(".")
    if rng.random() < 0.6:
        place = rng.randrange(len(steps) + 1)
        steps[place : place + rng.randrange(2)] = [rng.choice((*toml_documents.all_keys(), *OVER_STEPS))]
    if rng.random() < 0.6:
        values = ",".join(rng.choices(toml_documents.HOSTILE, k=rng.choice((1, 1, 2, 3))))
    return f"{'.'.join(steps)}={values}".encode("utf-8", "surrogateescape")


def read_over(data: bytes, folder: Path) -> None:
    key = SweptKey.parse(data.decode("utf-8", "surrogateescape"))
    if len(key.values) <= 3:
        grid = Grid(scenario=SMALL, keys=(key,), num_seeds=1)
        assert len(grid.points) == len(key.values)
        assert json.dumps(manifest(grid))
        assert key.labels


@cache
def _grid() -> Grid:
    return Grid(scenario=SMALL, keys=(SweptKey(key="network.client_power_dbm", values=[17.0, 23.0]),), num_seeds=POINTS // 2)


@cache
def _folder_seeds() -> tuple[bytes, ...]:
    """A byte for the file, from 0: sweep.json and the points; then what it holds."""
    from airfed.checked_json import digest

    about = json.loads(json.dumps(manifest(_grid())))
    measures = dict.fromkeys(MEASURES, 0.5)
    rows = [
        {"scheme": "HIST, bits", "outcome": "reached"} | measures,
        {"scheme": "b", "outcome": "diverged"} | dict.fromkeys(MEASURES),
    ]
    points = [sealed({"sweep": digest(about), "point": point, "rows": rows}) for point in range(POINTS)]
    return (b"\x00" + json.dumps(about).encode(), *(bytes([1 + place]) + content for place, content in enumerate(points)))


def mutated_folder(data: bytes, rng: random.Random) -> bytes:
    """A file of the folder with values changed; of points mostly so that the sum is right, bytes of files sometimes."""
    head, content = data[:1] or b"\x00", data[1:]
    if rng.random() < 0.2:
        return head + with_bytes_changed(content, rng)
    if head[0] % (POINTS + 1) == 0:
        return head + with_json_changed(content, rng)
    try:
        inner = json.dumps(unsealed(content)).encode()
    except ValueError:
        inner = json.dumps(unsealed(_folder_seeds()[1][1:])).encode()
    try:
        return head + sealed(json.loads(with_json_changed(inner, rng)))
    except (ValueError, RecursionError):  # no JSON, or not a number, which cannot be sealed
        return head + with_bytes_changed(content, rng)


def read_folder(data: bytes, folder: Path) -> None:
    head, content = (data[0] % (POINTS + 1), data[1:]) if data else (0, b"")
    (folder / "points").mkdir(exist_ok=True)
    files = [folder / SWEEP, *(folder / "points" / f"{point:05d}.json" for point in range(POINTS))]
    for place, (path, whole) in enumerate(zip(files, _folder_seeds(), strict=True)):
        path.write_bytes(content if place == head else whole[1:])
    (folder / KEPT).write_bytes(b"mine")
    with SweepFolder.open(folder, _grid(), overwrite=False) as opened:
        outcomes, damaged = opened.outcomes()
    assert len(outcomes) + len(damaged) == POINTS
    if len(outcomes) == POINTS:
        result = SweepResult(grid=_grid(), outcomes=tuple(outcomes[point] for point in range(POINTS)))
        assert len(result.table) == sum(len(outcome.rows) for outcome in outcomes.values())
        assert all(not math.isinf(value) for value in result.table["final_accuracy"])
        assert len(result.summary) <= len(result.table)
        assert formatted_summary(result)
    assert (folder / KEPT).read_bytes() == b"mine"
    assert [path.read_bytes() for path in files][head] == content


OVER = Target(
    name="keys and values of --over",
    seeds=OVER_SEEDS,
    mutated=mutated_over,
    read=read_over,
    refusals=(ScenarioError,),
    num_inputs=1000,
)
FOLDER = Target(
    name="sweep folders",
    seeds=_folder_seeds(),
    mutated=mutated_folder,
    read=read_folder,
    refusals=(OtherSweep, FolderInUse),
    num_inputs=200,
)
