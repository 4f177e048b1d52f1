"""What is to be learnt: a model, the data, and who holds which of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import FloatArray, IntArray
from channels.summary import shown_by
from fl_models.data.dataset import Dataset, check_indices
from fl_models.models.model import Model

TEST_ACCURACY = "test accuracy"


@runtime_checkable
class Scoring(Protocol):
    """A model or an objective with scores of its own. Where they are no accuracy, its `accuracy_label` says what they are."""

    def evaluate(self, parameters: FloatArray, test: Dataset) -> tuple[float, float]:
        """What stands for accuracy (more is better), and the loss, of parameters (d,) on the test set."""
        ...


@shown_by(
    "model",
    "num_cells",
    num_clients=lambda task: len(task.client_samples),
    num_parameters=lambda task: task.model.num_parameters,
    train_samples=lambda task: len(task.train),
    test_samples=lambda task: len(task.test),
    num_classes=lambda task: task.train.num_classes,
    client_samples=lambda task: np.array([len(samples) for samples in task.client_samples]),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class FederatedTask:
    """min_x Σ_j w_j f_j(x), f_j being the mean of the losses of the clients of cell j and w_j the cell's share of clients.

    Attributes:
        model: what is trained; for algorithms that take function values only, such as FedZO, an `Objective` will do.
        train: all training samples.
        test: what accuracy is measured on.
        client_samples: for each client, which training samples it holds.
        serving_cell: (K,) the cell of each client.
    """

    model: Model
    train: Dataset
    test: Dataset
    client_samples: tuple[IntArray, ...]
    serving_cell: IntArray

    def __post_init__(self) -> None:
        if len(self.client_samples) != len(self.serving_cell):
            raise ValueError(
                f"client_samples: got {len(self.client_samples)} clients for {len(self.serving_cell)} in serving_cell"
            )
        check_indices("serving_cell", self.serving_cell)
        for client, samples in enumerate(self.client_samples):
            if not len(samples):
                raise ValueError(f"client_samples: client {client} holds no sample; every client needs at least one")
            check_indices(f"client_samples[{client}]", samples, count=len(self.train))
        idle = np.flatnonzero(np.bincount(self.serving_cell) == 0)
        if len(idle):
            raise ValueError(f"serving_cell: cell {idle[0]} has no client; every cell needs at least one")
        if not isinstance(self.model, Scoring):
            for name, data in (("train", self.train), ("test", self.test)):
                self._check_classifies(name, data)

    def _check_classifies(self, name: str, data: Dataset) -> None:
        """A ValueError unless a classifier that says its sizes has those of the data."""
        inputs, classes = (getattr(self.model, size, None) for size in ("num_inputs", "num_classes"))
        if inputs is not None and data.x.shape[1] != inputs:
            raise ValueError(f"{name}: got samples of {data.x.shape[1]} inputs; the model has num_inputs = {inputs}")
        if classes is not None and len(data) and data.num_classes > classes:
            raise ValueError(f"{name}: got a label {data.num_classes - 1}; the model has num_classes = {classes}")

    @property
    def num_cells(self) -> int:
        return int(self.serving_cell.max()) + 1

    @property
    def cell_weights(self) -> FloatArray:
        """(N,) w_j, the share of the clients that are in each cell."""
        return np.bincount(self.serving_cell) / len(self.serving_cell)

    @property
    def accuracy_label(self) -> str:
        """What `evaluate` gives first, in words."""
        return getattr(self.model, "accuracy_label", TEST_ACCURACY)

    def clients_of(self, cell: int) -> IntArray:
        """Indices of the clients of a cell, ascending."""
        return np.flatnonzero(self.serving_cell == cell)

    def evaluate(self, parameters: FloatArray) -> tuple[float, float]:
        """Accuracy and mean cross-entropy of the whole model on the test set, unless it is `Scoring` by itself."""
        if isinstance(self.model, Scoring):
            return self.model.evaluate(parameters, self.test)
        scores = self.model.logits(parameters, self.test.x).astype(float)
        accuracy = np.mean(scores.argmax(axis=-1) == self.test.labels)
        scores -= scores.max(axis=-1, keepdims=True)
        picked = np.take_along_axis(scores, self.test.labels[:, None], axis=-1)[:, 0]
        return float(accuracy), float(np.mean(np.log(np.exp(scores).sum(axis=-1)) - picked))
