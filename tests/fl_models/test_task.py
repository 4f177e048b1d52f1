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
