"""What learning, schemes and network need of each other, checked before anything is drawn."""

from __future__ import annotations

import numpy as np

from airfed.specs.algorithm_spec import HISTSpec
from airfed.specs.client_sizes_spec import AsTheyFallSpec, FixedSizesSpec, ProportionalSizesSpec
from airfed.specs.learning_spec import LearningSpec
from airfed.specs.model_spec import HiddenLayersKind, SoftmaxRegressionSpec
from airfed.specs.partition_spec import GivenPartitionSpec
from airfed.specs.radio_spec import RadioSpec
from airfed.specs.scheme_spec import SchemeSpec
from airfed.specs.split_spec import GivenSplitSpec, IIDSpec, OneLevelSplitSpec, SplitKind
from airfed.specs.synthetic_data_spec import OwnSamplesKind
from airfed.specs.task_spec import TuningSpec
from airfed.specs.uplink_spec import AirCompSpec, DigitalKind
from airfed.toml_value import toml_value
from fl_models import Model, PartitionableModel

MAX_KEPT_VALUES = 1_000_000_000
"""Of clients, from round to round: four gigabytes."""
MAX_SAMPLE_VALUES = 1_000_000_000
"""Of all samples together: four gigabytes."""
MAX_PARAMETERS = 100_000_000
"""Of a model: 0.4 gigabytes, of which every client of a cell may need some."""


def check_learning(learning: LearningSpec, *, network: RadioSpec, schemes: tuple[SchemeSpec, ...]) -> None:
    """Raises a ValueError that begins with the key if something lacks what it needs.

    Where a network's numbers of stations and clients are drawn, what depends on them is checked when they are.
    """
    check_split(learning, num_clients=network.total_clients)
    try:
        model = learning.model.build(learning.data.shape)
    except ValueError as error:
        raise ValueError(f"learning.model.{error}") from None
    check_memory(learning, num_clients=network.total_clients, model=model)
    try:
        learning.task.check(learning.data.shape)
    except ValueError as error:
        raise ValueError(f"learning.task.{error}") from None
    if isinstance(learning.task, TuningSpec):
        check_tuning(learning)
    for index, scheme in enumerate(schemes):
        check_scheme(scheme, f"schemes.{index}", learning=learning, network=network, model=model)


def check_split(learning: LearningSpec, *, num_clients: int | None) -> None:
    """Samples are split once, and there are enough."""
    split, data = learning.split, learning.data
    if isinstance(data, OwnSamplesKind):
        if not isinstance(split, GivenSplitSpec):
            raise ValueError(
                f"learning.split.kind: got {split.kind!r} with learning.data of kind {data.kind!r}, whose clients bring their "
                "own samples; allowed is 'given'"
            )
        return
    if isinstance(split, GivenSplitSpec):
        raise ValueError(
            f"learning.split.kind: got 'given' with learning.data of kind {data.kind!r}, which nobody holds yet; allowed is "
            "'two_level' or 'one_level', or data of kind synthetic_federated or synthetic_iid"
        )
    if num_clients is not None:
        check_sizes(split, num_clients=num_clients, num_train=data.num_train or 0)


def check_sizes(split: SplitKind, *, num_clients: int, num_train: int) -> None:
    """As many samples as are asked for."""
    wanted = {"min_samples": split.min_samples}
    if isinstance(split.sizes, FixedSizesSpec):
        wanted["sizes.samples"] = split.sizes.samples
        if split.sizes.samples < split.min_samples:
            raise ValueError(
                f"learning.split.sizes.samples: got {split.sizes.samples} with min_samples = {split.min_samples}; allowed is "
                "at least that"
            )
    for key, each in wanted.items():
        if num_clients * each > num_train:
            raise ValueError(
                f"learning.split.{key}: got {each} for each of {num_clients} clients, {num_clients * each} in all; allowed is "
                f"at most {num_train} in all, the samples that there are to train on: take fewer clients or a smaller number"
            )
    if isinstance(split.sizes, ProportionalSizesSpec) and num_clients % len(split.sizes.weights):
        raise ValueError(
            f"learning.split.sizes.weights: got {len(split.sizes.weights)} for {num_clients} clients; allowed is one for each, "
            "or a number of them that repeats to as many"
        )


def check_memory(learning: LearningSpec, *, num_clients: int | None, model: Model) -> None:
    """Samples and model fit into a machine."""
    data = learning.data
    samples = (num_clients or 0) * data.mean_size if isinstance(data, OwnSamplesKind) else data.num_train or 0
    if samples * data.shape.num_inputs > MAX_SAMPLE_VALUES:
        raise ValueError(
            f"learning.data: got {samples:.2g} samples of {data.shape.num_inputs} values; allowed are {MAX_SAMPLE_VALUES:.2g} "
            "values in all"
        )
    if model.num_parameters > MAX_PARAMETERS:
        raise ValueError(
            f"learning.model: got a model of {model.num_parameters:.2g} parameters; allowed are {MAX_PARAMETERS:.2g}"
        )


