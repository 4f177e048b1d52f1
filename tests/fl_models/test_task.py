import numpy as np
import pytest

from fl_models import (
    Dataset,
    FederatedTask,
    SoftmaxRegression,
    Stream,
    Streams,
    digits,
    dirichlet_split,
    two_level_dirichlet_split,
)


@pytest.mark.parametrize("concentration", [0.1, 1.0, 100.0])
def test_splits_are_disjoint_and_cover(concentration):
    labels = np.random.default_rng(0).integers(10, size=1000)
    parts = dirichlet_split(labels, num_parts=8, concentration=concentration, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1000))
    assert min(map(len, parts)) >= 1


@pytest.mark.parametrize("serving_cell", [np.repeat(np.arange(3), 20), np.array([2, 0, 1, 0, 0, 2] * 10)])
def test_two_levels_are_disjoint_cover_and_keep_the_least(serving_cell):
    labels = np.random.default_rng(0).integers(10, size=1400)
    parts = two_level_dirichlet_split(
        labels,
        serving_cell=serving_cell,
        cell_concentration=1.0,
        client_concentration=0.5,
        min_samples=3,
        rng=np.random.default_rng(2),
    )
    assert len(parts) == 60
    assert min(map(len, parts)) >= 3
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1400))


def test_concentration_sets_how_uneven_classes_are():
    """Variance of a Dirichlet share: (1/n)(1 - 1/n)/(nα + 1), within four standard errors over many splits."""
    labels = np.repeat(np.arange(50), 400)
    parts, alpha = 4, 0.7
    split = dirichlet_split(labels, num_parts=parts, concentration=alpha, min_samples=0, rng=np.random.default_rng(3))
    share = np.array([np.bincount(labels[part], minlength=50) for part in split]) / 400
    deviation = (share - 1 / parts) ** 2
    expected = (1 / parts) * (1 - 1 / parts) / (parts * alpha + 1)
    per_class = deviation.mean(axis=0)
    assert abs(per_class.mean() - expected) < 4 * per_class.std() / np.sqrt(50)


def test_impossible_splits_say_why():
    labels = np.zeros(10, dtype=int)
    with pytest.raises(ValueError, match="min_samples: got 3 for 4 parts; 10 samples allow at most 2"):
        dirichlet_split(labels, num_parts=4, concentration=1.0, min_samples=3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="concentration: got 0.001"):
        dirichlet_split(labels, num_parts=4, concentration=0.001, min_samples=2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="num_parts: got 0"):
        dirichlet_split(labels, num_parts=0, concentration=1.0, rng=np.random.default_rng(0))


def test_digits_are_real_scaled_and_stratified():
    train, test = digits(test_fraction=0.25, rng=np.random.default_rng(0))
    assert len(train) + len(test) == 1797
    assert train.x.min() == 0.0
    assert train.x.max() == 1.0
    assert train.x.dtype == np.float32
    shares = [np.bincount(data.labels) / len(data) for data in (train, test)]
    np.testing.assert_allclose(*shares, atol=0.01)
    again, _ = digits(test_fraction=0.25, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.x, train.x)
    with pytest.raises(ValueError, match="test_fraction: got 1.5"):
        digits(test_fraction=1.5, rng=np.random.default_rng(0))


def test_streams_depend_on_identity_alone():
    streams = Streams(seed=3)
    first = streams.rng(Stream.BATCHES, 4, 7).random(3)
    streams.rng(Stream.FADING, 0).random(100)
    np.testing.assert_array_equal(streams.rng(Stream.BATCHES, 4, 7).random(3), first)
    others = [streams.rng(Stream.BATCHES, 7, 4), streams.rng(Stream.FADING, 4, 7), Streams(seed=4).rng(Stream.BATCHES, 4, 7)]
    assert all((rng.random(3) != first).all() for rng in others)
    with pytest.raises(ValueError, match="seed: got -1"):
        Streams(seed=-1)


def test_bad_tasks_say_what_is_wrong():
    data = Dataset(x=np.zeros((4, 2)), labels=np.array([0, 1, 0, 1]))
    good = {
        "model": SoftmaxRegression(num_inputs=2, num_classes=2),
        "train": data,
        "test": data,
        "client_samples": (np.array([0]), np.array([1])),
        "serving_cell": np.array([0, 1]),
    }
    task = FederatedTask(**good)
    assert task.num_cells == 2
    np.testing.assert_allclose(task.cell_weights, 0.5)
    with pytest.raises(ValueError, match="client 1 holds no sample"):
        FederatedTask(**good | {"client_samples": (np.array([0]), np.array([], dtype=int))})
    with pytest.raises(ValueError, match="cell 0 has no client"):
        FederatedTask(**good | {"serving_cell": np.array([1, 1])})
    with pytest.raises(ValueError, match="labels: got shape"):
        Dataset(x=np.zeros((4, 2)), labels=np.zeros(3, dtype=int))
