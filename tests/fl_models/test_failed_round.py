"""Numbers that are none do not get into a record: the round, the cell and the client are told."""

import dataclasses

import numpy as np
import pytest

from aircomp import FullPower
from channels import Rayleigh
from fl_models import (
    DivergedTraining,
    EndlessRound,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OverTheAir,
    RoundCost,
    Schedule,
    Streams,
    Training,
    UniformCount,
)
from latency_opt import OFDMA, TDMA, AirComp, EqualBandwidth, InfeasibleProblem, OptimalBandwidth, UncertifiedSolution

SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=4)
ACCESSES = {
    "equal": OFDMA(policy=EqualBandwidth()),
    "optimal": OFDMA(policy=OptimalBandwidth()),
    "in turn": TDMA(),
    "air": AirComp(),
}


class FadesAway(Rayleigh):
    """Fading in which one client is heard less and less: by `factor` in amplitude in the round of `draw_index`."""

    client, factor, draws = 4, 0.0, 0

    def draw(self, shape, *, rng):
        fading = super().draw(shape, rng=rng)
        type(self).draws += 1
        if self.draws >= 2:
            fading[:, self.client] *= self.factor
        return fading


@pytest.fixture
def make(make_network, make_task):
    def made(*, factor=1.0, access=ACCESSES["equal"], **options):
        kind = type("Fades", (FadesAway,), {"factor": factor, "draws": 0})
        network = dataclasses.replace(make_network(2, 3), fading=kind())
        given = {
            "algorithm": HierarchicalFedAvg(schedule=SCHEDULE),
            "aggregator": OverTheAir(transceiver=FullPower()) if isinstance(access, AirComp) else Ideal(),
            "clock": NetworkClock(access=access),
        }
        return Training(task=make_task(network), network=network, streams=Streams(seed=0), **given | options)

    return made


@pytest.mark.parametrize("access", ACCESSES)
def test_a_client_that_is_not_heard_is_named(make, access):
    with pytest.raises(EndlessRound) as caught:
        make(factor=0.0, access=ACCESSES[access]).history("far", num_rounds=3)
    error = caught.value
    why = "its downlink never ends" if access == "air" else "has an update to send but no channel"  # full power knows better
    assert str(error).startswith(f"scheme 'far': round 2, cell 1, client 4: {why}")
    assert (error.cell, error.client) == (1, 4)
    assert [record.round for record in error.history.records] == [0, 1]
    assert np.isfinite([record.time_s for record in error.history.records]).all()


def test_a_client_that_does_not_hear_is_named(make):
    """It sits the uplink out, but the model goes to all."""
    with pytest.raises(EndlessRound, match="scheme 'x': round 2, cell 1, client 4: its downlink never ends, with a power gain"):
        make(factor=0.0, aggregator=Ideal(threshold=1e-9)).history("x", num_rounds=3)


@dataclasses.dataclass(frozen=True)
class Stuck:
    """In turn, but one place of a cell of three gets no further, and whoever comes after it waits."""

    place: int

    def uplink(self, channel, **what):
        time = TDMA().uplink(channel, **what)
        finish_s = np.where(np.arange(3) >= self.place, np.inf, time.finish_s)
        return dataclasses.replace(time, finish_s=finish_s)


def test_an_uplink_that_never_ends_is_named(make):
    """If several do not, the one that is heard worst."""
    for place, allowed in ((2, {2}), (1, {1, 2})):
        with pytest.raises(EndlessRound, match="round 1, cell 0, client .: its uplink never ends, with a power gain") as caught:
            make(access=Stuck(place)).history("x", num_rounds=3)
        assert caught.value.client in allowed


def test_energy_beyond_all_numbers_is_told(make):
    training = make()
    devices = dataclasses.replace(training.network.devices, effective_capacitance_w_per_hz3=1e300)
    with pytest.raises(EndlessRound, match="round 1, cell 0, client 0: its energy is inf J, no finite number"):
        dataclasses.replace(training, network=dataclasses.replace(training.network, devices=devices)).history("x", num_rounds=1)


