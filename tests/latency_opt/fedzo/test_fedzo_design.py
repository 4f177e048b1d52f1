"""The design against fine grids, its geometric program, its own lower bound, and the laws of the problem."""

import dataclasses
import itertools

import numpy as np
import pytest

from aircomp.analysis.truncation import noise_mse_of_mean, silence_probability
from latency_opt import InfeasibleProblem, Status
from latency_opt.fedzo.fedzo_design import FedZODesignProblem, least_snr, minimize_time_to_target
from latency_opt.fedzo.participation_law import ParticipationLaw

BASE = {
    "target": 0.05,
    "optimisation_error": 10.0,
    "num_parameters": 100,
    "variance_price": 1e-2,
    "drift_price": 5.0,
    "noise_price": 1.0,
    "step_size": 1e-3,
    "evaluation_s": 1e-3,
    "airtime_s": 0.1,
    "fixed_s": 0.05,
    "num_clients": 30,
}


def random_constants(rng):
    """Over several decades; terms that are missing, and few or many clients."""
    return {
        "target": 1.0,
        "optimisation_error": 10.0 ** rng.uniform(-1, 2),
        "num_parameters": 10.0 ** rng.uniform(1, 4),
        "variance_price": 10.0 ** rng.uniform(-6, -1) * rng.integers(0, 2),
        "drift_price": 10.0 ** rng.uniform(-3, 2) * rng.integers(0, 2),
        "noise_price": 10.0 ** rng.uniform(-3, 2),
        "step_size": 10.0 ** rng.uniform(-4, -1),
        "evaluation_s": 10.0 ** rng.uniform(-4, 0),
        "airtime_s": 10.0 ** rng.uniform(-3, 1),
        "num_clients": int(rng.choice([1, 2, 5, 20, 100])),
        "max_threshold": rng.uniform(0.3, 4.0),
        "noise_growth": rng.choice([0.0, 0.5, 1.0]),
        "local_steps": np.arange(1, 31),
        "directions": np.arange(1, 31),
    }


def time_s(problem, *, steps, directions, threshold):
    """The time by the formula of the docstring, with the closed forms of `aircomp.analysis`; M's mean inverse by its sum."""
    clients = problem.num_clients
    law = _binomial(clients, np.exp(-(threshold**2)))
    inverse = law[..., 1:] @ (1.0 / np.arange(1, clients + 1)) / law[..., 1:].sum(axis=-1)
    path = problem.step_size * steps
    left = (
        problem.target
        - problem.variance_price * problem.num_parameters / directions * inverse
        - problem.drift_price * path**2
        - problem.noise_price
        * path**problem.noise_growth
        * noise_mse_of_mean(threshold, num_clients=clients, snr=float(problem.snr))
    )
    round_s = steps * (directions + 1) * problem.evaluation_s + problem.airtime_s + problem.fixed_s
    heard = 1.0 - silence_probability(threshold, num_clients=clients)
    with np.errstate(divide="ignore"):
        return np.where(left > 0.0, problem.optimisation_error / (path * np.maximum(left, 0.0)) * round_s / heard, np.inf)


def _binomial(clients, p):
    law = np.ones((*np.shape(p), 1))
    for _ in range(clients):
        p_ = np.asarray(p)[..., None]
        law = np.pad(law * (1 - p_), [(0, 0)] * np.ndim(p) + [(0, 1)]) + np.pad(law * p_, [(0, 0)] * np.ndim(p) + [(1, 0)])
    return law


@pytest.mark.parametrize("seed", range(12))
def test_no_point_of_a_fine_grid_is_sooner(seed):
    rng = np.random.default_rng(seed)
    problem = FedZODesignProblem(snr=1.0, **random_constants(rng) | {"num_clients": int(rng.choice([1, 3, 12]))})
    problem = dataclasses.replace(problem, snr=least_snr(problem)[0] * 10.0 ** rng.choice([0.1, 0.5, 2.0]))
    result = minimize_time_to_target(problem)
    assert result.status is Status.OPTIMAL
    threshold = problem.max_threshold * np.exp(np.linspace(-4.0, 0.0, 1500))
    steps, directions = np.meshgrid(problem.local_steps, problem.directions, indexing="ij")
    grid = time_s(problem, steps=steps[..., None], directions=directions[..., None], threshold=threshold).min()
    found = time_s(problem, steps=result.local_steps, directions=result.directions, threshold=result.threshold)
    np.testing.assert_allclose(result.training_latency_s, found, rtol=1e-9)
    assert found <= grid * (1 + 1e-9)
    assert found >= 0.99 * grid


