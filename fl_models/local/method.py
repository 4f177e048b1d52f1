"""How a client gets from one average to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import FloatArray
from fl_models.data.mini_batches import MiniBatches
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Model

GROUP_BYTES = 2**22
"""Parameters of the clients that step together; more of them would be streamed past the cache at every step."""

MAX_GROUP = 32
"""More clients would save few calls of the interpreter, and leave less for other threads."""


class LocalMethod(Protocol):
    """Local steps of a group of clients, which is small enough to stay in the cache between two averages."""

    def group_size(self, model: Model) -> int:
        """How many clients step together; the model alone decides, so that results do not depend on threads."""
        ...

    def run(
        self,
        model: Model,
        local: FloatArray,
        batches: MiniBatches,
        step: LocalStep,
        *,
        rngs: Sequence[np.random.Generator],
    ) -> FloatArray:
        """Takes H steps in place and returns the mean loss of each client on the way, (g,).

        Args:
            model: what is trained.
            local: (g, d) parameters of the clients, moved in place.
            batches: of the g clients, for H steps.
            step: what a step is.
            rngs: a generator for each client, for whatever the method draws.
        """
        ...


@runtime_checkable
class Descending(Model, Protocol):
    """A model that takes steps of gradient descent by itself."""

    def descend(
        self, local: FloatArray, batches: MiniBatches, step: LocalStep, *, rngs: Sequence[np.random.Generator] = ()
    ) -> FloatArray:
        """The steps of `LocalSGD`, H times in place; see `LocalMethod.run`."""
        ...


@dataclass(frozen=True, kw_only=True)
class LocalSGD:
    """x ← x - γ(∇F_i(x; batch) + shift_i + decay·x), H times.

    With a shift and a decay most algorithms are this one: MTGC and SCAFFOLD shift by their corrections, FedProx pulls towards
    the model z it began with, decay = μ and shift = -μz. A model with a method `descend` takes these steps by itself,
    which is faster.
    """

    def group_size(self, model: Model) -> int:
        return max(1, min(MAX_GROUP, GROUP_BYTES // (4 * model.num_parameters)))

    def run(
        self,
        model: Model,
        local: FloatArray,
        batches: MiniBatches,
        step: LocalStep,
        *,
        rngs: Sequence[np.random.Generator],
    ) -> FloatArray:
        if isinstance(model, Descending):
            return model.descend(local, batches, step, rngs=rngs)
        options = {"rngs": rngs} if getattr(model, "dropout", 0.0) > 0.0 else {}
        gradient, losses = np.empty_like(local), np.zeros(len(local))
        x = np.empty((*batches.samples[:, 0].shape, *batches.data.x.shape[1:]), dtype=batches.data.x.dtype)
        labels = batches.labels
        keep = local.dtype.type(1.0 - step.step_size * step.decay)
        for index in range(batches.num_steps):
            batches.steps(slice(index, index + 1)).fetch(out=x)
            loss, _ = model.loss_and_gradient(local, x, labels[:, index], out=gradient, **options)
            losses += loss
            if step.shift is not None:
                gradient += step.shift
            if step.decay:
                local *= keep
            gradient *= step.step_size
            local -= gradient
        return losses / batches.num_steps
