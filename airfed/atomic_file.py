"""Files that are whole or as they were, never half written."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

Chunk = bytes | bytearray | memoryview


def write_atomically(path: Path, content: Chunk | Iterable[Chunk]) -> None:
    """Writes a file at once: into a temporary file beside it, to disk, then renamed into place, and that to disk too.

    Args:
        path: of the file.
        content: all of it, or one part after the other.

    Raises:
        OSError: if that fails; the file then is as it was before, and the temporary one is gone.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in (content,) if isinstance(content, Chunk) else content:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; this one is as readable as anything else the user writes.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Brings to disk what files a folder has, so that one renamed into it is still there after a loss of power.

    Where folders cannot be synchronised, as on Windows and some network file systems, nothing happens.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def remove_unfinished(folder: Path, names: str) -> None:
    """Removes the temporary files that `write_atomically` leaves when the process is killed within it.

    Args:
        folder: which nobody else writes to.
        names: regular expression of the files that they were to become.
    """
    unfinished = re.compile(rf"\.({names})\.[a-z0-9_]{{8}}")
    for file in folder.iterdir():
        if unfinished.fullmatch(file.name):
            file.unlink(missing_ok=True)
