"""Laws of models: gradients, layouts, sub-models, local steps."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import classifiers, dense_models, partitionable_models
from fl_models import (
    CNN,
    MLP,
    Convolution,
    Dataset,
    LocalSGD,
    LocalStep,
    MiniBatches,
    SoftmaxRegression,
    cifar_cnn,
    cross_entropy,
    draw_partition,
    flops_per_sample,
    lenet5,
    losses_of,
    model_losses,
)
from fl_models.models.model import FLOPS_PER_PARAMETER
from strategies import batches, counts, permutations, refused, rngs, seeds

STEP = 1e-6
"""Of a central difference, small beside the distance of rectifiers and ties from where they turn."""
wrong_counts = st.sampled_from([0, -1, 1.5, True, "3"])


def points(model, rng, *lead):
    """Parameters none of which is where a rectifier turns."""
    return rng.standard_normal((*lead, model.num_parameters))


def samples(model, rng, *lead):
    return rng.standard_normal((*lead, model.num_inputs)), rng.integers(model.num_classes, size=lead)


@law_of(SoftmaxRegression, MLP, CNN, Convolution)
@given(model=classifiers(), clients=counts, batch=counts, rng=rngs)
def test_gradients_are_those_of_finite_differences(model, clients, batch, rng):
    parameters = points(model, rng, clients)
    x, labels = samples(model, rng, clients, batch)
    loss, gradient = model.loss_and_gradient(parameters, x, labels)
    assert loss.shape == (clients,)
    assert gradient.shape == parameters.shape
    direction = rng.standard_normal(parameters.shape)
    up, down = (model.loss_and_gradient(parameters + sign * STEP * direction, x, labels)[0] for sign in (1.0, -1.0))
    slope = (gradient * direction).sum(axis=-1)
    scale = np.linalg.norm(gradient, axis=-1) * np.linalg.norm(direction, axis=-1)
    assert (np.abs((up - down) / (2.0 * STEP) - slope) <= 1e-5 * scale + 1e-7 * (1.0 + loss)).all()


@law_of(SoftmaxRegression, MLP, CNN, model_losses, losses_of, cross_entropy)
@given(model=classifiers(), clients=counts, batch=counts, rng=rngs, data=st.data())
def test_clients_are_an_axis_and_the_order_of_samples_does_not_matter(model, clients, batch, rng, data):
    parameters = points(model, rng, clients)
    x, labels = samples(model, rng, clients, batch)
    loss, gradient = model.loss_and_gradient(parameters, x, labels)
    out = np.full_like(gradient, np.nan)
    _, same = model.loss_and_gradient(parameters, x, labels, out=out)
    assert same is out
    np.testing.assert_array_equal(out, gradient)
    for client in range(clients):
        some = slice(client, client + 1)
        own, alone = model.loss_and_gradient(parameters[some], x[some], labels[some])
        np.testing.assert_allclose(own, loss[some], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(alone, gradient[some], rtol=1e-9, atol=1e-12)
    order = data.draw(permutations(batch))
    turned, moved = model.loss_and_gradient(parameters, x[:, order], labels[:, order])
    np.testing.assert_allclose(turned, loss, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(moved, gradient, rtol=1e-9, atol=1e-12)
    # A batch twice over has the same mean.
    twice, _ = model.loss_and_gradient(parameters, np.tile(x, (1, 2, 1)), np.tile(labels, (1, 2)))
    np.testing.assert_allclose(twice, loss, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(model_losses(model, parameters, x, labels), loss, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(losses_of(model)(parameters, x, labels), loss, rtol=1e-12, atol=1e-14)
    scores, _ = cross_entropy(model.logits(parameters, x), labels)
    np.testing.assert_allclose(scores, loss, rtol=1e-12, atol=1e-14)


@law_of(SoftmaxRegression, MLP, CNN)
@given(model=classifiers(), lead=batches, batch=counts, rng=rngs)
def test_scores_have_the_leading_axes_of_parameters_and_inputs(model, lead, batch, rng):
    parameters, (x, _) = points(model, rng, *lead), samples(model, rng, batch)
    scores = model.logits(parameters, x)
    assert scores.shape == (*lead, batch, model.num_classes)
    for index in np.ndindex(lead):
        np.testing.assert_allclose(scores[index], model.logits(parameters[index], x), rtol=1e-9, atol=1e-12)


@law_of(SoftmaxRegression, MLP, CNN)
@given(model=classifiers(), seed=seeds)
def test_the_parts_of_the_flat_vector_are_all_of_it_and_beginnings_repeat(model, seed):
    flat = np.arange(float(model.num_parameters))
    views = model.views(flat)
    assert sum(view.size for view in views.values()) == model.num_parameters
    np.testing.assert_array_equal(np.sort(np.concatenate([view.ravel() for view in views.values()])), flat)
    assert all(np.shares_memory(view, flat) for view in views.values())
    one, other = (model.init(rng=np.random.default_rng(seed)) for _ in range(2))
    assert one.dtype == np.float32
    assert one.shape == (model.num_parameters,)
    np.testing.assert_array_equal(one, other)


@law_of(flops_per_sample)
@given(model=classifiers())
def test_a_step_uses_every_parameter_at_least_once(model):
    flops = flops_per_sample(model)
    assert flops >= FLOPS_PER_PARAMETER * model.num_parameters * (1.0 - 1e-12)
    if not isinstance(model, CNN):
        assert flops == FLOPS_PER_PARAMETER * model.num_parameters


# Cross-entropy


@law_of(cross_entropy)
@given(
    logits=arrays(float, st.tuples(counts, counts, st.integers(1, 5)), elements=st.floats(-1e300, 1e300)),
    shift=st.floats(-100.0, 100.0),
    data=st.data(),
)
@example(logits=np.array([[[1e300, -1e300]]]), shift=0.0, data=None)
def test_cross_entropy_is_a_number_whatever_the_scores(logits, shift, data):
    shape, classes = logits.shape[:-1], logits.shape[-1]
    labels = np.ones(shape, dtype=int) if data is None else data.draw(arrays(int, shape, elements=st.integers(0, classes - 1)))
    loss, gradient = cross_entropy(logits, labels)
    assert loss.shape == shape[:1]
    assert (loss >= 0.0).all()
    assert np.isfinite(loss).all()
    np.testing.assert_allclose(gradient.sum(axis=-1), 0.0, atol=1e-12)
    tame = np.clip(logits, -50.0, 50.0)
    base, slope = cross_entropy(tame, labels)
    moved, same = cross_entropy(tame + shift, labels)
    np.testing.assert_allclose(moved, base, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(same, slope, rtol=1e-6, atol=1e-12)


# Sub-models


@law_of(MLP, CNN, draw_partition)
@given(model=partitionable_models(), num_parts=st.integers(1, 3), rng=rngs)
def test_parts_cover_the_model_and_are_the_model_with_the_others_absent(model, num_parts, rng):
    assume(min(model.partition_sizes) >= num_parts)
    layers = [draw_partition([size - num_parts + 1] + [1] * (num_parts - 1), rng=rng) for size in model.partition_sizes]
    for size, parts in zip(model.partition_sizes, layers, strict=True):
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(size))
        assert all((np.diff(part) > 0).all() for part in parts)
    submodels = [model.submodel(neurons) for neurons in zip(*layers, strict=True)]
    owners = np.zeros(model.num_parameters, dtype=int)
    for part in submodels:
        assert len(np.unique(part.index)) == len(part.index) == part.model.num_parameters
        owners[part.index] += 1
    assert set(owners) <= {1, num_parts}  # of one cell alone, or of all
    parameters = points(model, rng)
    x, labels = samples(model, rng, 2)
    for part in submodels:
        absent = np.zeros_like(parameters)
        absent[part.index] = parameters[part.index]
        np.testing.assert_allclose(part.model.logits(parameters[part.index], x), model.logits(absent, x), rtol=1e-9, atol=1e-12)
        loss, _ = part.model.loss_and_gradient(parameters[part.index][None], x[None], labels[None])
        whole, _ = model.loss_and_gradient(absent[None], x[None], labels[None])
        np.testing.assert_allclose(loss, whole, rtol=1e-9)
    if num_parts == 1:
        np.testing.assert_array_equal(np.sort(submodels[0].index), np.arange(model.num_parameters))


@law_of(draw_partition)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), seed=seeds)
def test_neurons_are_dealt_out_once_each_and_alike_from_the_same_seed(sizes, seed):
    one, other = (draw_partition(sizes, rng=np.random.default_rng(seed)) for _ in range(2))
    assert [len(part) for part in one] == sizes
    np.testing.assert_array_equal(np.sort(np.concatenate(one)), np.arange(sum(sizes)))
    for part, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(part, same)
    for wrong in (-1, 0.5):
        with refused("counts"):
            draw_partition([*sizes, wrong], rng=np.random.default_rng(seed))


# Local steps


@law_of(LocalSGD, LocalStep, MiniBatches)
@given(
    model=dense_models() | classifiers(),
    clients=counts,
    steps=st.integers(1, 4),
    batch=counts,
    rng=rngs,
    decay=st.sampled_from([0.0, 0.5]),
    shifted=st.booleans(),
)
def test_local_steps_are_steps_by_the_gradient(model, clients, steps, batch, rng, decay, shifted):
    x, labels = samples(model, rng, clients, steps, batch)
    group = MiniBatches.of(x, labels)
    assert group.num_steps == steps
    np.testing.assert_array_equal(group.x, x)
    np.testing.assert_array_equal(group.labels, labels)
    start = points(model, rng, clients)
    step = LocalStep(step_size=0.1, decay=decay, shift=rng.standard_normal(start.shape) if shifted else None)
    local = start.copy()
    found = LocalSGD().run(model, local, group, step, rngs=[np.random.default_rng(0) for _ in range(clients)])
    parameters, losses = start.copy(), np.zeros(clients)
    for index in range(steps):
        loss, gradient = model.loss_and_gradient(parameters, x[:, index], labels[:, index])
        losses += loss / steps
        parameters = parameters - 0.1 * (gradient + decay * parameters + (step.shift if shifted else 0.0))
    np.testing.assert_allclose(local, parameters, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found, losses, rtol=1e-8, atol=1e-12)


@law_of(LocalSGD)
@given(model=classifiers())
def test_a_group_of_clients_is_never_empty(model):
    assert LocalSGD().group_size(model) >= 1


@law_of(MLP, CNN)
@given(model=partitionable_models(), rng=rngs)
def test_dropped_neurons_of_a_client_do_not_depend_on_its_group(model, rng):
    from dataclasses import replace

    dropping = replace(model, dropout=0.5)
    parameters, (x, labels) = points(model, rng, 3), samples(model, rng, 3, 4)
    together, _ = dropping.loss_and_gradient(parameters, x, labels, rngs=[np.random.default_rng(seed) for seed in range(3)])
    for client in range(3):
        some = slice(client, client + 1)
        alone, _ = dropping.loss_and_gradient(parameters[some], x[some], labels[some], rngs=[np.random.default_rng(client)])
        np.testing.assert_allclose(alone, together[some], rtol=1e-12)
    nothing, _ = dropping.loss_and_gradient(parameters, x, labels)
    np.testing.assert_allclose(nothing, model.loss_and_gradient(parameters, x, labels)[0], rtol=1e-12)


# What is refused


@law_of(SoftmaxRegression, MLP, CNN, Convolution)
@given(wrong=wrong_counts)
def test_models_name_what_is_wrong_with_them(wrong):
    for name in ("num_inputs", "num_classes"):
        with refused(name):
            SoftmaxRegression(**{"num_inputs": 3, "num_classes": 2, name: wrong})
    for name in ("num_inputs", "num_classes", "num_hidden"):
        with refused(name):
            MLP(**{"num_inputs": 3, "num_hidden": 2, "num_classes": 2, name: wrong})
    with refused("num_hidden"):
        MLP(num_inputs=3, num_hidden=(2, wrong), num_classes=2)
    for name in ("channels", "kernel", "pool"):
        with refused(name):
            Convolution(**{"channels": 2, name: wrong})
    for dropout in (-0.1, 1.0, np.nan):
        with refused("dropout"):
            MLP(num_inputs=3, num_hidden=2, num_classes=2, dropout=dropout)
    with refused("padding"):
        Convolution(channels=2, padding=-1)
    for kernel in (
        (Convolution(channels=2, kernel=9),),
        (Convolution(channels=1, kernel=3), Convolution(channels=1, kernel=5)),
    ):
        with refused("convolutions"):
            CNN(image_shape=(1, 8, 8), convolutions=kernel, hidden=(3,), num_classes=2)
    with refused("convolutions"):
        CNN(image_shape=(1, 8, 8), convolutions=(), hidden=(3,), num_classes=2)
    with refused("hidden"):
        CNN(image_shape=(1, 8, 8), convolutions=(Convolution(channels=2, kernel=3),), hidden=3, num_classes=2)
    with refused("image_shape"):
        CNN(image_shape=(1, 0, 8), convolutions=(Convolution(channels=2, kernel=3),), hidden=(3,), num_classes=2)
    with refused("num_classes"):
        CNN(image_shape=(1, 8, 8), convolutions=(Convolution(channels=2, kernel=3),), hidden=(3,), num_classes=wrong)


@law_of(Convolution)
@given(
    channels=counts,
    kernel=st.integers(1, 5),
    padding=st.integers(0, 2),
    pool=st.integers(1, 3),
    edge=st.integers(1, 12),
    into=counts,
)
def test_pooling_shrinks_what_convolution_leaves(channels, kernel, padding, pool, edge, into):
    layer = Convolution(channels=channels, kernel=kernel, padding=padding, pool=pool)
    image = (into, edge, edge + 1)
    _, height, width = layer.convolved_shape(image)
    assert (height, width) == (edge + 2 * padding - kernel + 1, edge + 1 + 2 * padding - kernel + 1)
    if min(height, width) < pool:
        with refused("convolutions"):
            layer.pooled_shape(image)
    else:
        assert layer.pooled_shape(image) == (channels, height // pool, width // pool)
    assert layer.weight_shape(image) == (channels, into, kernel, kernel)


@law_of(lenet5, cifar_cnn)
@given(classes=st.integers(1, 20), hidden=st.integers(1, 30), dropout=st.floats(0.0, 0.9))
def test_published_networks_take_other_classes_and_neurons(classes, hidden, dropout):
    for make, own in ((lenet5, {"hidden": (hidden, 5)}), (cifar_cnn, {"hidden": (hidden,)})):
        model = make(num_classes=classes, dropout=dropout, **own)
        assert model.num_classes == classes
        assert model.partition_sizes[0] == hidden
        assert model.dropout == dropout
        assert model.with_hidden(2).partition_sizes[0] == 2


@law_of(Dataset)
@given(samples_=st.integers(1, 20), inputs=counts, rng=rngs, data=st.data())
def test_subsets_keep_samples_with_their_labels(samples_, inputs, rng, data):
    whole = Dataset(x=rng.standard_normal((samples_, inputs)), labels=rng.integers(3, size=samples_))
    assert len(whole) == samples_
    assert whole.num_classes == whole.labels.max() + 1
    order = data.draw(permutations(samples_))
    back = whole.subset(order).subset(np.argsort(order))
    np.testing.assert_array_equal(back.x, whole.x)
    np.testing.assert_array_equal(back.labels, whole.labels)
    mask = data.draw(arrays(bool, samples_))
    assert len(whole.subset(mask)) == mask.sum()
    with refused("image_shape"):
        _ = whole.images
    image = Dataset(x=whole.x, labels=whole.labels, image_shape=(1, 1, inputs))
    np.testing.assert_array_equal(image.images.reshape(samples_, -1), whole.x)
    for wrong in ({"labels": whole.labels[:-1]}, {"labels": -1 - whole.labels}, {"labels": whole.labels + 0.5}):
        with refused("labels"):
            Dataset(**{"x": whole.x, "labels": whole.labels, **wrong})
    with refused("image_shape"):
        Dataset(x=whole.x, labels=whole.labels, image_shape=(1, 2, inputs))
    with pytest.raises(ValueError, match="labels"):
        Dataset(x=whole.x[0], labels=whole.labels)
