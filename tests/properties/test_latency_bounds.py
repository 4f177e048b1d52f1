"""Laws of convergence bounds, and of the schedules and designs that are chosen by them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import weights
from latency_opt import (
    ConvergenceBound,
    FedZODesignProblem,
    FedZODesignResult,
    HierarchicalFedAvgScheduleBound,
    HISTScheduleBound,
    InfeasibleProblem,
    LearningConstants,
    ScheduleProblem,
    ScheduleResult,
    TwoPointEstimator,
    aircomp_fedzo_bound,
    certified,
    fedzo_bound,
    hierarchical_fedavg_bound,
    hist_bound,
    hist_training_bound,
    largest_step_size,
    largest_zeroth_order_step_size,
    least_snr,
    minimize_schedule,
    minimize_time_to_target,
)
from strategies import batches, decade_arrays, decades, not_positive, permutations, refused

SLOW = settings(max_examples=max(4, settings.default.max_examples // 50), phases=[Phase.explicit, Phase.generate])
"""For what calls CVXPY, which would take minutes to find the simplest example of what fails."""
FEWER = settings(max_examples=max(8, settings.default.max_examples // 4))
MORE = 1.0 + 1e-9
maybe_nothing = st.just(0.0) | decades(1e-3, 1e3)
steps = st.integers(1, 20)

constants = st.builds(
    LearningConstants,
    smoothness=decades(1e-2, 1e2),
    initial_gap=decades(1e-2, 1e2),
    noise_variance=maybe_nothing,
    cell_divergence=maybe_nothing,
    client_divergence=maybe_nothing,
)
estimators = st.builds(
    TwoPointEstimator,
    num_parameters=st.integers(1, 10**6),
    directions=st.integers(1, 200),
    batch_size=st.integers(1, 100),
    smoothing=decades(1e-6, 1e-1),
)


@st.composite
def hierarchies(draw, given_weights=True):
    """Arguments of the bounds of methods with cells; the step is within what they hold for."""
    known = draw(constants)
    edge, local = draw(steps), draw(steps)
    cells = draw(st.integers(1, 4))
    fields = {
        "num_rounds": float(draw(st.integers(1, 10**6))),
        "step_size": draw(st.floats(1e-3, 1.0)) * largest_step_size(smoothness=known.smoothness, steps=edge * local),
        "edge_rounds": edge,
        "local_steps": local,
        "clients_per_cell": draw(arrays(int, cells, elements=st.integers(1, 50))),
    }
    if given_weights:
        fields["weights"] = draw(weights((cells,)))
    return known, fields


@st.composite
def hist_fields(draw):
    known, fields = draw(hierarchies())
    cells = len(fields["clients_per_cell"])
    return known, fields | {"fraction": draw(weights((cells,))), "mean_square_norm": draw(maybe_nothing)}


@st.composite
def fedzo_fields(draw):
    known, estimator, local = draw(constants), draw(estimators), draw(steps)
    clients = draw(st.integers(1, 100))
    chosen = draw(st.integers(1, clients))
    largest = largest_zeroth_order_step_size(
        smoothness=known.smoothness,
        local_steps=local,
        direction_variance=estimator.direction_variance,
        inverse_participants=1.0 / chosen,
    )
    return known, {
        "estimator": estimator,
        "num_rounds": float(draw(st.integers(1, 10**6))),
        "step_size": draw(st.floats(1e-3, 1.0)) * largest,
        "local_steps": local,
        "num_clients": clients,
        "num_participants": chosen,
    }


def is_a_bound(bound, *, shape=()):
    assert bound.total.shape == shape
    for term in bound.terms.values():
        assert np.isfinite(term).all()
        assert (term >= 0.0).all()
    np.testing.assert_allclose(bound.total, sum(bound.terms.values()), rtol=1e-12)


def worse(known, name, factor):
    return replace(known, **{name: factor * getattr(known, name)})


# The bound itself


@law_of(ConvergenceBound)
@given(batch=batches, data=st.data())
def test_a_bound_is_the_sum_of_its_terms_and_rounds_meet_the_target(batch, data):
    bound = ConvergenceBound(
        num_rounds=data.draw(decade_arrays(batch, 1.0, 1e6)),
        optimisation_error=data.draw(decade_arrays(batch, 1e-3, 1e6)),
        constant_terms={name: data.draw(decade_arrays(batch, 1e-6, 1e3)) for name in ("one", "other")},
    )
    is_a_bound(bound, shape=batch)
    np.testing.assert_allclose(bound.floor, bound.constant_terms["one"] + bound.constant_terms["other"], rtol=1e-12)
    largest = np.max(np.array(list(bound.terms.values())), axis=0)
    for index in np.ndindex(batch):
        assert bound.terms[str(np.asarray(bound.dominant)[index])][index] == largest[index]
    target = data.draw(decades(1e-6, 1e4))
    rounds = bound.rounds(target)
    assert rounds.shape == batch
    np.testing.assert_array_equal(np.isinf(rounds), target <= bound.floor)
    assume((np.abs(target - bound.floor) > 1e-6 * target).all())
    enough = np.where(np.isinf(rounds), 1.0, rounds)
    after = replace(bound, num_rounds=np.maximum(enough, 1.0)).total
    assert (after <= target * (1.0 + 1e-6))[np.isfinite(rounds)].all()
    if batch:
        with refused("explain"):
            bound.explain()
    else:
        table = bound.explain()
        assert np.isclose(table["value"].sum(), bound.total)
        assert np.isclose(table["share"].sum(), 1.0)
        assert (np.diff(table["value"]) <= 0.0).all()


@law_of(ConvergenceBound, LearningConstants)
@given(wrong=not_positive)
def test_bounds_and_constants_name_what_is_wrong_with_them(wrong):
    right = {"num_rounds": 1.0, "optimisation_error": 1.0, "constant_terms": {"noise": 1.0}}
    bound = ConvergenceBound(**right)
    with refused("target"):
        bound.rounds(wrong)
    with refused("num_rounds"):
        ConvergenceBound(**right | {"num_rounds": wrong})
    with refused("smoothness"):
        LearningConstants(smoothness=wrong, initial_gap=1.0)
    if wrong != 0.0:
        with refused("optimisation_error"):
            ConvergenceBound(**right | {"optimisation_error": wrong})
        with refused("noise"):
            ConvergenceBound(**right | {"constant_terms": {"noise": wrong}})
        for name in ("initial_gap", "noise_variance", "cell_divergence", "client_divergence"):
            with refused(name):
                LearningConstants(**{"smoothness": 1.0, "initial_gap": 1.0, name: wrong})


@law_of(LearningConstants)
@given(known=constants)
def test_what_a_network_without_cells_sees_is_the_sum_of_both_divergences(known):
    assert known.divergence == known.cell_divergence + known.client_divergence


# Step sizes


@law_of(largest_step_size)
@given(smoothness=decades(1e-6, 1e6), count=st.integers(1, 1000), factor=st.floats(1.0, 100.0))
def test_smoother_losses_and_fewer_steps_admit_larger_steps(smoothness, count, factor):
    here = largest_step_size(smoothness=smoothness, steps=count)
    assert np.isclose(largest_step_size(smoothness=factor * smoothness, steps=count), here / factor)
    assert largest_step_size(smoothness=smoothness, steps=count + 1) <= here
    assert here * smoothness * count <= 1.0


@law_of(largest_zeroth_order_step_size)
@given(data=st.data(), factor=st.floats(1.0, 100.0))
def test_harder_estimates_admit_smaller_steps(data, factor):
    fields = {
        "smoothness": data.draw(decades(1e-3, 1e3)),
        "local_steps": float(data.draw(steps)),
        "direction_variance": data.draw(maybe_nothing),
        "inverse_participants": data.draw(st.floats(1e-3, 1.0)),
        "channel_noise": data.draw(maybe_nothing),
    }
    here = largest_zeroth_order_step_size(**fields)
    for name, value in fields.items():
        assert largest_zeroth_order_step_size(**fields | {name: factor * value}) <= here * MORE, name
    assert here * fields["smoothness"] * fields["local_steps"] <= MORE


@law_of(largest_step_size, largest_zeroth_order_step_size)
@given(wrong=not_positive)
def test_step_sizes_name_what_is_wrong(wrong):
    with refused("smoothness"):
        largest_step_size(smoothness=wrong, steps=1)
    with refused("steps"):
        largest_step_size(smoothness=1.0, steps=wrong)
    right = {"smoothness": 1.0, "local_steps": 1, "direction_variance": 1.0, "inverse_participants": 0.5}
    for name in ("smoothness", "local_steps"):
        with refused(name):
            largest_zeroth_order_step_size(**right | {name: wrong})
    if wrong != 0.0:
        for name in ("direction_variance", "inverse_participants", "channel_noise"):
            with refused(name):
                largest_zeroth_order_step_size(**right | {name: wrong})


# Methods with cells


@law_of(hierarchical_fedavg_bound)
@given(drawn=hierarchies(), factor=st.floats(1.0, 10.0), data=st.data())
def test_the_bound_of_hierarchical_fedavg_grows_with_all_that_is_hard(drawn, factor, data):
    known, fields = drawn
    bound = hierarchical_fedavg_bound(known, **fields)
    is_a_bound(bound)
    for name in ("initial_gap", "noise_variance", "cell_divergence", "client_divergence"):
        assert hierarchical_fedavg_bound(worse(known, name, factor), **fields).total >= bound.total / MORE
    longer = hierarchical_fedavg_bound(known, **fields | {"num_rounds": factor * fields["num_rounds"]})
    assert longer.total <= bound.total * MORE
    crowd = hierarchical_fedavg_bound(known, **fields | {"clients_per_cell": 2 * fields["clients_per_cell"]})
    assert crowd.constant_terms["gradient noise"] <= bound.constant_terms["gradient noise"] * MORE
    order = data.draw(permutations(len(fields["clients_per_cell"])))
    moved = {name: fields[name][order] for name in ("clients_per_cell", "weights")}
    assert np.isclose(hierarchical_fedavg_bound(known, **fields | moved).total, bound.total)
    # In other units of the parameters, with the loss as it was.
    scaled = LearningConstants(
        smoothness=factor**2 * known.smoothness,
        initial_gap=known.initial_gap,
        noise_variance=factor**2 * known.noise_variance,
        cell_divergence=factor**2 * known.cell_divergence,
        client_divergence=factor**2 * known.client_divergence,
    )
    other = hierarchical_fedavg_bound(scaled, **fields | {"step_size": fields["step_size"] / factor**2})
    assert np.isclose(other.total, factor**2 * bound.total)


@law_of(hierarchical_fedavg_bound, hist_bound)
@given(batch=batches, drawn=hist_fields(), data=st.data())
def test_bounds_of_a_batch_are_a_loop_over_them(batch, drawn, data):
    known, fields = drawn
    part = data.draw(arrays(float, batch, elements=st.floats(0.1, 1.0)))
    norm = fields.pop("mean_square_norm")
    fraction = fields.pop("fraction")
    for of, extra in ((hierarchical_fedavg_bound, {}), (hist_bound, {"fraction": fraction, "mean_square_norm": norm})):
        together = of(known, **fields | {"step_size": part * fields["step_size"]} | extra)
        is_a_bound(together, shape=batch)
        for index in np.ndindex(batch):
            alone = of(known, **fields | {"step_size": part[index] * fields["step_size"]} | extra)
            assert np.isclose(together.total[index], alone.total, rtol=1e-12)


@law_of(hist_bound)
@given(drawn=hist_fields(), factor=st.floats(1.0, 10.0), data=st.data())
def test_the_bound_of_hist_grows_with_all_that_is_hard(drawn, factor, data):
    known, fields = drawn
    bound = hist_bound(known, **fields)
    is_a_bound(bound)
    for name in ("initial_gap", "noise_variance", "cell_divergence", "client_divergence"):
        assert hist_bound(worse(known, name, factor), **fields).total >= bound.total / MORE
    more = {"mean_square_norm": factor * fields["mean_square_norm"]}
    assert hist_bound(known, **fields | more).total >= bound.total / MORE
    order = data.draw(permutations(len(fields["clients_per_cell"])))
    moved = {name: fields[name][order] for name in ("clients_per_cell", "weights", "fraction")}
    assert np.isclose(hist_bound(known, **fields | moved).total, bound.total)
    balanced = hist_bound(known, **fields | {"fraction": fields["weights"]})
    assert balanced.constant_terms["unequal sub-models"] == 0.0
    if len(fields["clients_per_cell"]) == 1:
        whole = hierarchical_fedavg_bound(
            known, **{k: v for k, v in fields.items() if k not in ("fraction", "mean_square_norm")}
        )
        assert np.isclose(bound.total, whole.total)


@law_of(hist_training_bound)
@given(drawn=hist_fields(), room=decades(1e-3, 1e3))
def test_a_training_bound_is_the_bound_of_hist_at_its_worst_split_of_clients(drawn, room):
    known, fields = drawn
    cells, fewest = len(fields["clients_per_cell"]), int(fields["clients_per_cell"].min())
    equal = np.full(cells, 1.0 / cells)
    how = {name: fields[name] for name in ("step_size", "edge_rounds", "local_steps", "mean_square_norm")}
    alike = np.full(cells, fewest)
    balanced = hist_bound(known, num_rounds=1.0, clients_per_cell=alike, fraction=equal, weights=equal, **how)
    target = float(balanced.floor) + room
    found = hist_training_bound(known, target=target, clients_per_cell=fields["clients_per_cell"], **how)
    assume(room > 1e-9 * target)
    assert np.isclose(found.target, room, rtol=1e-6)
    skewed = hist_bound(known, num_rounds=1.0, clients_per_cell=alike, weights=equal, fraction=fields["fraction"], **how)
    imbalance = np.sum((fields["fraction"] - equal) ** 2 / equal)
    assert np.isclose(
        found.imbalance_price * imbalance, skewed.floor - balanced.floor, rtol=1e-6, atol=1e-9 * float(skewed.floor)
    )
    assert np.isclose(found.rounds(0.0), balanced.optimisation_error / room, rtol=1e-6)
    if balanced.floor > 0.0:
        with pytest.raises(InfeasibleProblem, match=r"^target"):
            hist_training_bound(known, target=0.99 * float(balanced.floor), clients_per_cell=fields["clients_per_cell"], **how)


@law_of(hierarchical_fedavg_bound, hist_bound, hist_training_bound)
@given(drawn=hist_fields(), wrong=not_positive, factor=st.floats(1.01, 100.0))
def test_bounds_of_methods_with_cells_name_what_is_wrong(drawn, wrong, factor):
    known, fields = drawn
    whole = {name: value for name, value in fields.items() if name not in ("fraction", "mean_square_norm")}
    for name in ("num_rounds", "step_size", "edge_rounds", "local_steps", "clients_per_cell", "weights"):
        with refused(name):
            hierarchical_fedavg_bound(known, **whole | {name: np.full_like(whole[name], wrong, dtype=float)})
        with refused(name):
            hist_bound(known, **fields | {name: np.full_like(fields[name], wrong, dtype=float)})
    with refused("fraction"):
        hist_bound(known, **fields | {"fraction": 0.5 * fields["fraction"]})
    too_long = factor * largest_step_size(smoothness=known.smoothness, steps=fields["edge_rounds"] * fields["local_steps"])
    for of, own in ((hierarchical_fedavg_bound, whole), (hist_bound, fields)):
        with refused("step_size"):
            of(known, **own | {"step_size": too_long})
    if wrong != 0.0:
        with refused("mean_square_norm"):
            hist_bound(known, **fields | {"mean_square_norm": wrong})
    with refused("target"):
        how = {
            name: fields[name] for name in ("step_size", "edge_rounds", "local_steps", "mean_square_norm", "clients_per_cell")
        }
        hist_training_bound(known, target=wrong, **how)


# Methods without gradients


@law_of(TwoPointEstimator)
@given(estimator=estimators, known=constants, factor=st.integers(2, 10))
def test_more_directions_and_samples_leave_less_variance(estimator, known, factor):
    sharper = replace(estimator, directions=factor * estimator.directions)
    larger = replace(estimator, batch_size=factor * estimator.batch_size)
    closer = replace(estimator, smoothing=estimator.smoothing / factor)
    assert sharper.direction_variance <= estimator.direction_variance
    assert np.isclose(larger.sample_variance(known), estimator.sample_variance(known) / factor)
    assert np.isclose(closer.bias_squared(known), estimator.bias_squared(known) / factor**2)
    assert np.isclose(closer.difference_variance(known), estimator.difference_variance(known) / factor**2)
    assert (replace(estimator, num_parameters=1.0).direction_variance) == 0.0


@law_of(TwoPointEstimator)
@given(wrong=not_positive)
def test_an_estimator_names_what_is_wrong_with_it(wrong):
    right = {"num_parameters": 10, "directions": 2, "batch_size": 3, "smoothing": 1e-3}
    for name in right:
        with refused(name):
            TwoPointEstimator(**right | {name: wrong})


@law_of(fedzo_bound)
@given(drawn=fedzo_fields(), factor=st.floats(1.0, 10.0))
def test_the_bound_of_fedzo_grows_with_all_that_is_hard(drawn, factor):
    known, fields = drawn
    bound = fedzo_bound(known, **fields)
    is_a_bound(bound)
    for name in ("initial_gap", "noise_variance", "cell_divergence", "client_divergence"):
        assert fedzo_bound(worse(known, name, factor), **fields).total >= bound.total / MORE
    longer = fedzo_bound(known, **fields | {"num_rounds": factor * fields["num_rounds"]})
    assert longer.total <= bound.total * MORE
    everybody = fedzo_bound(known, **fields | {"num_participants": None})
    assert everybody.total <= bound.total * MORE
    assert everybody.constant_terms["choice of clients"] == 0.0
    assert bound.constant_terms["channel noise"] == 0.0
    with refused("num_participants"):
        fedzo_bound(known, **fields | {"num_participants": fields["num_clients"] + 1})
    with refused("step_size"):
        fedzo_bound(known, **fields | {"step_size": 1e3 / known.smoothness})


@law_of(aircomp_fedzo_bound)
@given(
    known=constants,
    estimator=estimators,
    local=steps,
    clients=st.integers(1, 60),
    threshold=st.floats(0.05, 1.5),
    snr=decades(1e-3, 1e6),
    norm=st.none() | decades(1e-2, 1e3),
)
def test_more_snr_lowers_the_bound_over_the_air_towards_that_of_exact_links(
    known, estimator, local, clients, threshold, snr, norm
):
    from aircomp.analysis.truncation import aligned_snr, mean_inverse_participants

    inverse = mean_inverse_participants(threshold, num_clients=clients)
    noise = 0.0 if norm is not None else inverse / aligned_snr(threshold, snr=snr)
    largest = largest_zeroth_order_step_size(
        smoothness=known.smoothness,
        local_steps=local,
        direction_variance=estimator.direction_variance,
        inverse_participants=inverse,
        channel_noise=noise,
    )
    fields = {
        "estimator": estimator,
        "num_rounds": 1000.0,
        "step_size": 0.5 * largest,
        "local_steps": local,
        "num_clients": clients,
        "threshold": threshold,
        "estimator_norm": norm,
    }
    bounds = [aircomp_fedzo_bound(known, snr=level, **fields) for level in (snr, 10.0 * snr, 1e12 * snr)]
    for bound in bounds:
        is_a_bound(bound)
    assert bounds[1].total <= bounds[0].total * MORE
    assert bounds[2].total <= bounds[1].total * MORE
    scale = bounds[0].total if norm is None else bounds[0].total + bounds[0].constant_terms["channel noise"]
    assert bounds[2].constant_terms["channel noise"] <= 1e-6 * scale


@law_of(aircomp_fedzo_bound)
@given(wrong=not_positive)
def test_the_bound_over_the_air_names_what_is_wrong(wrong):
    known = LearningConstants(smoothness=1.0, initial_gap=1.0)
    right = {
        "estimator": TwoPointEstimator(num_parameters=10, directions=5, batch_size=5, smoothing=1e-3),
        "num_rounds": 100.0,
        "step_size": 1e-3,
        "local_steps": 2,
        "num_clients": 10,
        "threshold": 0.5,
        "snr": 1.0,
    }
    for name in ("num_rounds", "step_size", "local_steps", "num_clients", "threshold", "snr"):
        with refused(name):
            aircomp_fedzo_bound(known, **right | {name: wrong})
    if wrong != 0.0:
        with refused("estimator_norm"):
            aircomp_fedzo_bound(known, **right, estimator_norm=wrong)


# Schedules


@st.composite
def schedule_bounds(draw):
    known = replace(draw(constants), smoothness=draw(decades(0.1, 10.0)))
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


# Design of FedZO over the air


@st.composite
def designs(draw, batch=()):
    clients = draw(st.integers(1, 30))
    most = draw(st.integers(1, 8))
    known = {
        "target": draw(decade_arrays(batch, 1e-2, 1.0)),
        "optimisation_error": draw(decades(1e-2, 1e2)),
        "num_parameters": draw(st.integers(1, 1000)),
        "drift_price": draw(st.just(0.0) | decades(1e-3, 1.0)),
        "noise_price": draw(decades(1e-3, 1e2)),
        "step_size": draw(decades(1e-4, 1e-2)),
        "evaluation_s": draw(st.just(0.0) | decades(1e-5, 1e-2)),
        "airtime_s": draw(decades(1e-3, 1.0)),
        "fixed_s": draw(st.just(0.0) | decades(1e-3, 1.0)),
        "num_clients": clients,
        "local_steps": np.arange(1, draw(st.integers(1, 6)) + 1),
        "directions": np.arange(1, most + 1),
        "noise_growth": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "max_threshold": draw(st.floats(0.3, 2.0)),
    }
    room = known["target"].min() - known["drift_price"] * known["step_size"] ** 2
    share = draw(st.floats(0.0, 0.9))
    known["variance_price"] = share * room * clients * most / known["num_parameters"]
    problem = FedZODesignProblem(snr=1.0, **known)
    needed, _ = least_snr(problem)
    return replace(problem, snr=needed * draw(decades(1.01, 1e4)))


def design_seconds(problem, threshold):
    """(G, H, b₂) time to the target with each h_min, by the moments of a binomial."""
    from scipy.stats import binom

    count = np.arange(1, problem.num_clients + 1)
    law = binom.pmf(count, problem.num_clients, np.exp(-(threshold[:, None] ** 2)))
    heard, inverse, square = (law @ (1.0 / count**k) for k in (0.0, 1.0, 2.0))
    noise = np.outer(square / threshold**2, problem.noise)[:, :, None]
    variance = np.outer(inverse, problem.variance)[:, None, :]
    gain = heard[:, None, None] * problem.room[None, :, None] - variance - noise
    rounds = problem.optimisation_error / (problem.path_length[None, :, None] * np.where(gain > 0.0, gain, 1.0))
    return np.where(gain > 0.0, rounds * problem.round_s, np.inf)


@law_of(FedZODesignProblem, FedZODesignResult, minimize_time_to_target)
@FEWER
@given(problem=designs())
def test_no_design_on_a_fine_grid_is_sooner_than_the_best(problem):
    result = certified(minimize_time_to_target(problem))
    best = float(result.training_latency_s)
    grid = np.linspace(1e-3, 1.0, 400) * problem.max_threshold
    assert design_seconds(problem, grid).min() >= best * (1.0 - 1e-8)
    own = design_seconds(problem, np.atleast_1d(result.threshold))[0]
    step = int(np.flatnonzero(problem.local_steps == result.local_steps)[0])
    along = int(np.flatnonzero(problem.directions == result.directions)[0])
    assert np.isclose(own[step, along], best, rtol=1e-8)
    assert result.lower_bound_s <= best * MORE
    assert result.optimality_gap <= 1e-7
    terms = result.optimisation_term + result.variance_term + result.drift_term + result.noise_term
    assert np.isclose(terms, problem.target, rtol=1e-8)
    assert np.isclose(result.participation, np.exp(-(result.threshold**2)))
    assert len(result.explain()) > 5


@law_of(least_snr, minimize_time_to_target)
@FEWER
@given(problem=designs(), part=st.floats(0.01, 0.999))
def test_below_the_least_snr_no_design_meets_the_target(problem, part):
    needed, threshold = least_snr(problem)
    assert 0.0 < threshold <= problem.max_threshold * MORE
    poor = replace(problem, snr=part * needed)
    with pytest.raises(InfeasibleProblem, match=r"^snr: got"):
        minimize_time_to_target(poor)
    grid = np.linspace(1e-3, 1.0, 400) * problem.max_threshold
    assert np.isinf(design_seconds(poor, grid)).all()
    assert np.isclose(least_snr(poor)[0], needed, rtol=1e-9)


@law_of(FedZODesignProblem, minimize_time_to_target, least_snr)
@FEWER
@given(problem=designs(batch=(2,)), factor=st.floats(1.0, 10.0))
def test_designs_come_in_batches_and_gain_by_snr_and_by_a_looser_target(problem, factor):
    result = minimize_time_to_target(problem)
    batched = (
        "snr",
        "target",
        "optimisation_error",
        "num_parameters",
        "variance_price",
        "drift_price",
        "noise_price",
        "step_size",
    )
    batched += ("evaluation_s", "airtime_s", "fixed_s")
    for index in range(2):
        alone = minimize_time_to_target(replace(problem, **{name: getattr(problem, name)[index] for name in batched}))
        assert np.isclose(result.training_latency_s[index], alone.training_latency_s, rtol=1e-8)
    for name in ("snr", "target"):
        better = minimize_time_to_target(replace(problem, **{name: factor * getattr(problem, name)}))
        assert (better.training_latency_s <= result.training_latency_s * (1.0 + 1e-8)).all()
    times = {name: factor * getattr(problem, name) for name in ("evaluation_s", "airtime_s", "fixed_s")}
    slower = minimize_time_to_target(replace(problem, **times))
    np.testing.assert_allclose(slower.training_latency_s, factor * result.training_latency_s, rtol=1e-8)


@law_of(FedZODesignProblem, least_snr)
@given(wrong=not_positive)
def test_designs_name_what_is_wrong_with_them(wrong):
    right = {
        "snr": 1.0,
        "target": 0.05,
        "optimisation_error": 10.0,
        "num_parameters": 100,
        "variance_price": 1e-2,
        "drift_price": 1.0,
        "noise_price": 1.0,
        "step_size": 1e-3,
        "evaluation_s": 1e-3,
        "airtime_s": 0.1,
        "num_clients": 50,
    }
    positive = ("snr", "target", "optimisation_error", "num_parameters", "noise_price", "step_size", "airtime_s", "num_clients")
    for name in (*positive, "max_threshold"):
        with refused(name):
            FedZODesignProblem(**right | {name: wrong})
    if wrong != 0.0:
        for name in ("variance_price", "drift_price", "evaluation_s", "fixed_s", "noise_growth"):
            with refused(name):
                FedZODesignProblem(**right | {name: wrong})
    for name in ("local_steps", "directions"):
        for choices in ([], [2, 1], [0, 1], [1.5]):
            with refused(name):
                FedZODesignProblem(**right, **{name: choices})
    with pytest.raises(InfeasibleProblem, match=r"^target"):
        least_snr(FedZODesignProblem(**right | {"variance_price": 1e3}))
    with refused("to_cvxpy"):
        FedZODesignProblem(**right | {"snr": [1.0, 2.0]}).to_cvxpy(threshold=0.5)


@law_of(FedZODesignProblem)
@SLOW
@given(problem=designs(), share=st.floats(0.8, 1.2))
def test_cvxpys_real_design_is_a_lower_bound(problem, share):
    best = minimize_time_to_target(problem)
    relaxed = problem.to_cvxpy(threshold=float(best.threshold)).solve(gp=True)
    assert relaxed <= best.training_latency_s * (1.0 + 1e-5)
