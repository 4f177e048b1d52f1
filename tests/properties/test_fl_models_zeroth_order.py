"""Laws of training by function values: estimates, attacks, hyper-parameters."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from covered import law_of
from federated_strategies import classifiers
from fl_models import (
    BlackBoxAttack,
    Dataset,
    HyperParameters,
    LocalStep,
    MiniBatches,
    SoftmaxRegression,
    ZerothOrderSteps,
    attack_pictures,
    attack_task,
    flops_per_sample,
    losses_of,
    tuning_task,
    two_point_estimate,
)
from strategies import batches, counts, decades, negative, not_positive, permutations, refused, rngs, seeds

FEWER = settings(max_examples=max(8, settings.default.max_examples // 3))


# Estimates


@law_of(two_point_estimate, losses_of)
@given(model=classifiers(), batch=counts, rng=rngs)
def test_along_all_axes_the_estimate_is_the_gradient(model, batch, rng):
    """b₂ = d orthonormal directions: (d/d) Σ_k (∂F/∂x_k) e_k, up to the curvature."""
    assume(model.num_parameters <= 60)
    parameters = rng.standard_normal(model.num_parameters)
    x, labels = rng.standard_normal((batch, model.num_inputs)), rng.integers(model.num_classes, size=batch)
    axes, _ = np.linalg.qr(rng.standard_normal((model.num_parameters, model.num_parameters)))
    found, loss = two_point_estimate(losses_of(model), parameters, x, labels, directions=axes, smoothing=1e-6)
    expected, gradient = model.loss_and_gradient(parameters[None], x[None], labels[None])
    assert np.isclose(loss, expected[0], rtol=1e-9, atol=1e-12)
    scale = 1.0 + np.linalg.norm(gradient)
    np.testing.assert_allclose(found, gradient[0], atol=1e-4 * scale)


@law_of(two_point_estimate)
@given(slope=st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=6), many=counts, smoothing=decades(1e-3, 1e3), seed=seeds)
def test_of_a_linear_loss_the_estimate_does_not_depend_on_how_far_it_looks(slope, many, smoothing, seed):
    rng, slope = np.random.default_rng(seed), np.array(slope)
    directions = rng.standard_normal((many, len(slope)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def losses(parameters, x, labels):
        return parameters @ slope

    def estimate(directions, smoothing):
        start = np.zeros(len(slope))
        return two_point_estimate(
            losses, start, np.zeros((1, 1)), np.zeros(1, dtype=int), directions=directions, smoothing=smoothing
        )[0]

    here = estimate(directions, smoothing)
    np.testing.assert_allclose(here, len(slope) / many * (directions @ slope) @ directions, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(estimate(-directions, smoothing), here, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(estimate(directions, 2.0 * smoothing), here, rtol=1e-6, atol=1e-9)


@law_of(ZerothOrderSteps)
@FEWER
@given(model=classifiers(), clients=st.integers(1, 3), steps=st.integers(1, 3), batch=counts, rng=rngs, average=st.booleans())
def test_steps_of_a_client_do_not_depend_on_its_group(model, clients, steps, batch, rng, average):
    method = ZerothOrderSteps(directions=3, smoothing=1e-2, average=average)
    x, labels = (
        rng.standard_normal((clients, steps, batch, model.num_inputs)),
        rng.integers(model.num_classes, size=(clients, steps, batch)),
    )
    start = rng.standard_normal((clients, model.num_parameters))
    step = LocalStep(step_size=0.05, decay=0.1, shift=rng.standard_normal(start.shape))
    local = start.copy()
    together = method.run(
        model, local, MiniBatches.of(x, labels), step, rngs=[np.random.default_rng(k) for k in range(clients)]
    )
    assert method.group_size(model) == 1
    for k in range(clients):
        some = slice(k, k + 1)
        alone, own = start[some].copy(), replace(step, shift=step.shift[some])
        loss = method.run(model, alone, MiniBatches.of(x[some], labels[some]), own, rngs=[np.random.default_rng(k)])
        np.testing.assert_allclose(alone, local[some], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(loss, together[some], rtol=1e-9)
    still = start.copy()
    method.run(
        model,
        still,
        MiniBatches.of(x, labels),
        replace(step, step_size=0.0),
        rngs=[np.random.default_rng(k) for k in range(clients)],
    )
    np.testing.assert_array_equal(still, start)


@law_of(ZerothOrderSteps, two_point_estimate)
@given(wrong=not_positive)
def test_steps_name_what_is_wrong(wrong):
    with refused("smoothing"):
        two_point_estimate(
            lambda parameters, x, labels: parameters.sum(axis=-1),
            np.zeros(2),
            np.zeros((1, 1)),
            np.zeros(1, dtype=int),
            directions=np.eye(2),
            smoothing=wrong,
        )
    with refused("smoothing"):
        ZerothOrderSteps(smoothing=wrong)
    for count in (0, 1.5, True):
        with refused("directions"):
            ZerothOrderSteps(directions=count)


# Attacks


@st.composite
def attacks(draw):
    pixels, classes = draw(st.integers(1, 5)), draw(st.integers(2, 4))
    victim = SoftmaxRegression(num_inputs=pixels, num_classes=classes)
    rng = np.random.default_rng(draw(seeds))
    return BlackBoxAttack(
        victim=victim,
        victim_parameters=rng.standard_normal(victim.num_parameters),
        target=draw(st.integers(0, classes - 1)),
        distortion_price=draw(st.just(0.0) | decades(1e-3, 10.0)),
    )


@law_of(BlackBoxAttack)
@given(attack=attacks(), lead=batches, batch=counts, rng=rngs, large=decades(1e-3, 1e6))
def test_perturbed_images_are_images_and_losses_have_their_leading_axes(attack, lead, batch, rng, large):
    x = rng.uniform(-0.5, 0.5, size=(batch, attack.num_parameters))
    labels = np.full(batch, attack.target)
    delta = large * rng.standard_normal((*lead, attack.num_parameters))
    images = attack.perturbed(delta, x)
    assert images.shape == (*lead, batch, attack.num_parameters)
    assert (np.abs(images) <= 0.5).all()
    losses = attack.losses(delta, x, labels)
    assert losses.shape == lead
    assert (losses >= 0.0).all()
    for index in np.ndindex(lead):
        assert np.isclose(losses[index], attack.losses(delta[index], x, labels))
    inside = np.clip(x, attack.margin - 0.5, 0.5 - attack.margin)
    start = attack.init(rng=rng)
    np.testing.assert_allclose(attack.perturbed(start, x), inside, atol=1e-7)
    free = replace(attack, distortion_price=0.0)
    assert (free.losses(delta, x, labels) <= losses * (1.0 + 1e-12) + 1e-12).all()
    fooled, loss = attack.evaluate(start, Dataset(x=x, labels=labels))
    assert 0.0 <= fooled <= 1.0
    assert np.isclose(loss, attack.losses(np.zeros(attack.num_parameters), x, labels))
    assert flops_per_sample(attack) == flops_per_sample(attack.victim)


@law_of(attack_task, attack_pictures)
@FEWER
@given(attack=attacks(), clients=st.integers(1, 3), rng=rngs)
def test_an_attack_is_on_images_that_the_victim_gets_right(attack, clients, rng):
    x = rng.uniform(size=(60, attack.num_parameters)).astype(np.float32)
    seen = attack.victim.logits(attack.victim_parameters, x).argmax(axis=-1)
    data = Dataset(x=x, labels=np.where(rng.uniform(size=60) < 0.8, seen, 0))
    right = ((seen == attack.target) & (data.labels == attack.target)).sum()
    if right < clients:
        with refused("train"):
            attack_task(attack, train=data, test=data, num_clients=clients, rng=rng)
        return
    task = attack_task(attack, train=data, test=data, num_clients=clients, rng=rng)
    assert len(task.train) == len(task.test) == right
    assert sum(map(len, task.client_samples)) == right
    assert task.num_cells == 1
    before, after, classes = attack_pictures(attack, np.zeros(attack.num_parameters), task.train.x)
    np.testing.assert_allclose(before - 0.5, task.train.x, atol=1e-6)
    assert ((after >= 0.0) & (after <= 1.0)).all()
    assert classes.shape == (right,)


@law_of(BlackBoxAttack, attack_task)
@given(attack=attacks(), wrong=negative)
def test_attacks_name_what_is_wrong(attack, wrong):
    with refused("distortion_price"):
        replace(attack, distortion_price=wrong)
    for margin in (wrong, 0.0, 0.5):
        with refused("margin"):
            replace(attack, margin=margin)
    for target in (-1, attack.victim.num_classes, True):
        with refused("target"):
            replace(attack, target=target)
    with refused("victim_parameters"):
        replace(attack, victim_parameters=attack.victim_parameters[:-1])
    bright = Dataset(x=np.full((2, attack.num_parameters), 1.5), labels=np.zeros(2, dtype=int))
    with refused("x"):
        attack_task(attack, train=bright, test=bright, num_clients=1, rng=np.random.default_rng(0))
    dark = Dataset(x=np.zeros((2, attack.num_parameters)), labels=np.full(2, attack.target))
    for count in (0, 1.5, True):
        with refused("num_clients"):
            attack_task(attack, train=dark, test=dark, num_clients=count, rng=np.random.default_rng(0))


# Hyper-parameters


@st.composite
def tunings(draw):
    low, wide = draw(st.floats(-4.0, 0.0)), draw(st.floats(0.1, 3.0))
    return HyperParameters(
        num_inputs=draw(counts), num_classes=draw(st.integers(2, 4)), inner_steps=draw(counts), log_step_size=(low, low + wide)
    )


@law_of(HyperParameters)
@given(objective=tunings(), lead=batches, rng=rngs, large=decades(1e-3, 1e6), data=st.data())
def test_hyper_parameters_stay_in_their_ranges_and_losses_in_their_axes(objective, lead, rng, large, data):
    eta = large * rng.standard_normal((*lead, 2))
    step, decay = objective.values(eta)
    for value, (low, high) in ((step, objective.log_step_size), (decay, objective.log_decay)):
        assert value.shape == lead
        assert ((value >= 10.0**low * (1.0 - 1e-9)) & (value <= 10.0**high * (1.0 + 1e-9))).all()
    batch = data.draw(st.integers(1, 8))
    marks = (rng.uniform(size=batch) < 0.5).astype(float)
    x = np.concatenate([rng.standard_normal((batch, objective.num_inputs)), marks[:, None]], axis=1)
    labels = rng.integers(objective.num_classes, size=batch)
    losses = objective.losses(eta, x, labels)
    assert losses.shape == lead
    assert np.isfinite(losses).all()
    assert (losses >= 0.0).all()
    if not marks.any():
        assert (losses == 0.0).all()
    order = data.draw(permutations(batch))
    np.testing.assert_allclose(objective.losses(eta, x[order], labels[order]), losses, rtol=1e-7, atol=1e-9)
    for index in np.ndindex(lead):
        assert np.isclose(objective.losses(eta[index], x, labels), losses[index], rtol=1e-9)
    assert objective.init(rng=rng).shape == (objective.num_parameters,) == (2,)
    assert flops_per_sample(objective) > 0.0


@law_of(tuning_task)
@given(objective=tunings(), clients=st.integers(1, 5), share=st.floats(0.01, 0.99), rng=rngs)
def test_every_client_of_a_tuning_trains_and_validates(objective, clients, share, rng):
    train = Dataset(x=rng.standard_normal((23, objective.num_inputs)), labels=rng.integers(objective.num_classes, size=23))
    task = tuning_task(objective, train=train, test=train, num_clients=clients, validation_share=share, rng=rng)
    assert sum(map(len, task.client_samples)) == 23
    marks = task.train.x[:, -1]
    for own in task.client_samples:
        assert 1 <= marks[own].sum() <= len(own) - 1
        assert abs(marks[own].sum() - share * len(own)) <= 1.0
    assert task.test.x[:, -1].sum() == 23
    accuracy, loss = task.evaluate(np.zeros(2))
    assert 0.0 <= accuracy <= 1.0
    assert loss >= 0.0
    for count in (0, 12, 1.5, True):
        with refused("num_clients"):
            tuning_task(objective, train=train, test=train, num_clients=count, validation_share=share, rng=rng)


@law_of(HyperParameters, tuning_task)
@given(wrong=not_positive | st.floats(1.0, 1e9))
def test_tunings_name_what_is_wrong(wrong):
    for name in ("num_inputs", "num_classes", "inner_steps"):
        for count in (0, 1.5, True):
            with refused(name):
                HyperParameters(**{"num_inputs": 2, "num_classes": 2, name: count})
    for name in ("log_step_size", "log_decay"):
        with refused(name):
            HyperParameters(num_inputs=2, num_classes=2, **{name: (1.0, 1.0)})
    data = Dataset(x=np.zeros((6, 2)), labels=np.zeros(6, dtype=int))
    objective = HyperParameters(num_inputs=2, num_classes=2)
    assume(not 0.0 < wrong < 1.0)
    with refused("validation_share"):
        tuning_task(objective, train=data, test=data, num_clients=2, validation_share=wrong, rng=np.random.default_rng(0))
