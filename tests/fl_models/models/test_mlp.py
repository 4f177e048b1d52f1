import hashlib

import numpy as np
import pytest

from fl_models import MLP, cross_entropy


def one_hidden_layer(model, parameters, x, labels):
    """Logits, loss and gradient, operation by operation, without a loop over layers."""
    inputs, hidden, classes = model.num_inputs, model.num_hidden, model.num_classes
    ends = np.cumsum([hidden * inputs, hidden, hidden * classes])

    def parts(flat):
        weight, bias, readout, offset = np.split(flat, ends, axis=-1)
        return weight.reshape(-1, inputs, hidden), bias, readout.reshape(-1, hidden, classes), offset

    weight, bias, readout, offset = parts(parameters)
    outputs = np.matmul(x, weight) + bias[..., None, :]
    outputs = np.maximum(outputs, 0.0)
    logits = np.matmul(outputs, readout) + offset[..., None, :]
    loss, upstream = cross_entropy(logits, labels)
    d_hidden = np.matmul(upstream, readout.swapaxes(-1, -2)) * (outputs > 0.0)
    gradient = [
        np.matmul(x.swapaxes(-1, -2), d_hidden),
        d_hidden.sum(axis=-2),
        np.matmul(outputs.swapaxes(-1, -2), upstream),
        upstream.sum(axis=-2),
    ]
    return logits, loss, np.concatenate([part.reshape(len(x), -1) for part in gradient], axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("num_hidden", [7, 300])
def test_one_hidden_layer_is_that_to_the_bit(num_hidden, dtype):
    model = MLP(num_inputs=64, num_hidden=num_hidden, num_classes=10)
    rng = np.random.default_rng(0)
    parameters = (0.2 * rng.standard_normal((3, model.num_parameters))).astype(dtype)
    x, labels = rng.standard_normal((3, 6, 64)).astype(dtype), rng.integers(10, size=(3, 6))
    logits, loss, gradient = one_hidden_layer(model, parameters, x, labels)
    assert model.logits(parameters, x).tobytes() == logits.tobytes()
    found_loss, found = model.loss_and_gradient(parameters, x, labels)
    assert found_loss.tobytes() == loss.tobytes()
    assert found.tobytes() == gradient.tobytes()


@pytest.mark.parametrize(
    ("sizes", "digest"), [((64, 300, 10), "5a351572655e6c85"), ((5, 7, 4), "5b522a5ab579239b")], ids=["digits", "small"]
)
def test_initial_draws_are_what_they_were_to_the_bit(sizes, digest):
    """Neuron by neuron. Digests taken when there was but one hidden layer, and a neuron's weights lay side by side."""
    num_inputs, num_hidden, num_classes = sizes
    for hidden in (num_hidden, (num_hidden,)):
        model = MLP(num_inputs=num_inputs, num_hidden=hidden, num_classes=num_classes)
        drawn = list(model.views(model.init(rng=np.random.default_rng(0))).values())
        drawn[0] = drawn[0].T
        assert hashlib.sha256(np.concatenate([part.ravel() for part in drawn]).tobytes()).hexdigest()[:16] == digest


def test_initial_weights_have_the_variance_they_should():
    """For n normal draws the mean square has a standard deviation of √(2/n); 5 of them are allowed."""
    model = MLP(num_inputs=50, num_hidden=(80, 60), num_classes=40)
    views = model.views(model.init(rng=np.random.default_rng(0)))
    for name, variance in [("weight_1", 2 / 50), ("weight_2", 2 / 80), ("readout", 1 / 60)]:
        assert np.mean(views[name] ** 2) == pytest.approx(variance, rel=5 * np.sqrt(2 / views[name].size))
    assert not any(views[name].any() for name in ("bias_1", "bias_2", "offset"))


def test_published_sizes():
    """McMahan et al. 2017, section 3: two hidden layers of 200 neurons for MNIST have 199,210 parameters."""
    assert MLP(num_inputs=784, num_hidden=(200, 200), num_classes=10).num_parameters == 199_210


@pytest.mark.parametrize("num_hidden", [0, (), (3, 0), (3, 2.5)])
def test_bad_sizes_are_refused(num_hidden):
    with pytest.raises(ValueError, match="num_hidden: got"):
        MLP(num_inputs=1, num_hidden=num_hidden, num_classes=1)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, np.nan])
def test_bad_dropout_is_refused(dropout):
    with pytest.raises(ValueError, match="dropout: got"):
        MLP(num_inputs=1, num_hidden=1, num_classes=1, dropout=dropout)
