"""CIFAR-10 from files on this machine, in its binary version."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from channels.regular_file import read_regular
from fl_models.data.dataset import Dataset
from fl_models.data.image_bytes import image_dataset

IMAGE_SHAPE = (3, 32, 32)
NUM_CLASSES = 10
RECORD_BYTES = 1 + 3 * 32 * 32
IMAGES_PER_FILE = 10_000
TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_FILES = ("test_batch.bin",)
ORIGIN = "cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html"


def cifar10(folder: str | Path) -> tuple[Dataset, Dataset]:
    """Training and test set, 50,000 and 10,000 images of 32 x 32 pixels in red, green and blue, scaled to [0, 1].

    The folder holds data_batch_1.bin ... data_batch_5.bin and test_batch.bin of the binary version: 10,000 records of a
    byte for the class and 3,072 for the pixels. The Python version is not read: its files are pickles, which can run code.
    Nothing is downloaded. In single precision, the images take 0.7 GB.

    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images".

    Raises:
        FileNotFoundError: says which files are missing, and where they are to be had.
        ValueError: a file is damaged or of another set.
    """
    folder = Path(folder)
    names = (*TRAIN_FILES, *TEST_FILES)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        pickled = any((folder / Path(name).stem).is_file() for name in missing)
        found = "; it holds the Python version, whose pickles are not read" if pickled else ""
        raise FileNotFoundError(
            f"folder: got {str(folder)!r}, which lacks {', '.join(missing)}{found}; put there the six files {', '.join(names)} "
            f"of the binary version ({ORIGIN})"
        )
    train, test = (_images([folder / name for name in group]) for group in (TRAIN_FILES, TEST_FILES))
    return train, test


def _images(files: list[Path]) -> Dataset:
    records = np.concatenate([_records(path) for path in files])
    return image_dataset(
        records[:, 1:], records[:, 0], num_classes=NUM_CLASSES, image_shape=IMAGE_SHAPE, source=", ".join(map(str, files))
    )


def _records(path: Path) -> NDArray[np.uint8]:
    held, wanted = path.stat().st_size, IMAGES_PER_FILE * RECORD_BYTES
    content = read_regular(path, max_bytes=wanted) if held == wanted else b""
    if len(content) != wanted:
        raise ValueError(
            f"{path}: holds {held} bytes; {IMAGES_PER_FILE} images of {RECORD_BYTES} bytes are {wanted}; copy it anew"
        )
    return np.frombuffer(content, dtype=np.uint8).reshape(IMAGES_PER_FILE, RECORD_BYTES)
