"""Local steps along two-point estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray, check_count, checked
from fl_models.data.mini_batches import MiniBatches
from fl_models.models.local_step import LocalStep
from fl_models.models.model import Model
from fl_models.zeroth_order.estimate import Estimator
from fl_models.zeroth_order.objective import losses_of
from fl_models.zeroth_order.row_space_directions import DenseModel, RowSpaceDirections, row_space_pays
from fl_models.zeroth_order.whole_directions import WholeDirections


@dataclass(frozen=True, kw_only=True)
class ZerothOrderSteps:
    """x ← x - γ(ĝ_i(x; batch) + shift_i + decay·x), H times, ĝ being the `two_point_estimate` along random directions.

    A client draws its directions from its own generator. Where a model's first layer is dense and directions outnumber samples
    enough, they are drawn as `RowSpaceDirections`, with the same distribution several times as fast.

    Attributes:
        directions: b₂ >= 1 along which a step looks, one loss over the mini-batch each, and one where it stands.
        smoothing: μ > 0, how far it looks, in units of the parameters.
        whole: draw all directions whole even so, in the order in which `SeedSharedFedZO` draws them.
        average: the H estimates are all taken where the client begins, and it takes one step along their mean.

    Source: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic zeroth-order optimization for
    federated learning", eq. 4 and algorithm 1.
    """

    directions: int = 20
    smoothing: float = 1e-3
    whole: bool = False
    average: bool = False

    def __post_init__(self) -> None:
        check_count("directions", self.directions)
        checked("smoothing", self.smoothing, low=0.0, open_low=True)

    def group_size(self, model: Model) -> int:
        return 1

    def run(
        self,
        model: Model,
        local: FloatArray,
        batches: MiniBatches,
        step: LocalStep,
        *,
        rngs: Sequence[np.random.Generator],
    ) -> FloatArray:
        x, labels, num_steps = batches.x, batches.labels, batches.num_steps
        losses = np.zeros(len(local))
        for client, rng in enumerate(rngs):
            estimator = self.estimator(model, x[client], labels[client], rng=rng)
            here, begin = local[client], local[client].copy()
            size = step.step_size / num_steps if self.average else step.step_size
            for index in range(num_steps):
                at = begin if self.average else here
                move, loss = estimator.estimate(at, index)
                if step.shift is not None:
                    move += step.shift[client]
                if step.decay:
                    move += step.decay * at
                here -= (size * move).astype(here.dtype, copy=False)
                losses[client] += loss / num_steps
        return losses

    def estimator(self, model: Model, x: FloatArray, labels: IntArray, *, rng: np.random.Generator) -> Estimator:
        """What estimates the gradients of a client's mini-batches x (H, b, p); which kind depends on sizes alone."""
        pays = row_space_pays(model, batch=x.shape[1], directions=self.directions)
        if pays and not self.whole and isinstance(model, DenseModel):
            return RowSpaceDirections(model, x, labels, directions=self.directions, smoothing=self.smoothing, rng=rng)
        return WholeDirections(losses_of(model), x, labels, directions=self.directions, smoothing=self.smoothing, rng=rng)
