"""Laws of shares of a model that follow the channels from round to round."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covered import law_of
from federated_strategies import partition_fields, tasks
from fl_models import (
    HIST,
    MLP,
    AdaptiveHIST,
    FixedPrice,
    Ideal,
    NetworkClock,
    RoundWork,
    Schedule,
    Streams,
    VirtualQueue,
    Workers,
    initial_state,
    partition_rounds,
    round_problem,
)
from latency_opt import (
    OFDMA,
    AirComp,
    InfeasibleProblem,
    OptimalBandwidth,
    PartitionProblem,
    PricedPartitionProblem,
    minimize_priced_latency,
)
from strategies import decades, not_positive, permutations, refused, seeds

FEWER = settings(max_examples=max(6, settings.default.max_examples // 5))
many = st.integers(6, 500)
prices = st.just(0.0) | decades(1e-6, 1e6)
queues = st.builds(VirtualQueue, max_imbalance=decades(1e-4, 10.0), latency_weight_per_s=decades(1e-3, 1e3))
SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=2)


@st.composite
def problems(draw):
    return PartitionProblem(**draw(partition_fields(floors=False)))


# Policies


@law_of(FixedPrice, VirtualQueue)
@given(problem=problems(), policy=st.builds(FixedPrice, imbalance_price_s=prices) | queues, num_neurons=many)
def test_every_cell_gets_neurons_and_all_are_dealt(problem, policy, num_neurons):
    memory = policy.memory()
    dealt, after = policy.neurons(problem, num_neurons=num_neurons, memory=memory)
    assert dealt.shape == (problem.num_cells,)
    assert (dealt >= 1).all()
    assert dealt.sum() == num_neurons
    again, same = policy.neurons(problem, num_neurons=num_neurons, memory=memory)
    np.testing.assert_array_equal(again, dealt)
    assert after == same
    assert after.keys() == memory.keys() == policy.memory().keys()
    assert all(memory[name] == values for name, values in policy.memory().items())  # not changed in place
    with pytest.raises(InfeasibleProblem, match=r"^num_neurons"):
        policy.neurons(problem, num_neurons=problem.num_cells - 1, memory=memory)


@law_of(FixedPrice)
@given(problem=problems(), price=prices, factor=st.floats(1.0, 1e3), data=st.data())
def test_a_higher_price_is_more_balanced_and_no_sooner(problem, price, factor, data):
    """With so many neurons that rounding to whole ones is next to nothing."""
    number = 10**9

    def shares(problem, price):
        return FixedPrice(imbalance_price_s=price).neurons(problem, num_neurons=number, memory={})[0] / number

    low, high = shares(problem, price), shares(problem, factor * price)
    exact = minimize_priced_latency(PricedPartitionProblem(partition=problem, imbalance_price_s=np.asarray(price)))
    np.testing.assert_allclose(low, exact.fraction, atol=problem.num_cells * 2.0 / number)
    assert problem.imbalance(high) <= problem.imbalance(low) + 1e-6
    assert problem.latency_s(high).max() >= problem.latency_s(low).max() * (1.0 - 1e-6)
    order = data.draw(permutations(problem.num_cells))
    turned = replace(
        problem,
        fixed_latency_s=problem.fixed_latency_s[order],
        slope_s=problem.slope_s[order],
        weights=problem.weights[order],
    )
    np.testing.assert_allclose(shares(turned, price), low[order], atol=1e-6)


@law_of(VirtualQueue)
@given(
    drawn=st.lists(partition_fields(num_cells=st.just(3), floors=False), min_size=1, max_size=8),
    policy=queues,
    num_neurons=many,
)
def test_the_mean_imbalance_is_within_its_bound_on_every_path(drawn, policy, num_neurons):
    memory, total = policy.memory(), 0.0
    for fields in drawn:
        problem = PartitionProblem(**fields)
        price = float(memory["queue"]) / policy.latency_weight_per_s
        fixed, _ = FixedPrice(imbalance_price_s=price).neurons(problem, num_neurons=num_neurons, memory={})
        dealt, memory = policy.neurons(problem, num_neurons=num_neurons, memory=memory)
        np.testing.assert_array_equal(dealt, fixed)
        assert memory["queue"] >= 0.0
        total += float(problem.imbalance(dealt / num_neurons))
    rounds = len(drawn)
    assert total / rounds <= (policy.max_imbalance + memory["queue"] / rounds) * (1.0 + 1e-9)


@law_of(FixedPrice, VirtualQueue, AdaptiveHIST)
@given(wrong=not_positive)
def test_policies_name_what_is_wrong(wrong):
    right = {"max_imbalance": 0.1, "latency_weight_per_s": 1.0}
    for name in right:
        with refused(name):
            VirtualQueue(**right | {name: wrong})
    if wrong != 0.0:
        with refused("imbalance_price_s"):
            FixedPrice(imbalance_price_s=wrong)
    for policy in (FixedPrice, "fixed", None):
        with refused("policy"):
            AdaptiveHIST(schedule=SCHEDULE, policy=policy)


# Rounds


def work_of(task, network, *, access, seed, selected=None):
    """A round over the channels of a network."""
    channel = network.draw(SCHEDULE.edge_rounds, rng=np.random.default_rng(seed))
    ideal = RoundWork.ideal(task, schedule=SCHEDULE, streams=Streams(seed=seed), round_index=0, workers=Workers(num_threads=1))
    cells = tuple(replace(cell, plan=Ideal().plan(channel.cells[cell.cell])) for cell in ideal.cells)
    return replace(ideal, cells=cells, channels=channel.cells, clock=NetworkClock(access=access))


ACCESSES = pytest.mark.parametrize("access", [AirComp(), OFDMA(policy=OptimalBandwidth())], ids=["aircomp", "ofdma"])


@law_of(round_problem, partition_rounds)
@ACCESSES
@FEWER
@given(cells=st.integers(1, 3), hidden=st.integers(4, 12), seed=seeds)
def test_the_problem_of_a_round_is_that_of_its_channels(make_network, make_task, access, cells, hidden, seed):
    network = make_network(cells, 2)
    task = replace(make_task(network), model=MLP(num_inputs=64, num_hidden=hidden, num_classes=10))
    problem = round_problem(task.model, work_of(task, network, access=access, seed=seed))
    many_rounds = partition_rounds(
        task.model,
        network=network,
        aggregator=Ideal(),
        clock=NetworkClock(access=access),
        schedule=SCHEDULE,
        rng=np.random.default_rng(seed),
        num_rounds=1,
    )
    np.testing.assert_allclose(problem.slope_s, many_rounds.slope_s[0], rtol=1e-9)
    np.testing.assert_allclose(problem.fixed_latency_s, many_rounds.fixed_latency_s[0], rtol=1e-9)
    np.testing.assert_allclose(problem.weights.sum(), 1.0)
    bare = RoundWork.ideal(task, schedule=SCHEDULE, streams=Streams(seed=0), round_index=0, workers=Workers(num_threads=1))
    with refused("work"):
        round_problem(task.model, bare)


@law_of(AdaptiveHIST)
@ACCESSES
@FEWER
@given(
    cells=st.integers(1, 3),
    hidden=st.integers(4, 12),
    seed=seeds,
    policy=st.builds(FixedPrice, imbalance_price_s=prices) | queues,
)
def test_an_adaptive_round_is_that_of_hist_with_the_neurons_it_was_dealt(
    make_network, make_task, access, cells, hidden, seed, policy
):
    network = make_network(cells, 2)
    task = replace(make_task(network), model=MLP(num_inputs=64, num_hidden=hidden, num_classes=10))
    algorithm = AdaptiveHIST(schedule=SCHEDULE, policy=policy)
    work = work_of(task, network, access=access, seed=seed)
    start = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(seed)))
    after = algorithm.round(start, work)
    neurons = tuple(int(count) for count in after.memory["partition_neurons"])
    dealt, _ = policy.neurons(round_problem(task.model, work), num_neurons=hidden, memory=policy.memory())
    assert neurons == tuple(dealt)
    assert [model.num_hidden for model in algorithm.round_models(task, after)] == list(neurons)
    fixed = HIST(schedule=SCHEDULE, neurons=neurons)
    same = fixed.round(initial_state(fixed, task, start.parameters), work)
    np.testing.assert_array_equal(after.parameters, same.parameters)
    assert after.memory.keys() == start.memory.keys()


@law_of(AdaptiveHIST)
@FEWER
@given(task=tasks(num_cells=st.just(2)))
def test_policies_that_deal_out_what_is_not_there_are_named(make_network, make_task, task):
    class Careless:
        def memory(self):
            return {}

        def neurons(self, problem, *, num_neurons, memory):
            return np.full(problem.num_cells, num_neurons), {}

    network = make_network(2, 2)
    own = make_task(network)
    algorithm = AdaptiveHIST(schedule=SCHEDULE, policy=Careless())
    state = initial_state(algorithm, own, own.model.init(rng=np.random.default_rng(0)))
    with refused("policy"):
        algorithm.round(state, work_of(own, network, access=AirComp(), seed=0))
    with pytest.raises(TypeError, match=r"^task.model"):
        algorithm.memory(task)
