import numpy as np
import pytest

from fl_models import CosineDecay, ExponentialDecay, InverseDecay, Schedule

DECAYS = [
    InverseDecay(initial=0.2, half_life_rounds=7.0),
    ExponentialDecay(initial=0.2, rate=0.9, every_rounds=3),
    CosineDecay(initial=0.2, num_rounds=30),
]


@pytest.mark.parametrize("decay", DECAYS, ids=lambda decay: type(decay).__name__)
def test_steps_begin_at_the_initial_one_and_never_grow(decay):
    steps = np.array([decay.at(round_index) for round_index in range(50)])
    assert steps[0] == pytest.approx(0.2)
    assert (np.diff(steps) <= 0.0).all()
    assert (steps > 0.0).all()
    assert steps[29] < 0.5 * steps[0]


def test_closed_forms():
    assert InverseDecay(initial=0.2, half_life_rounds=7.0).at(7) == pytest.approx(0.1)
    assert InverseDecay(initial=0.2, half_life_rounds=7.0).at(21) == pytest.approx(0.05)
    step = ExponentialDecay(initial=0.2, rate=0.5, every_rounds=3)
    assert [step.at(t) for t in range(7)] == pytest.approx([0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05])
    cosine = CosineDecay(initial=0.2, num_rounds=4)
    half = 0.1 * (1.0 + np.cos(np.pi * np.array([0, 1, 2, 3, 3, 3]) / 4))
    np.testing.assert_allclose([cosine.at(t) for t in range(6)], half)


def test_steps_of_inverse_decay_are_those_that_converge():
    """Σγ grows without bound, as τγ₀ ln(1 + T/τ); Σγ² does not."""
    steps = np.array([InverseDecay(initial=1.0, half_life_rounds=10.0).at(t) for t in range(100_000)])
    assert steps.sum() == pytest.approx(10.0 * np.log1p(10_000.0), rel=0.01)
    assert (steps**2).sum() == pytest.approx(10.0, rel=0.06)


class Warmup:
    """A schedule of a user's own."""

    def at(self, round_index):
        return min(1.0, (round_index + 1) / 4)


def test_schedules_take_numbers_and_objects():
    assert Schedule(step_size=0.3).step_size_at(1000) == 0.3
    assert Schedule(step_size=np.float32(0.25)).step_size_at(1000) == 0.25
    assert [Schedule(step_size=Warmup()).step_size_at(t) for t in (0, 1, 9)] == [0.25, 0.5, 1.0]
    with pytest.raises(ValueError, match="step_size: got 'cosine'; needed is an object with a method at"):
        Schedule(step_size="cosine")
    with pytest.raises(ValueError, match="step_size: got 0; allowed is"):
        Schedule(step_size=0.0)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (InverseDecay, {"initial": 0.0, "half_life_rounds": 1.0}, "initial: got 0"),
        (InverseDecay, {"initial": 0.1, "half_life_rounds": -1.0}, "half_life_rounds: got -1"),
        (ExponentialDecay, {"initial": 0.1, "rate": 1.5}, "rate: got 1.5"),
        (ExponentialDecay, {"initial": 0.1, "rate": 0.5, "every_rounds": 0}, "every_rounds: got 0"),
        (CosineDecay, {"initial": 0.1, "num_rounds": 0}, "num_rounds: got 0"),
    ],
)
def test_what_is_out_of_range_is_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)
