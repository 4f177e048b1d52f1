"""Sets that are made up, against the laws that they are drawn from."""

import numpy as np
import pytest
from scipy.special import ndtr

from fl_models import gaussian_classes, hold_out, synthetic_federated, synthetic_iid, synthetic_images


def test_two_gaussian_classes_are_told_apart_as_well_as_theory_says():
    """Error Q(separation/2) of the nearest mean, within four standard errors; means known to 1/√n."""
    for separation in (1.0, 2.0, 4.0):
        data = gaussian_classes(
            40_000, num_classes=2, num_inputs=5, separation=separation, rng=np.random.default_rng(int(separation))
        )
        means = np.array([data.x[data.labels == label].mean(axis=0) for label in (0, 1)])
        distance = np.linalg.norm(data.x[:, None] - means, axis=-1)
        error, expected = np.mean(distance.argmin(axis=1) != data.labels), ndtr(-separation / 2)
        assert abs(error - expected) < 4 * np.sqrt(expected * (1 - expected) / 40_000)


def test_gaussian_classes_are_equally_far_apart_and_balanced():
    """Squared distance of two sample means: s² + 2p/n, with variance 8s²/n + 8p/n², n samples of each class."""
    s, p, n = 3.0, 12, 500
    data = gaussian_classes(n * 8, num_classes=8, num_inputs=p, separation=s, rng=np.random.default_rng(0))
    assert data.x.dtype == np.float32
    assert (np.bincount(data.labels) == n).all()
    means = np.array([data.x[data.labels == label].mean(axis=0) for label in range(8)])
    square = np.sum((means[:, None] - means) ** 2, axis=-1)[np.triu_indices(8, 1)]
    assert (abs(square - s**2 - 2 * p / n) < 4.5 * np.sqrt(8 * s**2 / n + 8 * p / n**2)).all()


def test_gaussian_classes_need_room():
    good = {"num_classes": 3, "num_inputs": 4, "separation": 1.0, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match="num_classes: got 5 for num_samples 10 and num_inputs 4; allowed is 2 to the"):
        gaussian_classes(10, **good | {"num_classes": 5})
    with pytest.raises(ValueError, match="separation: got -1"):
        gaussian_classes(10, **good | {"separation": -1.0})
    with pytest.raises(ValueError, match="num_samples: got 0"):
        gaussian_classes(0, **good)


def spread_of_means(beta):
    """For each client the mean square of its mean inputs, and what that is on average: 1 + β² + tr(Σ)/(p·m)."""
    data, parts = synthetic_federated(400, alpha=1.0, beta=beta, client_sizes=30, rng=np.random.default_rng(5))
    square = np.array([np.mean(data.x[part].mean(axis=0) ** 2) for part in parts])
    return square, 1 + beta**2 + np.mean(np.arange(1.0, 61.0) ** -1.2) / 30


def test_clients_inputs_spread_as_beta_says():
    mean = {}
    for beta in (0.0, 0.5, 1.0):
        square, expected = spread_of_means(beta)
        assert abs(square.mean() - expected) < 4 * square.std() / np.sqrt(400)
        mean[beta] = square.mean()
    assert mean[0.0] < mean[0.5] < mean[1.0]


def test_alpha_changes_no_label_as_in_the_published_generator():
    draws = [
        synthetic_federated(20, alpha=alpha, beta=1.0, client_sizes=200, rng=np.random.default_rng(0)) for alpha in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(draws[0][0].x, draws[1][0].x)
    np.testing.assert_array_equal(draws[0][0].labels, draws[1][0].labels)


def test_inputs_vary_within_a_client_as_the_covariance_says():
    data, parts = synthetic_federated(10, alpha=0.0, beta=1.0, client_sizes=2000, rng=np.random.default_rng(1))
    variance = np.mean([data.x[part].astype(float).var(axis=0, ddof=1) for part in parts], axis=0)
    expected = np.arange(1.0, 61.0) ** -1.2
    assert (abs(variance / expected - 1) < 4.5 * np.sqrt(2 / (10 * 1999))).all()


def test_clients_models_differ_unless_shared():
    """Variance of class shares over clients: by chance alone q(1 - q)/m where all share a model, and much more where not."""
    size = 400
    excess = {}
    for name, draw in {"iid": synthetic_iid, "own": lambda *a, **k: synthetic_federated(*a, alpha=0.0, beta=0.0, **k)}.items():
        data, parts = draw(200, client_sizes=size, rng=np.random.default_rng(2))
        share = np.array([np.bincount(data.labels[part], minlength=10) for part in parts]) / size
        q = share.mean(axis=0)
        excess[name] = np.sum((share - q) ** 2, axis=1) / np.sum(q * (1 - q) / size)
    assert abs(excess["iid"].mean() - 199 / 200) < 4 * excess["iid"].std() / np.sqrt(200)
    assert excess["own"].mean() > 10 * excess["iid"].mean()


def test_sizes_are_as_published_or_as_asked():
    """P(size <= s) = P(exp(N(4, 2²)) < s - 49), at a half, a sixth and five sixths, within four standard errors."""
    data, parts = synthetic_federated(2000, alpha=1.0, beta=1.0, num_inputs=1, num_classes=2, rng=np.random.default_rng(0))
    sizes = np.array([len(part) for part in parts])
    assert sizes.min() >= 50
    for size in (57, 104, 450):
        probability = ndtr((np.log(size - 49) - 4) / 2)
        assert abs(np.mean(sizes <= size) - probability) < 4 * np.sqrt(probability * (1 - probability) / 2000)
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(len(data)))
    _, parts = synthetic_federated(3, alpha=1.0, beta=1.0, client_sizes=[5, 1, 9], rng=np.random.default_rng(0))
    assert [len(part) for part in parts] == [5, 1, 9]


