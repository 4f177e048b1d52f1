import itertools

import numpy as np
import pytest

from latency_opt import InfeasibleProblem, PartitionProblem, minimize_round_latency, whole_neurons


def test_rounding_is_best_among_all_ways_above_the_whole_parts():
    rng = np.random.default_rng(0)
    for _ in range(50):
        num_neurons = int(rng.integers(6, 15))
        problem = PartitionProblem(
            fixed_latency_s=rng.uniform(0.0, 0.2, 3), slope_s=rng.uniform(0.5, 4.0, 3), weights=np.full(3, 1 / 3)
        )
        fraction = minimize_round_latency(problem, max_imbalance=10.0).fraction
        counts = whole_neurons(
            fraction,
            num_neurons=num_neurons,
            fixed_latency_s=problem.fixed_latency_s,
            slope_s=problem.slope_s,
        )
        assert counts.sum() == num_neurons
        assert counts.min() >= 1
        least = np.maximum(np.floor(fraction * num_neurons + 1e-9), 1)
        if least.sum() > num_neurons:
            continue
        best = min(
            problem.latency_s(np.array(c) / num_neurons).max()
            for c in itertools.product(range(1, num_neurons + 1), repeat=3)
            if sum(c) == num_neurons and (np.array(c) >= least).all()
        )
        assert problem.latency_s(counts / num_neurons).max() == pytest.approx(best)


def test_whole_shares_stay_as_they_are():
    counts = whole_neurons(np.full(3, 1 / 3), num_neurons=300, fixed_latency_s=np.zeros(3), slope_s=np.array([1.0, 5.0, 9.0]))
    assert counts.tolist() == [100, 100, 100]


def test_every_cell_gets_a_neuron():
    counts = whole_neurons(np.array([0.98, 0.01, 0.01]), num_neurons=3, fixed_latency_s=np.zeros(3), slope_s=np.ones(3))
    assert counts.tolist() == [1, 1, 1]
    with pytest.raises(InfeasibleProblem, match="num_neurons: got 2 for 3 cells"):
        whole_neurons(np.full(3, 1 / 3), num_neurons=2, fixed_latency_s=np.zeros(3), slope_s=np.ones(3))
