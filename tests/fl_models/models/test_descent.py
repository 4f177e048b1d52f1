"""Steps that write no gradient down against steps by the gradient."""

import itertools

import numpy as np
import pytest

from fl_models import MLP, LocalSGD, LocalStep, MiniBatches
from fl_models.models import descent as descent_module
from fl_models.models.descent import add_products, block_steps

CLIENTS, STEPS, BATCH, INPUTS, CLASSES = 3, 4, 5, 12, 4


def work(model, *, dtype, seed=0):
    rng = np.random.default_rng(seed)
    local = np.tile(model.init(rng=rng), (CLIENTS, 1)) + 0.1 * rng.standard_normal((CLIENTS, model.num_parameters))
    x = rng.random((CLIENTS, STEPS, BATCH, INPUTS))
    labels = rng.integers(CLASSES, size=(CLIENTS, STEPS, BATCH))
    shift = 0.3 * rng.standard_normal(local.shape)
    return local.astype(dtype), x.astype(dtype), labels, shift.astype(dtype)


def by_gradient(model, local, x, labels, *, step_size, decay=0.0, shift=0.0):
    """The equation of `LocalSGD`, written out."""
    losses = []
    for step in range(STEPS):
        loss, gradient = model.loss_and_gradient(local, x[:, step], labels[:, step])
        local = local - step_size * (gradient + shift + decay * local)
        losses.append(loss)
    return local, np.mean(losses, axis=0)


@pytest.mark.parametrize("hidden", [7, (7, 5), (6, 5, 4)], ids=str)
@pytest.mark.parametrize("block", [1, 2, 3, STEPS])
def test_plain_steps_are_those_by_the_gradient(monkeypatch, hidden, block):
    """In blocks of any size, the last of which may be shorter."""
    monkeypatch.setattr(descent_module, "block_steps", lambda *_, **__: block)
    model = MLP(num_inputs=INPUTS, num_hidden=hidden, num_classes=CLASSES)
    local, x, labels, _ = work(model, dtype=float)
    expected, losses = by_gradient(model, local, x, labels, step_size=0.2)
    moved = local.copy()
    loss = model.descend(moved, x, labels, step_size=0.2)
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(loss, losses, rtol=1e-13)
    assert np.abs(moved - local).max() > 1e-3


@pytest.mark.parametrize(("decay", "shifted"), [(0.0, True), (0.5, False), (0.5, True)])
def test_shifts_and_decay_too(decay, shifted):
    model = MLP(num_inputs=INPUTS, num_hidden=(7, 5), num_classes=CLASSES)
    local, x, labels, shift = work(model, dtype=float)
    given = shift if shifted else None
    expected, _ = by_gradient(model, local, x, labels, step_size=0.2, decay=decay, shift=shift if shifted else 0.0)
    moved = local.copy()
    model.descend(moved, x, labels, step_size=0.2, decay=decay, shift=given)
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("block", [1, STEPS])
def test_in_single_precision_to_rounding(monkeypatch, block):
    monkeypatch.setattr(descent_module, "block_steps", lambda *_, **__: block)
    model = MLP(num_inputs=INPUTS, num_hidden=7, num_classes=CLASSES)
    local, x, labels, _ = work(model, dtype=np.float32)
    exact, _ = by_gradient(model, local.astype(float), x.astype(float), labels, step_size=0.2)
    moved = local.copy()
    model.descend(moved, x, labels, step_size=0.2)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, exact, rtol=0.0, atol=3e-6)


def test_clients_do_not_depend_on_their_group():
    model = MLP(num_inputs=INPUTS, num_hidden=7, num_classes=CLASSES)
    local, x, labels, _ = work(model, dtype=float)
    together = local.copy()
    model.descend(together, x, labels, step_size=0.2)
    for client in range(CLIENTS):
        alone = local[client : client + 1].copy()
        model.descend(alone, x[client : client + 1], labels[client : client + 1], step_size=0.2)
        np.testing.assert_allclose(alone[0], together[client], rtol=0.0, atol=1e-14)


def test_products_are_added_where_the_weights_lie():
    rng = np.random.default_rng(0)
    for dtype, copies in itertools.product((np.float32, float), (1, 3)):
        flat = rng.random((copies, 40)).astype(dtype)
        weight, before = flat[:, 4:34].reshape(copies, 5, 6), flat.copy()
        errors, inputs = rng.random((copies, 5, 7)).astype(dtype), rng.random((copies, 7, 6)).astype(dtype)
        add_products(weight, errors, inputs)
        expected = before[:, 4:34].reshape(copies, 5, 6) + errors @ inputs
        np.testing.assert_allclose(weight, expected, rtol=1e-5 if dtype == np.float32 else 1e-13)
        assert (flat[:, :4] == before[:, :4]).all()
        assert (flat[:, 34:] == before[:, 34:]).all()


def test_with_dropout_local_steps_drop():
    """`descend` knows no dropout; local training must not use it then."""
    model = MLP(num_inputs=INPUTS, num_hidden=7, num_classes=CLASSES, dropout=0.5)
    local, x, labels, _ = work(model, dtype=np.float32)
    moved = []
    for seed in (0, 1):
        own = local.copy()
        rngs = [np.random.default_rng((seed, client)) for client in range(CLIENTS)]
        LocalSGD().run(model, own, MiniBatches.of(x, labels), LocalStep(step_size=0.2), rngs=rngs)
        moved.append(own)
    assert (moved[0] != moved[1]).any()


def test_blocks_are_long_where_batches_are_small_and_layers_wide():
    def block(outputs, *, batch, steps=20, inputs=784):
        weight = np.empty((1, outputs, inputs), dtype=np.float32)
        return block_steps(weight, np.empty((1, steps, batch, inputs), dtype=np.float32))

    assert block(300, batch=10) > block(300, batch=50) >= 1
    assert block(300, batch=10, steps=5) == 5
    assert block(50, batch=10) == 1  # the weight stays in the cache
