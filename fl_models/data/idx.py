"""The IDX format, in which MNIST and the sets that take its place are published."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

UNSIGNED_BYTE = 0x08


def read_idx(path: str | Path, *, num_dimensions: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file, which is compressed by gzip if its name ends in .gz.

    The file has two zero bytes, the type 0x08, the number of dimensions, each dimension as a big-endian 32-bit integer,
    then the bytes in row-major order, and nothing more.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.

    Args:
        path: of the file.
        num_dimensions: that the array must have.

    Raises:
        ValueError: the file is not such an array, whole.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return _array(stream, path, num_dimensions)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error}); copy it anew") from None


def _array(stream: BinaryIO | gzip.GzipFile, path: Path, num_dimensions: int) -> NDArray[np.uint8]:
    magic = stream.read(4)
    wanted = bytes([0, 0, UNSIGNED_BYTE, num_dimensions])
    if magic != wanted:
        raise ValueError(
            f"{path}: starts with 0x{magic.hex()}; an IDX file of bytes in {num_dimensions} dimensions starts with "
            f"0x{wanted.hex()}"
        )
    header = stream.read(4 * num_dimensions)
    if len(header) < 4 * num_dimensions:
        raise ValueError(f"{path}: ends within its dimensions; copy it anew")
    shape = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
    size = prod(shape)
    content = stream.read()
    if len(content) != size:
        raise ValueError(f"{path}: holds {len(content)} bytes of content; its dimensions {shape} need {size}; copy it anew")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)
