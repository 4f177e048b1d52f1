"""The bounds on FedZO and AirComp-FedZO as inequalities, with the real estimator, and their limits."""

import dataclasses
from math import comb

import numpy as np
import pytest

from aircomp.analysis.truncation import mean_inverse_participants, noise_mse_of_mean
from latency_opt.bounds.aircomp_fedzo import aircomp_fedzo_bound
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.fedzo import fedzo_bound
from latency_opt.bounds.hierarchical_fedavg import hierarchical_fedavg_bound
from latency_opt.bounds.two_point_estimator import TwoPointEstimator, largest_zeroth_order_step_size

DIMENSION = 5
CONSTANTS = LearningConstants(smoothness=2.0, initial_gap=3.0, noise_variance=0.7, cell_divergence=0.4, client_divergence=0.2)
ESTIMATOR = TwoPointEstimator(num_parameters=100, directions=20, batch_size=25, smoothing=1e-3)
SCHEDULE = {"estimator": ESTIMATOR, "num_rounds": 1000, "step_size": 1e-4, "local_steps": 5, "num_clients": 20}
AIR = {**SCHEDULE, "threshold": 0.8, "snr": 1.0}
each_local_steps = pytest.mark.parametrize("local_steps", [1, 3])
each_part = pytest.mark.parametrize("part", [0.1, 0.4, 1.0])


def instances(quadratics):
    """24 problems with estimators: clients alike in every sixth, and half of them started where f is least."""
    for seed in range(24):
        rng = np.random.default_rng(seed)
        num_clients = (6, 3, 10)[seed % 3]
        spread = 0.0 if seed % 6 == 0 else None
        problem = quadratics(seed, clients_per_cell=(num_clients,), dimension=DIMENSION, spread=spread)
        settings = {
            "directions": int(rng.integers(1, 7)),
            "batch_size": int(rng.integers(1, 4)),
            "smoothing": 10.0 ** rng.uniform(-4.0, 0.0),
        }
        yield seed, rng, problem.from_minimiser if seed % 2 else problem, settings


def step_of(problem, estimator, *, part, **options):
    return part * largest_zeroth_order_step_size(
        smoothness=problem.smoothness, direction_variance=estimator.direction_variance, **options
    )


@each_local_steps
@each_part
def test_fedzo_keeps_to_its_bound(quadratics, run_fedzo, local_steps, part):
    for seed, rng, problem, settings in instances(quadratics):
        estimator = TwoPointEstimator(num_parameters=DIMENSION, **settings)
        chosen = int(rng.integers(1, len(problem.cell) + 1))
        schedule = {
            "num_rounds": 20,
            "local_steps": local_steps,
            "step_size": step_of(problem, estimator, part=part, local_steps=local_steps, inverse_participants=1 / chosen),
        }
        models, _ = run_fedzo(problem, **schedule, **settings, num_participants=chosen, num_runs=30, rng=rng)
        square, error = problem.mean_square(models)
        bound = fedzo_bound(
            problem.constants(models),
            estimator=estimator,
            num_clients=len(problem.cell),
            num_participants=chosen,
            **schedule,
        )
        assert square + 4 * error <= bound.total, seed


@each_local_steps
@each_part
@pytest.mark.parametrize("norm_known", [False, True], ids=["second moment", "norm"])
def test_aircomp_fedzo_keeps_to_its_bound(quadratics, run_fedzo, local_steps, part, norm_known):
    """Noise in proportion to the largest update that is really sent; the norm is the largest of the runs."""
    for seed, rng, problem, settings in instances(quadratics):
        estimator = TwoPointEstimator(num_parameters=DIMENSION, **settings)
        air = {"threshold": rng.uniform(0.3, 1.2), "snr": 10.0 ** rng.uniform(-1.0, 1.5)}
        inverse = mean_inverse_participants(air["threshold"], num_clients=len(problem.cell))
        noise = 0.0 if norm_known else inverse / (air["snr"] * air["threshold"] ** 2)
        schedule = {
            "num_rounds": 20,
            "local_steps": local_steps,
            "step_size": step_of(
                problem,
                estimator,
                part=part,
                local_steps=local_steps,
                inverse_participants=inverse,
                channel_noise=noise,
            ),
        }
        models, largest = run_fedzo(problem, **schedule, **settings, **air, num_runs=30, rng=rng)
        square, error = problem.mean_square(models)
        bound = aircomp_fedzo_bound(
            problem.constants(models),
            estimator=estimator,
            num_clients=len(problem.cell),
            estimator_norm=largest if norm_known else None,
            **schedule,
            **air,
        )
        assert square + 4 * error <= bound.total, seed


