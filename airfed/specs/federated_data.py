"""Data as a scenario has them, before they are split."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from channels.arrays import IntArray
from fl_models import Dataset, hold_out


@dataclass(frozen=True, kw_only=True)
class SampleShape:
    """What is known of a set before it is loaded.

    Attributes:
        num_inputs: p.
        num_classes: of its labels.
        image_shape: (channels, height, width); None if samples are no images.
    """

    num_inputs: int
    num_classes: int
    image_shape: tuple[int, int, int] | None = None

    @classmethod
    def of_images(cls, image_shape: tuple[int, int, int], *, num_classes: int = 10) -> SampleShape:
        return cls(num_inputs=prod(image_shape), num_classes=num_classes, image_shape=image_shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class FederatedData:
    """Training and test set, and who holds which sample, if they come divided.

    Attributes:
        train: what is trained on.
        test: what accuracy is measured on.
        client_samples: for each client, which training samples it holds; None if that is still to be settled.
    """

    train: Dataset
    test: Dataset
    client_samples: tuple[IntArray, ...] | None = None

    @classmethod
    def held_out(cls, data: Dataset, *, test_fraction: float, rng: np.random.Generator) -> FederatedData:
        """A share of every class kept for testing."""
        classes = [np.flatnonzero(data.labels == label) for label in np.unique(data.labels)]
        kept, test = hold_out(classes, test_fraction=test_fraction, rng=rng)
        return cls(train=data.subset(np.sort(np.concatenate(kept))), test=data.subset(test))

    @classmethod
    def divided(
        cls, data: Dataset, client_samples: list[IntArray], *, test_fraction: float, rng: np.random.Generator
    ) -> FederatedData:
        """A share of every client's kept for testing."""
        kept, test = hold_out(client_samples, test_fraction=test_fraction, rng=rng)
        ends = np.cumsum([len(part) for part in kept])
        return cls(
            train=data.subset(np.concatenate(kept)),
            test=data.subset(test),
            client_samples=tuple(np.arange(end - len(part), end) for part, end in zip(kept, ends, strict=True)),
        )
