"""Clients whose channel goes on from round to round of training."""

import dataclasses

import numpy as np
import pytest

from channels import MovingRayleigh, Rayleigh
from fl_models import HierarchicalFedAvg, Ideal, NetworkClock, Schedule, Stream, Streams, Training, partition_rounds
from fl_models.aggregation.aggregator import UplinkPlan
from latency_opt import OFDMA, EqualBandwidth

SCHEDULE = Schedule(edge_rounds=2, local_steps=1, batch_size=4, step_size=0.1)
CLOCK = NetworkClock(access=OFDMA(policy=EqualBandwidth()))
MOVING = MovingRayleigh(doppler_hz=1.0, interval_s=0.02)


@dataclasses.dataclass
class Watching:
    """An ideal uplink that keeps the fading that it is shown."""

    seen: list

    def plan(self, channel) -> UplinkPlan:
        self.seen.append(channel.fading)
        return Ideal().plan(channel)


@pytest.fixture
def moving(make_network):
    return dataclasses.replace(make_network(1, 4), fading=MOVING)


def training(network, task, seen):
    return Training(
        algorithm=HierarchicalFedAvg(schedule=SCHEDULE),
        task=task,
        network=network,
        aggregator=Watching(seen),
        clock=CLOCK,
        streams=Streams(seed=5),
    )


def test_the_channel_is_one_course_over_all_rounds(moving, make_task):
    seen = []
    passed = list(training(moving, make_task(moving), seen).states(4))
    course = np.concatenate(seen)
    expected = moving.draw(8, rng=Streams(seed=5).rng(Stream.FADING)).cells[0].fading
    assert (course == expected).all()
    # A step of a fiftieth of a period is small, where another global round begins, too.
    assert np.abs(np.diff(course, axis=0)).max() < 0.6
    again = []
    state, record = training(moving, make_task(moving), again).round(*passed[2])
    assert (again[0] == course[4:6]).all()
    assert record == passed[3][1]
    assert state.parameters.tobytes() == passed[3][0].parameters.tobytes()


def test_other_fading_has_streams_of_each_round(make_network, make_task):
    network, seen = make_network(1, 4), []
    list(training(network, make_task(network), seen).rounds(2))
    for index, fading in enumerate(seen):
        expected = Rayleigh().draw((2, 4, 1), rng=Streams(seed=5).rng(Stream.FADING, index))[..., 0]
        assert (fading == expected).all()


def test_planned_rounds_have_nothing_to_do_with_each_other(moving, make_task):
    """Else all rounds planned on would be as long as the first, where clients hardly move."""
    still = dataclasses.replace(moving, fading=MovingRayleigh(doppler_hz=0.0, interval_s=1.0))
    planned = partition_rounds(
        make_task(still).model,
        network=still,
        aggregator=Ideal(),
        clock=CLOCK,
        schedule=SCHEDULE,
        rng=np.random.default_rng(0),
        num_rounds=20,
    )
    assert len(np.unique(planned.slope_s)) == 20
