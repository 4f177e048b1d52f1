"""The partition problem of a network: how a cell's round grows with its share of the model."""

from __future__ import annotations

import numpy as np

from channels.network import Network
from fl_models.aggregator import Aggregator
from fl_models.clock import NetworkClock
from fl_models.edge_training import Schedule
from fl_models.model import PartitionableModel
from latency_opt.partition import PartitionProblem


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
    channel = network.draw(num_draws * schedule.edge_rounds, rng=rng)
    fixed_s, slope_s = [], []
    for cell in channel.cells:
        plan = aggregator.plan(cell)
        once_s, twice_s = (
            clock.cell_round(cell, model=part, plan=plan, schedule=schedule).latencies_s(schedule.edge_rounds)
            for part in (model, model.with_hidden(2 * model.num_hidden))
        )
        slope_s.append(np.median(twice_s - once_s))
        # Rounding must not make a negative of a fixed part of nearly nothing.
        fixed_s.append(max(np.median(once_s) - slope_s[-1], 0.0))
    weights = np.bincount(network.layout.serving_cell) / network.num_clients
    return PartitionProblem(
        fixed_latency_s=np.array(fixed_s),
        slope_s=np.array(slope_s),
        weights=weights,
        min_fraction=np.array(1.0 / model.num_hidden),
    )
