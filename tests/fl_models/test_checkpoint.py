"""Checkpoints come back to the bit, or say in one way that they do not."""

import dataclasses
import json

import numpy as np
import pytest

from fl_models import (
    Checkpoint,
    DamagedCheckpoint,
    OtherFormat,
    OtherTraining,
    RoundCost,
    RoundRecord,
    TrainingState,
    UnusableCheckpoint,
)
from fl_models.checkpoint import PREFIX, SUM_BYTES, _sum

START = PREFIX.size + SUM_BYTES


@pytest.fixture(scope="module")
def checkpoint():
    rng = np.random.default_rng(0)
    costs = [RoundCost(compute_s=0.1 + 0.2, uplink_s=5e-324, participation=number) for number in (float("nan"), 1 / 3, 1.0)]
    return Checkpoint(
        state=TrainingState(
            round_index=2,
            parameters=rng.standard_normal(7).astype(np.float32),
            train_loss=0.1,
            memory={"of clients": rng.standard_normal((3, 2, 7)), "count": np.array(3), "none": np.zeros((0, 7), dtype=bool)},
        ),
        records=tuple(
            RoundRecord(round=index, test_accuracy=index / 7, test_loss=1e300, train_loss=loss, time_s=1 / 3 * index, cost=cost)
            for index, (loss, cost) in enumerate(zip((float("nan"), 0.3, 0.1), costs, strict=True))
        ),
        fingerprint={"algorithm": "12ab", "task": "34cd"},
        versions={"airfed": "0.0.1"},
    )


def made_up(content, change):
    """A checkpoint whose head was changed, and its lengths and sum with it."""
    magic, version, head_bytes, array_bytes = PREFIX.unpack(content[: PREFIX.size])
    head = json.loads(content[START : START + head_bytes])
    changed = change(head)
    encoded = json.dumps(head if changed is None else changed).encode()
    prefix = PREFIX.pack(magic, version, len(encoded), array_bytes)
    rest = encoded + content[START + head_bytes :]
    return prefix + _sum(prefix, rest) + rest


def test_it_comes_back_to_the_bit(checkpoint):
    content = checkpoint.to_bytes()
    back = Checkpoint.from_bytes(content)
    assert back.to_bytes() == content
    assert str(back.records) == str(checkpoint.records)  # as text, in which nan is equal to nan
    assert back.fingerprint == checkpoint.fingerprint
    assert back.versions == checkpoint.versions
    assert (back.state.round_index, back.state.train_loss) == (2, 0.1)
    ours, theirs = ({"": each.state.parameters, **each.state.memory} for each in (checkpoint, back))
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        assert (array.dtype, array.shape, array.tobytes()) == (theirs[name].dtype, theirs[name].shape, theirs[name].tobytes())
        assert theirs[name].flags.writeable


def test_every_bit_and_every_length_matters(checkpoint):
    content = checkpoint.to_bytes()
    assert made_up(content, lambda head: None) == content
    for place in range(len(content)):
        for bit in (0, 7):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            with pytest.raises(UnusableCheckpoint):
                Checkpoint.from_bytes(damaged)
    for length in range(len(content)):
        with pytest.raises(DamagedCheckpoint):
            Checkpoint.from_bytes(content[:length])
    with pytest.raises(DamagedCheckpoint, match="bytes where"):
        Checkpoint.from_bytes(content + b"\0")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(100), b"\x93NUMPY" + bytes(200), bytes(1000)])
def test_something_else_altogether(content):
    with pytest.raises(DamagedCheckpoint, match="not a checkpoint"):
        Checkpoint.from_bytes(content)


def test_another_format_is_told(checkpoint):
    magic, version, *lengths = PREFIX.unpack(checkpoint.to_bytes()[: PREFIX.size])
    newer = PREFIX.pack(magic, version + 1, *lengths) + checkpoint.to_bytes()[PREFIX.size :]
    with pytest.raises(OtherFormat, match="in format 2; this version reads 1"):
        Checkpoint.from_bytes(newer)


