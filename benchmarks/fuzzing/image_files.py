"""Image sets from files: MNIST's of the IDX format, compressed or not, and CIFAR-10's."""

from __future__ import annotations

import gzip
import importlib
import random
import struct
from pathlib import Path
from unittest.mock import patch

import numpy as np

from fl_models import cifar10, mnist
from fl_models.data.cifar10 import RECORD_BYTES
from fl_models.data.mnist import TEST_FILES, TRAIN_FILES
from fuzzing.mutations import with_bytes_changed
from fuzzing.target import Target

FILES = (*TRAIN_FILES, *TEST_FILES)
PACKED = 4
"""Of the first byte of an input: the first two bits say which file it is, this one that it is compressed."""
SIZES = (0, 1, 2, 3, 28, 255, 784, 2**16, 2**28, 2**28 + 1, 2**31 - 1, 2**31, 2**32 - 1)
CIFAR_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
CIFAR_IMAGES = 2
"""A file, which stand in for ten thousand."""


def _idx(*shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + bytes(i % 10 for i in range(int(np.prod(shape))))


WHOLE = (_idx(3, 28, 28), _idx(3), _idx(2, 28, 28), _idx(2))
IDX_SEEDS = tuple(
    bytes([place | packed]) + (gzip.compress(whole, mtime=0) if packed else whole)
    for place, whole in enumerate(WHOLE)
    for packed in (0, PACKED)
)


def mutated_idx(data: bytes, rng: random.Random) -> bytes:
    """Dimensions or bytes changed, before or after they are compressed; or zeros without end in a small file."""
    head, content = data[:1] or b"\x00", data[1:]
    if not head[0] & PACKED:
        return head + _with_dimensions_changed(content, rng)
    choice = rng.random()
    if choice < 0.4:
        return head + with_bytes_changed(content, rng)
    if choice < 0.42:
        shape = (10**6, 28, 28)
        return head + gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, *shape) + bytes(10**7), compresslevel=1)
    try:
        unpacked = gzip.decompress(content[: 10**5])
    except (OSError, EOFError, ValueError, gzip.zlib.error):  # type: ignore[attr-defined]
        unpacked = WHOLE[head[0] & 3]
    return head + gzip.compress(_with_dimensions_changed(unpacked[: 10**5], rng), compresslevel=1, mtime=0)


def _with_dimensions_changed(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5 or len(content) < 8:
        return with_bytes_changed(content, rng)
    start = 4 * rng.randrange(1, min(4, len(content) // 4))
    return content[:start] + struct.pack(">I", rng.choice(SIZES)) + content[start + 4 :]


def read_idx_set(data: bytes, folder: Path) -> None:
    head, content = (data[0], data[1:]) if data else (0, b"")
    for name, whole in zip(FILES, WHOLE, strict=True):
        if not (folder / name).exists():
            (folder / name).write_bytes(whole)
    path = folder / FILES[head & 3]
    tried = folder / f"{path.name}.gz" if head & PACKED else path
    path.unlink()
    tried.write_bytes(content)
    try:
        for part in mnist(folder):
            assert part.x.shape == (len(part), 784)
            assert part.x.min() >= 0.0
            assert part.x.max() <= 1.0
    finally:
        tried.unlink()


def mutated_cifar(data: bytes, rng: random.Random) -> bytes:
    """Bytes changed; and the length, unless it is the right one by chance, put right again."""
    changed = with_bytes_changed(data, rng)
    right = CIFAR_IMAGES * RECORD_BYTES
    return changed if rng.random() < 0.3 else changed[:right].ljust(right, b"\x00")


def read_cifar(data: bytes, folder: Path) -> None:
    for name in CIFAR_FILES[1:]:
        if not (folder / name).exists():
            (folder / name).write_bytes(bytes(CIFAR_IMAGES * RECORD_BYTES))
    (folder / CIFAR_FILES[0]).write_bytes(data)
    with patch.object(importlib.import_module("fl_models.data.cifar10"), "IMAGES_PER_FILE", CIFAR_IMAGES):
        train, test = cifar10(folder)
    assert (len(train), len(test)) == (5 * CIFAR_IMAGES, CIFAR_IMAGES)


IDX = Target(
    name="MNIST files", seeds=IDX_SEEDS, mutated=mutated_idx, read=read_idx_set, refusals=(ValueError,), num_inputs=800
)
CIFAR = Target(
    name="CIFAR-10 files",
    seeds=(bytes(CIFAR_IMAGES * RECORD_BYTES),),
    mutated=mutated_cifar,
    read=read_cifar,
    refusals=(ValueError,),
    num_inputs=300,
)
