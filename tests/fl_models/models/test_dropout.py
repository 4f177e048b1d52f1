from dataclasses import replace

import numpy as np
import pytest

from fl_models import MLP
from fl_models.models import cnn
from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution
from fl_models.models.dropout import dropout_masks

MODELS = [
    MLP(num_inputs=5, num_hidden=8, num_classes=3, dropout=0.4),
    MLP(num_inputs=5, num_hidden=(8, 6, 5), num_classes=3, dropout=0.3),
    CNN(image_shape=(1, 6, 6), convolutions=(Convolution(channels=3, kernel=3),), hidden=(8, 6), num_classes=3, dropout=0.3),
]
each = pytest.mark.parametrize("model", MODELS, ids=["one layer", "three layers", "cnn"])


def generators(clients):
    return [np.random.default_rng([7, client]) for client in clients]


@each
def test_gradient_is_that_of_the_network_that_was_drawn(model, setting):
    """Central differences with the same masks, drawn anew from the same seeds."""
    step = 1e-6
    parameters, x, labels = setting(model)

    def loss(at):
        return model.loss_and_gradient(at, x, labels, rngs=generators(range(3)))[0]

    _, gradient = model.loss_and_gradient(parameters, x, labels, rngs=generators(range(3)))
    rng = np.random.default_rng(0)
    for _ in range(20):
        direction = rng.standard_normal(model.num_parameters)
        direction /= np.linalg.norm(direction)
        numeric = (loss(parameters + step * direction) - loss(parameters - step * direction)) / (2 * step)
        np.testing.assert_allclose(numeric, gradient @ direction, atol=1e-6 * np.linalg.norm(gradient, axis=1).max())


@each
def test_masks_are_a_clients_own(model, setting):
    """Whoever a client is grouped with, it draws the same; another generator draws something else."""
    parameters, x, labels = setting(model)
    loss, gradient = model.loss_and_gradient(parameters, x, labels, rngs=generators(range(3)))
    for group in ([0], [1, 2], [2, 0]):
        some_loss, some = model.loss_and_gradient(parameters[group], x[group], labels[group], rngs=generators(group))
        np.testing.assert_allclose(some_loss, loss[group], rtol=1e-12)
        np.testing.assert_allclose(some, gradient[group], rtol=1e-10, atol=1e-14)
    other, _ = model.loss_and_gradient(parameters, x, labels, rngs=generators(range(1, 4)))
    assert (other != loss).all()


def test_masks_are_a_clients_own_however_many_are_worked_on_at_once(setting, monkeypatch):
    parameters, x, labels = setting(MODELS[2])
    _, gradient = MODELS[2].loss_and_gradient(parameters, x, labels, rngs=generators(range(3)))
    monkeypatch.setattr(cnn, "BLOCK_VALUES", 1)
    _, one_by_one = MODELS[2].loss_and_gradient(parameters, x, labels, rngs=generators(range(3)))
    np.testing.assert_allclose(one_by_one, gradient, rtol=1e-10, atol=1e-14)


@each
def test_nothing_is_dropped_without_generators_or_with_rate_0(model, setting):
    parameters, x, labels = setting(model)
    none = replace(model, dropout=0.0)
    expected = none.loss_and_gradient(parameters, x, labels)[1]
    np.testing.assert_array_equal(model.loss_and_gradient(parameters, x, labels)[1], expected)
    np.testing.assert_array_equal(none.loss_and_gradient(parameters, x, labels, rngs=generators(range(3)))[1], expected)
    np.testing.assert_array_equal(model.logits(parameters, x), none.logits(parameters, x))


@each
def test_single_precision_drops_the_same_neurons(model, setting):
    parameters, x, labels = setting(model)
    exact = model.loss_and_gradient(parameters, x, labels, rngs=generators(range(3)))[1]
    single, inputs = parameters.astype(np.float32), x.astype(np.float32)
    found = model.loss_and_gradient(single, inputs, labels, rngs=generators(range(3)))[1]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, atol=1e-5 * np.abs(exact).max())


def test_logits_keep_their_mean_behind_one_hidden_layer(setting):
    """They are linear in the masks, whose mean is 1: 20,000 draws, five standard errors."""
    model, draws = MODELS[0], 20_000
    parameters, x, _ = setting(model, clients=1, batch=1)
    drawn = model._forward(model._layers(parameters), np.repeat(x, draws, axis=1), generators([0]))[-1][0]
    error = drawn.std(axis=0) / np.sqrt(draws)
    assert (error > 0.0).all()
    assert (np.abs(drawn.mean(axis=0) - model.logits(parameters, x)[0, 0]) < 5.0 * error).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_is_the_rate(rate):
    masks = dropout_masks((2, 100, 300), rate, dtype=np.float64, rngs=generators([0, 1]))
    assert np.mean(masks == 0.0) == pytest.approx(rate, abs=5.0 * np.sqrt(rate * (1.0 - rate) / masks.size))
    np.testing.assert_allclose(masks[masks > 0.0], 1.0 / (1.0 - rate))


def test_a_generator_for_each_client_is_needed(setting):
    parameters, x, labels = setting(MODELS[0])
    with pytest.raises(ValueError, match="rngs: got 2 generators; needed is one for each of 3 clients"):
        MODELS[0].loss_and_gradient(parameters, x, labels, rngs=generators(range(2)))
