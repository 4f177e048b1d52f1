"""What all data of a scenario have in common."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from airfed.specs.federated_data import FederatedData, SampleShape
from airfed.specs.spec import Spec


class DataKind(Spec):
    """A set of labelled samples.

    Attributes:
        shape: of its samples.
        num_train: how many there are to train on, at least; None where clients bring their own.
    """

    @property
    def shape(self) -> SampleShape:
        raise NotImplementedError

    @property
    def num_train(self) -> int | None:
        raise NotImplementedError

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        """The set itself, read or drawn."""
        raise NotImplementedError


class HeldOutKind(DataKind):
    """A set without test samples of its own."""

    test_fraction: float = Field(0.2, ge=0.01, le=0.9, description="share of the samples kept for testing")

    def _left(self, num_samples: int) -> int:
        return int(num_samples * (1.0 - self.test_fraction))