def test_every_instance_is_certified_over_many_scales_and_more_snr_never_takes_longer():
    """240 instances, from a millionth above the least SNR to 80 dB above it."""
    rng = np.random.default_rng(1)
    solved = 0
    for _ in range(30):
        constants = random_constants(rng)
        try:
            least = float(least_snr(FedZODesignProblem(snr=1.0, **constants))[0])
        except InfeasibleProblem:
            continue
        snr = least * 10.0 ** np.array([1e-6, 1e-3, 0.1, 0.5, 1.0, 2.0, 4.0, 8.0])
        result = minimize_time_to_target(FedZODesignProblem(snr=snr, **constants))
        assert result.status is Status.OPTIMAL
        assert result.optimality_gap.max() < 1e-8
        assert result.kkt_residual.max() < 1e-8
        assert (np.diff(result.training_latency_s) <= 2e-9 * result.training_latency_s[:-1]).all()
        solved += snr.size
    assert solved >= 200


@pytest.mark.parametrize(("share", "deep"), [(0.9, False), (1 - 1e-6, True)])
def test_time_has_two_minima_in_the_threshold_and_the_better_is_found(share, deep):
    """Six clients: several at a low threshold; or, where that hardly meets the target, one that waits for a deep peak."""
    law, g = ParticipationLaw(6), np.linspace(0.01, 36.0, 40_000)
    moments = law.moments(g)
    noise = moments[:, 2] / moments[:, 0]
    price = share / noise[g < 1.5].min()
    gain = moments @ np.array([1.0, 0.0, -price])
    assert np.count_nonzero(np.diff(np.sign(gain))) == 3  # out of reach, within, out of it again, within
    lone = {"variance_price": 0.0, "drift_price": 0.0, "target": 1.0, "max_threshold": 6.0, "num_clients": 6}
    one = {"local_steps": np.array([1]), "directions": np.array([1])}
    result = minimize_time_to_target(FedZODesignProblem(snr=1.0, **BASE | lone | one | {"noise_price": price}))
    seconds = result.problem.round_s.item() * 10.0 / 1e-3 / gain.max()
    assert result.status is Status.OPTIMAL
    assert result.training_latency_s <= seconds * (1 + 1e-9)
    assert (result.threshold > 1.5) == deep
    np.testing.assert_allclose(result.threshold**2, g[gain.argmax()], rtol=1e-2)


def test_bounds_of_the_second_derivatives_hold_within_cells():
    """Finite differences of the moments at points of many cells."""
    for clients in (1, 2, 3, 10, 60):
        law = ParticipationLaw(clients)
        low = np.exp(np.linspace(-6.0, 2.5, 60))
        high = low * 1.3
        bend = law.bend(low, high)
        for share in (0.0, 0.3, 0.7, 1.0):
            g = low + share * (high - low)
            first, second = law.derivatives(g)
            assert (second * np.array([-1.0, 1.0, 1.0]) <= bend * (1 + 1e-9) + 1e-14).all()
            step = 1e-5 * g
            after, before = law.moments(g + step), law.moments(g - step)
            np.testing.assert_allclose((after - before) / (2 * step)[:, None], first, rtol=1e-5, atol=1e-7)
            slopes = law.derivatives(g + step)[0] - law.derivatives(g - step)[0]
            scale = np.abs(first).max() / g[:, None]
            assert (np.abs(slopes / (2 * step)[:, None] - second) <= 1e-5 * (np.abs(second) + scale)).all()


