"""Sub-models by hidden neurons, and how HIST deals them out."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from channels import ShortPackets
from fl_models import HIST, MLP, Ideal, NetworkClock, Schedule, draw_partition, partition_problem
from fl_models.algorithms.hist import proportional_counts
from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution
from fl_models.models.model import PartitionableModel, flops_per_sample
from fl_models.models.published_cnns import lenet5
from latency_opt import OFDMA, EqualBandwidth, JointOFDMA

CONVOLUTIONS = (Convolution(channels=2, kernel=3, padding=1), Convolution(channels=3, kernel=2))
MODELS = {
    "one": MLP(num_inputs=5, num_hidden=9, num_classes=4),
    "two": MLP(num_inputs=5, num_hidden=(9, 6), num_classes=4),
    "three": MLP(num_inputs=5, num_hidden=(9, 4, 7), num_classes=4),
    "five": MLP(num_inputs=5, num_hidden=(9, 4, 7, 3, 6), num_classes=4),
    "cnn": CNN(image_shape=(1, 7, 6), convolutions=CONVOLUTIONS, hidden=(9,), num_classes=4),
    "deep cnn": CNN(image_shape=(1, 7, 6), convolutions=CONVOLUTIONS, hidden=(9, 4, 7), num_classes=4),
}
# What belongs to nobody: biases of the layers that are not dealt out, the readout if it follows one of those, its offset.
SHARED = {
    "one": 4,
    "two": 6 + 6 * 4 + 4,
    "three": 4 + 4,
    "five": 4 + 3 + 4,
    "cnn": 2 * 10 + 3 * 9 + 4,
    "deep cnn": 2 * 10 + 3 * 9 + 4 + 4,
}
each = pytest.mark.parametrize("name", MODELS)


def deal(model, counts, seed=0):
    """For each cell, its neurons in each dealt layer."""
    rng = np.random.default_rng(seed)
    layers = [draw_partition(proportional_counts(counts, size), rng=rng) for size in model.partition_sizes]
    return list(zip(*layers, strict=True))


@each
def test_every_parameter_has_one_owner_but_the_shared_ones(name):
    model = MODELS[name]
    assert isinstance(model, PartitionableModel)
    owners = np.zeros(model.num_parameters, dtype=int)
    for parts in deal(model, (2, 3, 4)):
        index = model.submodel(parts).index
        assert len(np.unique(index)) == len(index)
        owners[index] += 1
    assert sorted(set(owners)) == [1, 3]
    assert np.sum(owners == 3) == SHARED[name]


@each
def test_submodel_is_the_model_with_the_other_neurons_absent(name, setting, without):
    """In logits, loss, and the gradient in the parameters that the sub-model has."""
    model = MODELS[name]
    parameters, x, labels = setting(model)
    for parts in deal(model, (2, 3, 4)):
        part, silenced = model.submodel(parts), without(model, parameters, parts)
        own = parameters[:, part.index]
        assert part.model.num_parameters == len(part.index)
        assert part.model.partition_sizes == tuple(len(chosen) for chosen in parts)
        np.testing.assert_allclose(part.model.logits(own, x), model.logits(silenced, x), rtol=1e-11, atol=1e-13)
        whole_loss, whole = model.loss_and_gradient(silenced, x, labels)
        loss, gradient = part.model.loss_and_gradient(own, x, labels)
        np.testing.assert_allclose(loss, whole_loss, rtol=1e-12)
        np.testing.assert_allclose(gradient, whole[:, part.index], rtol=1e-9, atol=1e-13)


@each
def test_all_neurons_are_the_whole_model(name):
    model = MODELS[name]
    part = model.submodel([np.arange(size) for size in model.partition_sizes])
    assert part.model == model
    np.testing.assert_array_equal(part.index, np.arange(model.num_parameters))


@each
def test_parameters_and_operations_are_affine_in_the_share(name):
    """A line through one and two times the dealt layers goes through three, and through a third."""
    model = MODELS[name]

    def size(share):
        counts = [round(share * neurons) for neurons in (9, 3, 6)[: len(model.partition_sizes)]]
        sized = model.with_hidden(counts)
        return np.array([sized.num_parameters, flops_per_sample(sized)])

    for share in (1 / 3, 3.0):
        np.testing.assert_allclose(size(share), size(1.0) + (share - 1.0) * (size(2.0) - size(1.0)), rtol=1e-14)


EQUAL_BANDS = OFDMA(policy=EqualBandwidth())


def line_and_rounds(model, network, shares, access=EQUAL_BANDS):
    """The partition problem's rounds (shares, cells), and those of models of these sizes on the same draws."""
    schedule, clock = Schedule(edge_rounds=2, local_steps=3, batch_size=5), NetworkClock(access=access)
    options = {"aggregator": Ideal(), "clock": clock, "schedule": schedule, "num_draws": 31}
    problem = partition_problem(model, network=network, rng=np.random.default_rng(0), **options)
    channel = network.draw(31 * schedule.edge_rounds, rng=np.random.default_rng(0))
    rounds = np.empty((len(shares), len(channel.cells)))
    for i, share in enumerate(shares):
        sized = model.with_hidden([round(share * size) for size in model.partition_sizes])
        for cell, part in enumerate(channel.cells):
            spent = clock.cell_round(part, model=sized, plan=Ideal().plan(part), schedule=schedule)
            rounds[i, cell] = np.median(spent.latencies_s(schedule.edge_rounds))
    return problem, np.array([problem.latency_s(np.full(len(channel.cells), share)) for share in shares]), rounds


