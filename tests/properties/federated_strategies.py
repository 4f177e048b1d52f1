"""What the laws of latencies, training and scenarios are tried on: problems of cells, learning constants, small tasks."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import Devices
from channels.channel_state import CellChannel
from fl_models import (
    CNN,
    MLP,
    Convolution,
    Dataset,
    FederatedTask,
    History,
    PartitionableModel,
    RoundCost,
    RoundRecord,
    SoftmaxRegression,
)
from latency_opt import LearningConstants
from strategies import decade_arrays, decades, seeds

TAME = {
    "compute_s": (1e-3, 10.0),
    "payload_bits": (1e3, 1e7),
    "snr_hz": (1e4, 1e12),
    "bandwidth_hz": (1e5, 1e8),
}
"""What cells are like: SNRs from -40 to 70 dB."""
WILD = {
    "compute_s": (1e-9, 1e6),
    "payload_bits": (1.0, 1e12),
    "snr_hz": (1e-10, 1e14),
    "bandwidth_hz": (1.0, 1e12),
}
"""Gains 240 dB apart, and everything else over many decades."""
NOISE_PSD_W_PER_HZ = 4e-21

few = st.integers(1, 5)
"""Clients, cells, draws."""
fewer = st.integers(1, 3)
loads = st.sampled_from([0.0, 0.3, 0.99])
maybe_nothing = st.just(0.0) | decades(1e-3, 1e3)
"""Prices and divergences."""
steps = st.integers(1, 20)
learning_constants = st.builds(
    LearningConstants,
    smoothness=decades(1e-2, 1e2),
    initial_gap=decades(1e-2, 1e2),
    noise_variance=maybe_nothing,
    cell_divergence=maybe_nothing,
    client_divergence=maybe_nothing,
)


def maybe(array, *, chance):
    """The array with zeros among its entries: each is 0 where the chance, an array of truths, says so."""
    return np.where(chance, 0.0, array)


@st.composite
def bandwidth_fields(draw, *, batch=(), ranges=TAME, num_clients=few, floors=True):
    """Arguments of a `BandwidthProblem`, with clients that have nothing to send, that are alike, or have least bands."""
    shape = (*batch, draw(num_clients))
    band = draw(decade_arrays(batch, *ranges["bandwidth_hz"]))
    flags = arrays(bool, shape)
    fields = {
        "compute_s": maybe(draw(decade_arrays(shape, *ranges["compute_s"])), chance=draw(flags)),
        "payload_bits": maybe(draw(decade_arrays(shape, *ranges["payload_bits"])), chance=draw(flags)),
        "gain_power_w": NOISE_PSD_W_PER_HZ * draw(decade_arrays(shape, *ranges["snr_hz"])),
        "noise_psd_w_per_hz": NOISE_PSD_W_PER_HZ,
        "bandwidth_hz": band,
    }
    if floors and draw(st.booleans()):
        share = maybe(draw(arrays(float, shape, elements=st.floats(0.0, 1.0))), chance=draw(flags))
        fields["min_bandwidth_hz"] = share * band[..., None] / shape[-1]
    return fields


@st.composite
def joint_fields(draw, *, batch=(), ranges=TAME, num_clients=few, budgets=True):
    """Arguments of a `JointProblem` that can be met: budgets are above what the bits need, or there are none."""
    shape = (*batch, draw(num_clients))
    flags = arrays(bool, shape)
    payload = maybe(draw(decade_arrays(shape, *ranges["payload_bits"])), chance=draw(flags))
    snr_hz_per_w = draw(decade_arrays(shape, *ranges["snr_hz"]))
    fields = {
        "cycles": maybe(draw(decade_arrays(shape, 1e6, 1e10)), chance=draw(flags)),
        "max_cpu_hz": draw(decade_arrays(shape, 1e7, 1e10)),
        "effective_capacitance_w_per_hz3": maybe(draw(decade_arrays(shape, 1e-30, 1e-26)), chance=draw(flags)),
        "payload_bits": payload,
        "power_gain": NOISE_PSD_W_PER_HZ * snr_hz_per_w,
        "max_power_w": draw(decade_arrays(shape, 1e-3, 10.0)),
        "energy_budget_j": np.full(shape, np.inf),
        "noise_psd_w_per_hz": NOISE_PSD_W_PER_HZ,
        "bandwidth_hz": draw(decade_arrays(batch, *ranges["bandwidth_hz"])),
    }
    if budgets and draw(st.booleans()):
        least = np.maximum(payload, 1.0) * np.log(2.0) / snr_hz_per_w
        fields["energy_budget_j"] = np.where(draw(flags), np.inf, least * (1.0 + draw(decade_arrays(shape, 1e-2, 1e4))))
    return fields


@st.composite
def weights(draw, shape):
    """(..., N) shares > 0 that add up to 1."""
    raw = draw(decade_arrays(shape, 1e-2, 1.0))
    return raw / raw.sum(axis=-1, keepdims=True)


@st.composite
def partition_fields(draw, *, batch=(), num_cells=few, floors=True, spread=1e3):
    """Arguments of a `PartitionProblem`."""
    shape = (*batch, draw(num_cells))
    fields = {
        "fixed_latency_s": maybe(draw(decade_arrays(shape, 1.0 / spread, spread)), chance=draw(arrays(bool, shape))),
        "slope_s": draw(decade_arrays(shape, 1.0 / spread, spread)),
        "weights": draw(weights(shape)),
    }
    if floors and draw(st.booleans()):
        fields["min_fraction"] = draw(arrays(float, shape, elements=st.floats(0.0, 1.0))) / shape[-1]
    return fields


@st.composite
def cell_channels(draw, *, draws=few, num_clients=few, load=loads):
    """A cell whose channels are known, one antenna and subcarrier, over a few draws."""
    shape = (draw(draws), draw(num_clients))
    snr_hz = draw(decade_arrays(shape[1:], 1e4, 1e11))
    turn = draw(arrays(float, shape, elements=st.floats(0.0, 1.0)))
    response = (draw(decade_arrays(shape, 0.05, 3.0)) * np.exp(2j * np.pi * turn))[..., None, None]
    power_w = draw(decade_arrays(shape[1:], 1e-3, 1.0))
    return CellChannel(
        response=response,
        estimated_response=response,
        mean_power_gain=NOISE_PSD_W_PER_HZ * snr_hz / power_w,
        client_power_w=power_w,
        station_power_w=draw(decades(1.0, 100.0)),
        bandwidth_hz=draw(decades(1e5, 1e8)),
        load=draw(load),
        noise_psd_w_per_hz=NOISE_PSD_W_PER_HZ,
        client_noise_psd_w_per_hz=np.full(shape[1], 2.0 * NOISE_PSD_W_PER_HZ),
        devices=Devices(cpu_hz=draw(decade_arrays(shape[1:], 1e7, 1e10))),
        backhaul_rate_bps=draw(decades(1e6, 1e10)),
        backhaul_delay_s=draw(decades(1e-4, 1.0)),
    )


@st.composite
def dense_models(draw):
    """Softmax regressions, and perceptrons with one to three hidden layers, of one neuron or more."""
    inputs, classes = draw(few), draw(few)
    if draw(st.booleans()):
        return SoftmaxRegression(num_inputs=inputs, num_classes=classes)
    hidden = draw(few | st.lists(few, min_size=1, max_size=3).map(tuple))
    return MLP(num_inputs=inputs, num_hidden=hidden, num_classes=classes)


@st.composite
def convolutional_models(draw):
    """Small networks with one or two convolutions, with padding and pooling or without."""
    layers = st.builds(
        Convolution,
        channels=st.integers(1, 3),
        kernel=st.integers(1, 3),
        padding=st.integers(0, 1),
        pool=st.integers(1, 2),
    )
    return CNN(
        image_shape=(draw(st.integers(1, 2)), draw(st.integers(10, 11)), draw(st.integers(10, 11))),
        convolutions=tuple(draw(st.lists(layers, min_size=1, max_size=2))),
        hidden=tuple(draw(st.lists(few, min_size=1, max_size=3))),
        num_classes=draw(few),
    )


def classifiers():
    """All models that come along."""
    return dense_models() | convolutional_models()


def partitionable_models():
    """Those whose neurons can be dealt out."""
    return classifiers().filter(lambda model: isinstance(model, PartitionableModel))


@st.composite
def tasks(draw, *, num_cells=fewer, alike=False, one_sample=True, shuffled=False):
    """Softmax regression on one sample for each client, so that all its batches are alike; or on several."""
    cells = draw(num_cells)
    sizes = draw(st.lists(st.integers(1, 3), min_size=cells, max_size=cells))
    clients, rng = sum(sizes), np.random.default_rng(draw(seeds))
    each = 1 if one_sample else 4
    samples = 1 if alike else clients * each
    data = Dataset(x=rng.standard_normal((samples, 3)).astype(np.float32), labels=rng.integers(3, size=samples))
    serving = np.repeat(np.arange(cells), sizes)
    if shuffled:
        serving = rng.permutation(serving)
    held = [np.zeros(1, dtype=int)] * clients if alike else [np.arange(k * each, (k + 1) * each) for k in range(clients)]
    return FederatedTask(
        model=SoftmaxRegression(num_inputs=3, num_classes=3),
        train=data,
        test=data,
        client_samples=tuple(held),
        serving_cell=serving,
    )


@st.composite
def histories(draw):
    """The records of a run whose costs add up."""
    accuracies = draw(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5))
    records, totals = [], np.zeros(3)
    for index, accuracy in enumerate(accuracies):
        spent = draw(decade_arrays(3, 1e-3, 1e6)) if index else np.zeros(3)
        totals = totals + spent
        records.append(
            RoundRecord(
                round=index,
                test_accuracy=accuracy,
                test_loss=1.0 - accuracy,
                time_s=float(totals[0]),
                energy_j=float(totals[1]),
                uplink_bits=float(totals[2]),
                cost=RoundCost(uplink_s=float(spent[0]), energy_j=float(spent[1]), uplink_bits=float(spent[2])),
            )
        )
    name = draw(st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,12}[A-Za-z0-9]", fullmatch=True))
    return History(scheme=name, cell_parameters=(3,), records=tuple(records))
