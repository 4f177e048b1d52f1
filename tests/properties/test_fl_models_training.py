"""Laws of what training is made of: streams, selections, schedules, uplinks, clocks, records, constants."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aircomp import ChannelInversion, FullPower, OptimalPowerControl, TruncatedInversion
from covered import law_of
from federated_strategies import cell_channels, tasks
from fl_models import (
    MLP,
    CellWork,
    CosineDecay,
    Digital,
    DivergedTraining,
    Everybody,
    ExponentialDecay,
    FederatedTask,
    HierarchicalFedAvg,
    History,
    HowToTrain,
    Ideal,
    InverseDecay,
    LocalUpdates,
    NetworkClock,
    OverTheAir,
    PilotConstants,
    RoundCost,
    RoundRecord,
    RoundWork,
    Schedule,
    SoftmaxRegression,
    Stream,
    Streams,
    Training,
    TrainingState,
    UniformCount,
    UniformShare,
    Workers,
    flops_per_sample,
    initial_state,
    partition_problem,
    partition_rounds,
    pilot_constants,
    pilot_trajectory,
)
from latency_opt import OFDMA, TDMA, AirComp, EqualBandwidth, OptimalBandwidth
from strategies import decades, negative, not_positive, permutations, refused, rngs, seeds

FEWER = settings(max_examples=max(6, settings.default.max_examples // 5))
wrong_counts = st.sampled_from([0, -1, 1.5, True, "3"])
ONE_THREAD = Workers(num_threads=1)


# Streams


@law_of(Streams)
@given(
    seed=st.integers(0, 2**63),
    one=st.tuples(st.sampled_from(Stream), st.integers(0, 50), st.integers(0, 50)),
    other=st.tuples(st.sampled_from(Stream), st.integers(0, 50), st.integers(0, 50)),
)
def test_streams_are_told_apart_by_what_they_are_for_and_by_nothing_else(seed, one, other):
    def first(seed, stream, *identity):
        return Streams(seed=seed).rng(stream, *identity).integers(2**63, size=2).tolist()

    assert first(seed, *one) == first(seed, *one)
    assert (first(seed, *one) == first(seed, *other)) == (one == other)
    assert first(seed, *one) != first(seed + 1, *one)
    assert first(seed, *one[:2]) != first(seed, *one)
    several = Streams(seed=seed).rngs([one, other])
    assert len(several) == 2
    assert several[1].integers(2**63, size=2).tolist() == first(seed, *other)
    assert several[:1][0].integers(2**63, size=2).tolist() == first(seed, *one)


@law_of(Streams)
@given(wrong=st.sampled_from([-1, 1.5, True, None, "7", np.nan]))
def test_a_seed_is_a_whole_number(wrong):
    with refused("seed"):
        Streams(seed=wrong)


# Who takes part


@law_of(Everybody, UniformCount, UniformShare)
@given(
    selection=st.one_of(
        st.builds(Everybody),
        st.builds(UniformCount, num_clients=st.integers(1, 30)),
        st.builds(UniformShare, share=st.floats(0.0, 1.0, exclude_min=True)),
    ),
    num_clients=st.integers(1, 40),
    seed=seeds,
)
def test_who_is_chosen_is_chosen_once_and_in_order(selection, num_clients, seed):
    chosen, same = (selection.draw(num_clients, rng=np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(chosen, same)
    assert 1 <= len(chosen) <= num_clients
    assert (np.diff(chosen) > 0).all()
    assert chosen[0] >= 0
    assert chosen[-1] < num_clients
    wanted = {
        Everybody: num_clients,
        UniformCount: min(getattr(selection, "num_clients", 0), num_clients),
        UniformShare: max(1, round(getattr(selection, "share", 0.0) * num_clients)),
    }
    assert len(chosen) == wanted[type(selection)]


@law_of(UniformCount, UniformShare)
@given(count=wrong_counts, share=not_positive | st.floats(1.001, 1e9))
def test_selections_name_what_is_wrong(count, share):
    with refused("num_clients"):
        UniformCount(num_clients=count)
    with refused("share"):
        UniformShare(share=share)


# Steps


decays = st.one_of(
    st.builds(InverseDecay, initial=decades(1e-6, 1e3), half_life_rounds=decades(1e-3, 1e6)),
    st.builds(
        ExponentialDecay,
        initial=decades(1e-6, 1e3),
        rate=st.floats(0.1, 1.0),
        every_rounds=st.integers(1, 100),
    ),
    st.builds(CosineDecay, initial=decades(1e-6, 1e3), num_rounds=st.integers(1, 1000)),
)


@law_of(InverseDecay, ExponentialDecay, CosineDecay, Schedule)
@given(decay=decays, round_index=st.integers(0, 300), factor=decades(1e-3, 1e3))
def test_steps_begin_as_said_fall_and_stay_above_nothing(decay, round_index, factor):
    assert np.isclose(decay.at(0), decay.initial)
    assert decay.at(round_index + 1) <= decay.at(round_index)
    assert decay.at(round_index) > 0.0
    assert np.isclose(replace(decay, initial=factor * decay.initial).at(round_index), factor * decay.at(round_index))
    assert Schedule(step_size=decay).step_size_at(round_index) == decay.at(round_index)


@law_of(InverseDecay, ExponentialDecay, CosineDecay, Schedule)
@given(wrong=not_positive, count=wrong_counts)
def test_schedules_name_what_is_wrong(wrong, count):
    with refused("initial"):
        InverseDecay(initial=wrong, half_life_rounds=1.0)
    with refused("half_life_rounds"):
        InverseDecay(initial=1.0, half_life_rounds=wrong)
    with refused("initial"):
        ExponentialDecay(initial=wrong, rate=0.5)
    with refused("rate"):
        ExponentialDecay(initial=1.0, rate=wrong)
    with refused("every_rounds"):
        ExponentialDecay(initial=1.0, rate=0.5, every_rounds=count)
    with refused("initial"):
        CosineDecay(initial=wrong, num_rounds=1)
    with refused("num_rounds"):
        CosineDecay(initial=1.0, num_rounds=count)
    for name in ("edge_rounds", "local_steps", "batch_size"):
        with refused(name):
            Schedule(**{name: count})
    with refused("step_size"):
        Schedule(step_size=wrong)
    with refused("step_size"):
        Schedule(step_size="small")
    if wrong != 0.0:
        with refused("weight_decay"):
            Schedule(weight_decay=wrong)


@law_of(Schedule)
@given(steps=st.integers(1, 50), batch=st.integers(1, 50), hidden=st.integers(1, 20))
def test_work_is_in_proportion_to_steps_and_samples(steps, batch, hidden):
    model = MLP(num_inputs=4, num_hidden=hidden, num_classes=3)
    assert Schedule(local_steps=steps, batch_size=batch).flops(model) == steps * batch * flops_per_sample(model)


# Uplinks


aggregators = st.one_of(
    st.builds(Ideal, threshold=st.sampled_from([0.0, 0.5])),
    st.builds(Digital, bits_per_parameter=st.integers(2, 31), threshold=st.sampled_from([0.0, 0.5])),
    st.builds(
        OverTheAir,
        transceiver=st.sampled_from(
            [OptimalPowerControl(), ChannelInversion(), FullPower(), TruncatedInversion(threshold=0.5)]
        ),
    ),
)


@law_of(Ideal, Digital, OverTheAir)
@given(aggregator=aggregators, channel=cell_channels(), size=st.integers(1, 6), seed=seeds, data=st.data())
def test_uplinks_have_their_shapes_repeat_and_take_any_size_of_update(aggregator, channel, size, seed, data):
    plan = aggregator.plan(channel)
    shape = channel.fading.shape
    assert plan.active.shape == plan.power_fraction.shape == shape
    assert ((plan.power_fraction >= 0.0) & (plan.power_fraction <= 1.0 + 1e-9)).all()
    assert (plan.power_fraction[~plan.active] == 0.0).all()
    updates = np.random.default_rng(seed).standard_normal((shape[1], size))
    updates *= 10.0 ** data.draw(st.floats(-30.0, 30.0))
    for edge_round in range(shape[0]):
        mean, same = (plan.mean(updates, edge_round=edge_round, rng=np.random.default_rng(seed)) for _ in range(2))
        assert mean.shape == (size,)
        assert np.isfinite(mean).all()
        np.testing.assert_array_equal(mean, same)
        if not plan.active[edge_round].any():
            assert (mean == 0.0).all()
        zero = plan.mean(np.zeros_like(updates), edge_round=edge_round, rng=np.random.default_rng(seed))
        assert (zero == 0.0).all()
        larger = plan.mean(1024.0 * updates, edge_round=edge_round, rng=np.random.default_rng(seed))
        np.testing.assert_allclose(larger, 1024.0 * mean, rtol=1e-9, atol=1e-9 * np.abs(larger).max())


@law_of(Ideal)
@given(channel=cell_channels(), size=st.integers(1, 6), rng=rngs, threshold=st.sampled_from([0.0, 0.5, 1.0]), data=st.data())
def test_ideal_uplinks_give_the_mean_of_those_heard_well_enough(channel, size, rng, threshold, data):
    plan = Ideal(threshold=threshold).plan(channel)
    np.testing.assert_array_equal(plan.active, np.abs(channel.fading) >= threshold)
    updates = rng.standard_normal((channel.num_clients, size))
    order = data.draw(permutations(channel.num_clients))
    turned = Ideal(threshold=threshold).plan(channel.of(order))
    for edge_round, active in enumerate(plan.active):
        mean = plan.mean(updates, edge_round=edge_round, rng=rng)
        expected = updates[active].mean(axis=0) if active.any() else np.zeros(size)
        np.testing.assert_allclose(mean, expected, rtol=1e-12, atol=1e-14)
        moved = turned.mean(updates[order], edge_round=edge_round, rng=rng)
        np.testing.assert_allclose(moved, mean, rtol=1e-12, atol=1e-14)
        if active.any():
            alike = plan.mean(np.tile(updates[0], (len(updates), 1)), edge_round=edge_round, rng=rng)
            np.testing.assert_allclose(alike, updates[0], rtol=1e-12)


@law_of(Digital)
@given(channel=cell_channels(), bits=st.integers(2, 31), size=st.integers(1, 6), rng=rngs)
def test_quantised_means_are_off_by_less_than_a_step_of_the_largest_value(channel, bits, size, rng):
    updates = rng.standard_normal((channel.num_clients, size))
    mean = Digital(bits_per_parameter=bits).plan(channel).mean(updates, edge_round=0, rng=rng)
    step = np.abs(updates).max() / (2.0 ** (bits - 1) - 1.0)
    assert (np.abs(mean - updates.mean(axis=0)) <= step * (1.0 + 1e-6)).all()


@law_of(OverTheAir)
@given(channel=cell_channels(load=st.just(0.0)), size=st.integers(1, 6), rng=rngs)
def test_inversion_without_noise_adds_exactly(channel, size, rng):
    quiet = replace(channel, noise_psd_w_per_hz=1e-14 * channel.noise_psd_w_per_hz)
    updates = rng.standard_normal((channel.num_clients, size))
    plan = OverTheAir(transceiver=ChannelInversion()).plan(quiet)
    for edge_round in range(len(plan.active)):
        mean = plan.mean(updates, edge_round=edge_round, rng=rng)
        np.testing.assert_allclose(mean, updates.mean(axis=0), atol=1e-2 * np.linalg.norm(updates))


@law_of(Ideal, Digital, OverTheAir)
@given(wrong=negative)
def test_uplinks_name_what_is_wrong(wrong):
    for make in (Ideal, lambda **how: Digital(bits_per_parameter=8, **how)):
        with refused("threshold"):
            make(threshold=wrong)
    for bits in (0, 1, 32, 2.5, True):
        with refused("bits_per_parameter"):
            Digital(bits_per_parameter=bits)
    for transceiver in (FullPower, "full power", None):
        with refused("transceiver"):
            OverTheAir(transceiver=transceiver)
    with refused("scaling"):
        OverTheAir(transceiver=FullPower(), scaling=None)


# Clocks


CLOCKS = [
    NetworkClock(access=access)
    for access in (OFDMA(policy=EqualBandwidth()), OFDMA(policy=OptimalBandwidth()), TDMA(), AirComp())
]


@law_of(NetworkClock)
@pytest.mark.parametrize("clock", CLOCKS, ids=["equal", "optimal", "tdma", "aircomp"])
@FEWER
@given(channels_=st.lists(cell_channels(draws=st.just(2)), min_size=1, max_size=3), hidden=st.integers(1, 9), data=st.data())
def test_a_round_is_as_long_as_that_of_the_last_cell(clock, channels_, hidden, data):
    schedule = Schedule(edge_rounds=2)
    model = MLP(num_inputs=3, num_hidden=hidden, num_classes=2)
    plans = [Ideal().plan(channel) for channel in channels_]

    def cost(order, model=model):
        models = [model] * len(order)
        return clock.round([channels_[i] for i in order], models=models, plans=[plans[i] for i in order], schedule=schedule)

    every = range(len(channels_))
    whole = cost(every)
    alone = [cost([index]) for index in every]
    assert np.isclose(whole.latency_s, max(one.latency_s for one in alone))
    order = data.draw(permutations(len(channels_)))
    assert np.isclose(cost(order).latency_s, whole.latency_s)
    assert np.isclose(cost(order).energy_j, whole.energy_j)
    assert whole.participation == 1.0
    assert whole.uplink_bits == 32.0 * 2.0 * model.num_parameters
    larger = cost(every, model.with_hidden(2 * hidden))
    assert larger.latency_s >= whole.latency_s
    assert larger.energy_j >= whole.energy_j


@law_of(NetworkClock)
def test_a_clock_names_what_is_wrong():
    for access in (AirComp, "aircomp", None):
        with refused("access"):
            NetworkClock(access=access)
    for bits in (0, 1.5, 16):
        with refused("bits_per_parameter"):
            NetworkClock(access=OFDMA(policy=EqualBandwidth(), bits_per_parameter=32), bits_per_parameter=bits)


@law_of(partition_problem, partition_rounds)
@FEWER
@given(cells=st.integers(1, 3), hidden=st.integers(3, 12), seed=seeds, rounds=st.integers(1, 4))
def test_the_partition_problem_of_a_network_repeats_and_is_the_median_of_its_rounds(make_network, cells, hidden, seed, rounds):
    network = make_network(cells, 3)
    how = {
        "network": network,
        "aggregator": Ideal(),
        "clock": NetworkClock(access=AirComp()),
        "schedule": Schedule(edge_rounds=2),
    }
    model = MLP(num_inputs=4, num_hidden=hidden, num_classes=3)
    one, same = (partition_problem(model, **how, rng=np.random.default_rng(seed), num_draws=rounds) for _ in range(2))
    np.testing.assert_array_equal(one.slope_s, same.slope_s)
    many = partition_rounds(model, **how, rng=np.random.default_rng(seed), num_rounds=rounds)
    assert many.slope_s.shape == (rounds, cells)
    np.testing.assert_allclose(np.median(many.slope_s, axis=0), one.slope_s)
    np.testing.assert_allclose(one.min_fraction, 1.0 / hidden)
    for wrong in (0, 1.5):
        with refused("num_draws"):
            partition_problem(model, **how, rng=np.random.default_rng(seed), num_draws=wrong)
        with refused("num_rounds"):
            partition_rounds(model, **how, rng=np.random.default_rng(seed), num_rounds=wrong)


# Threads


@law_of(Workers)
@given(items=st.lists(st.integers(-1000, 1000), max_size=20), threads=st.none() | st.integers(1, 4))
def test_threads_keep_the_order(items, threads):
    assert Workers(num_threads=threads).map(lambda item: item * item, items) == [item * item for item in items]


@law_of(Workers)
@given(wrong=wrong_counts)
def test_threads_are_counted(wrong):
    with refused("num_threads"):
        Workers(num_threads=wrong)


# Tasks and rounds


@law_of(FederatedTask, RoundWork)
@given(task=tasks(shuffled=True, one_sample=False), seed=seeds)
def test_every_client_is_in_one_cell_and_cells_weigh_as_many_as_they_have(task, seed):
    clients = [task.clients_of(cell) for cell in range(task.num_cells)]
    np.testing.assert_array_equal(np.sort(np.concatenate(clients)), np.arange(len(task.serving_cell)))
    assert np.isclose(task.cell_weights.sum(), 1.0)
    np.testing.assert_allclose(task.cell_weights, [len(some) / len(task.serving_cell) for some in clients])
    accuracy, loss = task.evaluate(task.model.init(rng=np.random.default_rng(seed)))
    assert 0.0 <= accuracy <= 1.0
    assert np.isclose(loss, np.log(task.model.num_classes))
    work = RoundWork.ideal(task, schedule=Schedule(), streams=Streams(seed=seed), round_index=0)
    np.testing.assert_allclose(work.weights, task.cell_weights)
    assert work.task is task


@law_of(RoundWork, LocalUpdates)
@given(task=tasks(one_sample=False), seed=seeds, edge=st.integers(1, 3), steps=st.integers(1, 3), batch=st.integers(1, 5))
def test_batches_are_a_clients_own_and_edge_rounds_are_the_mean_of_what_clients_did(task, seed, edge, steps, batch):
    schedule = Schedule(edge_rounds=edge, local_steps=steps, batch_size=batch, step_size=0.1)
    work = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=seed), round_index=0, workers=ONE_THREAD)
    start = task.model.init(rng=np.random.default_rng(seed))
    for cell in work.cells:
        for client, drawn in zip(cell.clients, cell.batches, strict=True):
            assert drawn.shape == (edge, steps, batch)
            assert set(drawn.ravel()) <= set(task.client_samples[client])
        parameters = start
        for edge_round in range(edge):
            local = cell.train(parameters, edge_round=edge_round)
            assert local.trained.all()
            parameters = parameters + local.updates.mean(axis=0, dtype=float).astype(parameters.dtype)
        whole, losses = cell.edge_rounds(start)
        np.testing.assert_allclose(whole, parameters, rtol=1e-5, atol=1e-6)
        assert losses.shape == (edge * len(cell.clients),)


@law_of(CellWork, HowToTrain)
@given(
    task=tasks(),
    seed=seeds,
    steps=st.integers(1, 3),
    decay=st.sampled_from([0.0, 0.3]),
    pull=st.sampled_from([0.0, 0.7]),
    shifted=st.booleans(),
)
def test_clients_train_as_they_are_told(task, seed, steps, decay, pull, shifted):
    """Of one sample all batches are alike: x ← x - γ(∇F_i(x) + shift + decay·x + pull·(x - x⁰)), from every client's own x."""
    rng, schedule = np.random.default_rng(seed), Schedule(edge_rounds=1, local_steps=steps, batch_size=2, step_size=0.1)
    cell = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=seed), round_index=0, workers=ONE_THREAD).cells[0]
    start = rng.standard_normal(task.model.num_parameters)
    shift = rng.standard_normal((len(cell.clients), len(start))) if shifted else None
    how = {"shift": shift, "decay": decay, "pull": pull}
    local = cell.train(start, edge_round=0, **how)
    for row, client in enumerate(cell.clients):
        x, own = start.copy(), task.client_samples[client]
        for _ in range(steps):
            _, gradient = task.model.loss_and_gradient(x[None], task.train.x[own][None], task.train.labels[own][None])
            x = x - 0.1 * (gradient[0] + (shift[row] if shifted else 0.0) + decay * x + pull * (x - start))
        np.testing.assert_allclose(start + local.updates[row], x, rtol=1e-8, atol=1e-10)
    model, loss = cell.advance(start, edge_round=0, **how)
    np.testing.assert_allclose(model, start + cell.mean(local.updates, edge_round=0), rtol=1e-12)
    np.testing.assert_array_equal(loss, local.loss)
    assert cell.step_size == 0.1


