"""Whole neurons: shares rounded so that the longest round stays shortest."""

from __future__ import annotations

import heapq

import numpy as np

from aircomp.result import InfeasibleProblem
from channels.arrays import FloatArray, IntArray


def whole_neurons(fraction: FloatArray, *, num_neurons: int, fixed_latency_s: FloatArray, slope_s: FloatArray) -> IntArray:
    """(N,) neurons for each cell, at least one each, adding up to `num_neurons`.

    Every cell gets the whole part of its share; each neuron left over goes to the cell that would finish first with it,
    which makes the largest t_j + κ_j m_j/m least among all ways to hand them out (Federgruen and Groenevelt 1986: greedy
    is optimal for a min-max over separable rising costs). The imbalance of the counts may exceed that of the shares by what
    rounding makes of it.

    Args:
        fraction: (N,) shares, adding up to 1.
        num_neurons: m, neurons to hand out.
        fixed_latency_s: (N,) t_j.
        slope_s: (N,) κ_j.

    Raises:
        InfeasibleProblem: if there are fewer neurons than cells.

    >>> whole_neurons(np.array([0.5, 0.5]), num_neurons=3, fixed_latency_s=np.zeros(2), slope_s=np.array([1.0, 2.0])).tolist()
    [2, 1]
    """
    num_cells = len(fraction)
    if num_neurons < num_cells:
        raise InfeasibleProblem(f"num_neurons: got {num_neurons} for {num_cells} cells; at least one a cell is needed")
    # Shares are known to about 1e-12: one that is a whole number of neurons but for that counts as whole.
    counts = np.maximum(np.floor(fraction * num_neurons + 1e-9).astype(int), 1)
    per_neuron_s = slope_s / num_neurons
    while counts.sum() > num_neurons:
        latest = np.where(counts > 1, fixed_latency_s + per_neuron_s * counts, -np.inf)
        counts[np.argmax(latest)] -= 1
    queue = [(fixed_latency_s[j] + per_neuron_s[j] * (counts[j] + 1), j) for j in range(num_cells)]
    heapq.heapify(queue)
    for _ in range(num_neurons - counts.sum()):
        latency, cell = heapq.heappop(queue)
        counts[cell] += 1
        heapq.heappush(queue, (latency + per_neuron_s[cell], cell))
    return counts
