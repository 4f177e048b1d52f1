"""The partition problem of a network: how a cell's round grows with its share of the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from channels.arrays import FloatArray, check_count
from channels.channel_state import CellChannel
from channels.network import Network
from fl_models.aggregation.aggregator import Aggregator, UplinkPlan
from fl_models.cell_work import RoundWork
from fl_models.clock import NetworkClock
from fl_models.local.schedule import Schedule
from fl_models.models.model import FLOPS_PER_PARAMETER, Model, PartitionableModel, flops_per_sample
from latency_opt.cell.multiple_access import MultipleAccess
from latency_opt.hist_partition.partition import PartitionProblem

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
    """t_j and κ_j of the median global round of every cell, and the least share, of one neuron in each layer that is dealt out.

    Two sizes of the model give the line. Payload and work are both affine in a cell's share α_j of the neurons, since no two
    dealt layers touch. Where the work is in proportion to the payload, as in an MLP, all of a cell's clients slow down alike,
    and for any fading, and even with optimal bandwidths, the round is affine in α_j, too. A CNN's is not: its kernels are most
    of the work and little of the payload, so that another client may become the last, and the round, the largest of several
    lines, bends. So it does where the access says that it is not proportional: a short packet loses less as it grows, and an
    energy budget buys less speed the more there is to do. The line then is the chord from half to twice the equal share.

    The median over fading is taken since the mean need not exist: a power-limited uplink takes a time in proportion to 1/|h|²,
    whose mean is infinite under Rayleigh fading.

    Args:
        rng: source of the fading.
        num_draws: global rounds that the median is taken over.
    """
    check_count("num_draws", num_draws)
    (low, high), (low_s, high_s) = _two_points(model, network, aggregator, clock, schedule, rng, num_draws)
    slope_s = np.median(high_s - low_s, axis=-1) / (high - low)
    return _problem(np.median(low_s, axis=-1) - low * slope_s, slope_s, model=model, weights=_weights(network))


def partition_rounds(
    model: PartitionableModel,
    *,
    network: Network,
    aggregator: Aggregator,
    clock: NetworkClock,
    schedule: Schedule,
    rng: np.random.Generator,
    num_rounds: int,
) -> PartitionProblem:
    """t_j and κ_j (T, N) of every cell in each of T global rounds, as `FadingPartitionProblem` wants them.

    Args:
        rng: source of the fading.
        num_rounds: T.
    """
    check_count("num_rounds", num_rounds)
    (low, high), (low_s, high_s) = _two_points(model, network, aggregator, clock, schedule, rng, num_rounds)
    slope_s = (high_s - low_s) / (high - low)
    return _problem((low_s - low * slope_s).T, slope_s.T, model=model, weights=_weights(network))


def round_problem(model: PartitionableModel, work: RoundWork) -> PartitionProblem:
    """t_j and κ_j (N,) of every cell in a global round whose channels are known, with those clients that take part in it.

    Raises:
        ValueError: if the round has no channels, or a clock of another kind than `NetworkClock`.
    """
    if work.channels is None or not isinstance(work.clock, NetworkClock):
        raise ValueError(f"work: got a round with clock {work.clock!r}; needed are channels and a NetworkClock")
    cells = list(zip(work.channels, [cell.plan for cell in work.cells], strict=True))
    (low, high), sizes = _two_sizes(model, len(cells), work.clock.access)
    low_s, high_s = _latencies_s(sizes, cells, work.clock, work.cells[0].schedule)[..., 0]
    slope_s = (high_s - low_s) / (high - low)
    return _problem(low_s - low * slope_s, slope_s, model=model, weights=work.weights)


def _problem(fixed_s: FloatArray, slope_s: FloatArray, *, model: PartitionableModel, weights: FloatArray) -> PartitionProblem:
    return PartitionProblem(
        # Rounding must not make a negative of a fixed part of nearly nothing.
        fixed_latency_s=np.maximum(fixed_s, 0.0),
        slope_s=slope_s,
        weights=weights,
        min_fraction=np.array(1.0 / min(model.partition_sizes)),
    )


def _weights(network: Network) -> FloatArray:
    """(N,) shares of the clients."""
    return np.bincount(network.layout.serving_cell) / network.num_clients


def _two_sizes(
    model: PartitionableModel, num_cells: int, access: MultipleAccess
) -> tuple[tuple[float, float], tuple[Model, Model]]:
    """Two shares of the neurons, and models that have so many of them."""
    first, *_ = model.partition_sizes
    counts = (first, 2 * first)
    is_proportional = getattr(access, "is_proportional", True)
    if not is_proportional or flops_per_sample(model) != FLOPS_PER_PARAMETER * model.num_parameters:
        few = max(1, round(first / (2 * num_cells)))
        counts = (few, max(few + 1, min(first, round(2 * first / num_cells))))
    low, high = (model.with_hidden([max(1, round(size * count / first)) for size in model.partition_sizes]) for count in counts)
    return (counts[0] / first, counts[1] / first), (low, high)


def _two_points(
    model: PartitionableModel,
    network: Network,
    aggregator: Aggregator,
    clock: NetworkClock,
    schedule: Schedule,
    rng: np.random.Generator,
    num_rounds: int,
) -> tuple[tuple[float, float], FloatArray]:
    """Two shares of the neurons, and how long global rounds take with them, (2, N, T)."""
    shares, sizes = _two_sizes(model, network.layout.num_cells, clock.access)
    values = schedule.edge_rounds * network.num_clients * network.num_antennas * network.num_subcarriers
    at_once = max(1, VALUES_AT_ONCE // values)
    parts = []
    for some in _parts(num_rounds, at_once):
        state = network.draw(some * schedule.edge_rounds, rng=rng, run_length=schedule.edge_rounds)
        cells = [(cell, aggregator.plan(cell)) for cell in state.cells]
        parts.append(_latencies_s(sizes, cells, clock, schedule))
    return shares, np.concatenate(parts, axis=-1)


def _latencies_s(
    sizes: tuple[Model, Model],
    cells: Sequence[tuple[CellChannel, UplinkPlan]],
    clock: NetworkClock,
    schedule: Schedule,
) -> FloatArray:
    """(2, N, D) lengths of the global rounds of every cell, for both sizes of the model."""
    return np.array(
        [
            [
                clock.cell_round(cell, model=model, plan=plan, schedule=schedule).latencies_s(schedule.edge_rounds)
                for cell, plan in cells
            ]
            for model in sizes
        ]
    )


def _parts(total: int, most: int) -> list[int]:
    """Sizes of at most `most` that add up to `total`."""
    return [min(most, total - start) for start in range(0, total, most)]
