"""The images that a published learning result is reproduced on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from fl_models import Dataset, Stream, Streams, cifar10, digits, fashion_mnist
from fl_models.data.cifar10 import TRAIN_FILES as CIFAR_FILES

TEST_FRACTION = 0.2
DATASET = (
    "Fashion-MNIST (train-images-idx3-ubyte and its three companions, .gz or not) or CIFAR-10 (the six files of the binary "
    "version); digits of scikit-learn without"
)


@dataclass(frozen=True, kw_only=True)
class ImageData:
    """Fashion-MNIST or CIFAR-10 where the user has the files, else the handwritten digits that ship with scikit-learn.

    Attributes:
        folder: where the files are; None for the digits.

    >>> train, test = ImageData().load(seed=0)
    >>> len(train), len(test)
    (1437, 360)
    """

    folder: Path | None = None
    DIGITS: ClassVar[str] = "digits"
    FASHION: ClassVar[str] = "Fashion-MNIST"
    CIFAR: ClassVar[str] = "CIFAR-10"

    @property
    def name(self) -> str:
        """Which set it is, by the names of the files."""
        if self.folder is None:
            return self.DIGITS
        return self.CIFAR if any((self.folder / name).exists() for name in CIFAR_FILES) else self.FASHION

    def load(self, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and test set; of the digits, the seed says which fifth is for testing.

        Raises:
            OSError: says which files are missing, and where they are to be had, or which file is damaged or of another set.
        """
        if self.folder is None:
            return digits(test_fraction=TEST_FRACTION, rng=Streams(seed=seed).rng(Stream.SPLIT))
        return _read(self.name, self.folder)

    def says(self) -> str:
        """What is run on, and so what may be compared."""
        if self.folder is None:
            return (
                "digits of scikit-learn, 1,797 images of 8 x 8 pixels, in a smaller setting than the paper's: orders and laws "
                "may be compared, accuracies and times may not"
            )
        twin = " (or MNIST, whose files have the same names)" if self.name == self.FASHION else ""
        return (
            f"{self.name}{twin} from {self.folder}, in a shorter run than the paper's: orders and laws may be compared; its "
            "accuracies are in figures, with no printed number to set ours against"
        )


@lru_cache(maxsize=1)
def _read(name: str, folder: Path) -> tuple[Dataset, Dataset]:
    """Once a process: the many runs of a reproduction share them."""
    if not folder.is_dir():
        raise FileNotFoundError(f"data_folder: got {folder}, where there is no folder; needed is one with {DATASET}")
    try:
        return cifar10(folder) if name == ImageData.CIFAR else fashion_mnist(folder)
    except ValueError as error:
        raise OSError(str(error)) from error
