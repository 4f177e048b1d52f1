"""What holds of every model."""

import numpy as np
import pytest

from fl_models import MLP, SoftmaxRegression, cross_entropy
from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution

MODELS = [
    MLP(num_inputs=5, num_hidden=7, num_classes=4),
    MLP(num_inputs=3, num_hidden=1, num_classes=2),
    MLP(num_inputs=5, num_hidden=(6, 4), num_classes=3),
    MLP(num_inputs=4, num_hidden=(5, 4, 3, 6), num_classes=3),
    SoftmaxRegression(num_inputs=5, num_classes=4),
    CNN(
        image_shape=(1, 10, 11),
        convolutions=(Convolution(channels=2, kernel=3), Convolution(channels=3, kernel=2)),
        hidden=(5, 4),
        num_classes=3,
    ),
    CNN(
        image_shape=(3, 8, 7),
        convolutions=(
            Convolution(channels=2, kernel=3, padding=1),
            Convolution(channels=4, kernel=2, pool=1),
            Convolution(channels=3, kernel=3, padding=2, pool=3),
        ),
        hidden=(4,),
        num_classes=4,
    ),
]
each = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


@each
def test_gradient_against_central_differences_for_every_client(model, setting, slow_logits):
    """In double precision, 1e-6 relative to each client's gradient.

    Inputs are drawn until no rectifier and no pooling window is closer than 1e-3 to a kink, in the slow computation; a step of
    1e-6 in one parameter moves their inputs by some 1e-5 at most.
    """
    step = 1e-6

    def margin(drawn):
        return min(slow_logits(model, own, x)[1] for own, x in zip(*drawn[:2], strict=True))

    parameters, x, labels = next(s for s in (setting(model, seed, batch=2) for seed in range(1000)) if margin(s) > 1e-3)
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
def test_logits_are_those_of_the_slow_way(model, setting, slow_logits):
    parameters, x, _ = setting(model)
    expected = [slow_logits(model, own, inputs)[0] for own, inputs in zip(parameters, x, strict=True)]
    np.testing.assert_allclose(model.logits(parameters, x), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(model.logits(parameters[1], x[1]), expected[1], rtol=1e-10, atol=1e-12)


@each
def test_clients_do_not_mix(model, setting):
    parameters, x, labels = setting(model)
    loss, gradient = model.loss_and_gradient(parameters, x, labels)
    for client in range(len(parameters)):
        one = slice(client, client + 1)
        alone_loss, alone = model.loss_and_gradient(parameters[one], x[one], labels[one])
        np.testing.assert_allclose(alone_loss[0], loss[client], rtol=1e-13)
        np.testing.assert_allclose(alone[0], gradient[client], rtol=1e-10, atol=1e-14)
        others = parameters.copy()
        others[np.arange(len(parameters)) != client] *= -2.0
        np.testing.assert_allclose(
            model.loss_and_gradient(others, x, labels)[1][client], gradient[client], rtol=1e-10, atol=1e-14
        )


@each
def test_grouping_clients_changes_nothing_beyond_rounding(model, setting):
    parameters, x, labels = setting(model, clients=7)
    loss, gradient = model.loss_and_gradient(parameters, x, labels)
    for group in ([0, 1], [2, 3, 4], [5, 6], [6, 0, 3]):
        some_loss, some = model.loss_and_gradient(parameters[group], x[group], labels[group])
        np.testing.assert_allclose(some_loss, loss[group], rtol=1e-12)
        np.testing.assert_allclose(some, gradient[group], rtol=1e-10, atol=1e-14)


@each
def test_gradient_goes_where_it_is_asked_to(model, setting):
    parameters, x, labels = setting(model)
    out = np.full_like(parameters, np.nan)
    _, gradient = model.loss_and_gradient(parameters, x, labels, out=out)
    assert gradient is out
    np.testing.assert_array_equal(out, model.loss_and_gradient(parameters, x, labels)[1])


@each
def test_single_precision_stays_single(model, setting):
    parameters, x, labels = setting(model)
    loss, gradient = model.loss_and_gradient(parameters.astype(np.float32), x.astype(np.float32), labels)
    assert loss.dtype == gradient.dtype == np.float32
    assert model.logits(parameters.astype(np.float32), x.astype(np.float32)).dtype == np.float32
    assert model.init(rng=np.random.default_rng(0)).dtype == np.float32
    exact_loss, exact = model.loss_and_gradient(parameters, x, labels)
    assert exact_loss.dtype == exact.dtype == model.logits(parameters, x).dtype == np.float64
    np.testing.assert_allclose(loss, exact_loss, rtol=1e-5)
    np.testing.assert_allclose(gradient, exact, atol=1e-5 * np.abs(exact).max())


@each
def test_loss_is_the_cross_entropy_of_the_logits(model, setting):
    parameters, x, labels = setting(model)
    loss, _ = model.loss_and_gradient(parameters, x, labels)
    np.testing.assert_allclose(loss, cross_entropy(model.logits(parameters, x), labels)[0], rtol=1e-13)


@each
def test_named_views_are_all_of_the_vector_in_order(model):
    flat = np.arange(2.0 * model.num_parameters).reshape(2, -1)
    views = model.views(flat)
    np.testing.assert_array_equal(np.concatenate([view.reshape(2, -1) for view in views.values()], axis=1), flat)
    for view in views.values():
        assert np.shares_memory(view, flat)
        view[...] = -1.0
    assert (flat == -1.0).all()


def test_cross_entropy_of_huge_logits_is_finite():
    loss, gradient = cross_entropy(np.array([[1e5, -1e5], [-1e5, 1e5]]), np.array([0, 0]))
    assert loss == pytest.approx(1e5)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("sizes", [{"num_inputs": 0}, {"num_inputs": 2.5}, {"num_classes": 0}], ids=str)
@pytest.mark.parametrize("kind", [SoftmaxRegression, lambda **sizes: MLP(num_hidden=3, **sizes)], ids=["softmax", "mlp"])
def test_bad_sizes_are_refused(kind, sizes):
    [(name, value)] = sizes.items()
    with pytest.raises(ValueError, match=f"{name}: got {value}; allowed is an integer >= 1"):
        kind(**{"num_inputs": 2, "num_classes": 2} | sizes)