def test_fedzo_in_the_long_run_is_near_its_bound(quadratics, run_fedzo):
    """γHLT = 20, clients alike, no noise: the bound is its optimisation error, at most 3 times what is simulated."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        problem = quadratics(seed, clients_per_cell=(4,), dimension=DIMENSION, spread=0.0, noise=0.0)
        settings = {"directions": 5, "batch_size": 1, "smoothing": 1e-6}
        estimator = TwoPointEstimator(num_parameters=DIMENSION, **settings)
        step = step_of(problem, estimator, part=0.5, local_steps=2, inverse_participants=0.25)
        rounds = int(np.ceil(20 / (step * 2 * problem.smoothness)))
        schedule = {"num_rounds": rounds, "step_size": step, "local_steps": 2}
        models, _ = run_fedzo(problem, **schedule, **settings, num_runs=10, rng=rng)
        square, error = problem.mean_square(models)
        bound = fedzo_bound(problem.constants(models), estimator=estimator, num_clients=4, **schedule)
        assert square + 4 * error <= bound.total, seed
        assert bound.terms["optimisation error"] == pytest.approx(float(bound.total), rel=1e-3)
        assert bound.total / square < 3, seed


@pytest.mark.parametrize("smoothing", [1e-3, 1.0])
@pytest.mark.parametrize("directions", [1, 4])
def test_moments_of_the_estimator(smoothing, directions):
    """Bias and variance over 40,000 draws on a function with a cubic part, whose L is that of the region in question."""
    rng = np.random.default_rng(0)
    dimension, num = 6, 40_000
    diagonal = np.linspace(0.2, 1.0, dimension)
    x = rng.standard_normal(dimension)

    def loss(y):
        """Smooth with L = 2: curvature between 0.2 - 1 and 1 + 1."""
        return 0.5 * y**2 @ diagonal + np.sum(np.sin(y), axis=-1)

    gradient = diagonal * x + np.cos(x)
    constants = LearningConstants(smoothness=2.0, initial_gap=1.0, noise_variance=0.3 * dimension)
    estimator = TwoPointEstimator(num_parameters=dimension, directions=directions, batch_size=2, smoothing=smoothing)
    v = rng.standard_normal((num, directions, dimension))
    v /= np.linalg.norm(v, axis=-1, keepdims=True)
    xi = rng.standard_normal((num, 1, dimension)) * np.sqrt(0.3 / 2)
    change = loss(x + smoothing * v) - loss(x) + smoothing * np.sum(xi * v, axis=-1)
    estimate = dimension / smoothing * np.mean(change[..., None] * v, axis=1)
    spread = np.sum((estimate - estimate.mean(axis=0)) ** 2, axis=-1)
    mean_error = np.sqrt(spread.mean() / num)
    assert np.linalg.norm(estimate.mean(axis=0) - gradient) <= np.sqrt(estimator.bias_squared(constants)) + 4 * mean_error
    variance = (
        estimator.direction_variance * np.sum(gradient**2)
        + estimator.sample_variance(constants)
        + estimator.difference_variance(constants)
    )
    assert spread.mean() + 4 * spread.std() / np.sqrt(num) <= variance
    if smoothing < 0.1:  # where the finite difference is a derivative, a is twice what it is
        assert spread.mean() >= 0.45 * variance


def test_many_directions_and_small_steps_are_gradient_descent():
    estimator = TwoPointEstimator(num_parameters=100, directions=1e12, batch_size=5, smoothing=1e-9)
    given = {"num_rounds": 50, "step_size": 0.3, "local_steps": 1}
    found = fedzo_bound(CONSTANTS, estimator=estimator, num_clients=7, **given).total
    assert found == pytest.approx(2 * 3.0 / (0.3 * 50) + 0.3 * 2.0 * 0.7 / (5 * 7), rel=1e-6)
    # d = 1 needs no direction at all: the same for any b2.
    line = TwoPointEstimator(num_parameters=1, directions=1, batch_size=5, smoothing=1e-9)
    assert fedzo_bound(CONSTANTS, estimator=line, num_clients=7, **given).total == pytest.approx(found, rel=1e-6)
    batch = dataclasses.replace(CONSTANTS, noise_variance=0.7 / 5)
    fedavg = hierarchical_fedavg_bound(batch, edge_rounds=1, clients_per_cell=[7], **given).total
    assert fedavg == pytest.approx(found, rel=1e-6)


def test_the_first_order_in_the_step_size():
    """2(f(x⁰) - f*)/(γHT) + (γL/M)((1 + a)σ²/b₁ + 2aδ² + 2Hδ²(K-M)/(K-1)) as γ and μ vanish."""
    estimator = TwoPointEstimator(num_parameters=100, directions=20, batch_size=25, smoothing=1e-12)
    a, gamma, constants = 9.9, 1e-9, dataclasses.replace(CONSTANTS, initial_gap=0.0)
    bound = fedzo_bound(
        constants, estimator=estimator, num_rounds=1, step_size=gamma, local_steps=5, num_clients=20, num_participants=4
    )
    expected = gamma * 2.0 / 4 * ((1 + a) * 0.7 / 25 + 2 * a * 0.6 + 10 * 0.6 * 16 / 19)
    np.testing.assert_allclose(bound.total, expected, rtol=1e-6)


def test_more_participants_directions_samples_and_power_never_raise_the_bound():
    totals = [fedzo_bound(CONSTANTS, **SCHEDULE, num_participants=m).total for m in (1, 2, 5, 10, 20)]
    assert (np.diff(totals) < 0.0).all()
    for name in ("directions", "batch_size"):
        more = dataclasses.replace(ESTIMATOR, **{name: 2 * getattr(ESTIMATOR, name)})
        assert fedzo_bound(CONSTANTS, **SCHEDULE | {"estimator": more}).total < fedzo_bound(CONSTANTS, **SCHEDULE).total
    for options in ({}, {"estimator_norm": 30.0}):
        air = aircomp_fedzo_bound(CONSTANTS, **AIR | {"snr": [0.1, 0.3, 1.0, 10.0]}, **options).total
        assert (np.diff(air) < 0.0).all()
    more = aircomp_fedzo_bound(CONSTANTS, **AIR | {"num_clients": 40}).total
    assert more < aircomp_fedzo_bound(CONSTANTS, **AIR).total


def test_without_noise_and_with_everybody_the_air_is_a_wire():
    """SNR → ∞ and h_min → 0: M = K always."""
    air = aircomp_fedzo_bound(CONSTANTS, **SCHEDULE, threshold=1e-8, snr=1e40)
    np.testing.assert_allclose(air.total, fedzo_bound(CONSTANTS, **SCHEDULE).total, rtol=1e-9)
    assert air.constant_terms["channel noise"] < 1e-15


def test_a_known_norm_gives_the_published_noise():
    """γHL G² E[1/M²]/(SNR h_min²), inside the bracket."""
    bound = aircomp_fedzo_bound(CONSTANTS, **AIR, estimator_norm=[10.0, 20.0])
    plain = aircomp_fedzo_bound(CONSTANTS, **AIR, estimator_norm=0.0)
    noise = bound.constant_terms["channel noise"]
    assert noise[1] == pytest.approx(4 * noise[0])
    room = 2 * 3.0 / (1e-4 * 5) / ((1 - (1 - np.exp(-0.64)) ** 20) * plain.optimisation_error)
    expected = 1e-4 * 5 * 2.0 * 100.0 * noise_mse_of_mean(0.8, num_clients=20, snr=1.0) / room
    np.testing.assert_allclose(noise[0], expected, rtol=1e-12)


@pytest.mark.parametrize("num_clients", [1, 2, 7])
@pytest.mark.parametrize("threshold", [0.1, 0.8, 2.5])
def test_mean_inverse_participants_is_the_binomial_sum(num_clients, threshold):
    p = np.exp(-(threshold**2))
    weight = [comb(num_clients, m) * p**m * (1 - p) ** (num_clients - m) for m in range(1, num_clients + 1)]
    expected = sum(w / m for m, w in enumerate(weight, start=1)) / sum(weight)
    assert mean_inverse_participants(threshold, num_clients=num_clients) == pytest.approx(expected, rel=1e-12)


def test_half_of_the_square_is_left_at_the_largest_step_size():
    """1/ρ <= 2 for 2,000 random settings: what makes every bound finite."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        steps, clients = rng.integers(1, 30, (2, 50))
        d, b2 = 10 ** rng.uniform(0, 5, 50), 10 ** rng.uniform(0, 3, 50)
        snr, threshold = 10 ** rng.uniform(-3, 3, 50), rng.uniform(0.1, 2.0)
        estimator = TwoPointEstimator(num_parameters=d, directions=b2, batch_size=1, smoothing=1e-12)
        count = int(clients[0])
        inverse = mean_inverse_participants(threshold, num_clients=count)
        step = largest_zeroth_order_step_size(
            smoothness=2.0,
            local_steps=steps,
            direction_variance=estimator.direction_variance,
            inverse_participants=inverse,
            channel_noise=inverse / (snr * threshold**2),
        )
        given = {"num_rounds": 1, "step_size": step, "local_steps": steps, "num_clients": count, "threshold": threshold}
        error = aircomp_fedzo_bound(CONSTANTS, estimator=estimator, snr=snr, **given).optimisation_error
        lost = (1 - np.exp(-(threshold**2))) ** count
        amplification = error * step * steps * (1 - lost) / (2 * 3.0)
        assert (amplification >= 1.0).all()
        assert (amplification <= 2.0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step_size": 0.01}, "step_size: got 0.01; the bound holds for at most"),
        ({"num_participants": 21}, "num_participants: got 21 of 20 clients"),
        ({"num_participants": 0}, "num_participants: got 0"),
        ({"local_steps": 0}, "local_steps: got 0"),
    ],
)
def test_bad_input_names_the_argument(change, message):
    with pytest.raises(ValueError, match=message):
        fedzo_bound(CONSTANTS, **SCHEDULE | change)


def test_bad_radio_and_estimators_are_named():
    for change, message in (
        ({"threshold": 0.0}, "threshold: got 0"),
        ({"snr": -1.0}, "snr: got -1"),
        ({"num_clients": 2.5}, "num_clients: got 2.5"),
        ({"estimator_norm": -1.0}, "estimator_norm: got -1"),
    ):
        with pytest.raises(ValueError, match=message):
            aircomp_fedzo_bound(CONSTANTS, **AIR | change)
    with pytest.raises(ValueError, match="smoothing: got 0"):
        dataclasses.replace(ESTIMATOR, smoothing=0.0)
