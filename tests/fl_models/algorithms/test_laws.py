"""What algorithms have in common, and what becomes of them in their limits."""

import dataclasses
import itertools

import numpy as np
import pytest

from fl_models import (
    MTGC,
    SCAFFOLD,
    CellWork,
    FedDyn,
    FedProx,
    HierarchicalFedAvg,
    Schedule,
    ServerMomentum,
    WithServerOptimizer,
)

SCHEDULE = Schedule(edge_rounds=3, local_steps=4, batch_size=2, step_size=0.2)
ONE_STEP = Schedule(edge_rounds=1, local_steps=1, batch_size=2, step_size=0.2)


def final(states):
    return states[-1].parameters


@pytest.mark.parametrize(
    "algorithm",
    [
        HierarchicalFedAvg(schedule=ONE_STEP),
        MTGC(schedule=ONE_STEP),
        MTGC(schedule=ONE_STEP, initial_gradients=True),
        SCAFFOLD(schedule=ONE_STEP),
        FedProx(schedule=ONE_STEP, proximal_weight=0.7),
        WithServerOptimizer(algorithm=MTGC(schedule=ONE_STEP), optimizer=ServerMomentum(momentum=0.0)),
    ],
    ids=lambda algorithm: type(algorithm).__name__,
)
@pytest.mark.parametrize("sizes", [(3, 3), (1, 2, 5)])
def test_one_full_batch_step_is_gradient_descent(algorithm, sizes, make_convex, rounds_of, gradients):
    """E = H = 1: corrections add up to nothing, a pull has nothing to pull at."""
    task = make_convex(*sizes)
    wanted = np.zeros(task.model.num_parameters)
    for state in rounds_of(algorithm, task, 6):
        np.testing.assert_allclose(state.parameters, wanted, rtol=1e-5, atol=1e-6)
        wanted = wanted - 0.2 * gradients(task, np.tile(wanted, (sum(sizes), 1))).mean(axis=0)


@pytest.mark.parametrize(
    "algorithm",
    [
        FedProx(schedule=SCHEDULE, proximal_weight=0.0),
        MTGC(schedule=SCHEDULE, client_correction=False, cell_correction=False),
        WithServerOptimizer(algorithm=HierarchicalFedAvg(schedule=SCHEDULE), optimizer=ServerMomentum(momentum=0.0)),
    ],
    ids=["fedprox", "mtgc", "momentum"],
)
def test_with_nothing_added_it_is_hierarchical_fedavg_bit_for_bit(algorithm, make_convex, rounds_of):
    task = make_convex(2, 3, 5)
    plain = rounds_of(HierarchicalFedAvg(schedule=SCHEDULE), task, 4)
    other = rounds_of(algorithm, task, 4)
    for one, two in zip(plain, other, strict=True):
        assert one.parameters.tobytes() == two.parameters.tobytes()
    assert plain[-1].train_loss == other[-1].train_loss
    assert np.linalg.norm(final(plain)) > 0.1


def test_a_weak_pull_changes_little_and_a_strong_one_much(make_convex, rounds_of):
    weak, strong = (FedProx(schedule=SCHEDULE, proximal_weight=weight) for weight in (1e-6, 1.0))
    task = make_convex(2, 3, 5)
    plain, little, much = (final(rounds_of(one, task, 4)) for one in (HierarchicalFedAvg(schedule=SCHEDULE), weak, strong))
    assert np.linalg.norm(little - plain) < 1e-5
    assert np.linalg.norm(much - plain) > 1e-2
    assert np.linalg.norm(much) < np.linalg.norm(plain)  # clients stay closer to where they began


