import numpy as np
import pytest

from fl_models import MLP, SoftmaxRegression, cross_entropy

MODELS = [
    MLP(num_inputs=5, num_hidden=7, num_classes=4),
    MLP(num_inputs=3, num_hidden=1, num_classes=2),
    SoftmaxRegression(num_inputs=5, num_classes=4),
]
each = pytest.mark.parametrize("model", MODELS, ids=str)
NUM_CLIENTS, BATCH = 3, 6


def setting(model, seed=0):
    rng = np.random.default_rng(seed)
    parameters = rng.standard_normal((NUM_CLIENTS, model.num_parameters))
    x = rng.standard_normal((NUM_CLIENTS, BATCH, model.num_inputs))
    labels = rng.integers(model.num_classes, size=(NUM_CLIENTS, BATCH))
    return parameters, x, labels


def kink_distance(model, parameters, x):
    """How far every input of a rectifier is from 0."""
    if not isinstance(model, MLP):
        return np.inf
    weight, bias, _, _ = model._views(parameters)
    return np.abs(np.matmul(x, weight.swapaxes(-1, -2)) + bias[..., None, :]).min()


@each
def test_gradient_against_central_differences_for_every_client(model):
    """In double precision, away from the kinks of the rectifier: 1e-6 relative to each client's gradient."""
    step = 1e-6
    parameters, x, labels = next(
        s for s in (setting(model, seed) for seed in range(100)) if kink_distance(model, s[0], s[1]) > 1e-2
    )
    _, gradient = model.loss_and_gradient(parameters, x, labels)
    numeric = np.empty_like(gradient)
    for index in range(model.num_parameters):
        shift = np.zeros(model.num_parameters)
        shift[index] = step
        up, _ = model.loss_and_gradient(parameters + shift, x, labels)
        down, _ = model.loss_and_gradient(parameters - shift, x, labels)
        numeric[:, index] = (up - down) / (2 * step)
    error = np.linalg.norm(numeric - gradient, axis=1) / np.linalg.norm(gradient, axis=1)
    assert (error < 1e-6).all(), error


@each
def test_clients_do_not_mix(model):
    parameters, x, labels = setting(model)
    loss, gradient = model.loss_and_gradient(parameters, x, labels)
    for client in range(NUM_CLIENTS):
        one = slice(client, client + 1)
        alone_loss, alone = model.loss_and_gradient(parameters[one], x[one], labels[one])
        np.testing.assert_allclose(alone_loss[0], loss[client], rtol=1e-13)
        np.testing.assert_allclose(alone[0], gradient[client], rtol=1e-10, atol=1e-14)


@each
def test_gradient_goes_where_it_is_asked_to(model):
    parameters, x, labels = setting(model)
    out = np.full_like(parameters, np.nan)
    _, gradient = model.loss_and_gradient(parameters, x, labels, out=out)
    assert gradient is out
    np.testing.assert_array_equal(out, model.loss_and_gradient(parameters, x, labels)[1])


@each
def test_single_precision_stays_single(model):
    parameters, x, labels = setting(model)
    loss, gradient = model.loss_and_gradient(parameters.astype(np.float32), x.astype(np.float32), labels)
    assert loss.dtype == gradient.dtype == np.float32
    assert model.init(rng=np.random.default_rng(0)).dtype == np.float32
    np.testing.assert_allclose(gradient, model.loss_and_gradient(parameters, x, labels)[1], atol=1e-4)


@each
def test_loss_is_the_cross_entropy_of_the_logits(model):
    parameters, x, labels = setting(model)
    loss, _ = model.loss_and_gradient(parameters, x, labels)
    np.testing.assert_allclose(loss, cross_entropy(model.logits(parameters, x), labels)[0], rtol=1e-13)


def test_cross_entropy_of_huge_logits_is_finite():
    loss, gradient = cross_entropy(np.array([[1e5, -1e5], [-1e5, 1e5]]), np.array([0, 0]))
    assert loss == pytest.approx(1e5)
    assert np.isfinite(gradient).all()


def test_submodel_is_the_model_with_the_other_neurons_absent():
    """Zeroing a neuron's outgoing weights takes it out of the whole model: the logits are those of the sub-model."""
    model = MODELS[0]
    parameters, x, labels = setting(model)
    neurons = np.array([1, 4, 5])
    part = model.submodel(neurons)
    absent = parameters.copy()
    _, _, readout, _ = model._views(absent)
    readout[:, np.setdiff1d(np.arange(7), neurons)] = 0.0
    np.testing.assert_allclose(part.model.logits(parameters[:, part.index], x), model.logits(absent, x), rtol=1e-12)
    # Likewise the gradient in the parameters that the sub-model has.
    _, whole = model.loss_and_gradient(absent, x, labels)
    _, small = part.model.loss_and_gradient(parameters[:, part.index], x, labels)
    np.testing.assert_allclose(small, whole[:, part.index], rtol=1e-9, atol=1e-13)


def test_traffic_of_a_submodel_is_its_share():
    model = MLP(num_inputs=64, num_hidden=300, num_classes=10)
    assert model.with_hidden(100).num_parameters == 100 * 75 + 10
    assert model.num_parameters == 300 * 75 + 10


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="num_hidden: got 0"):
        MLP(num_inputs=1, num_hidden=0, num_classes=1)