def test_least_snr_divides_feasible_from_infeasible():
    rng = np.random.default_rng(2)
    for _ in range(10):
        constants = random_constants(rng)
        try:
            least, threshold = least_snr(FedZODesignProblem(snr=1.0, **constants))
        except InfeasibleProblem:
            continue
        assert np.isfinite(minimize_time_to_target(FedZODesignProblem(snr=least * 1.001, **constants)).training_latency_s)
        with pytest.raises(
            InfeasibleProblem, match=f"more than {10 * np.log10(least):.2f} dB is needed, with 1 local steps, 30"
        ):
            minimize_time_to_target(FedZODesignProblem(snr=least * 0.999, **constants))
        grid = np.linspace(1e-3, 1.0, 4000) * constants["max_threshold"]
        problem = FedZODesignProblem(snr=least * 0.999, **constants)
        assert np.isinf(time_s(problem, steps=1, directions=30, threshold=grid)).all()
        assert 0.0 < threshold <= constants["max_threshold"] * (1 + 1e-12)


def test_infeasible_targets_name_what_binds():
    with pytest.raises(
        InfeasibleProblem,
        match=r"snr: got -30\.00 dB at index \(1,\); more than -\d+\.\d\d dB is needed, with 1 local steps, 64",
    ):
        minimize_time_to_target(FedZODesignProblem(snr=[1.0, 1e-3], **BASE))
    with pytest.raises(
        InfeasibleProblem, match="target: got 0.0005; more than .* even without noise, since drift with 1 local"
    ):
        minimize_time_to_target(FedZODesignProblem(snr=1.0, **BASE | {"target": 5e-4}))


def test_geometric_program_is_a_lower_bound_that_the_integers_nearly_reach():
    problem = FedZODesignProblem(snr=10.0, **BASE | {"evaluation_s": 1e-4})
    result = minimize_time_to_target(problem)
    relaxed = problem.to_cvxpy(threshold=float(result.threshold))
    value = relaxed.solve(gp=True)
    assert value <= result.training_latency_s * (1 + 1e-6)
    assert value >= 0.98 * result.training_latency_s
    steps, directions = (float(relaxed.variables[name].value) for name in ("local_steps", "directions"))
    at = time_s(problem, steps=steps, directions=directions, threshold=float(result.threshold))
    np.testing.assert_allclose(value, at, rtol=1e-5)
    with pytest.raises(ValueError, match="needed is one instance"):
        FedZODesignProblem(snr=[1.0, 2.0], **BASE).to_cvxpy(threshold=1.0)


@pytest.mark.parametrize("steps", [1, 4, 20])
@pytest.mark.parametrize("directions", [1, 8, 64])
@pytest.mark.parametrize("noise_growth", [0.0, 1.0])
def test_geometric_program_with_the_integers_given_is_the_formula(steps, directions, noise_growth):
    only = {"local_steps": np.array([steps]), "directions": np.array([directions]), "noise_growth": noise_growth}
    problem = FedZODesignProblem(snr=100.0, **BASE | only | {"target": 0.5})
    result = minimize_time_to_target(problem)
    value = problem.to_cvxpy(threshold=float(result.threshold)).solve(gp=True)
    np.testing.assert_allclose(value, result.training_latency_s, rtol=1e-6)


def test_terms_add_up_to_the_target_and_rounds_to_the_time():
    result = minimize_time_to_target(FedZODesignProblem(snr=[0.3, 3.0, 300.0], **BASE))
    together = result.optimisation_term + result.variance_term + result.drift_term + result.noise_term
    np.testing.assert_allclose(together, BASE["target"], rtol=1e-12)
    heard = 1.0 - silence_probability(result.threshold, num_clients=BASE["num_clients"])
    np.testing.assert_allclose(result.useful_rounds, result.rounds * heard, rtol=1e-10)
    np.testing.assert_allclose(
        result.useful_rounds, BASE["optimisation_error"] / (1e-3 * result.local_steps * result.optimisation_term), rtol=1e-10
    )
    np.testing.assert_allclose(result.participation, np.exp(-(result.threshold**2)))


@pytest.mark.parametrize(
    ("field", "better"),
    [
        ("num_clients", 40),
        ("target", 0.06),
        ("variance_price", 5e-3),
        ("drift_price", 1.0),
        ("noise_price", 0.5),
        ("airtime_s", 0.05),
        ("evaluation_s", 5e-4),
        ("max_threshold", 3.0),
        ("directions", np.arange(1, 129)),
        ("local_steps", np.arange(1, 101)),
    ],
)
def test_more_of_anything_never_hurts(field, better):
    snr = 10.0 ** np.array([-0.5, 0.5, 2.0])
    before = minimize_time_to_target(FedZODesignProblem(snr=snr, **BASE)).training_latency_s
    after = minimize_time_to_target(FedZODesignProblem(snr=snr, **BASE | {field: better})).training_latency_s
    assert (after <= before * (1 + 2e-9)).all()