def test_weak_feddyn_is_fedavg_and_the_sum_of_all_its_moves(make_convex, rounds_of):
    """α → 0: no pull and no g_i is left for the clients, but -h/α at the cloud is the sum of all moves Δ_s."""
    schedule = Schedule(edge_rounds=1, local_steps=4, batch_size=2, step_size=0.05)
    task = make_convex(2, 3, 5)
    states = rounds_of(FedDyn(schedule=schedule, regularization=1e-6), task, 5)
    moves = np.zeros(task.model.num_parameters)
    for before, after in itertools.pairwise(states):
        one_round = Restarted(HierarchicalFedAvg(schedule=schedule), before.parameters)
        move = final(rounds_of(one_round, task, 1)) - before.parameters
        moves += move
        np.testing.assert_allclose(after.parameters, before.parameters + move + moves, rtol=1e-4, atol=1e-5)


class Restarted:
    """An algorithm whose first round begins at a given model."""

    def __init__(self, algorithm, parameters):
        self.schedule, self.algorithm, self.parameters = algorithm.schedule, algorithm, parameters

    def round(self, state, work):
        return self.algorithm.round(dataclasses.replace(state, parameters=self.parameters), work)


def some_selected(sizes):
    """Two or more of the clients of each cell, others each round."""

    def selected(round_index):
        rng, first = np.random.default_rng(round_index), np.cumsum((0, *sizes[:-1]))
        return [
            np.sort(start + rng.choice(size, size=max(1, size - 1), replace=False))
            for start, size in zip(first, sizes, strict=True)
        ]

    return selected


def some_active(cell, clients):
    """In the first cell nobody in the last edge round, elsewhere others each edge round, in the third cell nobody ever."""
    there = np.random.default_rng(cell).random((SCHEDULE.edge_rounds, len(clients))) < 0.7
    there[-1] &= cell != 0
    return there & (cell != 2)


@pytest.mark.parametrize("sizes", [(3, 3), (7, 1, 2)])
@pytest.mark.parametrize("partial", ["everybody", "selected", "faded"])
@pytest.mark.parametrize("initial_gradients", [False, True])
def test_corrections_add_up_to_nothing(sizes, partial, initial_gradients, make_convex, rounds_of, monkeypatch):
    """Σ_{i in j} z_i = 0 before every edge round, Σ_j w_j y_j = 0 after every global round, whoever takes part."""
    shifts, train = {}, CellWork.train

    def watched(self, parameters, **options):
        if "shift" in options:
            shifts.setdefault((self.round_index, self.cell), []).append(options["shift"])
        return train(self, parameters, **options)

    monkeypatch.setattr(CellWork, "train", watched)
    task = make_convex(*sizes)
    options = {
        "everybody": {},
        "selected": {"selected": some_selected(sizes)},
        "faded": {"active": some_active},
    }[partial]
    states = rounds_of(MTGC(schedule=SCHEDULE, initial_gradients=initial_gradients), task, 4, **options)
    largest = 0.0
    for round_index, state in enumerate(states[1:]):
        y = state.memory["cell_correction"]
        np.testing.assert_allclose(task.cell_weights @ y, 0.0, atol=2e-6)
        for cell in range(len(sizes)):
            assert len(shifts[round_index, cell]) == SCHEDULE.edge_rounds
            for shift in shifts[round_index, cell]:
                z = shift - shift.mean(axis=0)
                before = states[round_index].memory["cell_correction"][cell]
                if round_index or not initial_gradients:
                    np.testing.assert_allclose(shift.mean(axis=0), before, atol=2e-6)
                largest = max(largest, np.abs(z).max())
    assert largest > 0.05
    assert np.abs(states[-1].memory["cell_correction"]).max() > 0.05


def test_a_cell_in_a_fade_keeps_its_correction(make_convex, rounds_of):
    task = make_convex(2, 2, 2)

    def active(cell, clients):
        return np.full((SCHEDULE.edge_rounds, len(clients)), cell != 2)

    states = rounds_of(MTGC(schedule=SCHEDULE), task, 3, active=active)
    y = states[-1].memory["cell_correction"]
    assert not y[2].any()
    assert np.abs(y[:2]).max() > 0.05


