"""The IDX format, in which MNIST and the sets that take its place are published."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from channels.regular_file import open_regular

UNSIGNED_BYTE = 0x08
MAX_BYTES = 2**28
"""Of a file, and of the array in it: five times MNIST."""
CHUNK_BYTES = 2**20
GZIP_ONLY = 16 + zlib.MAX_WBITS


def read_idx(path: str | Path, *, num_dimensions: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file, which is compressed by gzip if its name ends in .gz.

    The file has two zero bytes, the type 0x08, the number of dimensions, each dimension as a big-endian 32-bit integer,
    then the bytes in row-major order, and nothing more. No more is unpacked than the dimensions need, and no more kept than
    came out.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.

    Args:
        path: of the file.
        num_dimensions: that the array must have.

    Raises:
        OSError: the file cannot be read, is no regular file, or is larger than 256 MiB.
        ValueError: the file is not such an array, whole, of at most 256 MiB.
    """
    path = Path(path)
    with open_regular(path, max_bytes=MAX_BYTES) as file:
        try:
            return _array(_Bytes(_unpacked(file) if path.suffix == ".gz" else _as_it_is(file)), path, num_dimensions)
        except (zlib.error, EOFError) as error:
            raise ValueError(f"{path}: not a whole gzip file ({error}); copy it anew") from None


class _Bytes:
    """Bytes that come in chunks, read in pieces."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer if no more come; memory grows with those that came, not with those that are wanted."""
        pieces, missing = list[bytes](), count
        while missing and (chunk := self._left or next(self._chunks, b"")):
            pieces.append(chunk[:missing])
            self._left = chunk[missing:]
            missing -= len(pieces[-1])
        return b"".join(pieces)


def _as_it_is(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK_BYTES), b"")


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """What a gzip file of one part holds, in chunks; after the last, its sum is held against it."""
    unpacker, packed = zlib.decompressobj(GZIP_ONLY), b""
    while not unpacker.eof:
        packed = packed or file.read(CHUNK_BYTES)
        chunk = unpacker.decompress(packed, CHUNK_BYTES)
        if not packed and not chunk:
            raise EOFError("it ends too soon")
        packed = unpacker.unconsumed_tail
        if chunk:
            yield chunk
    if unpacker.unused_data or file.read(1):
        raise EOFError("bytes follow its end")


def _array(content: _Bytes, path: Path, num_dimensions: int) -> NDArray[np.uint8]:
    magic = content.read(4)
    wanted = bytes([0, 0, UNSIGNED_BYTE, num_dimensions])
    if magic != wanted:
        raise ValueError(
            f"{path}: starts with 0x{magic.hex()}; an IDX file of bytes in {num_dimensions} dimensions starts with "
            f"0x{wanted.hex()}"
        )
    header = content.read(4 * num_dimensions)
    if len(header) < 4 * num_dimensions:
        raise ValueError(f"{path}: ends within its dimensions; copy it anew")
    shape = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
    size = prod(shape)
    if size > MAX_BYTES or max(shape) > MAX_BYTES:
        raise ValueError(f"{path}: its dimensions {shape} need {size} bytes of content; allowed are at most {MAX_BYTES}")
    values = content.read(size)
    more = content.read(1)
    if len(values) < size or more:
        held = f"more than {size}" if more else len(values)
        raise ValueError(f"{path}: holds {held} bytes of content; its dimensions {shape} need {size}; copy it anew")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)