def test_round_latency_of_a_deep_mlp_is_affine_in_the_share(make_network):
    """The line from two sizes holds at others on the same draws."""
    problem, line, rounds = line_and_rounds(MODELS["three"].with_hidden([9, 6]), make_network(2, 4), (1 / 3, 2 / 3, 1.0))
    np.testing.assert_allclose(rounds, line, rtol=1e-9)
    assert problem.min_fraction.max() == pytest.approx(1 / 6)


def test_round_latency_of_a_cnn_is_near_a_chord(make_network):
    """The chord of a convex function between half and twice the equal share: exact where it begins, 10 % off at most."""
    _, line, rounds = line_and_rounds(lenet5(), make_network(3, 6), (1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3))
    np.testing.assert_allclose(rounds[0], line[0], rtol=1e-9)
    np.testing.assert_allclose(rounds, line, rtol=0.1)


BENT = {
    "budget": JointOFDMA(energy_budget_j=0.4),
    "budget and slack": JointOFDMA(energy_budget_j=0.4, deadline_factor=1.3),
    "packets": OFDMA(policy=EqualBandwidth(), coding=ShortPackets(error_probability=1e-6, packet_bits=10**6)),
}


@pytest.mark.parametrize("access", BENT.values(), ids=list(BENT))
def test_round_latency_that_bends_is_near_a_chord(make_network, access):
    """For an MLP, whose line is exact otherwise: exact where the chord begins, near it between. Processors here spend so much
    that a budget slows them down.
    """
    network = make_network(3, 6)
    devices = dataclasses.replace(network.devices, effective_capacitance_w_per_hz3=1e-18)
    network, model = dataclasses.replace(network, devices=devices), MODELS["three"].with_hidden([36, 36])
    _, line, rounds = line_and_rounds(model, network, (1 / 6, 1 / 3, 2 / 3), access)
    np.testing.assert_allclose(rounds[0], line[0], rtol=1e-9)
    np.testing.assert_allclose(rounds, line, rtol=0.1)
    assert (np.abs(rounds[1] / line[1] - 1.0) > 1e-4).all()


@pytest.mark.parametrize("access", [JointOFDMA(), JointOFDMA(deadline_factor=1.5)], ids=str)
def test_round_latency_without_a_budget_is_affine_in_the_share(make_network, access):
    _, line, rounds = line_and_rounds(MODELS["three"].with_hidden([9, 6]), make_network(2, 4), (1 / 3, 2 / 3, 1.0), access)
    np.testing.assert_allclose(rounds, line, rtol=1e-9)


@pytest.mark.parametrize("counts", [(1,), (2, 2), (1, 1, 98), (10, 25, 65), (333, 333, 334), (7, 1, 1, 1)])
def test_proportional_counts_are_largest_remainders(counts):
    for total in (len(counts), 10 * len(counts), 101, 997):
        if total < len(counts):
            continue
        dealt, share = proportional_counts(counts, total), total * np.array(counts) / sum(counts)
        assert sum(dealt) == total
        assert min(dealt) >= 1
        if share.min() >= 1.0:
            assert (np.abs(dealt - share) < 1.0).all()
            rounded_up = np.array(dealt) > share
            if rounded_up.any() and not rounded_up.all():
                down = ~rounded_up & (share % 1.0 > 1e-9)
                assert not down.any() or (share % 1.0)[rounded_up].min() >= (share % 1.0)[down].max() - 1e-9
    assert proportional_counts(counts, sum(counts)) == list(counts)


def test_hist_deals_other_layers_in_proportion():
    task = SimpleNamespace(model=MODELS["five"], num_cells=3)
    models = HIST(schedule=Schedule(), neurons=(2, 3, 4)).cell_models(task)
    assert [model.num_hidden for model in models] == [(2, 4, 2, 3, 1), (3, 4, 2, 3, 2), (4, 4, 3, 3, 3)]


def test_a_layer_with_fewer_neurons_than_cells_is_refused():
    with pytest.raises(ValueError, match="total: got 2 neurons; needed is one for each of 3 cells"):
        proportional_counts([4, 4, 4], 2)


def test_one_set_of_neurons_for_each_dealt_layer_is_needed():
    with pytest.raises(ValueError, match="got 1 sizes; needed is one for each of 2 dealt layers"):
        MODELS["three"].submodel(np.array([0, 1]))


def test_traffic_of_a_submodel_is_its_share():
    model = MLP(num_inputs=64, num_hidden=300, num_classes=10)
    assert model.with_hidden(100).num_parameters == 100 * 75 + 10
    assert model.num_parameters == 300 * 75 + 10
