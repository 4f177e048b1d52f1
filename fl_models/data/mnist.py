"""MNIST and Fashion-MNIST from files on this machine."""

from __future__ import annotations

from pathlib import Path

from fl_models.data.dataset import Dataset
from fl_models.data.idx import read_idx
from fl_models.data.image_bytes import image_dataset

IMAGE_SHAPE = (1, 28, 28)
NUM_CLASSES = 10
TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def mnist(folder: str | Path) -> tuple[Dataset, Dataset]:
    """Training and test set of handwritten digits, 60,000 and 10,000 images of 28 x 28 pixels, scaled to [0, 1].

    The folder holds the four published files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
    t10k-labels-idx1-ubyte, each as it is or compressed, with .gz at the end of its name. Nothing is downloaded.

    Source: LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition".

    Raises:
        FileNotFoundError: says which files are missing, and where they are to be had.
        ValueError: a file is damaged or of another set.
    """
    return _read(Path(folder), "MNIST, https://ossci-datasets.s3.amazonaws.com/mnist")


def fashion_mnist(folder: str | Path) -> tuple[Dataset, Dataset]:
    """Training and test set of clothing, 60,000 and 10,000 images of 28 x 28 pixels, scaled to [0, 1].

    Files have the same names as those of `mnist`, so that the two sets need folders of their own.

    Source: Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms".

    Raises:
        FileNotFoundError: says which files are missing, and where they are to be had.
        ValueError: a file is damaged or of another set.
    """
    return _read(Path(folder), "Fashion-MNIST, https://github.com/zalandoresearch/fashion-mnist, folder data/fashion")


def _read(folder: Path, origin: str) -> tuple[Dataset, Dataset]:
    names = (*TRAIN_FILES, *TEST_FILES)
    choices = {name: (folder / name, folder / f"{name}.gz") for name in names}
    files = {name: path for name, paths in choices.items() for path in reversed(paths) if path.is_file()}
    missing = [name for name in names if name not in files]
    if missing:
        raise FileNotFoundError(
            f"folder: got {str(folder)!r}, which lacks {', '.join(missing)}; put there the four files {', '.join(names)}, each "
            f"as it is or with .gz at its end (of {origin})"
        )
    train, test = (_images(files[images], files[labels]) for images, labels in (TRAIN_FILES, TEST_FILES))
    return train, test


def _images(image_file: Path, label_file: Path) -> Dataset:
    pixels = read_idx(image_file, num_dimensions=3)
    if pixels.shape[1:] != IMAGE_SHAPE[1:]:
        raise ValueError(f"{image_file}: has images of {pixels.shape[1]} x {pixels.shape[2]} pixels; needed are 28 x 28")
    labels = read_idx(label_file, num_dimensions=1)
    return image_dataset(pixels, labels, num_classes=NUM_CLASSES, image_shape=IMAGE_SHAPE, source=image_file)