def declared(place, **change):
    """Something other said of an array of the head: (name, dtype, shape)."""

    def make(head):
        for index, value in change.items():
            head["arrays"][place][["name", "dtype", "shape"].index(index)] = value

    return make


@pytest.mark.parametrize(
    "change",
    [
        declared(0, dtype="|O"),
        declared(0, dtype="<f16"),
        declared(0, dtype=["<f4"]),
        declared(0, shape=[2**40]),
        declared(0, shape=[10**5000 // 10**4900, 10**90]),
        declared(0, shape=[-7]),
        declared(0, shape=[7.0]),
        declared(0, shape=[True] * 7),
        declared(0, shape="7"),
        declared(0, shape=None),
        declared(0, shape=[7] + [1] * 200),
        declared(0, name="records"),
        declared(0, name="elsewhere"),
        declared(0, name=3),
        declared(1, dtype="<i8"),
        declared(1, shape=[14, 3]),
        declared(4, shape=[0, 2**62, 2**62]),
        lambda head: head["arrays"].pop(),
        lambda head: head["arrays"].append(["memory.more", "<f4", [1]]),
        lambda head: head.update(arrays=3),
        lambda head: head.update(arrays=[[]]),
        lambda head: head.update(round_index=3),
        lambda head: head.update(round_index=2.0),
        lambda head: head.update(round_index=-1),
        lambda head: head.update(round_index=True),
        lambda head: head.update(columns=head["columns"][::-1]),
        lambda head: head.update(fingerprint=[]),
        lambda head: head.update(fingerprint={"task": 3}),
        lambda head: head.update(versions={"airfed": "0.1\x1b[2J"}),
        lambda head: head.pop("versions"),
        lambda head: [],
        lambda head: "x",
    ],
)
def test_what_was_made_up_is_refused_before_room_is_made_for_it(checkpoint, change):
    """Though its sum is right."""
    with pytest.raises(DamagedCheckpoint, match="not as a checkpoint is written"):
        Checkpoint.from_bytes(made_up(checkpoint.to_bytes(), change))


def test_heads_that_no_parser_likes(checkpoint):
    content = checkpoint.to_bytes()
    magic, version, head_bytes, array_bytes = PREFIX.unpack(content[: PREFIX.size])
    for encoded in (b"[" * 100_000, b"9" * 10_000, b"\xff\xfe", b"", b"NaN", b'{"arrays": Infinity}'):
        prefix = PREFIX.pack(magic, version, len(encoded), array_bytes)
        rest = encoded + content[START + head_bytes :]
        with pytest.raises(DamagedCheckpoint, match="not as a checkpoint is written"):
            Checkpoint.from_bytes(prefix + _sum(prefix, rest) + rest)


def test_rounds_that_are_no_numbers_are_refused(checkpoint):
    for number in (np.nan, np.inf, 1.5):
        content = bytearray(checkpoint.to_bytes())
        head_bytes = PREFIX.unpack(content[: PREFIX.size])[2]
        start = START + head_bytes + checkpoint.state.parameters.nbytes
        content[start : start + 8] = np.float64(number).tobytes()
        with pytest.raises(DamagedCheckpoint):
            Checkpoint.from_bytes(made_up(bytes(content), lambda head: None))


def test_of_another_training(checkpoint):
    checkpoint.check_fits({"task": "34cd", "algorithm": "12ab"})
    with pytest.raises(OtherTraining, match="of another training: task differs"):
        checkpoint.check_fits({"task": "other", "algorithm": "12ab"})
    with pytest.raises(OtherTraining, match="algorithm, network and task differ"):
        checkpoint.check_fits({"algorithm": "x", "network": "y"})


def test_only_what_hangs_together_is_a_checkpoint(checkpoint):
    with pytest.raises(ValueError, match="records: got 2; needed is one of each round from 0 to 2"):
        dataclasses.replace(checkpoint, records=checkpoint.records[:2])
    texts = dataclasses.replace(checkpoint.state, memory={"names": np.array(["a"])})
    with pytest.raises(ValueError, match="memory.names: got an array of <U1; allowed are"):
        dataclasses.replace(checkpoint, state=texts).to_bytes()
