import dataclasses

import numpy as np
import pytest
from scipy import special

from channels import ChannelKnowledge, MovingRayleigh, Network

SLOW = MovingRayleigh(doppler_hz=1.0, interval_s=0.05)


@pytest.fixture
def network(make_network):
    return dataclasses.replace(make_network(2, 3), fading=SLOW)


def drawn(network, num_draws, *, seed=0, **options):
    return network.draw(num_draws, rng=np.random.default_rng(seed), **options).response[..., 0, 0]


def test_a_process_goes_on_from_any_draw_whatever_else_is_drawn(network):
    """As from round to round of training: noise of each round's own, the course the same."""

    def course():
        return np.random.default_rng(7)

    whole = drawn(network, 6, course=course())
    assert (drawn(network, 4, seed=1, first=2, course=course()) == whole[2:]).all()
    unsure = dataclasses.replace(network, knowledge=ChannelKnowledge(pilot_snr_db=10.0))
    earlier, later = (unsure.draw(3, rng=np.random.default_rng(r), first=3 * r, course=course()) for r in (0, 1))
    assert (later.response[..., 0, 0] == whole[3:]).all()
    off = [(state.cells[0].estimate - state.cells[0].fading) for state in (earlier, later)]
    assert np.abs(off[0] - off[1]).min() > 0.0


def test_runs_are_of_other_courses(network):
    many = dataclasses.replace(network, fading=MovingRayleigh(doppler_hz=1.0, interval_s=0.05))
    runs = drawn(many, 2 * 2000, run_length=2).reshape(2000, 2, -1)
    number = runs[:, 0].size
    within = np.mean(runs[:, 1] * runs[:, 0].conj())
    assert abs(within - special.j0(2 * np.pi * 0.05)) < 5 / np.sqrt(number)
    assert abs(np.mean(runs[1:, 0] * runs[:-1, 1].conj())) < 5 / np.sqrt(number)
    apart = drawn(many, 2000, run_length=1)
    assert abs(np.mean(apart[1:] * apart[:-1].conj())) < 5 / np.sqrt(apart.size)


def test_fading_without_a_course_is_drawn_as_ever(make_network):
    plain: Network = make_network(2, 3)
    expected = drawn(plain, 6, seed=3)
    for options in ({"first": 12}, {"run_length": 2}, {"course": np.random.default_rng(9)}):
        assert (drawn(plain, 6, seed=3, **options) == expected).all()


def test_who_knows_nothing_of_the_past_has_quantiles_of_the_whole_distribution(network):
    """Standing still, all draws of a course would be alike."""
    still = dataclasses.replace(network, fading=MovingRayleigh(doppler_hz=0.0, interval_s=1.0))
    median = still.quantile(0.5, of=lambda cell: np.abs(cell.fading), rng=np.random.default_rng(0), num_samples=20_000)
    # The density of |h| at its median √ln 2 is √ln 2.
    assert median == pytest.approx(np.sqrt(np.log(2.0)), abs=4 * 0.5 / np.sqrt(20_000) / np.sqrt(np.log(2.0)))


def test_broken_runs_are_refused(network):
    with pytest.raises(ValueError, match="run_length: got 3 for 4 draws; allowed are whole runs"):
        drawn(network, 4, run_length=3)
