"""Images as files hold them: bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fl_models.data.dataset import Dataset

LARGEST_BYTE = 255.0


def image_dataset(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.integer],
    *,
    num_classes: int,
    image_shape: tuple[int, ...],
    source: str | Path,
) -> Dataset:
    """Images with pixels scaled from 0 ... 255 to [0, 1], in single precision.

    Args:
        pixels: (n, ...) of each image in the order channels, height, width.
        labels: (n,) classes.
        num_classes: labels beyond are refused.
        image_shape: (channels, height, width).
        source: what errors name.

    >>> pixels = np.array([[0, 51, 102, 255]], dtype=np.uint8)
    >>> image_dataset(pixels, np.array([3]), num_classes=10, image_shape=(1, 2, 2), source="two by two").x
    array([[0. , 0.2, 0.4, 1. ]], dtype=float32)
    """
    if len(pixels) != len(labels):
        raise ValueError(f"{source}: has {len(pixels)} images and {len(labels)} labels; needed is a label for each image")
    if not len(labels):
        raise ValueError(f"{source}: has no images; needed is at least one")
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(wrong):
        raise ValueError(
            f"{source}: image {wrong[0]} has label {labels[wrong[0]]}; allowed is 0 to {num_classes - 1}, so the files are "
            "damaged or of another set"
        )
    x = pixels.reshape(len(pixels), -1).astype(np.float32)
    x /= np.float32(LARGEST_BYTE)
    return Dataset(x=x, labels=labels.astype(np.int64), image_shape=image_shape)