def check_tuning(learning: LearningSpec) -> None:
    """What tuning settles by itself is as it settles it."""
    if not isinstance(learning.model, SoftmaxRegressionSpec):
        raise ValueError(
            f"learning.model.kind: got {learning.model.kind!r} with learning.task of kind 'tuning'; allowed is "
            "'softmax_regression', whose training is tuned"
        )
    if isinstance(learning.data, OwnSamplesKind):
        raise ValueError(
            f"learning.data.kind: got {learning.data.kind!r} with learning.task of kind 'tuning', which deals samples out by "
            "itself; allowed are data that nobody holds yet, such as 'digits' or 'gaussian_classes'"
        )
    split, whose = learning.split, "with learning.task of kind 'tuning'; allowed is"
    if not isinstance(split, OneLevelSplitSpec):
        raise ValueError(
            f"learning.split.kind: got {split.kind!r} {whose} 'one_level', with over_clients of kind 'iid' and sizes of kind "
            "'as_they_fall'"
        )
    if not isinstance(split.over_clients, IIDSpec):
        raise ValueError(f"learning.split.over_clients.kind: got {split.over_clients.kind!r} {whose} 'iid'")
    if not isinstance(split.sizes, AsTheyFallSpec):
        raise ValueError(f"learning.split.sizes.kind: got {split.sizes.kind!r} {whose} 'as_they_fall'")


def check_scheme(scheme: SchemeSpec, key: str, *, learning: LearningSpec, network: RadioSpec, model: Model) -> None:
    """An algorithm has what it needs of the task, the model, the cells, the uplink and the memory."""
    algorithm, num_cells = scheme.algorithm, network.total_stations
    if algorithm.by_gradients and not learning.task.has_gradients:
        raise ValueError(
            f"{key}.algorithm.kind: got {algorithm.kind!r} with learning.task of kind {learning.task.kind!r}, which has "
            "function values alone; allowed is 'fedzo', 'seed_shared_fedzo', 'dzopa' or 'zone_s'"
        )
    if algorithm.in_one_cell and num_cells is not None and num_cells > 1:
        raise ValueError(
            f"{key}.algorithm.kind: got {algorithm.kind!r} with {num_cells} cells; allowed with one, as it is made for, say "
            "network.num_cells = 1"
        )
    if algorithm.by_bits and isinstance(scheme.uplink, AirCompSpec):
        raise ValueError(
            f"{key}.uplink.kind: got {scheme.uplink.kind!r} with algorithm {algorithm.kind!r}, whose server hears each client "
            "by itself; allowed are 'ofdma', 'joint_ofdma', 'resource_blocks', 'nr_resource_blocks' and 'tdma'"
        )
    check_room(scheme, f"{key}.uplink", learning=learning, network=network)
    values = algorithm.arrays_per_client * (network.total_clients or 0) * learning.task.num_parameters(model)
    if values > MAX_KEPT_VALUES:
        raise ValueError(
            f"{key}.algorithm.kind: got {algorithm.kind!r}, which keeps {values:.2g} values for {network.total_clients} "
            f"clients; allowed are {MAX_KEPT_VALUES:.2g}: take fewer clients, a smaller learning.model, or an algorithm that "
            "keeps none"
        )
    if isinstance(algorithm, HISTSpec):
        check_hist(algorithm, key, learning=learning, num_cells=num_cells, model=model)


def check_room(scheme: SchemeSpec, key: str, *, learning: LearningSpec, network: RadioSpec) -> None:
    """As many clients as the largest cell must have, the least that it can, can send at once."""
    if not isinstance(scheme.uplink, DigitalKind) or network.total_clients is None or network.total_stations is None:
        return
    largest = -(-network.total_clients // network.total_stations)
    try:
        scheme.uplink.check_room(len(learning.selection.build().draw(largest, rng=np.random.default_rng(0))))
    except ValueError as error:
        raise ValueError(f"{key}.{error}") from None


def check_hist(algorithm: HISTSpec, key: str, *, learning: LearningSpec, num_cells: int | None, model: Model) -> None:
    """A neuron for every cell in each layer that is dealt out, and numbers that fit, if they are given."""
    if not isinstance(model, PartitionableModel) or not isinstance(learning.model, HiddenLayersKind):
        raise ValueError(
            f"{key}.algorithm: got hist with learning.model of kind {learning.model.kind!r}; allowed is 'mlp', 'cnn', 'lenet5' "
            "or 'cifar_cnn', whose hidden neurons it deals out"
        )
    fewest, first = min(model.partition_sizes), model.partition_sizes[0]
    if num_cells is not None and num_cells > fewest:
        raise ValueError(
            f"network.num_cells: got {num_cells} with learning.model.hidden = {toml_value(learning.model.hidden)}; allowed is "
            f"1 to {fewest}, a neuron for every cell in each layer that is dealt out, when a scheme uses hist"
        )
    if isinstance(algorithm.partition, GivenPartitionSpec):
        neurons = algorithm.partition.neurons
        if sum(neurons) != first or (num_cells is not None and len(neurons) != num_cells):
            raise ValueError(
                f"{key}.algorithm.partition.neurons: got {toml_value(neurons)}, {sum(neurons)} in {len(neurons)} cells; "
                f"allowed are {num_cells or 'as many as cells'} that add up to {first}, the neurons of the first hidden layer"
            )
