from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fl_models.models import cnn
from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution
from fl_models.models.image_columns import add_columns, image_columns
from fl_models.models.max_pooling import max_pool, max_pool_gradient
from fl_models.models.published_cnns import cifar_cnn, lenet5
from fl_models.models.workspace import Workspace

SMALL = CNN(
    image_shape=(2, 9, 8),
    convolutions=(Convolution(channels=3, kernel=3, padding=1), Convolution(channels=2, kernel=2)),
    hidden=(5,),
    num_classes=3,
)


def test_published_sizes():
    """LeNet-5 with all connections on 32 x 32 pixels, and McMahan et al. 2017, section 3, who give 1,663,370 for MNIST."""
    assert lenet5(image_shape=(1, 32, 32)).num_parameters == 61_706
    mcmahan = CNN(
        image_shape=(1, 28, 28),
        convolutions=tuple(Convolution(channels=channels, kernel=5, padding=2) for channels in (32, 64)),
        hidden=(512,),
        num_classes=10,
    )
    assert mcmahan.num_parameters == 1_663_370


@pytest.mark.parametrize("model", [lenet5(), cifar_cnn()], ids=["lenet5", "cifar"])
def test_published_networks_are_computed_the_slow_way_too(model, slow_logits):
    rng = np.random.default_rng(0)
    parameters = model.init(rng=rng).astype(float)
    parameters += 0.05 * rng.standard_normal(parameters.shape)
    x = rng.standard_normal((2, model.num_inputs))
    np.testing.assert_allclose(model.logits(parameters, x), slow_logits(model, parameters, x)[0], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("block_values", [1, 10**4, 10**9])
def test_how_much_is_worked_on_at_once_changes_nothing_beyond_rounding(block_values, setting, monkeypatch):
    parameters, x, labels = setting(SMALL, clients=6)
    scores, (loss, gradient) = SMALL.logits(parameters, x), SMALL.loss_and_gradient(parameters, x, labels)
    monkeypatch.setattr(cnn, "BLOCK_VALUES", block_values)
    np.testing.assert_allclose(SMALL.logits(parameters, x), scores, rtol=1e-12, atol=1e-13)
    again_loss, again = SMALL.loss_and_gradient(parameters, x, labels)
    np.testing.assert_allclose(again_loss, loss, rtol=1e-13)
    np.testing.assert_allclose(again, gradient, rtol=1e-11, atol=1e-14)


def test_rows_of_the_image_one_by_one_change_nothing_beyond_rounding(setting, monkeypatch):
    parameters, x, labels = setting(SMALL)
    _, gradient = SMALL.loss_and_gradient(parameters, x, labels)
    monkeypatch.setattr("fl_models.models.image_columns.SMALL_PRODUCT", 0)
    np.testing.assert_allclose(SMALL.loss_and_gradient(parameters, x, labels)[1], gradient, rtol=1e-11, atol=1e-14)


def test_logits_broadcast_over_models_and_inputs(setting):
    parameters, x, _ = setting(SMALL)
    every = SMALL.logits(parameters, x[0])
    assert every.shape == (3, 4, 3)
    np.testing.assert_allclose(every[2], SMALL.logits(parameters[2], x[0]), rtol=1e-12)
    np.testing.assert_allclose(SMALL.logits(parameters[0], x)[1], SMALL.logits(parameters[0], x[1]), rtol=1e-12)


def test_nothing_returned_is_memory_that_is_used_again(setting):
    """A second call, with other inputs, leaves the results of the first as they were."""
    parameters, x, labels = setting(SMALL)
    scores, (loss, gradient) = SMALL.logits(parameters, x), SMALL.loss_and_gradient(parameters, x, labels)
    copies = [scores.copy(), loss.copy(), gradient.copy()]
    inputs = x.copy()
    SMALL.logits(-parameters, 2.0 * x)
    SMALL.loss_and_gradient(-parameters, 2.0 * x, labels)
    for array, copy in zip([scores, loss, gradient], copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    np.testing.assert_array_equal(x, inputs)


def test_threads_do_not_share_memory(setting):
    """Eight threads, each with data of its own, find what one finds, to the bit."""
    drawn = [setting(SMALL, seed, clients=4) for seed in range(8)]
    alone = [SMALL.loss_and_gradient(*own)[1] for own in drawn]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            for found, expected in zip(pool.map(lambda own: SMALL.loss_and_gradient(*own)[1], drawn), alone, strict=True):
                np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("kernel", "padding"), [(3, 0), (3, 1), (2, 3), (1, 0), (5, 2)])
def test_columns_and_their_transpose(kernel, padding):
    """⟨columns(x), y⟩ = ⟨x, add_columns(y)⟩."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, 3, 6, 5, 4))
    around = (padding, padding)
    columns = image_columns(np.pad(images, ((0, 0), (0, 0), around, around, (0, 0))), kernel, workspace=Workspace())
    other, out = rng.standard_normal(columns.shape), np.zeros_like(images)
    add_columns(other, kernel, padding=padding, out=out)
    assert np.vdot(columns, other) == pytest.approx(np.vdot(images, out), rel=1e-12)


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("levels", [2, 1000])
def test_the_first_maximum_row_by_row_takes_the_gradient(window, levels):
    """With few levels most windows have several maxima; a loop over windows says which is the first."""
    rng = np.random.default_rng(0)
    images = rng.integers(levels, size=(2, 2, 7, 8, 3)).astype(float)
    workspace = Workspace()
    pooled, winners = max_pool(images, window, workspace=workspace)
    upstream = rng.standard_normal(pooled.shape)
    out = np.full_like(images, np.nan)
    largest = pooled.copy()
    max_pool_gradient(upstream, winners, workspace=workspace, out=out)
    expected, expected_pooled = np.zeros_like(images), np.empty_like(pooled)
    for client, channel, row, column, sample in np.ndindex(pooled.shape):
        top, left = row * window, column * window
        part = images[client, channel, top : top + window, left : left + window, sample]
        first = np.unravel_index(part.argmax(), part.shape)
        expected_pooled[client, channel, row, column, sample] = part[first]
        expected[client, channel, top + first[0], left + first[1], sample] = upstream[client, channel, row, column, sample]
    np.testing.assert_array_equal(largest, expected_pooled)
    np.testing.assert_array_equal(out, expected)


def test_operations_are_counted_at_every_position():
    """6 for each use of a parameter: LeNet-5's kernels are used at 24 x 24 and 8 x 8 positions, the rest once."""
    uses = 24 * 24 * (25 + 1) * 6 + 8 * 8 * (6 * 25 + 1) * 16 + 257 * 120 + 121 * 84 + 85 * 10
    assert lenet5().flops_per_sample == 6 * uses


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="less than a window"):
        lenet5(image_shape=(1, 8, 8))
    with pytest.raises(ValueError, match="image_shape: got"):
        lenet5(image_shape=(28, 28))
    with pytest.raises(ValueError, match="hidden: got 500; needed is a tuple"):
        cifar_cnn(hidden=500)
    with pytest.raises(ValueError, match="convolutions: got none"):
        CNN(image_shape=(1, 8, 8), convolutions=(), hidden=(5,), num_classes=2)
    with pytest.raises(ValueError, match="padding: got -1"):
        Convolution(channels=1, padding=-1)
    with pytest.raises(ValueError, match="kernel: got 0"):
        Convolution(channels=1, kernel=0)
