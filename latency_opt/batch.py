"""Some instances out of a batch of problems."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    P = TypeVar("P", bound=DataclassInstance)
else:
    P = TypeVar("P")


def instances(problem: P, index: Any) -> P:
    """The same problem for the instances that numpy's `index` picks along the batch: one, a slice, a mask.

    Args:
        problem: all of whose arrays have the batch in their leading axes.
        index: of the batch. With `InfeasibleProblem.infeasible` turned round as a mask, those that can be solved.

    >>> from latency_opt import PartitionProblem
    >>> batch = PartitionProblem(fixed_latency_s=0.0, slope_s=[[1.0, 2.0], [3.0, 4.0]], weights=[0.5, 0.5])
    >>> instances(batch, 1).slope_s.tolist()
    [3.0, 4.0]
    """
    arrays = {entry.name: getattr(problem, entry.name) for entry in fields(problem)}
    batched = {name: array[index] for name, array in arrays.items() if isinstance(array, np.ndarray) and array.ndim}
    return replace(problem, **batched)
