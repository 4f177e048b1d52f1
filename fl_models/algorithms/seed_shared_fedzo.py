"""FedZO whose devices send differences of the loss instead of models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp.updates.stochastic_quantization import stochastic_quantization
from channels.arrays import FloatArray
from fl_models.aggregation.digital import DigitalPlan
from fl_models.algorithms.algorithm import mean_loss, weighted_mean
from fl_models.algorithms.training_state import TrainingState
from fl_models.cell_work import CellWork, RoundWork
from fl_models.local.schedule import Schedule
from fl_models.models.model import Model
from fl_models.streams import Stream
from fl_models.task import FederatedTask
from fl_models.zeroth_order.client_load import client_loads
from fl_models.zeroth_order.local_steps import ZerothOrderSteps
from fl_models.zeroth_order.objective import losses_of
from fl_models.zeroth_order.whole_directions import WholeDirections, rebuilt_estimate


@dataclass(frozen=True, kw_only=True)
class SeedSharedFedZO:
    """FedZO, but a device sends the b₂H numbers F(x + μv_k; ξ) - F(x; ξ) of an edge round instead of the d of its update.

    Its edge server knows the seed of its directions v_k, which is the round, the client and the edge round, draws them again
    and takes the same steps. Numbers are sent in single precision, or quantised if the uplinks are; then the device's steps
    and the server's differ by the quantisation. Each device has to be heard by itself, so uplinks are `Ideal` or `Digital`.

    Attributes:
        schedule: how much is done in a global round.
        directions: b₂ >= 1, see `ZerothOrderSteps`.
        smoothing: μ > 0.

    Source: the idea in Salimans, Ho, Chen, Sidor, Sutskever 2017, "Evolution strategies as a scalable alternative to
    reinforcement learning", algorithm 2; for federated learning Zelikman, Huang, Liang, Haber, Goodman 2023, "Just one byte
    (per gradient)".
    """

    schedule: Schedule
    directions: int = 20
    smoothing: float = 1e-3

    def __post_init__(self) -> None:
        ZerothOrderSteps(directions=self.directions, smoothing=self.smoothing)  # checks them

    @property
    def uplink_parameters(self) -> int:
        """b₂H, what a device sends in an edge round."""
        return self.directions * self.schedule.local_steps

    def cell_models(self, task: FederatedTask) -> tuple[Model, ...]:
        return client_loads(task, directions=self.directions, uplink_parameters=self.uplink_parameters)

    def round(self, state: TrainingState, work: RoundWork) -> TrainingState:
        models, losses = [], []
        for cell in work.cells:
            model = state.parameters
            for edge_round in range(self.schedule.edge_rounds):
                model, loss = self._edge_round(model, cell, edge_round)
                losses.append(loss)
            models.append(model)
        weights = np.repeat(work.weights, self.schedule.edge_rounds)
        return state.after(weighted_mean(models, work.weights), train_loss=mean_loss(losses, weights))

    def _edge_round(self, model: FloatArray, cell: CellWork, edge_round: int) -> tuple[FloatArray, FloatArray]:
        """The cell's model (d,) and the mean loss (n,) of each client."""
        if not isinstance(cell.plan, DigitalPlan):
            raise TypeError(
                f"aggregator: got one whose uplinks are {type(cell.plan).__name__}; SeedSharedFedZO needs the numbers of "
                "each client by themselves, as with Ideal or Digital"
            )
        active = [int(place) for place in np.flatnonzero(cell.plan.active[edge_round])]
        losses = np.full(len(cell.clients), np.nan)
        if not active:
            return model, losses

        def directions_rng(place: int) -> np.random.Generator:
            return cell.streams.rng(Stream.LOCAL, cell.round_index, int(cell.clients[place]), edge_round)

        def on_device(place: int) -> FloatArray:
            samples = cell.batches[place][edge_round]
            whole = WholeDirections(
                losses_of(cell.task.model),
                cell.task.train.x[samples],
                cell.task.train.labels[samples],
                directions=self.directions,
                smoothing=self.smoothing,
                rng=directions_rng(place),
            )
            local, sent, total = model.copy(), np.empty((len(samples), self.directions), dtype=np.float32), 0.0
            with np.errstate(over="ignore", invalid="ignore"):  # told by the training loop
                for step in range(len(samples)):
                    sent[step], estimate, loss = whole.measure(local, step)
                    self._step(local, estimate, cell)
                    total += loss
            losses[place] = total / len(samples)
            return sent.ravel()

        def on_server(received: tuple[int, FloatArray]) -> FloatArray:
            place, differences = received
            rng, local = directions_rng(place), model.copy()
            with np.errstate(over="ignore", invalid="ignore"):
                for own in differences.reshape(-1, self.directions):
                    estimate = rebuilt_estimate(own, num_parameters=len(model), smoothing=self.smoothing, rng=rng)
                    self._step(local, estimate, cell)
                return local - model

        sent = np.array(cell.workers.map(on_device, active))
        if cell.plan.bits_per_parameter is not None:
            rng = cell.streams.rng(Stream.UPLINK, cell.round_index, cell.cell, edge_round)
            sent = stochastic_quantization(sent, bits_per_parameter=cell.plan.bits_per_parameter, rng=rng)
        updates = cell.workers.map(on_server, list(zip(active, sent, strict=True)))
        return model + np.mean(updates, axis=0), losses

    def _step(self, local: FloatArray, estimate: FloatArray, cell: CellWork) -> None:
        """x ← x - γ(ĝ + λx) in place, as `ZerothOrderSteps` takes it."""
        if self.schedule.weight_decay:
            estimate += self.schedule.weight_decay * local
        local -= (cell.step_size * estimate).astype(local.dtype, copy=False)
