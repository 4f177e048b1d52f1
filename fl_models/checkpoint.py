"""What a training needs to go on: its state and its records, as bytes that tell when they were damaged."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from channels.summary import shown_by
from fl_models.algorithms.training_state import TrainingState
from fl_models.history import RoundCost, RoundRecord

MAGIC, FORMAT = b"\x93AIRFED\n", 1
PREFIX = struct.Struct("<8sIIQ")
"""Magic, format, length of the head, length of the arrays; their SHA-256 follows, then the head as JSON, then the arrays."""

SUM_BYTES = hashlib.sha256().digest_size
MAX_HEAD_BYTES = 2**20
KINDS = frozenset(["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"])
COSTS = tuple(each.name for each in fields(RoundCost))
COLUMNS = tuple(each.name for each in fields(RoundRecord) if each.name != "cost")
PARAMETERS, RECORDS, MEMORY = "parameters", "records", "memory."


class UnusableCheckpoint(ValueError):
    """A checkpoint that nothing can go on from."""


class DamagedCheckpoint(UnusableCheckpoint):
    """What was read is not what was written."""


class OtherFormat(UnusableCheckpoint):
    """Written by a version that keeps checkpoints in another way."""


class OtherTraining(UnusableCheckpoint):
    """Of another training than the one that is to go on."""


@shown_by("state", "versions", num_records=lambda checkpoint: len(checkpoint.records))
@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """Where a training stands after some global rounds, and how it got there.

    Random streams come from identity, so this is all that it takes for the rounds to come to be the same to the bit.

    Attributes:
        state: after the last round.
        records: of the initial model and of each round.
        fingerprint: of what is trained, see `fingerprints`.
        versions: of the packages that computed it, by name; for the reader, nothing is checked by them.
    """

    state: TrainingState
    records: tuple[RoundRecord, ...]
    fingerprint: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rounds = [record.round for record in self.records]
        if rounds != list(range(self.state.round_index + 1)):
            raise ValueError(f"records: got {len(rounds)}; needed is one of each round from 0 to {self.state.round_index}")

    def check_fits(self, fingerprint: Mapping[str, str]) -> None:
        """An OtherTraining that names what differs, unless it is of the training with this fingerprint."""
        names = [name for name in {**fingerprint, **self.fingerprint} if fingerprint.get(name) != self.fingerprint.get(name)]
        if names:
            raise OtherTraining(f"of another training: {_listed(names)} {'differs' if len(names) == 1 else 'differ'}")

    def to_bytes(self) -> bytes:
        """The checkpoint as `from_bytes` takes it."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes | memoryview]:
        """`to_bytes` in parts, without a second copy of large arrays. They come back in C order."""
        records = np.array([_row(record) for record in self.records])
        arrays = {PARAMETERS: self.state.parameters, RECORDS: records}
        arrays |= {MEMORY + name: values for name, values in self.state.memory.items()}
        plain = {name: np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")).reshape(a.shape) for name, a in arrays.items()}
        for name, array in plain.items():
            if array.dtype.str not in KINDS:
                raise ValueError(f"{name}: got an array of {array.dtype}; allowed are truth values and plain numbers")
        head = {
            "round_index": self.state.round_index,
            "columns": [*COLUMNS, *COSTS],
            "fingerprint": dict(self.fingerprint),
            "versions": dict(self.versions),
            "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in plain.items()],
        }
        encoded = json.dumps(head).encode()
        content: list[bytes | memoryview] = [encoded, *(array.reshape(-1).view(np.uint8).data for array in plain.values())]
        prefix = PREFIX.pack(MAGIC, FORMAT, len(encoded), sum(array.nbytes for array in plain.values()))
        yield prefix
        yield _sum(prefix, *content)
        yield from content

    @classmethod
    def from_bytes(cls, content: bytes | bytearray) -> Checkpoint:
        """The checkpoint that was written.

        Nothing is made room for before it is known to be there: lengths are checked against the bytes given, arrays are not
        compressed, and nothing is ever executed.

        Raises:
            OtherFormat: if it is of another version.
            DamagedCheckpoint: if it was cut short or changed, or is something else altogether.
        """
        view = memoryview(content)
        start = PREFIX.size + SUM_BYTES
        if len(view) < start or bytes(view[: len(MAGIC)]) != MAGIC:
            raise DamagedCheckpoint("not a checkpoint, or cut short")
        _, version, head_bytes, array_bytes = PREFIX.unpack(view[: PREFIX.size])
        if version != FORMAT:
            raise OtherFormat(f"in format {version}; this version reads {FORMAT}")
        if head_bytes > MAX_HEAD_BYTES or start + head_bytes + array_bytes != len(view):
            raise DamagedCheckpoint(f"{len(view)} bytes where {start + head_bytes + array_bytes} were written")
        if _sum(view[: PREFIX.size], view[start:]) != view[PREFIX.size : start]:
            raise DamagedCheckpoint("changed since it was written")
        try:
            head = json.loads(bytes(view[start : start + head_bytes]))
            return cls(**_parts(head, view[start + head_bytes :]))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as error:
            # Only what was made up, with a sum that is right, gets here.
            raise DamagedCheckpoint(f"not as a checkpoint is written: {type(error).__name__}") from None


def _parts(head: Any, content: memoryview) -> dict[str, Any]:
    """What makes the checkpoint; anything may be raised where the head is not as it is written."""
    arrays, place = dict[str, np.ndarray[Any, np.dtype[Any]]](), 0
    for name, kind, shape in head["arrays"]:
        if name in arrays or kind not in KINDS or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError
        dtype = np.dtype(kind)
        end = place + dtype.itemsize * math.prod(shape)
        if end > len(content):
            raise ValueError
        arrays[name] = np.frombuffer(content[place:end], dtype=dtype).reshape(shape).copy()
        place = end
    parameters, records = arrays.pop(PARAMETERS), arrays.pop(RECORDS)
    texts = [head["fingerprint"], head["versions"]]
    if (
        place != len(content)
        or type(head["round_index"]) is not int
        or parameters.ndim != 1
        or head["columns"] != [*COLUMNS, *COSTS]
        or records.dtype != float
        or records.shape != (head["round_index"] + 1, len(head["columns"]))
        or not all(name.startswith(MEMORY) for name in arrays)
        or not all(_is_plain(text) for each in texts for pair in each.items() for text in pair)
    ):
        raise ValueError
    taken = tuple(_record(row) for row in records.tolist())
    state = TrainingState(
        round_index=head["round_index"],
        parameters=parameters,
        train_loss=taken[-1].train_loss,
        memory={name.removeprefix(MEMORY): values for name, values in arrays.items()},
    )
    return {"state": state, "records": taken, "fingerprint": texts[0], "versions": texts[1]}


def _row(record: RoundRecord) -> list[float]:
    return [getattr(record, name) for name in COLUMNS] + [getattr(record.cost, name) for name in COSTS]


def _record(row: list[float]) -> RoundRecord:
    own, cost = dict(zip(COLUMNS, row, strict=False)), dict(zip(COSTS, row[len(COLUMNS) :], strict=True))
    return RoundRecord(round=int(own.pop("round")), **own, cost=RoundCost(**cost))


def _is_plain(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()


def _sum(*parts: bytes | memoryview) -> bytes:
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.digest()


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
