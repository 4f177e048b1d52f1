"""The partition problem of a network: how a cell's round grows with its share of the model."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray
from channels.channel_state import ChannelState
from channels.network import Network
from fl_models.aggregator import Aggregator
from fl_models.clock import NetworkClock
from fl_models.edge_training import Schedule
from fl_models.model import Model, PartitionableModel
from latency_opt.partition import PartitionProblem

VALUES_AT_ONCE = 4_000_000
"""Complex channel values that are held in memory at once."""


def partition_problem(
    model: PartitionableModel,
    *,
    network: Network,
    aggregator: Aggregator,
    clock: NetworkClock,
    schedule: Schedule,
    rng: np.random.Generator,
    num_draws: int = 200,
) -> PartitionProblem:
    """t_j and κ_j of the median global round of every cell, and the least share of one neuron.

    Payload and work are both in proportion to the parameters held, so for any fading, and even with optimal bandwidths, a
    cell's round is affine in its share α_j of the neurons: two sizes, the model and one twice as wide, give the line. The
    median over fading is taken since the mean need not exist: a power-limited uplink takes a time in proportion to 1/|h|²,
    whose mean is infinite under Rayleigh fading.

    Args:
        rng: source of the fading.
        num_draws: global rounds that the median is taken over.
    """
    sizes = (model, model.with_hidden(2 * model.num_hidden))
    values = schedule.edge_rounds * network.num_clients * network.num_antennas * network.num_subcarriers
    at_once = max(1, VALUES_AT_ONCE // values)
    latencies_s = np.concatenate(
        [
            _latencies_s(sizes, network.draw(some * schedule.edge_rounds, rng=rng), aggregator, clock, schedule)
            for some in _parts(num_draws, at_once)
        ],
        axis=-1,
    )
    once_s, twice_s = latencies_s
    slope_s = np.median(twice_s - once_s, axis=-1)
    # Rounding must not make a negative of a fixed part of nearly nothing.
    fixed_s = np.maximum(np.median(once_s, axis=-1) - slope_s, 0.0)
    weights = np.bincount(network.layout.serving_cell) / network.num_clients
    return PartitionProblem(
        fixed_latency_s=fixed_s,
        slope_s=slope_s,
        weights=weights,
        min_fraction=np.array(1.0 / model.num_hidden),
    )


def _latencies_s(
    sizes: tuple[Model, Model], state: ChannelState, aggregator: Aggregator, clock: NetworkClock, schedule: Schedule
) -> FloatArray:
    """(2, N, D) lengths of the global rounds of every cell, for both sizes of the model."""
    plans = [aggregator.plan(cell) for cell in state.cells]
    return np.array(
        [
            [
                clock.cell_round(cell, model=model, plan=plan, schedule=schedule).latencies_s(schedule.edge_rounds)
                for cell, plan in zip(state.cells, plans, strict=True)
            ]
            for model in sizes
        ]
    )


def _parts(total: int, most: int) -> list[int]:
    """Sizes of at most `most` that add up to `total`."""
    return [min(most, total - start) for start in range(0, total, most)]
