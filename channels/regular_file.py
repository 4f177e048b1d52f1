"""Files that somebody names, opened so that nothing they turn out to be can hang the process or fill its memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | Path, *, max_bytes: int) -> BinaryIO:
    """A regular file, open for reading bytes.

    Pipes, which can wait for ever, and devices, which can go on for ever, are refused before a byte is read, and so are files
    that are too large, however little of the disk they take.

    Raises:
        OSError: the file cannot be opened, is no regular file, or is larger than `max_bytes`; `strerror` says which.

    >>> open_regular("/dev/zero", max_bytes=10)
    Traceback (most recent call last):
        ...
    OSError: [Errno 22] no regular file: '/dev/zero'
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits until somebody writes.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError:  # zero bytes, halves of surrogate pairs
        raise OSError(errno.EINVAL, "no file can have this name", ascii(str(path))) from None
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(path))
        if found.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes", str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: str | Path, *, max_bytes: int) -> bytes:
    """The content of a regular file of at most so many bytes.

    Raises:
        OSError: as from `open_regular`, or the file cannot be read or has grown meanwhile.
    """
    with open_regular(path, max_bytes=max_bytes) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes", str(path))
    return content
