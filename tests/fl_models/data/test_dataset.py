import numpy as np
import pytest

from fl_models import Dataset, digits


def test_images_are_the_inputs_in_their_shape():
    x = np.arange(24.0).reshape(2, 12)
    data = Dataset(x=x, labels=np.array([0, 4]), image_shape=(3, 2, 2))
    assert data.images.shape == (2, 3, 2, 2)
    np.testing.assert_array_equal(data.images[1, 2], [[20.0, 21.0], [22.0, 23.0]])
    assert data.num_classes == 5
    with pytest.raises(ValueError, match="image_shape: got None; the inputs of this set are no images"):
        _ = Dataset(x=x, labels=np.array([0, 1])).images


@pytest.mark.parametrize("index", [np.array([2, 0]), np.array([True, False, True])])
def test_subsets_are_copies_that_keep_the_shape(index):
    data = Dataset(x=np.arange(12.0).reshape(3, 4), labels=np.array([5, 6, 7]), image_shape=(1, 2, 2))
    part = data.subset(index)
    np.testing.assert_array_equal(part.x, data.x[index])
    np.testing.assert_array_equal(part.labels, data.labels[index])
    assert part.image_shape == (1, 2, 2)
    part.x[:] = 0.0
    assert data.x[2, 3] == 11.0


@pytest.mark.parametrize("image_shape", [(4,), (2, 2), (1, 2, 3), (1, 1, 2, 2)])
def test_shapes_that_do_not_fit_are_refused(image_shape):
    with pytest.raises(ValueError, match=r"image_shape: got \(.*\) for 4 inputs; needed is \(channels, height, width\)"):
        Dataset(x=np.zeros((3, 4)), labels=np.zeros(3, dtype=int), image_shape=image_shape)


def test_labels_must_match_inputs():
    with pytest.raises(ValueError, match="labels: got shape"):
        Dataset(x=np.zeros((4, 2)), labels=np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="labels: got -1; allowed are integers >= 0"):
        Dataset(x=np.zeros((2, 2)), labels=np.array([0, -1]))
    with pytest.raises(ValueError, match="labels: got numbers of type float64; allowed are integers >= 0"):
        Dataset(x=np.zeros((2, 2)), labels=np.zeros(2))


def test_digits_are_real_scaled_and_stratified():
    train, test = digits(test_fraction=0.25, rng=np.random.default_rng(0))
    assert len(train) + len(test) == 1797
    assert train.x.min() == 0.0
    assert train.x.max() == 1.0
    assert train.x.dtype == np.float32
    assert train.image_shape == test.image_shape == (1, 8, 8)
    shares = [np.bincount(data.labels) / len(data) for data in (train, test)]
    np.testing.assert_allclose(*shares, atol=0.01)
    again, _ = digits(test_fraction=0.25, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.x, train.x)
    with pytest.raises(ValueError, match="test_fraction: got 1.5"):
        digits(test_fraction=1.5, rng=np.random.default_rng(0))
