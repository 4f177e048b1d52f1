"""Laws of what a training goes on from: bytes that come back, or tell that they were damaged, and what it depends on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import tasks
from fl_models import (
    Checkpoint,
    DamagedCheckpoint,
    FederatedTask,
    FedProx,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OtherFormat,
    OtherTraining,
    RoundCost,
    RoundRecord,
    Schedule,
    Streams,
    Training,
    TrainingState,
    UniformCount,
    UnusableCheckpoint,
    Workers,
    fingerprints,
)
from latency_opt import AirComp
from strategies import decades, seeds

FEWER = settings(max_examples=max(6, settings.default.max_examples // 5))
anything = st.floats(allow_nan=True, allow_infinity=True)
kinds = st.sampled_from(["?", "i1", "u1", "i2", "i4", "i8", "u8", "f2", "f4", "f8", ">f8", ">i4", "c8", "c16"])
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
tables = st.dictionaries(texts, texts, max_size=3)


@st.composite
def checkpoints(draw):
    """After any number of rounds, whatever was measured in them and whatever the algorithm remembers."""
    rounds = draw(st.integers(0, 3))
    records = tuple(
        RoundRecord(
            round=index,
            test_accuracy=draw(anything),
            test_loss=draw(anything),
            train_loss=draw(anything),
            time_s=draw(anything),
            cost=RoundCost(uplink_s=draw(anything), energy_j=draw(anything)),
        )
        for index in range(rounds + 1)
    )
    state = TrainingState(
        round_index=rounds,
        parameters=draw(arrays(draw(st.sampled_from(["f4", "f8"])), draw(st.integers(0, 5)))),
        train_loss=records[-1].train_loss,
        memory={name: draw(arrays(draw(kinds), draw(shapes))) for name in draw(st.lists(texts, max_size=3, unique=True))},
    )
    return Checkpoint(state=state, records=records, fingerprint=draw(tables), versions=draw(tables))


@law_of(Checkpoint)
@given(checkpoint=checkpoints())
def test_checkpoints_come_back_to_the_byte(checkpoint):
    content = checkpoint.to_bytes()
    back = Checkpoint.from_bytes(content)
    assert back.to_bytes() == content == b"".join(checkpoint.chunks())
    assert str(back.records) == str(checkpoint.records)  # as text, in which nan is nan
    assert back.fingerprint == checkpoint.fingerprint
    assert back.versions == checkpoint.versions
    assert back.state.round_index == checkpoint.state.round_index
    arrays_of = [{"parameters": each.state.parameters} | dict(each.state.memory) for each in (checkpoint, back)]
    assert list(arrays_of[0]) == list(arrays_of[1])
    for before, after in zip(arrays_of[0].values(), arrays_of[1].values(), strict=True):
        little = before.astype(before.dtype.newbyteorder("<"))
        assert (after.dtype, after.shape, after.tobytes()) == (little.dtype, little.shape, little.tobytes())


@law_of(Checkpoint)
@given(checkpoint=checkpoints(), data=st.data())
def test_damaged_bytes_are_refused(checkpoint, data):
    content = checkpoint.to_bytes()
    damaged = bytearray(content)
    for place in data.draw(st.sets(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((DamagedCheckpoint, OtherFormat)):
        Checkpoint.from_bytes(damaged)
    with pytest.raises(DamagedCheckpoint):
        Checkpoint.from_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(DamagedCheckpoint):
        Checkpoint.from_bytes(content + data.draw(st.binary(min_size=1, max_size=9)))


@law_of(Checkpoint)
@given(content=st.binary(max_size=300))
def test_other_bytes_are_refused(content):
    for begin in (b"", b"\x93AIRFED\n", b"\x93AIRFED\n\x01\0\0\0"):
        with pytest.raises(UnusableCheckpoint):
            Checkpoint.from_bytes(begin + content)


@law_of(Checkpoint)
@given(checkpoint=checkpoints(), fingerprint=tables)
def test_what_differs_is_named(checkpoint, fingerprint):
    checkpoint.check_fits(dict(reversed(checkpoint.fingerprint.items())))
    if fingerprint != checkpoint.fingerprint:
        with pytest.raises(OtherTraining) as raised:
            checkpoint.check_fits(fingerprint)
        for name in fingerprint.items() ^ checkpoint.fingerprint.items():
            assert name[0] in str(raised.value)
    with pytest.raises(ValueError, match=r"^records"):
        replace(checkpoint, records=(*checkpoint.records, checkpoint.records[-1]))


# Of which training


@law_of(fingerprints)
@FEWER
@given(task=tasks(one_sample=False), step=decades(1e-3, 1.0), seed=seeds, client=st.integers(0, 100))
def test_each_part_of_a_training_has_a_fingerprint_of_its_own(make_network, task, step, seed, client):
    def training(task=task, step=step, seed=seed):
        return Training(
            algorithm=HierarchicalFedAvg(schedule=Schedule(step_size=step)),
            task=task,
            network=make_network(task.num_cells, 1),
            aggregator=Ideal(),
            clock=NetworkClock(access=AirComp()),
            streams=Streams(seed=seed),
        )

    cells = np.arange(task.num_cells)
    task = FederatedTask(
        model=task.model, train=task.train, test=task.test, client_samples=task.client_samples[: len(cells)], serving_cell=cells
    )
    one, same = training(task), training(replace(task))
    images = task.train.x.copy()
    images.flat[client % images.size] = np.nextafter(images.flat[client % images.size], np.float32(np.inf))
    others = {
        "algorithm": replace(one, algorithm=FedProx(schedule=Schedule(step_size=step), proximal_weight=0.0)),
        "task": replace(one, task=replace(task, train=replace(task.train, x=images))),
        "streams": replace(one, streams=Streams(seed=seed + 1)),
        "selection": replace(one, selection=UniformCount(num_clients=1)),
    }
    first, again, threads, *rest = fingerprints([one, same, replace(one, workers=Workers(num_threads=3)), *others.values()])
    assert first == again == threads == fingerprints([same])[0]
    for name, found in zip(others, rest, strict=True):
        assert [part for part in first if first[part] != found[part]] == [name]
    (farther,) = fingerprints([training(task, step=np.nextafter(step, 2.0))])
    assert [part for part in first if first[part] != farther[part]] == ["algorithm"]
