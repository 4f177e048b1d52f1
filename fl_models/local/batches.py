"""Mini-batches of clients, each client from a stream of its own."""

from __future__ import annotations

from channels.arrays import IntArray
from fl_models.local.schedule import Schedule
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask


def draw_batches(
    task: FederatedTask, *, clients: IntArray, round_index: int, schedule: Schedule, streams: Streams
) -> list[IntArray]:
    """(E, H, b) training samples of every local step of a global round, for each of the clients."""
    shape = (schedule.edge_rounds, schedule.local_steps, schedule.batch_size)
    drawn = []
    for client in clients:
        samples = task.client_samples[client]
        rng = streams.rng(Stream.BATCHES, round_index, int(client))
        drawn.append(samples[rng.integers(len(samples), size=shape)])
    return drawn
