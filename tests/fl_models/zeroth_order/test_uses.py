"""FedZO's two uses: attacks on a black box, and hyper-parameters without gradients."""

import dataclasses

import numpy as np
import pytest

from fl_models import (
    MLP,
    BlackBoxAttack,
    FederatedTask,
    FedZO,
    HierarchicalFedAvg,
    HyperParameters,
    RoundWork,
    Schedule,
    SoftmaxRegression,
    Streams,
    attack_pictures,
    attack_task,
    digits,
    flops_per_sample,
    initial_state,
    tuning_task,
)


def train(algorithm, task, *, rounds, seed=0):
    """The scores before and after each round, and the last parameters."""
    streams = Streams(seed=seed)
    state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(seed)))
    scores = [task.evaluate(state.parameters)]
    for index in range(rounds):
        state = algorithm.round(state, RoundWork.ideal(task, schedule=algorithm.schedule, streams=streams, round_index=index))
        scores.append(task.evaluate(state.parameters))
    return np.array(scores), state.parameters


@pytest.fixture(scope="module")
def data():
    return digits(test_fraction=0.3, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def attack(data):
    """On a classifier trained here."""
    victim = MLP(num_inputs=64, num_hidden=32, num_classes=10)
    task = FederatedTask(
        model=victim,
        train=data[0],
        test=data[1],
        client_samples=(np.arange(len(data[0])),),
        serving_cell=np.zeros(1, dtype=int),
    )
    schedule = Schedule(edge_rounds=1, local_steps=400, batch_size=20, step_size=0.2)
    scores, parameters = train(HierarchicalFedAvg(schedule=schedule), task, rounds=4)
    assert scores[-1, 0] > 0.93
    return BlackBoxAttack(victim=victim, victim_parameters=parameters, target=4, distortion_price=0.1)


def test_the_objective_is_its_formula(attack, data):
    x = data[0].x[:5].astype(float) - 0.5
    delta = np.random.default_rng(0).standard_normal((3, 64))
    values = attack.losses(delta, x[None], np.zeros((1, 5), dtype=int))
    for own, value in zip(delta, values, strict=True):
        inner = np.clip(x, -0.49, 0.49)
        adversarial = 0.5 * np.tanh(np.arctanh(2.0 * inner) + own)
        assert (np.abs(adversarial) < 0.5).all()
        scores = attack.victim.logits(attack.victim_parameters, adversarial + 0.5)
        others = np.array([max(score for c, score in enumerate(row) if c != 4) for row in scores])
        expected = np.maximum(scores[:, 4] - others, 0.0) + 0.1 * np.sum((adversarial - inner) ** 2, axis=1)
        assert value == pytest.approx(expected.mean(), rel=1e-9)
    assert np.abs(attack.perturbed(np.zeros(64), x) - x).max() <= 0.01 + 1e-12


def test_a_federated_attack_succeeds_and_shows_its_pictures(attack, data):
    task = attack_task(attack, train=data[0], test=data[1], num_clients=10, rng=np.random.default_rng(0))
    assert set(task.train.labels) == {4}
    assert task.train.x.min() == -0.5
    algorithm = FedZO(schedule=Schedule(edge_rounds=1, local_steps=20, batch_size=10, step_size=0.05), directions=20)
    scores, delta = train(algorithm, task, rounds=12)
    assert scores[0, 0] == 0.0
    assert scores[-1, 0] > 0.8
    assert scores[-1, 1] < 0.7 * scores[0, 1]
    before, after, seen = attack_pictures(attack, delta, task.test.x)
    np.testing.assert_allclose(before, data[1].x[np.isin(np.arange(len(data[1])), matching(before, data[1].x))], atol=1e-6)
    assert 0.0 <= after.min() <= after.max() <= 1.0
    assert np.mean(seen != 4) == pytest.approx(scores[-1, 0])


def matching(pictures, x):
    """Places of pictures among others."""
    return [int(np.argmin(np.abs(x - picture).sum(axis=1))) for picture in pictures]


def test_an_attack_needs_images(attack, data):
    with pytest.raises(ValueError, match="needed are one for each of 500 clients"):
        attack_task(attack, train=data[0], test=data[1], num_clients=500, rng=np.random.default_rng(0))
    shifted = dataclasses.replace(data[0], x=data[0].x - 0.5)
    with pytest.raises(ValueError, match="x: got -0.5"):
        attack_task(attack, train=shifted, test=data[1], num_clients=5, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": 10}, "target: got 10; allowed is a class of the victim"),
        ({"target": -1}, "target: got -1"),
        ({"victim_parameters": np.zeros(3)}, r"victim_parameters: got shape \(3,\); needed is \(2410,\)"),
        ({"distortion_price": -1.0}, "distortion_price: got -1"),
        ({"margin": 0.5}, "margin: got 0.5"),
    ],
)
def test_bad_attacks_say_what_is_wrong(attack, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(attack, **change)


def test_inner_training_is_gradient_descent(data):
    """Against the package's own gradients, on training samples alone, with proximal decay of W but not of the offset."""
    objective = HyperParameters(num_inputs=64, num_classes=10, inner_steps=3)
    rng = np.random.default_rng(0)
    samples = rng.permutation(len(data[0]))[:30]
    x, labels = data[0].x[samples].astype(float), data[0].labels[samples]
    marks = np.repeat([0.0, 1.0], [20, 10])
    model = SoftmaxRegression(num_inputs=64, num_classes=10)
    weights, at = np.zeros((1, model.num_parameters)), np.array([0.4, 0.8])
    step_size, decay = objective.values(at)
    for _ in range(3):
        _, gradient = model.loss_and_gradient(weights, x[None, :20], labels[None, :20])
        weights = weights - step_size * gradient
        weights[:, :640] /= 1.0 + step_size * decay
    loss, _ = model.loss_and_gradient(weights, x[None, 20:], labels[None, 20:])
    values = objective.losses(np.array([at, at]), np.concatenate([x, marks[:, None]], axis=1)[None], labels[None])
    np.testing.assert_allclose(values, loss[0], rtol=1e-9)


def test_tuning_finds_better_hyper_parameters_the_same_every_time(data):
    objective = HyperParameters(num_inputs=64, num_classes=10)
    task = tuning_task(
        objective, train=data[0], test=data[1], num_clients=5, validation_share=0.4, rng=np.random.default_rng(0)
    )
    for own in task.client_samples:
        assert 0.35 < task.train.x[own, -1].mean() < 0.45
    assert task.train.x[:, -1].sum() == sum(round(0.4 * len(own)) for own in task.client_samples)
    algorithm = FedZO(
        schedule=Schedule(edge_rounds=1, local_steps=5, batch_size=40, step_size=0.2), directions=4, smoothing=1e-2
    )
    (scores, found), (again, _) = (train(algorithm, task, rounds=8) for _ in range(2))
    np.testing.assert_array_equal(scores, again)
    assert scores[-1, 1] < 0.5 * scores[0, 1]
    assert scores[-1, 0] > scores[0, 0] + 0.1
    assert objective.values(found)[0] > 10.0 * objective.values(np.zeros(2))[0]


@pytest.mark.parametrize("validation_share", [0.01, 0.5, 0.99])
def test_every_client_has_samples_of_both_kinds(validation_share, data):
    objective = HyperParameters(num_inputs=64, num_classes=10)
    few = data[0].subset(np.arange(9))
    options = {"test": data[1], "validation_share": validation_share, "rng": np.random.default_rng(0)}
    task = tuning_task(objective, train=few, num_clients=4, **options)
    for own in task.client_samples:
        assert 0.0 < task.train.x[own, -1].mean() < 1.0
    with pytest.raises(ValueError, match="num_clients: got 5; 9 samples allow 1 to 4, two for each"):
        tuning_task(objective, train=few, num_clients=5, **options)


def test_a_value_of_the_tuning_objective_costs_its_inner_training():
    objective = HyperParameters(num_inputs=64, num_classes=10, inner_steps=7)
    model = SoftmaxRegression(num_inputs=64, num_classes=10)
    assert objective.flops_per_sample / 3.0 == pytest.approx(7 * flops_per_sample(model))