@law_of(FederatedTask)
@given(task=tasks(one_sample=False), data=st.data())
def test_a_task_names_what_is_wrong_with_it(task, data):
    client = data.draw(st.integers(0, len(task.client_samples) - 1))

    def with_samples(samples):
        return tuple(samples if k == client else own for k, own in enumerate(task.client_samples))

    for samples in (np.array([], dtype=int), np.array([len(task.train)]), np.array([-1]), np.array([0.5])):
        with refused("client_samples"):
            replace(task, client_samples=with_samples(samples))
    with refused("client_samples"):
        replace(task, client_samples=task.client_samples[:-1])
    with refused("serving_cell"):
        replace(task, serving_cell=task.serving_cell + 1)
    with refused("serving_cell"):
        replace(task, serving_cell=task.serving_cell - 1)
    with refused("train"):
        replace(task, model=SoftmaxRegression(num_inputs=4, num_classes=3))


@law_of(initial_state, TrainingState)
@given(task=tasks(), values=arrays(float, 4, elements=st.floats(-1e6, 1e6)), loss=st.floats(0.0, 1e6))
def test_states_count_rounds_and_keep_what_is_not_named(task, values, loss):
    state = initial_state(HierarchicalFedAvg(schedule=Schedule()), task, np.zeros(4, dtype=np.float32))
    assert state.round_index == 0
    assert math.isnan(state.train_loss)
    after = state.after(values, train_loss=loss, kept=values)
    again = after.after(values, train_loss=loss, other=values)
    assert again.round_index == 2
    assert again.parameters.dtype == np.float32
    assert set(again.memory) == {"kept", "other"}
    assert state.memory == {}


