"""Classes that are Gaussian clouds, all equally far from each other."""

from __future__ import annotations

import numpy as np

from channels.arrays import check_count, checked
from fl_models.data.dataset import Dataset


def gaussian_classes(
    num_samples: int, *, num_classes: int, num_inputs: int, separation: float, rng: np.random.Generator
) -> Dataset:
    """x ~ N(m_y, I) with class means m_y at the same distance from each other, in random directions.

    Classes have equally many samples, up to one, in random order. Two classes alone are told apart with error
    Q(separation/2) at best: 0.16 for a separation of 2, 0.023 for 4. Training and test set are subsets of one draw, as
    another draw has other means.

    Args:
        num_samples: >= num_classes.
        num_classes: C >= 2.
        num_inputs: p >= C, so that there are C orthogonal directions.
        separation: distance of two means, >= 0, in standard deviations of a cloud.
        rng: source of means, labels and inputs.

    >>> data = gaussian_classes(30, num_classes=3, num_inputs=5, separation=4.0, rng=np.random.default_rng(0))
    >>> data.x.shape, np.bincount(data.labels).tolist()
    ((30, 5), [10, 10, 10])
    """
    for name, value in {"num_samples": num_samples, "num_classes": num_classes, "num_inputs": num_inputs}.items():
        check_count(name, value)
    checked("separation", separation, low=0.0)
    if not 2 <= num_classes <= min(num_samples, num_inputs):
        raise ValueError(
            f"num_classes: got {num_classes} for num_samples {num_samples} and num_inputs {num_inputs}; allowed is 2 to "
            "the smaller of the two"
        )
    directions, triangle = np.linalg.qr(rng.standard_normal((num_inputs, num_classes)))
    # With these signs, directions are uniform over all orthogonal sets.
    means = separation / np.sqrt(2.0) * (directions * np.sign(np.diag(triangle))).T
    labels = rng.permutation(np.arange(num_samples) % num_classes)
    x = means[labels] + rng.standard_normal((num_samples, num_inputs))
    return Dataset(x=x.astype(np.float32), labels=labels)
