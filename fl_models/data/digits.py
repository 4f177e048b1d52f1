"""The handwritten digits that come with scikit-learn: 1,797 real images of 8 x 8 pixels."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from fl_models.data.dataset import Dataset

LARGEST_PIXEL = 16.0
IMAGE_SHAPE = (1, 8, 8)
NUM_DIGITS = 1797


def digits(*, test_fraction: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Training and test set with the same shares of the ten classes, pixels scaled to [0, 1].

    Source: Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits", UCI repository; the test part, as
    shipped by scikit-learn.

    >>> train, test = digits(test_fraction=0.2, rng=np.random.default_rng(0))
    >>> len(train), len(test), train.x.shape[1]
    (1437, 360, 64)
    >>> train.image_shape
    (1, 8, 8)
    """
    if not 0.0 < test_fraction < 1.0:
        raise ValueError(f"test_fraction: got {test_fraction:g}; allowed is a number between 0 and 1")
    x, labels = load_digits(return_X_y=True)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=test_fraction, stratify=labels, random_state=int(rng.integers(2**31))
    )
    x = (x / LARGEST_PIXEL).astype(np.float32)
    data = Dataset(x=x, labels=labels, image_shape=IMAGE_SHAPE)
    return data.subset(train), data.subset(test)