def test_a_cell_that_lost_edge_rounds_is_judged_by_its_pace(make_convex, rounds_of, gradients):
    """Clients that are all alike need no correction, though one cell trains in one edge round of three only."""
    task = dataclasses.replace(make_convex(2, 2), client_samples=(np.array([0]),) * 4)
    schedule = dataclasses.replace(SCHEDULE, step_size=1e-3)

    def active(cell, clients):
        return np.tile(np.arange(3)[:, None] < (3, 1)[cell], (1, len(clients)))

    after = rounds_of(MTGC(schedule=schedule), task, 1, active=active)[-1]
    gradient = gradients(task, np.zeros((4, task.model.num_parameters)))[0]
    assert np.linalg.norm(after.memory["cell_correction"]) < 0.1 * np.linalg.norm(gradient)


def test_mtgc_with_a_client_in_each_cell_is_scaffold(make_convex, rounds_of):
    """Then y_j = c - c_j, and there is nothing for z to do, when E = 1."""
    task = make_convex(1, 1, 1, 1)
    schedule = Schedule(edge_rounds=1, local_steps=5, batch_size=2, step_size=0.3)
    mtgc, scaffold = (final(rounds_of(one(schedule=schedule), task, 5)) for one in (MTGC, SCAFFOLD))
    np.testing.assert_allclose(mtgc, scaffold, rtol=1e-4, atol=1e-5)
    plain = final(rounds_of(HierarchicalFedAvg(schedule=schedule), task, 5))
    assert np.linalg.norm(plain - mtgc) > 1e-2


@pytest.mark.parametrize("sizes", [(3, 3), (7, 1, 2)])
@pytest.mark.parametrize("partial", ["everybody", "selected", "faded"])
def test_means_that_servers_keep_are_means_over_clients(sizes, partial, make_convex, rounds_of):
    """c is the mean of all c_i and h_j that of the g_i of a cell, though servers only see means of updates."""
    task = make_convex(*sizes)
    options = {
        "everybody": {},
        "selected": {"selected": some_selected(sizes)},
        "faded": {"active": some_active},
    }[partial]
    memory = rounds_of(SCAFFOLD(schedule=SCHEDULE), task, 4, **options)[-1].memory
    np.testing.assert_allclose(memory["server_variate"], memory["client_variates"].mean(axis=0), atol=1e-6)
    assert np.abs(memory["client_variates"]).max() > 0.05
    memory = rounds_of(FedDyn(schedule=SCHEDULE, regularization=0.5), task, 4, **options)[-1].memory
    for cell in range(len(sizes)):
        own = memory["client_gradients"][task.clients_of(cell)]
        np.testing.assert_allclose(memory["cell_gradients"][cell], own.mean(axis=0), atol=1e-6)
    assert np.abs(memory["client_gradients"]).max() > 0.05


def test_who_does_not_take_part_is_remembered_as_before(make_convex, rounds_of):
    sizes = (2, 3)
    task = make_convex(*sizes)
    for algorithm, name in [
        (SCAFFOLD(schedule=SCHEDULE), "client_variates"),
        (FedDyn(schedule=SCHEDULE, regularization=0.5), "client_gradients"),
    ]:
        states = rounds_of(algorithm, task, 4, selected=some_selected(sizes))
        for round_index, (before, after) in enumerate(itertools.pairwise(states)):
            took_part = np.isin(np.arange(5), np.concatenate(some_selected(sizes)(round_index)))
            changed = (before.memory[name] != after.memory[name]).any(axis=1)
            np.testing.assert_array_equal(changed, took_part)


@pytest.mark.parametrize(("kind", "option"), [(FedProx, "proximal_weight"), (FedDyn, "regularization")])
def test_what_is_out_of_range_is_refused(kind, option):
    with pytest.raises(ValueError, match=f"{option}: got -1; allowed is"):
        kind(schedule=SCHEDULE, **{option: -1.0})
