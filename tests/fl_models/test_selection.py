"""Who takes part in a global round."""

import numpy as np
import pytest

from fl_models import Everybody, UniformCount, UniformShare

SELECTIONS = [
    Everybody(),
    UniformCount(num_clients=3),
    UniformCount(num_clients=50),
    UniformShare(share=0.4),
    UniformShare(share=0.01),
]


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
@pytest.mark.parametrize("num_clients", [1, 2, 10])
def test_those_chosen_are_different_places_in_ascending_order(selection, num_clients):
    for seed in range(20):
        chosen = selection.draw(num_clients, rng=np.random.default_rng(seed))
        assert len(chosen) >= 1
        assert (np.diff(chosen) > 0).all()
        assert 0 <= chosen[0] <= chosen[-1] < num_clients


def test_so_many_are_chosen_as_asked():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(Everybody().draw(7, rng=rng), np.arange(7))
    assert [len(UniformCount(num_clients=3).draw(n, rng=rng)) for n in (1, 3, 9)] == [1, 3, 3]
    assert [len(UniformShare(share=0.4).draw(n, rng=rng)) for n in (1, 2, 10, 13)] == [1, 1, 4, 5]


@pytest.mark.parametrize("selection", [UniformCount(num_clients=3), UniformShare(share=0.3)], ids=str)
def test_everybody_is_chosen_as_often(selection):
    """3 of 10: over 4,000 draws within four standard deviations of 1,200."""
    rng, num_draws = np.random.default_rng(1), 4000
    count = sum(np.isin(np.arange(10), selection.draw(10, rng=rng)) for _ in range(num_draws))
    assert (np.abs(count - 0.3 * num_draws) < 4 * np.sqrt(0.3 * 0.7 * num_draws)).all()


def test_nobody_cannot_be_chosen():
    with pytest.raises(ValueError, match="num_clients: got 0; allowed is an integer >= 1"):
        UniformCount(num_clients=0)
    for share in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"share: got {share:g}; allowed is a finite number > 0 and <= 1"):
            UniformShare(share=share)