# Records


records = st.builds(
    RoundRecord,
    round=st.integers(0, 100),
    test_accuracy=st.floats(0.0, 1.0),
    test_loss=st.floats(0.0, 100.0),
    time_s=decades(1e-6, 1e6),
    energy_j=decades(1e-6, 1e6),
    uplink_bits=decades(1.0, 1e12),
    cost=st.builds(
        RoundCost,
        downlink_s=decades(1e-6, 1e3),
        compute_s=decades(1e-6, 1e3),
        uplink_s=decades(1e-6, 1e3),
        backhaul_s=decades(1e-6, 1e3),
    ),
)


@law_of(History, RoundRecord, RoundCost)
@given(records=st.lists(records, min_size=1, max_size=6).map(tuple), target=st.floats(0.0, 1.0))
def test_histories_are_tables_and_say_when_a_target_was_reached(records, target):
    history = History(scheme="one", cell_parameters=(3,), records=records)
    assert history.final_accuracy == records[-1].test_accuracy
    reached = history.reaching(target)
    accuracies = [record.test_accuracy for record in records]
    if reached is None:
        assert max(accuracies) < target
    else:
        place = records.index(reached)
        assert accuracies[place] >= target
        assert all(accuracy < target for accuracy in accuracies[:place])
        earlier = history.reaching(0.5 * target)
        assert earlier is not None
        assert records.index(earlier) <= place
    frame = history.to_frame()
    assert len(frame) == len(records)
    assert frame.columns[0] == "scheme"
    for (_, row), record in zip(frame.iterrows(), records, strict=True):
        cost = record.cost
        assert row["round_latency_s"] == cost.latency_s == cost.downlink_s + cost.compute_s + cost.uplink_s + cost.backhaul_s
        assert row["time_s"] == record.time_s
        assert row["round_uplink_s"] == cost.uplink_s


