"""The folder that a run leaves behind. Files in it are whole or absent, never half written."""

from __future__ import annotations

import errno
import tempfile
from dataclasses import dataclass
from pathlib import Path

from airfed.atomic_file import write_atomically
from airfed.figures import FIGURE_NAMES

SCENARIO = "scenario.toml"
HISTORY = "history.csv"
SUMMARY = "summary.json"
NAMES = (SCENARIO, HISTORY, SUMMARY, *FIGURE_NAMES)


class ResultsExist(FileExistsError):
    """The folder already holds results that nobody allowed to overwrite."""


@dataclass(frozen=True)
class ResultsFolder:
    """A folder for the results of one run.

    Attributes:
        path: where it is.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path, *, overwrite: bool) -> ResultsFolder:
        """A folder that can be written to. Nothing in it changes yet.

        Raises:
            ResultsExist: if it holds results and `overwrite` is false.
            OSError: if the folder cannot be made or written, or has a folder where a result goes.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        held = [name for name in NAMES if (folder / name).exists()]
        for name in held:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{name} in it is a folder")
        if held and not overwrite:
            raise ResultsExist(f"{folder}: already holds results ({', '.join(held)})")
        with tempfile.TemporaryFile(dir=folder):
            return cls(folder)

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
