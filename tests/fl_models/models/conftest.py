"""Models small enough for differences, and the slow way to compute them."""

import numpy as np
import pytest
from scipy.signal import correlate

from fl_models.models.cnn import CNN


def hidden_layers(views):
    """Weight and bias of each hidden layer."""
    count = sum(name.startswith("weight_") for name in views)
    return [(views[f"weight_{i}"], views[f"bias_{i}"]) for i in range(1, count + 1)]


def convolved(images, kernels, bias, layer):
    """The textbook's way for one client: convolution, bias, rectifier, pooling; and the distance from every kink."""
    padded = np.pad(images, ((0, 0), (0, 0), (layer.padding,) * 2, (layer.padding,) * 2))
    before = np.array([[correlate(image, kernel, mode="valid")[0] for kernel in kernels] for image in padded])
    before += bias[:, None, None]
    after = np.maximum(before, 0.0)
    samples, channels, height, width = (*after.shape[:2], after.shape[2] // layer.pool, after.shape[3] // layer.pool)
    out, margin = np.empty((samples, channels, height, width)), np.abs(before).min()
    for row in range(height):
        for column in range(width):
            window = after[:, :, row * layer.pool : (row + 1) * layer.pool, column * layer.pool : (column + 1) * layer.pool]
            ordered = np.sort(window.reshape(samples, channels, -1))
            out[:, :, row, column] = ordered[..., -1]
            if layer.pool > 1:
                # Where the largest is 0 all rectifiers are shut, and it makes no difference which wins.
                lead = np.where(ordered[..., -1] > 0.0, ordered[..., -1] - ordered[..., -2], np.inf)
                margin = min(margin, lead.min())
    return out, margin


@pytest.fixture(scope="session")
def slow_logits():
    """A function from model, parameters (d,) and inputs (b, p) to logits and the least distance from a kink.

    Kinks are where the gradient jumps: a rectifier's input at 0, or the two largest of a pooling window alike.
    """

    def compute(model, parameters, x):
        views, margin = model.views(parameters), np.inf
        if isinstance(model, CNN):
            images = x.reshape(len(x), *model.image_shape)
            for i, layer in enumerate(model.convolutions, start=1):
                images, nearest = convolved(images, views[f"kernels_{i}"], views[f"kernel_bias_{i}"], layer)
                margin = min(margin, nearest)
            x = images.reshape(len(x), -1)
        if "readout" not in views:
            return x @ views["weight"] + views["bias"], margin
        for weight, bias in hidden_layers(views):
            x = x @ weight + bias
            margin = min(margin, np.abs(x).min())
            x = np.maximum(x, 0.0)
        return x @ views["readout"] + views["offset"], margin

    return compute


@pytest.fixture(scope="session")
def setting():
    """A function from model and seed to parameters, inputs and labels of a batch of clients."""

    def draw(model, seed=0, *, clients=3, batch=4):
        rng = np.random.default_rng(seed)
        parameters = 0.5 * rng.standard_normal((clients, model.num_parameters))
        x = rng.standard_normal((clients, batch, model.num_inputs))
        return parameters, x, rng.integers(model.num_classes, size=(clients, batch))

    return draw


@pytest.fixture(scope="session")
def without():
    """A function that takes the neurons that a sub-model lacks out of the whole model: what they send on is set to 0."""

    def silence(model, parameters, chosen):
        silenced = parameters.copy()
        views = model.views(silenced)
        layers = len(hidden_layers(views))
        for dealt, own in enumerate(chosen):
            absent = np.setdiff1d(np.arange(model.partition_sizes[dealt]), own)
            layer = 2 * dealt + 1
            if layer == layers:
                views["readout"][..., absent, :] = 0.0
            else:
                views[f"weight_{layer + 1}"][..., absent, :] = 0.0
        return silenced

    return silence