def test_the_number_is_the_networks_whoever_takes_part(make):
    """A client's place among those who were chosen is nobody's concern."""
    found = set()
    for seed in range(4):
        training = make(factor=0.0, selection=UniformCount(num_clients=1))
        with pytest.raises(EndlessRound) as caught:
            dataclasses.replace(training, streams=Streams(seed=seed)).history("x", num_rounds=30)
        found.add(caught.value.client)
    assert found == {4}


class Costs:
    """A clock of a user's own."""

    def __init__(self, **cost):
        self.cost = cost

    def round(self, channels, **what):
        return RoundCost(**self.cost)


@pytest.mark.parametrize("name", ["downlink_s", "compute_s", "uplink_s", "backhaul_s", "energy_j", "uplink_bits"])
@pytest.mark.parametrize("value", [np.inf, np.nan, -1.0])
def test_a_clock_of_ones_own_is_held_to_numbers(make, name, value):
    with pytest.raises(EndlessRound, match=rf"scheme 'x': round 1: the clock gave {name} = {value:g}; allowed is a finite num"):
        make(clock=Costs(**{name: value})).history("x", num_rounds=2)
    assert make(clock=Costs()).history("x", num_rounds=1).records[-1].time_s == 0.0


class Spoils:
    """An algorithm that puts a value into one of the numbers of its state in a round."""

    schedule = SCHEDULE

    def __init__(self, *, where, value):
        self.where, self.value = where, value

    def memory(self, task):
        return {"drift": np.zeros(3, dtype=np.float32)}

    def round(self, state, work):
        after = HierarchicalFedAvg(schedule=SCHEDULE).round(state, work)
        if after.round_index < 2:
            return after
        if self.where == "train_loss":
            return dataclasses.replace(after, train_loss=self.value)
        spoilt = {"parameters": after.parameters, "drift": after.memory["drift"]}[self.where].copy()
        spoilt[1] = self.value
        if self.where == "parameters":
            return dataclasses.replace(after, parameters=spoilt)
        return dataclasses.replace(after, memory={"drift": spoilt})


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        ("parameters", np.nan, "parameters"),
        ("parameters", -np.inf, "parameters"),
        ("drift", np.inf, "memory 'drift'"),
        ("drift", np.nan, "memory 'drift'"),
        ("train_loss", np.inf, "train loss"),
    ],
)
def test_whatever_overflows_is_told_in_its_round(make, where, value, told):
    """What an algorithm remembers too, in the round in which it happens and not in the one in which it shows."""
    with pytest.raises(DivergedTraining, match=rf"'x': training diverged in round 2 with step_size 0.05, its {told} not"):
        make(algorithm=Spoils(where=where, value=value)).history("x", num_rounds=3)


class BadScore:
    """A model whose accuracy is no number."""

    def __init__(self, model):
        self.model = model

    def __getattr__(self, name):
        return getattr(self.model, name)

    def evaluate(self, parameters, test):
        return float("nan"), 1.0


def test_an_initial_model_that_cannot_be_scored_is_told(make):
    training = make()
    training = dataclasses.replace(training, task=dataclasses.replace(training.task, model=BadScore(training.task.model)))
    with pytest.raises(DivergedTraining, match="initial model, of round 0, is no good: its accuracy is not finite") as caught:
        training.history("x", num_rounds=1)
    assert caught.value.history.records == ()


@pytest.mark.parametrize("kind", [InfeasibleProblem, UncertifiedSolution])
def test_a_solver_that_fails_says_when(make, kind):
    class Fails:
        def round(self, channels, **what):
            raise kind("no way")

        uplink = round

    with pytest.raises(kind, match="scheme 'x': round 1: no way"):
        make(clock=Fails()).history("x", num_rounds=1)
    with pytest.raises(kind, match="scheme 'x': round 1: cell 0: no way"):
        make(clock=NetworkClock(access=Fails())).history("x", num_rounds=1)
