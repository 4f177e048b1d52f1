"""The tuning of hyper-parameters as a federated task."""

from __future__ import annotations

from typing import cast

import numpy as np

from channels.arrays import FloatArray, check_count, checked
from fl_models.data.dataset import Dataset
from fl_models.data.iid import IID
from fl_models.models.model import Model
from fl_models.task import FederatedTask
from fl_models.zeroth_order.hyper_parameters import HyperParameters


def tuning_task(
    objective: HyperParameters,
    *,
    train: Dataset,
    test: Dataset,
    num_clients: int,
    validation_share: float,
    rng: np.random.Generator,
) -> FederatedTask:
    """Tuning as a task: every client of one cell has training samples and validation samples, marked so once and for all.

    It is scored by a model trained on all training samples, on the test samples.

    Args:
        objective: what is minimised.
        train: samples that are dealt out to the clients at random.
        test: samples that nobody tunes on.
        num_clients: K.
        validation_share: between 0 and 1.
        rng: who gets which, and what for.
    """
    checked("validation_share", validation_share, low=0.0, high=1.0, open_low=True, open_high=True)
    check_count("num_clients", num_clients)
    if num_clients > len(train) // 2:
        raise ValueError(
            f"num_clients: got {num_clients}; {len(train)} samples allow 1 to {len(train) // 2}, two for each: one to train "
            "on, one to validate"
        )
    parts = IID().split(train.labels, num_parts=num_clients, rng=rng)
    marks = np.zeros(len(train))
    for part in parts:
        num_validation = min(max(1, round(validation_share * len(part))), len(part) - 1)
        marks[rng.permutation(part)[:num_validation]] = 1.0
    marked = Dataset(x=_with_marks(train.x, marks), labels=train.labels)
    fitted = train.subset(marks == 0.0)
    scored = Dataset(
        x=_with_marks(np.concatenate([fitted.x, test.x]), np.repeat([0.0, 1.0], [len(fitted), len(test)])),
        labels=np.concatenate([fitted.labels, test.labels]),
    )
    return FederatedTask(
        model=cast(Model, objective),
        train=marked,
        test=scored,
        client_samples=tuple(parts),
        serving_cell=np.zeros(num_clients, dtype=int),
    )


def _with_marks(x: FloatArray, marks: FloatArray) -> FloatArray:
    return np.concatenate([x, marks[:, None].astype(x.dtype)], axis=1)