# The loop


@law_of(Training)
@FEWER
@given(cells=st.integers(1, 2), seed=seeds, rounds=st.integers(1, 3), count=st.integers(1, 3))
def test_training_repeats_adds_up_and_goes_on_from_any_state(make_network, make_task, cells, seed, rounds, count):
    network = make_network(cells, 3)
    training = Training(
        algorithm=HierarchicalFedAvg(schedule=Schedule(edge_rounds=2, local_steps=1, batch_size=2)),
        task=make_task(network),
        network=network,
        aggregator=Ideal(),
        clock=NetworkClock(access=AirComp()),
        streams=Streams(seed=seed),
        selection=UniformCount(num_clients=count),
        workers=ONE_THREAD,
    )
    history = training.history("one", num_rounds=rounds)
    assert [record.round for record in history.records] == list(range(rounds + 1))
    again = replace(training, workers=Workers(num_threads=2)).history("one", num_rounds=rounds)
    assert [record.test_loss for record in again.records] == [record.test_loss for record in history.records]
    for before, after in zip(history.records[:-1], history.records[1:], strict=True):
        assert np.isclose(after.time_s - before.time_s, after.cost.latency_s)
        assert np.isclose(after.energy_j - before.energy_j, after.cost.energy_j)
        assert np.isclose(after.cost.participation, count / 3.0)
    states = list(training.states(rounds))
    state, record = states[-2]
    final, last = training.round(state, record)
    np.testing.assert_array_equal(final.parameters, states[-1][0].parameters)
    assert last.time_s == states[-1][1].time_s


