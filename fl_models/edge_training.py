"""What happens in one cell between two exchanges with the cloud: edge rounds of local SGD steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, IntArray, checked
from fl_models.aggregator import UplinkPlan
from fl_models.model import FLOPS_PER_PARAMETER, Model
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How much is done in a global round.

    Attributes:
        edge_rounds: E, averages within a cell per global round.
        local_steps: H, SGD steps of each client per edge round.
        batch_size: samples in a step, drawn with replacement from the client's own.
        step_size: γ.
    """

    edge_rounds: int = 5
    local_steps: int = 5
    batch_size: int = 10
    step_size: float = 0.05

    def __post_init__(self) -> None:
        for name in ("edge_rounds", "local_steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: got {getattr(self, name)}; allowed is an integer >= 1")
        checked("step_size", self.step_size, low=0.0, open_low=True)

    def flops(self, num_parameters: int) -> float:
        """Floating-point operations of one client in one edge round."""
        return float(self.local_steps * self.batch_size * FLOPS_PER_PARAMETER * num_parameters)


def draw_batches(task: FederatedTask, *, cell: int, round_index: int, schedule: Schedule, streams: Streams) -> IntArray:
    """(E, H, n, b) training samples of every local step of a cell's clients, each client from a stream of its own."""
    shape = (schedule.edge_rounds, schedule.local_steps, schedule.batch_size)
    drawn = []
    for client in task.clients_of(cell):
        samples = task.client_samples[client]
        rng = streams.rng(Stream.BATCHES, round_index, int(client))
        drawn.append(samples[rng.integers(len(samples), size=shape)])
    return np.stack(drawn, axis=2)


def train_cell(
    model: Model,
    parameters: FloatArray,
    *,
    task: FederatedTask,
    cell: int,
    round_index: int,
    plan: UplinkPlan,
    schedule: Schedule,
    streams: Streams,
) -> tuple[FloatArray, float]:
    """Parameters (d,) of the cell after E edge rounds, and the mean training loss on the way.

    In each edge round every client takes H steps x ← x - γ∇F_i(x; batch) from the edge model, which then moves by the
    mean of the clients' updates as the uplink delivers it. All clients step at once, their parameters being one array (n, d).
    """
    batches = draw_batches(task, cell=cell, round_index=round_index, schedule=schedule, streams=streams)
    num_clients = batches.shape[2]
    local = np.empty((num_clients, len(parameters)), dtype=parameters.dtype)
    gradient = np.empty_like(local)
    losses = []
    for edge_round in range(schedule.edge_rounds):
        local[:] = parameters
        for samples in batches[edge_round]:
            loss, _ = model.loss_and_gradient(local, task.train.x[samples], task.train.labels[samples], out=gradient)
            losses.append(float(loss.mean()))
            gradient *= schedule.step_size
            local -= gradient
        local -= parameters
        rng = streams.rng(Stream.UPLINK, round_index, cell, edge_round)
        parameters = parameters + plan.mean(local, edge_round=edge_round, rng=rng)
    return parameters, float(np.mean(losses))
