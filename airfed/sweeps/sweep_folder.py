"""The folder of a sweep: what it computes, and a file for each point that is done."""

from __future__ import annotations

import errno
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airfed.atomic_file import write_atomically
from airfed.checked_json import DamagedFile, digest, sealed, unsealed
from airfed.first_difference import first_difference
from airfed.folder_lock import locked
from airfed.sweeps.grid import Grid
from airfed.sweeps.manifest import manifest
from airfed.sweeps.outcome import Outcome, is_row
from channels.regular_file import read_regular

SWEEP, POINTS = "sweep.json", "points"
TABLE_CSV, TABLE_PARQUET, SUMMARY, FIGURE = "table.csv", "table.parquet", "summary.csv", "figure"
NAMES = (SWEEP, TABLE_CSV, TABLE_PARQUET, SUMMARY, *(f"{FIGURE}.{kind}" for kind in ("png", "pdf", "svg")), POINTS)

MAX_POINT_BYTES, MAX_SWEEP_BYTES = 1_000_000, 100_000_000
"""Of what is read; a point has some kilobytes, and the values of a sweep may be many and long."""

_UNFINISHED = re.compile(r"\.(\d+|sweep)\.json\..*")
"""What `write_atomically` leaves when the process is killed within it."""


class OtherSweep(FileExistsError):
    """The folder belongs to another sweep, or to something else."""


@dataclass(frozen=True, kw_only=True)
class SweepFolder:
    """A folder with the points of one sweep that are done. It holds them whatever ends the process that computes them.

    Attributes:
        path: where it is.
        about: what sweep it is, as in `sweep.json`.
    """

    path: Path
    about: dict[str, Any]

    @classmethod
    @contextmanager
    def open(cls, path: str | Path, grid: Grid, *, overwrite: bool) -> Iterator[SweepFolder]:
        """The folder of a sweep, made if there is none; no other process can open it meanwhile.

        Args:
            path: where it is.
            grid: what the sweep computes.
            overwrite: whether to throw away what the folder holds of a sweep, this one or another.

        Raises:
            OtherSweep: if it holds another sweep and `overwrite` is false; the message tells where they differ.
            FolderInUse: if another process has it open.
            OSError: if it cannot be made or written.
        """
        folder = cls(path=Path(path), about=json.loads(json.dumps(manifest(grid))))
        folder.path.mkdir(parents=True, exist_ok=True)
        with locked(folder.path):
            if overwrite:
                folder._clear()
            folder._claim()
            yield folder

    @property
    def num_points(self) -> int:
        """How many points are done."""
        return sum(1 for _ in (self.path / POINTS).glob("*.json"))

    def outcomes(self) -> tuple[dict[int, Outcome], list[str]]:
        """The outcomes of the points that are done, by index, and the names of files that are damaged or of another sweep."""
        found, damaged = dict[int, Outcome](), list[str]()
        for file in sorted((self.path / POINTS).glob("*.json")):
            try:
                outcome = self._outcome(unsealed(read_regular(file, max_bytes=MAX_POINT_BYTES)))
                if file.name != _name(outcome.index):
                    raise DamagedFile("of another point")
            except (DamagedFile, OSError):
                damaged.append(file.name)
            else:
                found[outcome.index] = outcome
        return found, damaged

    def write(self, outcome: Outcome) -> None:
        """Keeps the outcome of a point, in a file that is whole or not there.

        Raises:
            OSError: if that fails, say because the disk is full.
        """
        rows = [{name: None if _is_nan(value) else value for name, value in row.items()} for row in outcome.rows]
        content = {"sweep": digest(self.about), "point": outcome.index, "rows": rows}
        write_atomically(self.path / POINTS / _name(outcome.index), sealed(content))

    def write_file(self, name: str, content: bytes) -> None:
        """Writes a file of the results at once.

        Raises:
            OSError: if that fails; the file then is as it was before.
        """
        write_atomically(self.path / name, content)

    def _outcome(self, content: Any) -> Outcome:
        """The outcome that a file of a point holds.

        Raises:
            DamagedFile: if it is of another sweep, or nothing that `write` writes.
        """
        if not isinstance(content, dict) or content.keys() != {"sweep", "point", "rows"}:
            raise DamagedFile("of no point")
        if content["sweep"] != digest(self.about):
            raise DamagedFile("of another sweep")
        point, rows = content["point"], content["rows"]
        if type(point) is not int or not isinstance(rows, list) or not all(map(is_row, rows)):
            raise DamagedFile("of no point")
        return Outcome(
            index=point,
            rows=tuple({name: math.nan if value is None else value for name, value in row.items()} for row in rows),
            versions=self.about["versions"],
        )

    def _clear(self) -> None:
        """Removes what there is of a sweep, the points first, so that it is never taken for a sweep that has them."""
        shutil.rmtree(self.path / POINTS, ignore_errors=True)
        for name in NAMES[:-1]:
            (self.path / name).unlink(missing_ok=True)

    def _claim(self) -> None:
        """Makes the folder this sweep's if it is nobody's, and tidies up after a process that was killed."""
        held = [name for name in NAMES if (self.path / name).exists()]
        if SWEEP in held:
            try:
                about = json.loads(read_regular(self.path / SWEEP, max_bytes=MAX_SWEEP_BYTES))
            except (OSError, ValueError, RecursionError):
                raise OtherSweep(f"{self.path}: its {SWEEP} cannot be read, so that nobody knows what sweep it holds") from None
            difference = first_difference(about, self.about)
            if difference:
                raise OtherSweep(f"{self.path}: holds another sweep: {difference}")
        elif held:
            raise OtherSweep(f"{self.path}: holds {', '.join(held)}, but no {SWEEP} that says of what")
        else:
            write_atomically(self.path / SWEEP, (json.dumps(self.about, indent=2, ensure_ascii=False) + "\n").encode())
        points = self.path / POINTS
        if points.exists() and not points.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{POINTS} in it is no folder")
        points.mkdir(exist_ok=True)
        for folder in (self.path, points):
            for file in folder.iterdir():
                if _UNFINISHED.fullmatch(file.name):
                    file.unlink()
        with tempfile.TemporaryFile(dir=points):
            pass  # points can be written: better known now than after the first


def _name(index: int) -> str:
    return f"{index:05d}.json"


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
