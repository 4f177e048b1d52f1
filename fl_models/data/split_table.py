"""Who holds which classes, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from channels.arrays import IntArray

if TYPE_CHECKING:
    import pandas as pd


def split_table(labels: IntArray, client_samples: Sequence[IntArray], serving_cell: IntArray) -> pd.DataFrame:
    """One row a client: its cell, its number of samples, and how many of each class it holds.

    Args:
        labels: (n,) classes 0 ... C - 1 of the samples.
        client_samples: for each client, which samples it holds.
        serving_cell: (K,) the cell of each client.

    Returns:
        Index `client`, columns `cell`, `samples`, 0 ... C - 1.

    >>> table = split_table(np.array([0, 1, 1, 2]), [np.array([0, 1]), np.array([2])], np.array([0, 1]))
    >>> print(table.to_string(index_names=False))
       cell  samples  0  1  2
    0     0        2  1  1  0
    1     1        1  0  1  0
    """
    import pandas as pd

    if len(client_samples) != len(serving_cell):
        raise ValueError(f"client_samples: got {len(client_samples)} clients for {len(serving_cell)} in serving_cell")
    num_classes = int(labels.max()) + 1
    counts = np.array([np.bincount(labels[samples], minlength=num_classes) for samples in client_samples])
    table = pd.DataFrame(counts, columns=range(num_classes), index=pd.RangeIndex(len(counts), name="client"))
    table.insert(0, "cell", np.asarray(serving_cell))
    table.insert(1, "samples", counts.sum(axis=1))
    return table
