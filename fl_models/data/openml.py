"""Image sets from OpenML, by way of scikit-learn."""

from __future__ import annotations

from math import prod
from pathlib import Path
from urllib.error import URLError

import numpy as np
from sklearn.datasets import fetch_openml

from channels.shortened import shortened
from fl_models.data.dataset import Dataset
from fl_models.data.image_bytes import LARGEST_BYTE, image_dataset

IMAGE_SHAPES = {"mnist_784": (1, 28, 28), "Fashion-MNIST": (1, 28, 28), "CIFAR_10": (3, 32, 32)}
"""Of each set that is known; of all, version 1 is meant, which has ten classes."""
NUM_CLASSES = 10


def openml_dataset(name: str, *, cache_folder: str | Path) -> Dataset:
    """All images of a set of openml.org, pixels scaled to [0, 1]: downloaded once, then read from the folder.

    OpenML does not say which images are the published test set. It gives all in one table, in double precision, so that a
    download of CIFAR_10 takes some gigabytes of memory.

    Source: Vanschoren, van Rijn, Bischl, Torgo 2013, "OpenML: networked science in machine learning".

    Args:
        name: as OpenML spells it: mnist_784, Fashion-MNIST or CIFAR_10.
        cache_folder: what is downloaded is kept here; made if it does not exist.

    Raises:
        ConnectionError: the set is not in the folder, and openml.org cannot be reached.
        ValueError: the name is not known, or the table is not such a set.
    """
    if name not in IMAGE_SHAPES:
        raise ValueError(f"name: got {name!r}; allowed is one of {', '.join(IMAGE_SHAPES)}")
    try:
        # The parser "pandas" is faster, but with pandas 3.1 scikit-learn 1.9 fails at classes that are digits (issue 34892).
        table = fetch_openml(name, version=1, data_home=str(cache_folder), as_frame=False, parser="liac-arff")
    except (URLError, TimeoutError, ConnectionError) as error:
        raise ConnectionError(
            f"name: got {name!r}, which is not in cache_folder {str(cache_folder)!r}, and openml.org cannot be reached "
            f"({error}); connect to the network, copy the folder from a machine where the call succeeded, or read files with "
            "mnist, fashion_mnist or cifar10"
        ) from error
    except Exception as error:  # scikit-learn trusts the files of its cache, and fails in any way where they are damaged
        raise ValueError(
            f"name: got {name!r}, of which cache_folder {str(cache_folder)!r} holds what cannot be read "
            f"({type(error).__name__}: {shortened(' '.join(str(error).split()), longest=200)}); delete openml in it"
        ) from error
    image_shape = IMAGE_SHAPES[name]
    pixels = np.asarray(table.data)
    if pixels.ndim != 2 or pixels.shape[1] != prod(image_shape) or not len(pixels):
        raise ValueError(f"{name}: got a table of shape {pixels.shape}; needed are {prod(image_shape)} pixels a row")
    if pixels.dtype.kind not in "biuf":
        raise ValueError(f"{name}: got pixels of type {pixels.dtype}; needed are numbers")
    if not (pixels.min() >= 0 and pixels.max() <= LARGEST_BYTE):
        raise ValueError(f"{name}: got pixels from {pixels.min():g} to {pixels.max():g}; needed are 0 to 255")
    try:
        labels = np.asarray(table.target).astype(np.int64)
    except ValueError:
        raise ValueError(f"{name}: got classes that are no integers; needed are 0 to {NUM_CLASSES - 1}") from None
    return image_dataset(
        pixels.astype(np.uint8), labels, num_classes=NUM_CLASSES, image_shape=image_shape, source=f"OpenML's {name}"
    )
