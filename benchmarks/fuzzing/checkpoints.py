"""Checkpoints of trainings, and what a folder of them says of its run; sums are put right, so that what is behind is tried."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np

from airfed import Scenario
from airfed.checked_json import DamagedFile, sealed, unsealed
from airfed.unfinished_run import RUN, UnfinishedRun
from fl_models import Checkpoint, RoundCost, RoundRecord, TrainingState, UnusableCheckpoint
from fl_models.checkpoint import PREFIX, SUM_BYTES, _sum
from fuzzing import toml_documents
from fuzzing.mutations import with_bytes_changed, with_json_changed
from fuzzing.target import Target

START = PREFIX.size + SUM_BYTES
SIZES = (0, 1, 2**20, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
SHAPES = (
    [0],
    [-1],
    [0, 10**18],
    [2**62, 4],
    [1] * 40,
    [1] * 70,
    [True],
    [1.0],
    [10**30],
    [None],
    3,
    "3",
    {"0": 3},
    [7, 0, 2**63],
)
KINDS = ("|O", "<f8", ">f8", "<f2", "|b1", "<U5", "<M8[s]", "|V8", "<c16", "f8,f8", "", None, 3, ["<f8"])


def _seeds() -> tuple[bytes, ...]:
    rng = np.random.default_rng(0)
    records = tuple(
        RoundRecord(round=index, test_accuracy=0.5, test_loss=1.0, train_loss=0.7, time_s=1.0 * index, cost=RoundCost())
        for index in range(3)
    )
    memory = {"of clients": rng.standard_normal((3, 2, 7)), "count": np.array(3), "none": np.zeros((0, 7), dtype=bool)}
    state = TrainingState(round_index=2, parameters=rng.standard_normal(7).astype(np.float32), train_loss=0.7, memory=memory)
    whole = Checkpoint(state=state, records=records, fingerprint={"task": "34cd"}, versions={"airfed": "0.1"})
    return (whole.to_bytes(),)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The head or the arrays changed, mostly with lengths and sum put right; or bytes changed, and these may be wrong."""
    if rng.random() < 0.2 or len(data) < START:
        return with_bytes_changed(data, rng)
    magic, version, head_bytes, array_bytes = PREFIX.unpack(data[: PREFIX.size])
    head, arrays = data[START : START + head_bytes], data[START + head_bytes :]
    match rng.randrange(4):
        case 0:
            arrays = with_bytes_changed(arrays, rng)
        case 1:
            head = _with_arrays_changed(head, rng)
        case _:
            head = with_json_changed(head, rng)
    head_bytes, array_bytes = len(head), len(arrays)
    if rng.random() < 0.1:
        head_bytes, array_bytes = rng.choice(((rng.choice(SIZES) % 2**32, array_bytes), (head_bytes, rng.choice(SIZES))))
    prefix = PREFIX.pack(magic, version, head_bytes, array_bytes)
    return prefix + _sum(prefix, head + arrays) + head + arrays


def _with_arrays_changed(head: bytes, rng: random.Random) -> bytes:
    """The head with the shape or type of an array another."""
    try:
        document = json.loads(head)
        entry = rng.choice(document["arrays"])
        place = rng.choice((1, 2))
        entry[place] = rng.choice(KINDS if place == 1 else SHAPES)
        return json.dumps(document).encode()
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return with_bytes_changed(head, rng)


def read(data: bytes, folder: Path) -> None:
    back = Checkpoint.from_bytes(data)
    assert Checkpoint.from_bytes(back.to_bytes()).to_bytes() == back.to_bytes()
    assert len(back.records) == back.state.round_index + 1
    assert repr(back)


def mutated_run(data: bytes, rng: random.Random) -> bytes:
    """The document with values or its scenario changed and the sum put right, or bytes changed."""
    try:
        content = unsealed(data)
        if rng.random() < 0.5:
            content = json.loads(with_json_changed(json.dumps(content).encode(), rng))
        else:
            content["scenario"] = toml_documents.mutated(content["scenario"].encode(), rng).decode("utf-8", "replace")
        return sealed(content) if rng.random() < 0.9 else with_bytes_changed(data, rng)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return with_bytes_changed(data, rng)


def read_run(data: bytes, folder: Path) -> None:
    (folder / RUN).write_bytes(data)
    run = UnfinishedRun.read(folder)
    assert run is not None
    assert isinstance(run.scenario, Scenario)
    assert isinstance(run.older, str)


CHECKPOINT = Target(
    name="checkpoints", seeds=_seeds(), mutated=mutated, read=read, refusals=(UnusableCheckpoint,), num_inputs=1500
)
UNFINISHED = Target(
    name="unfinished runs",
    seeds=(sealed({"scenario": "seed = 1\n[network]\nnum_cells = 3", "older": ""}),),
    mutated=mutated_run,
    read=read_run,
    refusals=(DamagedFile,),
    num_inputs=300,
)
