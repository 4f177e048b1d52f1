"""PyTorch's automatic differentiation as the oracle, where it is installed."""

import numpy as np
import pytest

from fl_models import MLP, SoftmaxRegression
from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution
from fl_models.models.published_cnns import cifar_cnn, lenet5

torch = pytest.importorskip("torch")

CLIENTS, BATCH = 3, 5
MODELS = {
    "softmax": SoftmaxRegression(num_inputs=20, num_classes=4),
    "mlp": MLP(num_inputs=30, num_hidden=50, num_classes=10),
    "deep mlp": MLP(num_inputs=30, num_hidden=(40, 30, 20), num_classes=10),
    "lenet5": lenet5(),
    "cifar": cifar_cnn(),
    "three windows": CNN(
        image_shape=(2, 14, 13),
        convolutions=(Convolution(channels=5, kernel=4, padding=2, pool=3), Convolution(channels=4, kernel=2, pool=1)),
        hidden=(12, 7),
        num_classes=6,
    ),
}
each = pytest.mark.parametrize("name", MODELS)


def torch_loss_and_gradient(model, parameters, x, labels):
    """The customary order: convolution with bias, rectifier, pooling."""
    loss, gradient = np.empty(len(x), dtype=x.dtype), np.empty_like(parameters)
    functional = torch.nn.functional
    for client in range(len(x)):
        leaves = {name: torch.tensor(view, requires_grad=True) for name, view in model.views(parameters[client].copy()).items()}
        hidden = torch.tensor(x[client])
        if isinstance(model, CNN):
            hidden = hidden.reshape(-1, *model.image_shape)
            for i, layer in enumerate(model.convolutions, start=1):
                hidden = functional.conv2d(hidden, leaves[f"kernels_{i}"], leaves[f"kernel_bias_{i}"], padding=layer.padding)
                hidden = functional.max_pool2d(torch.relu(hidden), layer.pool)
            hidden = hidden.flatten(1)
        i = 1
        while f"weight_{i}" in leaves:
            hidden = torch.relu(hidden @ leaves[f"weight_{i}"] + leaves[f"bias_{i}"])
            i += 1
        if "readout" in leaves:
            logits = hidden @ leaves["readout"] + leaves["offset"]
        else:
            logits = hidden @ leaves["weight"] + leaves["bias"]
        mean = functional.cross_entropy(logits, torch.tensor(labels[client]))
        mean.backward()
        loss[client] = mean.item()
        gradient[client] = np.concatenate([leaf.grad.numpy().ravel() for leaf in leaves.values()])
    return loss, gradient


def drawn(model, dtype):
    rng = np.random.default_rng(0)
    parameters = np.stack([model.init(rng=rng) for _ in range(CLIENTS)]).astype(float)
    parameters += 0.02 * rng.standard_normal(parameters.shape)
    x = rng.standard_normal((CLIENTS, BATCH, model.num_inputs))
    return parameters.astype(dtype), x.astype(dtype), rng.integers(model.num_classes, size=(CLIENTS, BATCH))


@each
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 1e-4)], ids=["double", "single"])
def test_loss_and_gradient_are_those_of_autograd(name, dtype, tolerance):
    """Relative to the norm of each client's gradient."""
    parameters, x, labels = drawn(MODELS[name], dtype)
    loss, gradient = MODELS[name].loss_and_gradient(parameters, x, labels)
    expected_loss, expected = torch_loss_and_gradient(MODELS[name], parameters, x, labels)
    np.testing.assert_allclose(loss, expected_loss, rtol=tolerance)
    error = np.linalg.norm(gradient - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert (error < tolerance).all(), error


@pytest.mark.parametrize("name", ["lenet5", "cifar"])
def test_images_that_are_mostly_black_have_the_gradient_of_autograd(name):
    """Where the image is constant all pixels of a pooling window are alike, and one of them alone must take the gradient."""
    model = MODELS[name]
    parameters, x, labels = drawn(model, np.float64)
    x[np.random.default_rng(1).random(x.shape) < 0.95] = 0.0
    loss, gradient = model.loss_and_gradient(parameters, x, labels)
    expected_loss, expected = torch_loss_and_gradient(model, parameters, x, labels)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-11)
    error = np.linalg.norm(gradient - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert (error < 1e-11).all(), error