def test_impossible_synthetic_sets_say_why():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="alpha: got -1"):
        synthetic_federated(3, alpha=-1.0, beta=0.0, rng=rng)
    with pytest.raises(ValueError, match="num_clients: got 0"):
        synthetic_federated(0, alpha=1.0, beta=0.0, rng=rng)
    with pytest.raises(ValueError, match=r"client_sizes: got shape \(2,\); needed is a number or shape \(3,\)"):
        synthetic_iid(3, client_sizes=[1, 2], rng=rng)
    with pytest.raises(ValueError, match="client_sizes: got 0 for part 1; allowed is at least 1"):
        synthetic_iid(3, client_sizes=[1, 0, 2], rng=rng)


@pytest.mark.parametrize("image_shape", [(1, 28, 28), (3, 32, 32), (2, 7, 12), (1, 1, 5)])
def test_images_are_moved_templates(image_shape):
    still = synthetic_images(40, image_shape=image_shape, noise=0.0, max_shift=0, rng=np.random.default_rng(3))
    moved = synthetic_images(
        40, image_shape=image_shape, noise=0.0, max_shift=min(image_shape[1:]) - 1, rng=np.random.default_rng(3)
    )
    assert still.image_shape == image_shape
    assert still.x.dtype == np.float32
    assert still.x.min() >= 0.199
    assert still.x.max() <= 0.801
    np.testing.assert_array_equal(still.labels, moved.labels)
    assert (np.bincount(still.labels) == 4).all()
    assert len(np.unique(still.x, axis=0)) == 10
    shifts = [(down, right) for down in range(image_shape[1]) for right in range(image_shape[2])]
    found = [
        [shift for shift in shifts if np.array_equal(np.roll(template, shift, (1, 2)), image)]
        for template, image in zip(still.images, moved.images, strict=True)
    ]
    assert all(found)
    if image_shape[1] > 1:
        down, right = np.array([first for first, *_ in found]).T
        # Independent and uniform over some 28 places, or 7: seldom the same.
        assert np.mean(down == right) < 0.5
        assert min(len(set(down)), len(set(right))) > 4


def test_noise_has_the_deviation_asked_for_and_pixels_stay_in_range():
    """Where a template is in the middle, noise of 0.05 is never clipped; its variance within four standard errors."""
    still, noisy = (
        synthetic_images(200, noise=noise, max_shift=0, rng=np.random.default_rng(0)).x.astype(float) for noise in (0.0, 0.05)
    )
    middle = (still > 0.35) & (still < 0.65)
    noise = (noisy - still)[middle]
    assert abs(noise.var() / 0.05**2 - 1) < 4 * np.sqrt(2 / len(noise))
    loud = synthetic_images(20, noise=2.0, rng=np.random.default_rng(0)).x
    assert (loud.min(), loud.max()) == (0.0, 1.0)


def test_impossible_images_say_why():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="max_shift: got 28; allowed is 0 to 27"):
        synthetic_images(20, max_shift=28, rng=rng)
    with pytest.raises(ValueError, match="num_classes: got 10 for num_samples 5; allowed is 2 to num_samples"):
        synthetic_images(5, rng=rng)
    with pytest.raises(ValueError, match="noise: got -1"):
        synthetic_images(20, noise=-1.0, rng=rng)
    with pytest.raises(ValueError, match="height: got 0"):
        synthetic_images(20, image_shape=(1, 0, 5), rng=rng)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: gaussian_classes(30, num_classes=3, num_inputs=4, separation=1.0, rng=rng),
        lambda rng: synthetic_federated(3, alpha=1.0, beta=1.0, client_sizes=10, rng=rng)[0],
        lambda rng: synthetic_iid(3, client_sizes=10, rng=rng)[0],
        lambda rng: synthetic_images(30, rng=rng),
    ],
    ids=["gaussian", "federated", "iid", "images"],
)
def test_the_seed_decides_everything(draw):
    one, two, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert not np.array_equal(one.x, other.x)


def test_every_client_holds_out_its_share():
    parts = [np.arange(100), np.arange(200, 250), np.arange(300, 303)]
    kept, test = hold_out(parts, test_fraction=0.29, rng=np.random.default_rng(0))
    assert [len(part) for part in kept] == [71, 36, 3]
    np.testing.assert_array_equal(np.sort(np.concatenate([*kept, test])), np.concatenate(parts))
    again, _ = hold_out(parts, test_fraction=0.29, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again[0], kept[0])
    with pytest.raises(ValueError, match="test_fraction: got 1; allowed is a number between 0 and 1"):
        hold_out(parts, test_fraction=1.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="no client has so many samples that it keeps one for testing"):
        hold_out(parts[2:], test_fraction=0.1, rng=np.random.default_rng(0))
