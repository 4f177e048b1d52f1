"""Steps that models take by themselves against steps by the gradient."""

from dataclasses import replace

import numpy as np
import pytest

from fl_models import MLP, MiniBatches, SoftmaxRegression

CLIENTS, STEPS, BATCH, INPUTS, CLASSES = 3, 4, 5, 12, 4


def work(model, *, dtype, seed=0):
    rng = np.random.default_rng(seed)
    local = np.tile(model.init(rng=rng), (CLIENTS, 1)) + 0.1 * rng.standard_normal((CLIENTS, model.num_parameters))
    x = rng.random((CLIENTS, STEPS, BATCH, INPUTS))
    labels = rng.integers(CLASSES, size=(CLIENTS, STEPS, BATCH))
    shift = 0.3 * rng.standard_normal(local.shape)
    return local.astype(dtype), x.astype(dtype), labels, shift.astype(dtype)


def by_gradient(model, local, x, labels, *, step_size, decay=0.0, shift=0.0, **options):
    """The equation of `LocalSGD`, written out."""
    losses = []
    for step in range(STEPS):
        loss, gradient = model.loss_and_gradient(local, x[:, step], labels[:, step], **options)
        local = local - step_size * (gradient + shift + decay * local)
        losses.append(loss)
    return local, np.mean(losses, axis=0)


MODELS = {
    "softmax": SoftmaxRegression(num_inputs=INPUTS, num_classes=CLASSES),
    "mlp": MLP(num_inputs=INPUTS, num_hidden=7, num_classes=CLASSES),
    "deep": MLP(num_inputs=INPUTS, num_hidden=(6, 5, 4), num_classes=CLASSES),
}
each = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@each
@pytest.mark.parametrize(("decay", "shifted"), [(0.0, False), (0.0, True), (0.5, False), (0.5, True)])
def test_steps_are_those_by_the_gradient(model, decay, shifted):
    local, x, labels, shift = work(model, dtype=float)
    given = shift if shifted else None
    expected, losses = by_gradient(model, local, x, labels, step_size=0.2, decay=decay, shift=shift if shifted else 0.0)
    moved = local.copy()
    loss = model.descend(moved, MiniBatches.of(x, labels), step_size=0.2, decay=decay, shift=given)
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(loss, losses, rtol=1e-13)
    assert np.abs(moved - local).max() > 1e-3


@pytest.mark.parametrize("hidden", [7, (7, 5)], ids=str)
def test_dropped_neurons_are_those_of_the_gradient(hidden):
    """Each client draws from its own generator, the masks of a step layer by layer."""
    model = MLP(num_inputs=INPUTS, num_hidden=hidden, num_classes=CLASSES, dropout=0.4)
    local, x, labels, _ = work(model, dtype=float)

    def rngs():
        return [np.random.default_rng((5, client)) for client in range(CLIENTS)]

    expected, losses = by_gradient(model, local, x, labels, step_size=0.2, rngs=rngs())
    moved = local.copy()
    loss = model.descend(moved, MiniBatches.of(x, labels), step_size=0.2, rngs=rngs())
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(loss, losses, rtol=1e-13)
    whole, _ = by_gradient(replace(model, dropout=0.0), local, x, labels, step_size=0.2)
    assert np.abs(moved - whole).max() > 1e-3


@each
def test_in_single_precision_to_rounding(model):
    local, x, labels, _ = work(model, dtype=np.float32)
    exact, _ = by_gradient(model, local.astype(float), x.astype(float), labels, step_size=0.2)
    moved = local.copy()
    model.descend(moved, MiniBatches.of(x, labels), step_size=0.2)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, exact, rtol=0.0, atol=3e-6)


def test_large_layers_too():
    """Whose products go to the library by themselves, in parts."""
    model = MLP(num_inputs=700, num_hidden=(70, 60), num_classes=CLASSES)
    rng = np.random.default_rng(0)
    local = np.stack([model.init(rng=rng) for _ in range(2)]).astype(float)
    x, labels = rng.random((2, STEPS, 40, 700)), rng.integers(CLASSES, size=(2, STEPS, 40))
    expected, losses = by_gradient(model, local, x, labels, step_size=0.2)
    moved = local.copy()
    loss = model.descend(moved, MiniBatches.of(x, labels), step_size=0.2)
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(loss, losses, rtol=1e-13)


@each
def test_clients_do_not_depend_on_their_group(model):
    local, x, labels, _ = work(model, dtype=float)
    together = local.copy()
    model.descend(together, MiniBatches.of(x, labels), step_size=0.2)
    for client in range(CLIENTS):
        own = slice(client, client + 1)
        alone = local[own].copy()
        model.descend(alone, MiniBatches.of(x[own], labels[own]), step_size=0.2)
        np.testing.assert_allclose(alone[0], together[client], rtol=0.0, atol=1e-14)