@law_of(Training)
def test_training_names_what_is_wrong_and_when_it_diverges(make_network, make_task):
    network = make_network(1, 3)
    right = {
        "algorithm": HierarchicalFedAvg(schedule=Schedule(edge_rounds=1, local_steps=1)),
        "task": make_task(network),
        "network": network,
        "aggregator": Ideal(),
        "clock": NetworkClock(access=AirComp()),
        "streams": Streams(seed=0),
    }
    for name in ("algorithm", "aggregator", "clock", "selection"):
        for wrong in ("text", None, Everybody if name == "selection" else Ideal):
            with refused(name):
                Training(**right | {name: wrong})
    with refused("task.serving_cell"):
        Training(**right | {"network": make_network(1, 4)})
    with refused("aggregator"):
        Training(**right | {"aggregator": Digital(bits_per_parameter=8)})
    hasty = HierarchicalFedAvg(schedule=Schedule(step_size=1e30))
    with pytest.raises(DivergedTraining, match=r"round 1 with step_size 1e\+30"):
        Training(**right | {"algorithm": hasty}).history("one", num_rounds=1)


# Constants


@law_of(pilot_trajectory, pilot_constants, PilotConstants)
@FEWER
@given(task=tasks(shuffled=True, one_sample=False), seed=seeds, rounds=st.integers(1, 2))
def test_pilot_constants_are_those_of_the_gradients(task, seed, rounds):
    schedule = Schedule(edge_rounds=1, local_steps=2, batch_size=3, step_size=0.5)
    models = pilot_trajectory(task, schedule=schedule, num_rounds=rounds, streams=Streams(seed=seed))
    assert models.shape == (rounds + 1, task.model.num_parameters)
    found, same = (
        pilot_constants(task, models, batch_size=3, rng=np.random.default_rng(seed), num_batches=3, num_iterations=4)
        for _ in range(2)
    )
    np.testing.assert_array_equal(found.smoothness, same.smoothness)
    sizes = [len(own) for own in task.client_samples]
    largest = 0.5 * max(np.max(np.sum(task.train.x[own].astype(float) ** 2, axis=1)) + 1.0 for own in task.client_samples)
    assert (found.smoothness <= largest * (1.0 + 1e-6)).all()  # of the cross-entropy, whose curvature is at most ½(‖x‖² + 1)
    for index, model in enumerate(models):
        gradients = np.array(
            [
                task.model.loss_and_gradient(model[None], task.train.x[own][None], task.train.labels[own][None])[1][0]
                for own in task.client_samples
            ]
        )
        cells = np.array([gradients[task.clients_of(cell)].mean(axis=0) for cell in range(task.num_cells)])
        overall = task.cell_weights @ cells
        assert np.isclose(found.cell_divergence[index], np.max(np.sum((cells - overall) ** 2, axis=-1)), atol=1e-12)
        spread = [np.mean(np.sum((gradients[task.clients_of(j)] - cells[j]) ** 2, axis=-1)) for j in range(task.num_cells)]
        assert np.isclose(found.client_divergence[index], max(spread), atol=1e-12)
        assert np.isclose(found.square_norm[index], model @ model)
    assert found.constants.initial_gap == found.loss[0] == found.initial_gap
    assert np.isclose(found.sample_noise_variance, 3.0 * found.noise_variance.max())
    assert len(found.explain()) == 5
    assert min(sizes) == 4


@law_of(pilot_constants, pilot_trajectory)
@FEWER
@given(task=tasks(alike=True), seed=seeds, count=wrong_counts, wrong=not_positive)
def test_clients_that_are_alike_diverge_in_nothing(task, seed, count, wrong):
    models = pilot_trajectory(task, schedule=Schedule(step_size=0.1), num_rounds=1, streams=Streams(seed=seed))

    def found(**how):
        right = {"batch_size": 2, "rng": np.random.default_rng(seed), "num_batches": 2, "num_iterations": 2}
        return pilot_constants(task, how.pop("models", models), **right | how)

    for value in (found().cell_divergence, found().client_divergence, found().noise_variance):
        np.testing.assert_allclose(value, 0.0, atol=1e-12)
    for name in ("batch_size", "num_batches", "num_iterations"):
        with refused(name):
            found(**{name: count})
    with refused("num_batches"):
        found(num_batches=1)
    with refused("radius"):
        found(radius=wrong)
    with refused("trajectory"):
        found(models=models[:, :-1])
    with refused("trajectory"):
        found(models=models[:0])
    with refused("num_rounds"):
        pilot_trajectory(task, schedule=Schedule(), num_rounds=count, streams=Streams(seed=seed))
