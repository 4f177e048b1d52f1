import numpy as np
import pytest

from fl_models import Dataset, FederatedTask, SoftmaxRegression, Stream, Streams


def test_streams_depend_on_identity_alone():
    streams = Streams(seed=3)
    first = streams.rng(Stream.BATCHES, 4, 7).random(3)
    streams.rng(Stream.FADING, 0).random(100)
    np.testing.assert_array_equal(streams.rng(Stream.BATCHES, 4, 7).random(3), first)
    others = [streams.rng(Stream.BATCHES, 7, 4), streams.rng(Stream.FADING, 4, 7), Streams(seed=4).rng(Stream.BATCHES, 4, 7)]
    assert all((rng.random(3) != first).all() for rng in others)
    for seed in (-1, 1.5, True):
        with pytest.raises(ValueError, match=f"seed: got {seed}; allowed is an integer >= 0"):
            Streams(seed=seed)


def test_several_streams_are_each_its_own_wherever_they_are_asked_for():
    streams = Streams(seed=3)
    names = [(Stream.LOCAL, 0, client) for client in range(4)]
    several = streams.rngs(names)
    assert len(several) == 4
    drawn = [rng.random() for rng in several]
    assert drawn == [streams.rng(*name).random() for name in names]
    assert len(set(drawn)) == 4
    # One place has one generator, which goes on where it was.
    assert several[-1] is several[3]
    assert [rng is several[i] for i, rng in enumerate(several[1:3], start=1)] == [True, True]
    with pytest.raises(IndexError):
        several[4]


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
    with pytest.raises(ValueError, match="client_samples: got 1 clients for 2 in serving_cell"):
        FederatedTask(**good | {"client_samples": (np.array([0]),)})
    with pytest.raises(ValueError, match="serving_cell: got numbers of type float64; allowed are integers >= 0"):
        FederatedTask(**good | {"serving_cell": np.array([0.0, 1.0])})
    for beyond in (4, -1):
        with pytest.raises(ValueError, match=rf"client_samples\[1\]: got {beyond}; allowed are integers from 0 to 3"):
            FederatedTask(**good | {"client_samples": (np.array([0]), np.array([1, beyond]))})


def test_a_classifier_must_have_the_sizes_of_the_data():
    """In training and in test set; what scores itself says what it takes."""
    data, other = (Dataset(x=np.zeros((2, p)), labels=np.array([0, c - 1])) for p, c in ((2, 2), (3, 4)))
    good = {"client_samples": (np.array([0]),), "serving_cell": np.array([0])}
    narrow, few = (SoftmaxRegression(num_inputs=p, num_classes=c) for p, c in ((2, 4), (3, 3)))
    for train, test, name in ((other, data, "train"), (data, other, "test")):
        with pytest.raises(ValueError, match=f"{name}: got samples of 3 inputs; the model has num_inputs = 2"):
            FederatedTask(model=narrow, train=train, test=test, **good)
    with pytest.raises(ValueError, match="train: got a label 3; the model has num_classes = 3"):
        FederatedTask(model=few, train=other, test=other, **good)

    class Scored(SoftmaxRegression):
        def evaluate(self, parameters, test):
            return 0.0, 0.0

    FederatedTask(model=Scored(num_inputs=9, num_classes=1), train=other, test=data, **good)
