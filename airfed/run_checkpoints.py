"""Where the schemes of a run stand, kept in a folder, so that it can go on after whatever ends it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from airfed.atomic_file import remove_unfinished, sync_folder, write_atomically
from airfed.folder_lock import locked
from airfed.versions import versions
from channels.regular_file import read_regular
from fl_models import Checkpoint, OtherTraining, RoundRecord, Training, TrainingState, UnusableCheckpoint, fingerprints
from fl_models.algorithms.algorithm import initial_state

KEPT = 2
"""States of the scheme under way: should the newest be damaged, there is the one before."""

SHARE_OF_TIME = 0.02
"""At most so much of the time goes into keeping states; where they take long, not every round's is kept."""

_NAME = r"\d\d-\d{7}\.(state|done)"


class RunCheckpoints:
    """The checkpoints of a run: `PLACE-ROUND.state` of a scheme under way, `PLACE-ROUND.done` of one that is complete.

    That one cannot be written, say because the disk is full, is told once and ends nothing: the one before it stays.
    """

    def __init__(self, path: Path, *, tell: Callable[[str], None]) -> None:
        self._path, self._tell = path, tell
        self._fingerprints: Sequence[dict[str, str]] = ()
        self._reached: tuple[int, TrainingState, Sequence[RoundRecord]] | None = None
        self._is_kept = True
        self._next_at, self._failed = -np.inf, False

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, tell: Callable[[str], None]) -> Iterator[RunCheckpoints]:
        """The checkpoints in a folder, which is made if there is none; no other process can open it meanwhile.

        Args:
            path: the folder; other files in it stay, and it goes at the end if there is nothing in it.
            tell: given what a user should know of checkpoints that cannot be read or written.

        Raises:
            FolderInUse: if another process has it open.
            OSError: if it cannot be made.
        """
        path.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent)
        with locked(path):
            remove_unfinished(path, rf"{_NAME}|run\.json")
            try:
                yield cls(path, tell=tell)
            finally:
                _remove_if_empty(path)

    def load(self, trainings: Sequence[Training], *, num_rounds: int) -> dict[int, Checkpoint]:
        """The newest checkpoint that is whole of each training, by its place, where there is one.

        Raises:
            OtherTraining: if it is of another training.
        """
        self._fingerprints = fingerprints(trainings)
        found = {}
        for place, training in enumerate(trainings):
            checkpoint = self._newest(place, training, num_rounds)
            if checkpoint:
                found[place] = checkpoint
        theirs = {(name, kept) for checkpoint in found.values() for name, kept in checkpoint.versions.items()}
        others = [f"{name} {kept} (here {versions().get(name)})" for name, kept in sorted(theirs - versions().items())]
        if others:
            self._tell(f"what is kept was computed with {', '.join(others)}: the rounds to come may differ from it")
        return found

    def after_round(self, place: int, state: TrainingState, records: Sequence[RoundRecord]) -> None:
        """Keeps where the training of a place stands, unless too much of the time would go into that."""
        self._reached, self._is_kept = (place, state, records), state.round_index == 0
        if not self._is_kept and time.monotonic() >= self._next_at:
            self.keep()

    def keep(self) -> None:
        """Keeps the last whole round now, if it is not kept."""
        if self._reached is None or self._is_kept:
            return
        place, state, records = self._reached
        started = time.monotonic()
        if self._write(place, state, records, kind="state"):
            self._tidy(place, keep=KEPT)
        ended = time.monotonic()
        self._next_at = ended + (ended - started) / SHARE_OF_TIME

    def complete(self, place: int) -> None:
        """Keeps the records of a training that is complete, and no more what it would need to go on."""
        if self._reached is None:
            return  # it was complete already
        _, state, records = self._reached
        if self._write(place, replace(state, memory={}), records, kind="done"):
            self._tidy(place, keep=KEPT - 1)
        self._reached = None

    def clear(self) -> None:
        """Removes all checkpoints."""
        self._remove([file for file in self._path.iterdir() if re.fullmatch(_NAME, file.name)])
        self._reached = None

    def _newest(self, place: int, training: Training, num_rounds: int) -> Checkpoint | None:
        for file in sorted(self._files(place, kind="state") + self._files(place, kind="done"), key=_round, reverse=True):
            if file.suffix == ".done" and _round(file) < num_rounds:
                continue  # more is asked for now, and what it would take to go on is not there
            try:
                checkpoint = _read(file, most_bytes=_most_bytes(training, num_rounds))
            except (OSError, UnusableCheckpoint) as error:
                why = error.strerror if isinstance(error, OSError) else error
                self._tell(f"{file}: cannot be used, the one before it is taken, if any: {why}")
                continue
            try:
                checkpoint.check_fits(self._fingerprints[place])
                if checkpoint.state.round_index > num_rounds:
                    raise OtherTraining(f"after {checkpoint.state.round_index} rounds, of which {num_rounds} are asked for")
            except OtherTraining as error:
                theirs, ours = checkpoint.versions.get("airfed"), versions()["airfed"]
                other = "" if theirs == ours else f"; it was computed with airfed {theirs}, and this is {ours}"
                raise OtherTraining(f"{file}: {error}{other}") from None
            return checkpoint
        return None

    def _write(self, place: int, state: TrainingState, records: Sequence[RoundRecord], *, kind: str) -> bool:
        """Whether it could be written."""
        checkpoint = Checkpoint(state=state, records=tuple(records), fingerprint=self._fingerprints[place], versions=versions())
        try:
            write_atomically(self._path / f"{place:02d}-{state.round_index:07d}.{kind}", checkpoint.chunks())
        except OSError as error:
            if not self._failed:
                self._tell(f"{self._path}: no checkpoint can be written: {error.strerror}; the run goes on without")
            self._failed = True
            return False
        self._is_kept, self._failed = True, False
        return True

    def _files(self, place: int, *, kind: str) -> list[Path]:
        """Checkpoints of a training, the newest first."""
        files = [file for file in self._path.glob(f"{place:02d}-*.{kind}") if re.fullmatch(_NAME, file.name)]
        return sorted(files, reverse=True)

    def _tidy(self, place: int, *, keep: int) -> None:
        """Removes all but some states of a training and, once there are as many, all of those before it."""
        states = self._files(place, kind="state")
        self._remove(states[keep:])
        if len(states) >= keep:
            for earlier in range(place):
                self._remove(self._files(earlier, kind="state"))

    def _remove(self, files: Sequence[Path]) -> None:
        for file in files:
            file.unlink(missing_ok=True)


def _remove_if_empty(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        return  # there are checkpoints, or something else
    sync_folder(path.parent)


def _round(file: Path) -> int:
    return int(file.stem.partition("-")[2])


def _read(file: Path, *, most_bytes: int) -> Checkpoint:
    """The checkpoint in a file, which is not even read if it is larger than any of the training could be."""
    if file.stat().st_size > most_bytes:
        raise UnusableCheckpoint(f"{file.stat().st_size} bytes; at most {most_bytes} are expected")
    return Checkpoint.from_bytes(read_regular(file, max_bytes=most_bytes))


def _most_bytes(training: Training, num_rounds: int) -> int:
    """As many as the largest checkpoint of a training may have, with room for numbers of double precision."""
    state = initial_state(training.algorithm, training.task, np.empty(training.task.model.num_parameters))
    values = state.parameters.size + sum(array.size for array in state.memory.values())
    return 2**21 + 16 * values + 256 * (num_rounds + 1)
