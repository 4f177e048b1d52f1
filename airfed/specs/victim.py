"""Training of the classifier that is attacked."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray
from fl_models import (
    Dataset,
    FederatedTask,
    HierarchicalFedAvg,
    Model,
    RoundWork,
    Schedule,
    Stream,
    Streams,
    initial_state,
)

STEPS_AT_ONCE = 100
"""Whose mini-batches are in memory together."""


def trained_centrally(
    model: Model, train: Dataset, *, steps: int, batch_size: int, step_size: float, streams: Streams
) -> FloatArray:
    """(d,) parameters after some steps of stochastic gradient descent on all of a set, as one client alone would take them.

    Raises:
        ValueError: if the step size is too large.
    """
    alone = FederatedTask(
        model=model,
        train=train,
        test=train,
        client_samples=(np.arange(len(train)),),
        serving_cell=np.zeros(1, dtype=int),
    )
    at_once, left = divmod(steps, STEPS_AT_ONCE)
    parameters = model.init(rng=streams.rng(Stream.MODEL))
    for index, some in enumerate([STEPS_AT_ONCE] * at_once + [left] * (left > 0)):
        schedule = Schedule(edge_rounds=1, local_steps=some, batch_size=batch_size, step_size=step_size)
        algorithm = HierarchicalFedAvg(schedule=schedule)
        work = RoundWork.ideal(alone, schedule=schedule, streams=streams, round_index=index)
        # What overflows is told below.
        with np.errstate(over="ignore", invalid="ignore"):
            parameters = algorithm.round(initial_state(algorithm, alone, parameters), work).parameters
    if not np.isfinite(parameters).all():
        raise ValueError(f"step_size: got {step_size:g}, with which training diverges; take a smaller one")
    return parameters
