"""Laws of convergence bounds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import learning_constants, maybe_nothing, steps, weights
from latency_opt import (
    ConvergenceBound,
    InfeasibleProblem,
    LearningConstants,
    TwoPointEstimator,
    aircomp_fedzo_bound,
    fedzo_bound,
    hierarchical_fedavg_bound,
    hist_bound,
    hist_imbalance_price,
    hist_training_bound,
    largest_step_size,
    largest_zeroth_order_step_size,
)
from strategies import batches, decade_arrays, decades, not_positive, permutations, refused

MORE = 1.0 + 1e-9
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
    known = draw(learning_constants)
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
    known, estimator, local = draw(learning_constants), draw(estimators), draw(steps)
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
@given(known=learning_constants)
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


@law_of(hist_imbalance_price, hist_bound)
@given(drawn=hist_fields(), cells=st.integers(2, 6), factor=st.floats(1.0, 100.0), shorter=st.floats(0.01, 1.0))
def test_the_price_of_imbalance_is_what_it_adds_to_the_bound(drawn, cells, factor, shorter):
    known, fields = drawn
    how = {name: fields[name] for name in ("step_size", "edge_rounds", "local_steps")}
    price = hist_imbalance_price(known, num_cells=cells, **how)
    assert 0.0 <= price < np.inf
    equal, skewed = np.full(cells, 1.0 / cells), np.arange(1.0, cells + 1.0) / np.arange(1.0, cells + 1.0).sum()
    rest = how | {"num_rounds": 1.0, "clients_per_cell": np.full(cells, 3), "weights": equal, "mean_square_norm": 0.0}
    floors = [float(hist_bound(known, fraction=fraction, **rest).floor) for fraction in (skewed, equal)]
    imbalance = np.sum((skewed - equal) ** 2 / equal)
    assert np.isclose(price * imbalance, floors[0] - floors[1], rtol=1e-6, atol=1e-9 * floors[0])
    assert hist_imbalance_price(known, num_cells=1, **how) == 0.0
    diverse = replace(known, cell_divergence=factor * known.cell_divergence)
    np.testing.assert_allclose(hist_imbalance_price(diverse, num_cells=cells, **how), factor * price, rtol=1e-9)
    steps = how["step_size"] * np.array([shorter, 1.0])
    both = hist_imbalance_price(known, num_cells=cells, **how | {"step_size": steps})
    assert both.shape == (2,)
    assert both[1] == price
    assert both[0] <= price * MORE


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
@given(estimator=estimators, known=learning_constants, factor=st.integers(2, 10))
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
    known=learning_constants,
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
