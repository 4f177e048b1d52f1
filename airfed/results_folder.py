"""The folder that a run leaves behind. Files in it are whole or absent, never half written."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from airfed.atomic_file import remove_unfinished, sync_folder, write_atomically
from airfed.figures import FIGURE_NAMES
from airfed.folder_lock import locked

SCENARIO = "scenario.toml"
HISTORY = "history.csv"
SUMMARY = "summary.json"
CHECKPOINT = "checkpoint"
NAMES = (SCENARIO, HISTORY, SUMMARY, *FIGURE_NAMES)


@dataclass(frozen=True)
class ResultsFolder:
    """A folder for the results of one run.

    Attributes:
        path: where it is.
    """

    path: Path

    @classmethod
    @contextmanager
    def open(cls, path: str | Path) -> Iterator[ResultsFolder]:
        """A folder that can be written to, made if there is none; no other process can open it meanwhile.

        Nothing in it changes yet, but that what a killed process left half written is gone.

        Raises:
            FolderInUse: if another process has it open.
            OSError: if it cannot be made or written, or has a folder where a result goes.
        """
        folder = cls(Path(path))
        folder.path.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.path.parent)
        with locked(folder.path):
            for name in folder.held:
                if (folder.path / name).is_dir():
                    raise IsADirectoryError(errno.EISDIR, f"{name} in it is a folder")
            with tempfile.TemporaryFile(dir=folder.path):
                pass  # it can be written: better known now than after the first scheme
            remove_unfinished(folder.path, "|".join(map(re.escape, NAMES)))
            yield folder

    @property
    def held(self) -> list[str]:
        """Names of the results that it holds."""
        return [name for name in NAMES if (self.path / name).exists()]

    def clear(self) -> None:
        """Removes older results; other files stay."""
        for name in NAMES:
            (self.path / name).unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Writes one of the files at once.

        Raises:
            OSError: if that fails, say because the disk is full; the file then is as it was before.
        """
        write_atomically(self.path / name, content)
