"""What does not go together is told when a scenario is read, with key, value and what is allowed."""

import pytest

from airfed import Experiment, ScenarioError

FEDAVG = 'algorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma" }'
HIST = 'algorithm = { kind = "hist" }\nuplink = { kind = "ofdma" }'


def algorithm(text, uplink="ofdma"):
    return f'algorithm = {{ {text} }}\nuplink = {{ kind = "{uplink}" }}'


BAD = [
    (
        {"learning.data": 'kind = "synthetic_federated"'},
        FEDAVG,
        "learning.split.kind: got 'two_level' with learning.data of kind 'synthetic_federated', whose clients bring their own "
        "samples; allowed is 'given'",
    ),
    (
        {"learning.split": 'kind = "given"'},
        FEDAVG,
        "learning.split.kind: got 'given' with learning.data of kind 'digits', which nobody holds yet; allowed is 'two_level'",
    ),
    (
        {"learning.split": "min_samples = 200"},
        FEDAVG,
        "learning.split.min_samples: got 200 for each of 8 clients, 1600 in all; allowed is at most 1437 in all",
    ),
    (
        {"learning.split": 'sizes = { kind = "fixed", samples = 300 }'},
        FEDAVG,
        "learning.split.sizes.samples: got 300 for each of 8 clients, 2400 in all; allowed is at most 1437 in all",
    ),
    (
        {"learning.split": 'sizes = { kind = "fixed", samples = 2 }'},
        FEDAVG,
        "learning.split.sizes.samples: got 2 with min_samples = 3; allowed is at least that",
    ),
    (
        {"learning.split": 'sizes = { kind = "proportional", weights = [1, 2, 3] }'},
        FEDAVG,
        "learning.split.sizes.weights: got 3 for 8 clients; allowed is one for each",
    ),
    (
        {"learning.data": 'kind = "gaussian_classes"', "learning.model": 'kind = "lenet5"'},
        FEDAVG,
        "learning.model.kind: got a network with convolutions for samples that are no images; allowed are mlp and",
    ),
    (
        {"learning.model": 'kind = "lenet5"'},
        FEDAVG,
        "learning.model.convolutions: Convolution(channels=16, kernel=5, padding=0, pool=2) makes",
    ),
    (
        {"learning.data": 'kind = "gaussian_classes"\nnum_classes = 20\nnum_inputs = 10'},
        FEDAVG,
        "learning.data.num_classes: got 20 with num_inputs = 10 and num_samples = 5000; allowed is 2 to 10",
    ),
    (
        {"learning.data": 'kind = "synthetic_images"\nimage_shape = [1, 8, 8]\nmax_shift = 8'},
        FEDAVG,
        "learning.data.max_shift: got 8; allowed is 0 to 7, less than an edge of image_shape",
    ),
    (
        {"learning.data": 'kind = "synthetic_images"\nimage_shape = [1, 8]'},
        FEDAVG,
        "learning.data.image_shape",
    ),
    (
        {"learning.model": 'kind = "softmax_regression"'},
        HIST,
        "schemes.0.algorithm: got hist with learning.model of kind 'softmax_regression'; allowed is 'mlp', 'cnn', 'lenet5' or",
    ),
    (
        {"learning.model": "hidden = [20, 20, 1]"},
        HIST,
        "network.num_cells: got 2 with learning.model.hidden = [20, 20, 1]; allowed is 1 to 1, a neuron for every cell in each "
        "layer that is dealt out",
    ),
    (
        {},
        algorithm('kind = "hist", partition = { kind = "given", neurons = [6, 5] }'),
        "schemes.0.algorithm.partition.neurons: got [6, 5], 11 in 2 cells; allowed are 2 that add up to 12, the neurons of",
    ),
    (
        {},
        algorithm('kind = "hist", partition = { kind = "given", neurons = [6, 3, 3] }'),
        "schemes.0.algorithm.partition.neurons: got [6, 3, 3], 12 in 3 cells; allowed are 2 that add up to 12",
    ),
    (
        {},
        algorithm('kind = "dzopa"'),
        "schemes.0.algorithm.kind: got 'dzopa' with 2 cells; allowed with one, as it is made for",
    ),
    (
        {},
        algorithm('kind = "dzopa", consensus_rate = 0.2, dual_rate = 0.2'),
        "schemes.0.algorithm.dual_rate: got 0.2 with consensus_rate = 0.2; allowed is 0 to below consensus_rate",
    ),
    (
        {},
        algorithm('kind = "seed_shared_fedzo"', uplink="aircomp"),
        "schemes.0.uplink.kind: got 'aircomp' with algorithm 'seed_shared_fedzo', whose server hears each client by itself; "
        "allowed are 'ofdma'",
    ),
    (
        {"network": "num_cells = 2\nclients_per_cell = 700\ncell_load = 0.0", "learning.split": "min_samples = 1"}
        | {"learning.model": "hidden = 100000"},
        algorithm('kind = "scaffold"'),
        "schemes.0.algorithm.kind: got 'scaffold', which keeps 1.1e+10 values for 1400 clients; allowed are 1e+09: take fewer",
    ),
    (
        {"learning.model": "hidden = []"},
        FEDAVG,
        "learning.model.hidden: got []",
    ),
]


@pytest.mark.parametrize(("tables", "scheme", "message"), BAD, ids=[message[:45] for *_, message in BAD])
def test_what_does_not_go_together_is_told(tiny, tables, scheme, message):
    with pytest.raises(ScenarioError) as caught:
        tiny(tables, scheme)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (algorithm('kind = "dzopa"'), "algorithm: got dzopa in scheme 'scheme 0' over 2 cells; allowed is one"),
        (
            algorithm('kind = "hist", partition = { kind = "given", neurons = [12] }'),
            "neurons: got .12,.; needed are 2 numbers that add up to the 12 hidden neurons",
        ),
    ],
)
def test_a_network_of_ones_own_is_checked_before_training(tiny, make_network, scheme, message):
    one_cell = {"network": "num_cells = 1\nclients_per_cell = 8\ncell_load = 0.0"}
    with pytest.raises(ScenarioError, match=message):
        Experiment.prepare(tiny(one_cell, scheme), network=make_network(2, 4))