def test_units_do_not_matter():
    """Seconds into milliseconds; and ‖∇f‖² in other units, with f and the step size to match."""
    one = minimize_time_to_target(FedZODesignProblem(snr=3.0, **BASE))
    slow = {name: 1e3 * BASE[name] for name in ("evaluation_s", "airtime_s", "fixed_s")}
    many = {name: 7.0 * BASE[name] for name in ("target", "variance_price", "drift_price", "noise_price", "optimisation_error")}
    two = minimize_time_to_target(FedZODesignProblem(snr=3.0, **BASE | slow | many))
    np.testing.assert_allclose(two.training_latency_s, 1e3 * one.training_latency_s, rtol=1e-9)
    assert (two.local_steps, two.directions) == (one.local_steps, one.directions)


def test_one_instance_of_a_batch_is_the_instance_alone():
    snr, airtime = np.array([[0.5], [5.0]]), np.array([0.01, 0.1, 1.0])
    batch = minimize_time_to_target(FedZODesignProblem(snr=snr, **BASE | {"airtime_s": airtime}))
    assert batch.training_latency_s.shape == (2, 3)
    for i, j in itertools.product(range(2), range(3)):
        alone = minimize_time_to_target(FedZODesignProblem(snr=snr[i, 0], **BASE | {"airtime_s": airtime[j]}))
        np.testing.assert_allclose(alone.training_latency_s, batch.training_latency_s[i, j], rtol=1e-9)


@pytest.mark.parametrize(
    ("row", "field", "step"),
    [
        ("target", "target", 1e-4),
        ("optimisation_error", "optimisation_error", 1e-4),
        ("evaluation_s", "evaluation_s", 1e-4),
        ("airtime_s", "airtime_s", 1e-4),
        ("fixed_s", "fixed_s", 1e-4),
        ("max_threshold", "max_threshold", 1e-5),
        ("snr", "snr", 1e-4),
    ],
)
@pytest.mark.parametrize("max_threshold", [2.0, 0.4])
def test_prices_are_slopes_of_the_optimum(row, field, step, max_threshold):
    problem = FedZODesignProblem(snr=0.7, **BASE | {"max_threshold": max_threshold})
    table = minimize_time_to_target(problem).explain()
    here = float(getattr(problem, field))
    after, before = (
        float(minimize_time_to_target(dataclasses.replace(problem, **{field: here * (1 + s)})).training_latency_s)
        for s in (step, -step)
    )
    unit = here if row != "snr" else 10.0 / np.log(10.0)
    slope = (after - before) / (2 * step * unit)
    np.testing.assert_allclose(table.loc[(0, row), "price_s_per_unit"], slope, rtol=1e-4, atol=1e-5 * after)
    assert table.loc[(0, "max_threshold"), "binds"] == (max_threshold < 1.0)


def test_explain_has_a_row_for_each_resource_and_instance():
    result = minimize_time_to_target(FedZODesignProblem(snr=[1.0, 10.0], **BASE))
    table = result.explain()
    assert len(table) == 2 * 12
    np.testing.assert_allclose(table.loc[1, "variance term"]["value"], result.variance_term[1])
    assert table.loc[0, "most local steps"]["binds"] == (result.local_steps[0] == 50)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("snr", 0.0, "snr: got 0"),
        ("target", -1.0, "target: got -1"),
        ("num_clients", 0, "num_clients: got 0"),
        ("local_steps", [3, 2], "local_steps: got"),
        ("directions", [0, 2], "directions: got"),
        ("directions", [1.5], "directions: got"),
        ("noise_growth", 2.0, "noise_growth: got 2"),
        ("max_threshold", 0.0, "max_threshold: got 0"),
        ("airtime_s", np.ones(3), "shapes do not match"),
    ],
)
def test_bad_input_names_the_argument(field, value, message):
    with pytest.raises(ValueError, match=message):
        FedZODesignProblem(**{"snr": [1.0, 2.0]} | BASE | {field: value})
