"""Laws of the schedules that are chosen by convergence bounds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import learning_constants, maybe_nothing, steps, weights
from latency_opt import (
    HierarchicalFedAvgScheduleBound,
    HISTScheduleBound,
    InfeasibleProblem,
    LearningConstants,
    ScheduleProblem,
    ScheduleResult,
    certified,
    hierarchical_fedavg_bound,
    hist_bound,
    minimize_schedule,
)
from strategies import decade_arrays, decades, not_positive, refused

SLOW = settings(max_examples=max(4, settings.default.max_examples // 50), phases=[Phase.explicit, Phase.generate])
"""For what calls CVXPY, which would take minutes to find the simplest example of what fails."""
FEWER = settings(max_examples=max(8, settings.default.max_examples // 4))
MORE = 1.0 + 1e-9


@st.composite
def schedule_bounds(draw):
    known = replace(draw(learning_constants), smoothness=draw(decades(0.1, 10.0)))
    clients = draw(arrays(int, draw(st.integers(1, 3)), elements=st.integers(1, 20)))
    share = draw(weights(clients.shape))
    if draw(st.booleans()):
        return HierarchicalFedAvgScheduleBound(constants=known, clients_per_cell=clients, weights=share)
    return HISTScheduleBound(
        constants=known,
        clients_per_cell=clients,
        weights=share,
        fraction=draw(weights(clients.shape)),
        mean_square_norm=draw(maybe_nothing),
    )


@st.composite
def schedule_problems(draw, batch=()):
    bound = draw(schedule_bounds())
    return ScheduleProblem(
        bound=bound,
        target=bound.floor + draw(decade_arrays(batch, 1e-2, 1e2)),
        step_s=draw(decades(1e-3, 1.0)),
        edge_s=draw(st.just(0.0) | decades(1e-3, 1e2)),
        backhaul_s=draw(st.just(0.0) | decades(1e-3, 1e2)),
        max_edge_rounds=draw(st.integers(1, 6)),
        max_local_steps=draw(st.integers(1, 8)),
    )


@law_of(HierarchicalFedAvgScheduleBound, HISTScheduleBound)
@given(bound=schedule_bounds(), edge=steps, local=steps, part=st.floats(0.01, 1.0))
def test_bounds_for_schedules_are_never_below_the_bounds_that_they_come_from(bound, edge, local, part):
    at = np.array(float(edge)), np.array(float(local))
    path = part * float(bound.max_path(*at))
    coefficients = bound.linear(*at), bound.quadratic(*at), bound.gradient_drift(*at)
    linear, quadratic, drift = (float(value) for value in coefficients)
    assert min(linear, quadratic, drift) >= 0.0
    fields = {
        "num_rounds": 100.0,
        "step_size": path / (edge * local),
        "edge_rounds": edge,
        "local_steps": local,
        "clients_per_cell": bound.clients_per_cell,
        "weights": bound.weights,
    }
    if isinstance(bound, HISTScheduleBound):
        exact = hist_bound(bound.constants, **fields, fraction=bound.fraction, mean_square_norm=bound.mean_square_norm)
    else:
        exact = hierarchical_fedavg_bound(bound.constants, **fields)
    total = (bound.optimisation_error / (100.0 * path) + bound.floor + linear * path + quadratic * path**2) / (
        1.0 - drift * path**2
    )
    assert total >= exact.total * (1.0 - 1e-9)
    assert bound.max_path(at[0] + 1.0, at[1]) <= bound.max_path(*at) * MORE
    assert bound.max_path(at[0], at[1] + 1.0) <= bound.max_path(*at) * MORE


@law_of(ScheduleProblem, ScheduleResult, minimize_schedule)
@FEWER
@given(problem=schedule_problems(), part=st.floats(0.3, 3.0))
def test_no_schedule_and_no_step_is_sooner_than_the_best(problem, part):
    result = certified(minimize_schedule(problem))
    bound, target = problem.bound, float(problem.target)

    def seconds(edge, local, path):
        at = np.array(float(edge)), np.array(float(local))
        room = (
            target
            - bound.floor
            - path * (bound.linear(*at) + path * (bound.quadratic(*at) + target * bound.gradient_drift(*at)))
        )
        if room <= 0.0 or path > bound.max_path(*at) * MORE:
            return np.inf
        rounds = bound.optimisation_error / (path * room)
        return rounds * float(edge * (local * problem.step_s + problem.edge_s) + problem.backhaul_s)

    best, path = float(result.training_latency_s), float(result.step_size * result.edge_rounds * result.local_steps)
    assert np.isclose(seconds(int(result.edge_rounds), int(result.local_steps), path), best, rtol=1e-9)
    for edge in range(1, problem.max_edge_rounds + 1):
        for local in range(1, problem.max_local_steps + 1):
            longest = float(bound.max_path(np.array(float(edge)), np.array(float(local))))
            for other in (min(part * path, longest), longest, path):
                assert seconds(edge, local, other) >= best * (1.0 - 1e-9)
    terms = result.optimisation_term + result.floor_term + result.linear_term + result.quadratic_term
    assert np.isclose(terms, target, rtol=1e-9)
    assert len(result.explain()) >= 9
    if result.optimal_over_all_integers:
        wider = replace(problem, max_edge_rounds=2 * problem.max_edge_rounds, max_local_steps=2 * problem.max_local_steps)
        assert minimize_schedule(wider).training_latency_s >= best * (1.0 - 1e-9)


@law_of(ScheduleProblem, minimize_schedule)
@given(problem=schedule_problems(batch=(3,)), factor=st.floats(1.0, 10.0))
def test_schedules_come_in_batches_scale_with_the_second_and_gain_by_a_looser_target(problem, factor):
    result = minimize_schedule(problem)
    for index in range(3):
        alone = minimize_schedule(
            replace(
                problem,
                target=problem.target[index],
                **{name: getattr(problem, name)[index] for name in ("step_s", "edge_s", "backhaul_s")},
            )
        )
        assert np.isclose(result.training_latency_s[index], alone.training_latency_s, rtol=1e-12)
    slower = replace(problem, **{name: factor * getattr(problem, name) for name in ("step_s", "edge_s", "backhaul_s")})
    np.testing.assert_allclose(minimize_schedule(slower).training_latency_s, factor * result.training_latency_s, rtol=1e-9)
    looser = minimize_schedule(replace(problem, target=factor * problem.target))
    assert (looser.training_latency_s <= result.training_latency_s * MORE).all()
    own = float(result.step_size[0])
    fixed = replace(
        problem,
        target=problem.target[0],
        step_size=own,
        **{name: getattr(problem, name)[0] for name in ("step_s", "edge_s", "backhaul_s")},
    )
    assert minimize_schedule(fixed).training_latency_s >= result.training_latency_s[0] / MORE


@law_of(minimize_schedule)
@given(target=decades(1e-3, 1e6), step_s=decades(1e-3, 1e3), smoothness=decades(1e-3, 1e3))
@example(target=4.0, step_s=1.0, smoothness=1.0)
def test_without_noise_and_drift_the_longest_step_is_best(target, step_s, smoothness):
    known = LearningConstants(smoothness=smoothness, initial_gap=1.0)
    bound = HierarchicalFedAvgScheduleBound(constants=known, clients_per_cell=[1])
    result = certified(
        minimize_schedule(
            ScheduleProblem(bound=bound, target=target, step_s=step_s, edge_s=0.0, max_edge_rounds=1, max_local_steps=1)
        )
    )
    assert np.isclose(result.step_size, 1.0 / smoothness)
    assert np.isclose(result.rounds, 2.0 * smoothness / target)
    assert np.isclose(result.training_latency_s, step_s * result.rounds)


@law_of(ScheduleProblem)
@SLOW
@given(problem=schedule_problems())
def test_cvxpy_agrees_on_schedules(problem):
    result = minimize_schedule(problem)
    program = problem.to_cvxpy(edge_rounds=int(result.edge_rounds), local_steps=int(result.local_steps))
    assert np.isclose(program.solve(gp=True), result.training_latency_s, rtol=1e-4)


@law_of(ScheduleProblem, minimize_schedule, HierarchicalFedAvgScheduleBound, HISTScheduleBound)
@given(wrong=not_positive)
def test_schedules_name_what_is_wrong_with_them(wrong):
    known = LearningConstants(smoothness=1.0, initial_gap=1.0, cell_divergence=1.0, noise_variance=1.0)
    bound = HierarchicalFedAvgScheduleBound(constants=known, clients_per_cell=[2, 3])
    right = {"bound": bound, "target": 1.0, "step_s": 1.0, "edge_s": 1.0, "backhaul_s": 1.0}
    for name in ("target", "step_s", "step_size"):
        with refused(name):
            ScheduleProblem(**right | {name: wrong})
    if wrong != 0.0:
        for name in ("edge_s", "backhaul_s"):
            with refused(name):
                ScheduleProblem(**right | {name: wrong})
        with refused("mean_square_norm"):
            HISTScheduleBound(constants=known, clients_per_cell=[2, 3], fraction=[0.5, 0.5], mean_square_norm=wrong)
    for name in ("max_edge_rounds", "max_local_steps"):
        with refused(name):
            ScheduleProblem(**right, **{name: 0})
    with refused("clients_per_cell"):
        HierarchicalFedAvgScheduleBound(constants=known, clients_per_cell=[2, wrong])
    with refused("initial_gap"):
        HierarchicalFedAvgScheduleBound(constants=replace(known, initial_gap=0.0), clients_per_cell=[2])
    uneven = HISTScheduleBound(constants=known, clients_per_cell=[2, 2], fraction=[0.9, 0.1], mean_square_norm=1.0)
    with pytest.raises(InfeasibleProblem, match=r"^target"):
        minimize_schedule(ScheduleProblem(**right | {"bound": uneven, "target": 0.9 * uneven.floor}))
    with pytest.raises(InfeasibleProblem, match=r"^step_size"):
        minimize_schedule(ScheduleProblem(**right, step_size=1e3))
