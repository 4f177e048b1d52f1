"""Steps that models take by themselves against steps by the gradient."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from fl_models import MLP, LocalStep, MiniBatches, SoftmaxRegression
from fl_models.models.products import CACHED_BYTES

CLIENTS, STEPS, BATCH, INPUTS, CLASSES = 3, 4, 5, 12, 4
STEP = LocalStep(step_size=0.2)


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
    for step in range(x.shape[1]):
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
@pytest.mark.parametrize(
    ("decay", "shifted"), [(0.0, False), (0.0, True), (0.5, False), (0.5, True), (5.0, True), (7.0, False)]
)
def test_steps_are_those_by_the_gradient(model, decay, shifted):
    """A decay of 5 at steps of 0.2 forgets the model at each step, one of 7 turns it round."""
    local, x, labels, shift = work(model, dtype=float)
    given = shift if shifted else None
    expected, losses = by_gradient(model, local, x, labels, step_size=0.2, decay=decay, shift=shift if shifted else 0.0)
    moved = local.copy()
    loss = model.descend(moved, MiniBatches.of(x, labels), LocalStep(step_size=0.2, decay=decay, shift=given))
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
    loss = model.descend(moved, MiniBatches.of(x, labels), STEP, rngs=rngs())
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(loss, losses, rtol=1e-13)
    whole, _ = by_gradient(replace(model, dropout=0.0), local, x, labels, step_size=0.2)
    assert np.abs(moved - whole).max() > 1e-3


@each
def test_in_single_precision_to_rounding(model):
    local, x, labels, _ = work(model, dtype=np.float32)
    exact, _ = by_gradient(model, local.astype(float), x.astype(float), labels, step_size=0.2)
    moved = local.copy()
    model.descend(moved, MiniBatches.of(x, labels), STEP)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, exact, rtol=0.0, atol=3e-6)


@pytest.mark.parametrize("num_inputs", [700, 1000], ids=["in parts", "beyond the cache"])
def test_large_layers_too(num_inputs):
    """Whose products are taken in parts, or added by the library matrix by matrix."""
    model = MLP(num_inputs=num_inputs, num_hidden=(70, 60), num_classes=CLASSES)
    assert (8 * num_inputs * 70 > CACHED_BYTES) == (num_inputs == 1000)
    rng = np.random.default_rng(0)
    local = np.stack([model.init(rng=rng) for _ in range(2)]).astype(float)
    x, labels = rng.random((2, STEPS, 40, num_inputs)), rng.integers(CLASSES, size=(2, STEPS, 40))
    expected, losses = by_gradient(model, local, x, labels, step_size=0.2)
    moved = local.copy()
    loss = model.descend(moved, MiniBatches.of(x, labels), STEP)
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(loss, losses, rtol=1e-13)


@each
def test_clients_do_not_depend_on_their_group(model):
    local, x, labels, _ = work(model, dtype=float)
    together = local.copy()
    model.descend(together, MiniBatches.of(x, labels), STEP)
    for client in range(CLIENTS):
        own = slice(client, client + 1)
        alone = local[own].copy()
        model.descend(alone, MiniBatches.of(x[own], labels[own]), STEP)
        np.testing.assert_allclose(alone[0], together[client], rtol=0.0, atol=1e-14)


@each
@pytest.mark.parametrize("batch", [1, 3, 60])
@pytest.mark.parametrize("steps", [1, 2, 51])
def test_batches_and_steps_of_any_number(model, batch, steps):
    rng = np.random.default_rng(0)
    wide = replace(model, num_hidden=60) if model is MODELS["mlp"] else model  # wide enough for blocks of steps
    local = np.stack([wide.init(rng=rng) for _ in range(2)]).astype(float)
    x, labels = rng.random((2, steps, batch, INPUTS)), rng.integers(CLASSES, size=(2, steps, batch))
    expected, losses = by_gradient(wide, local, x, labels, step_size=0.2)
    loss = wide.descend(local, MiniBatches.of(x, labels), STEP)
    np.testing.assert_allclose(local, expected, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(loss, losses, rtol=1e-12)


@each
@pytest.mark.parametrize(
    ("dtype", "data_dtype"), [(np.float32, np.float64), (np.float64, np.float32)], ids=["single", "double"]
)
def test_parameters_keep_their_precision_whatever_that_of_the_data(model, dtype, data_dtype):
    local, x, labels, shift = work(model, dtype=float)
    x = x.astype(data_dtype)
    expected, losses = by_gradient(model, local, x, labels, step_size=0.2, decay=0.5, shift=shift)
    moved = local.astype(dtype)
    step = LocalStep(step_size=0.2, decay=0.5, shift=shift.astype(dtype))
    loss = model.descend(moved, MiniBatches.of(x, labels), step)
    assert moved.dtype == dtype
    assert loss.dtype == float
    np.testing.assert_allclose(moved, expected, rtol=0.0, atol=3e-6 if dtype == np.float32 else 1e-14)
    np.testing.assert_allclose(loss, losses, rtol=1e-6 if dtype == np.float32 else 1e-12)


@each
def test_parameters_may_lie_among_others(model):
    """Rows of a larger array, with what is beside them left alone."""
    local, x, labels, _ = work(model, dtype=float)
    expected, _ = by_gradient(model, local, x, labels, step_size=0.2, decay=0.5)
    around = np.full((CLIENTS, model.num_parameters + 2), 7.0)
    around[:, 1:-1] = local
    model.descend(around[:, 1:-1], MiniBatches.of(x, labels), LocalStep(step_size=0.2, decay=0.5))
    np.testing.assert_allclose(around[:, 1:-1], expected, rtol=0.0, atol=1e-14)
    assert (around[:, [0, -1]] == 7.0).all()


@each
def test_threads_do_not_share_memory(model):
    """Eight threads, each with data of its own, find what one finds, to the bit; and what is given is left as it was."""
    drawn = [work(model, dtype=np.float32, seed=seed) for seed in range(8)]

    def run(seed):
        local, x, labels, shift = drawn[seed]
        moved = local.copy()
        return moved, model.descend(moved, MiniBatches.of(x, labels), LocalStep(step_size=0.2, decay=0.1, shift=shift))

    given = [[array.copy() for array in own] for own in drawn]
    alone = [run(seed) for seed in range(8)]
    kept = [[array.copy() for array in own] for own in alone]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            for found, expected in zip(pool.map(run, range(8)), alone, strict=True):
                np.testing.assert_array_equal(found[0], expected[0])
                np.testing.assert_array_equal(found[1], expected[1])
    for before, after in zip([*given, *kept], [*drawn, *alone], strict=True):
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)


@each
def test_a_step_too_small_for_single_precision_moves_nothing_and_has_a_loss(model):
    local, x, labels, _ = work(model, dtype=np.float32)
    moved = local.copy()
    loss = model.descend(moved, MiniBatches.of(x, labels), LocalStep(step_size=1e-60))
    np.testing.assert_array_equal(moved, local)
    by_one = [model.loss_and_gradient(local, x[:, step], labels[:, step])[0] for step in range(STEPS)]
    np.testing.assert_allclose(loss, np.mean(by_one, axis=0), rtol=1e-6)


@each
def test_labels_beyond_the_classes_are_refused(model):
    local, x, labels, _ = work(model, dtype=float)
    with pytest.raises(IndexError):
        model.descend(local, MiniBatches.of(x, labels + 1), STEP)
