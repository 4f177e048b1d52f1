"""Laws of data sets that are made up or read."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from covered import law_of
from fl_models import (
    cifar10,
    digits,
    fashion_mnist,
    gaussian_classes,
    mnist,
    openml_dataset,
    synthetic_federated,
    synthetic_iid,
    synthetic_images,
)
from strategies import decades, negative, not_positive, refused, seeds

FEWER = settings(max_examples=max(8, settings.default.max_examples // 4))
wrong_counts = st.sampled_from([0, -1, 1.5, True, "3"])


@law_of(gaussian_classes)
@given(classes=st.integers(2, 5), more=st.integers(0, 30), inputs=st.integers(0, 4), apart=decades(1e-3, 1e3), seed=seeds)
def test_gaussian_classes_are_equally_many_and_as_far_apart_as_said(classes, more, inputs, apart, seed):
    fields = {"num_classes": classes, "num_inputs": classes + inputs, "separation": apart}
    one, other = (gaussian_classes(classes + more, **fields, rng=np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one.x, other.x)
    count = np.bincount(one.labels, minlength=classes)
    assert count.max() - count.min() <= 1
    assert one.x.dtype == np.float32
    twice = gaussian_classes(classes + more, **fields | {"separation": 2.0 * apart}, rng=np.random.default_rng(seed))
    moved = (twice.x.astype(float) - one.x)[np.unique(one.labels, return_index=True)[1]]  # by the class means themselves
    distance = np.linalg.norm(moved[:, None] - moved, axis=-1)[~np.eye(classes, dtype=bool)]
    np.testing.assert_allclose(distance, apart, rtol=1e-3, atol=1e-4)


@law_of(gaussian_classes)
@given(wrong=negative, count=wrong_counts)
def test_gaussian_classes_name_what_is_wrong(wrong, count):
    right = {"num_classes": 2, "num_inputs": 3, "separation": 1.0, "rng": np.random.default_rng(0)}
    with refused("separation"):
        gaussian_classes(10, **right | {"separation": wrong})
    with refused("num_samples"):
        gaussian_classes(count, **right)
    for name in ("num_classes", "num_inputs"):
        with refused(name):
            gaussian_classes(10, **right | {name: count})
    for classes in (1, 4):
        with refused("num_classes"):
            gaussian_classes(10, **right | {"num_classes": classes})


@law_of(synthetic_federated, synthetic_iid)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4), inputs=st.integers(1, 5), classes=st.integers(1, 4), seed=seeds
)
def test_synthetic_clients_bring_their_own_samples(sizes, inputs, classes, seed):
    how = {"num_inputs": inputs, "num_classes": classes}
    makers = (
        lambda rng, sizes: synthetic_federated(len(sizes), alpha=1.0, beta=0.5, client_sizes=sizes, rng=rng, **how),
        lambda rng, sizes: synthetic_iid(len(sizes), client_sizes=sizes, rng=rng, **how),
    )
    for make in makers:
        data, parts = make(np.random.default_rng(seed), sizes)
        assert data.x.shape == (sum(sizes), inputs)
        assert [len(part) for part in parts] == sizes
        np.testing.assert_array_equal(np.concatenate(parts), np.arange(sum(sizes)))
        assert data.labels.max() < classes
        again, _ = make(np.random.default_rng(seed), sizes)
        np.testing.assert_array_equal(data.x, again.x)


@law_of(synthetic_federated)
@given(alpha=decades(1e-3, 1e3), seed=seeds)
def test_how_far_models_are_apart_changes_no_label(alpha, seed):
    def labels(a):
        data, _ = synthetic_federated(3, alpha=a, beta=1.0, client_sizes=5, rng=np.random.default_rng(seed))
        return data.labels

    np.testing.assert_array_equal(labels(alpha), labels(0.0))


@law_of(synthetic_federated, synthetic_iid)
@given(wrong=negative, count=wrong_counts)
def test_synthetic_clients_name_what_is_wrong(wrong, count):
    rng = np.random.default_rng(0)
    for name in ("alpha", "beta"):
        with refused(name):
            synthetic_federated(2, **{"alpha": 1.0, "beta": 1.0, name: wrong}, client_sizes=3, rng=rng)
    for make in (
        lambda n=2, **how: synthetic_federated(n, alpha=1.0, beta=1.0, rng=rng, **how),
        lambda n=2, **how: synthetic_iid(n, rng=rng, **how),
    ):
        with refused("num_clients"):
            make(count, client_sizes=3)
        for name in ("num_inputs", "num_classes"):
            with refused(name):
                make(client_sizes=3, **{name: count})
        for sizes in (0, [1, 2, 3], 1.5):
            with refused("client_sizes"):
                make(client_sizes=sizes)


@law_of(synthetic_images)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)),
    classes=st.integers(2, 4),
    more=st.integers(0, 9),
    noise=st.just(0.0) | decades(1e-3, 10.0),
    seed=seeds,
)
def test_synthetic_images_are_images(shape, classes, more, noise, seed):
    how = {"image_shape": shape, "num_classes": classes, "noise": noise, "max_shift": min(2, min(shape[1:]) - 1)}
    one, other = (synthetic_images(classes + more, **how, rng=np.random.default_rng(seed)) for _ in range(2))
    assert one.images.shape == (classes + more, *shape)
    assert ((one.x >= 0.0) & (one.x <= 1.0)).all()
    count = np.bincount(one.labels, minlength=classes)
    assert count.max() - count.min() <= 1
    np.testing.assert_array_equal(one.x, other.x)


@law_of(synthetic_images)
@given(wrong=negative, count=wrong_counts)
def test_synthetic_images_name_what_is_wrong(wrong, count):
    rng = np.random.default_rng(0)
    with refused("noise"):
        synthetic_images(10, noise=wrong, rng=rng)
    with refused("num_samples"):
        synthetic_images(count, rng=rng)
    with refused("num_classes"):
        synthetic_images(20, num_classes=count, rng=rng)
    for shift in (-1, 28):
        with refused("max_shift"):
            synthetic_images(20, max_shift=shift, rng=rng)
    with refused("height"):
        synthetic_images(20, image_shape=(1, count, 3), rng=rng)


@law_of(digits)
@FEWER
@given(share=st.floats(0.01, 0.99), seed=seeds)
def test_digits_are_divided_and_a_seed_repeats_it(share, seed):
    train, test = digits(test_fraction=share, rng=np.random.default_rng(seed))
    assert len(train) + len(test) == 1797
    assert abs(len(test) - share * 1797) <= 1.0
    again, _ = digits(test_fraction=share, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(train.x, again.x)
    of_class = np.bincount(np.concatenate([train.labels, test.labels]))
    assert (np.abs(np.bincount(test.labels, minlength=10) - share * of_class) <= 2.0).all()


@law_of(digits)
@given(wrong=not_positive | st.floats(1.0, 1e9))
def test_a_part_of_the_digits_is_a_part(wrong):
    with refused("test_fraction"):
        digits(test_fraction=wrong, rng=np.random.default_rng(0))


# Files


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write_images(folder, counts, seed, *, packed=()):
    rng, sets = np.random.default_rng(seed), []
    for (images, labels), count in zip((FILES[:2], FILES[2:]), counts, strict=True):
        pixels, classes = rng.integers(256, size=(count, 28, 28)), rng.integers(10, size=count)
        sets.append((pixels, classes))
        for name, content in ((images, idx(pixels)), (labels, idx(classes))):
            if name in packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
            else:
                (folder / name).write_bytes(content)
    return sets


@law_of(mnist, fashion_mnist)
@FEWER
@given(counts=st.tuples(st.integers(1, 5), st.integers(1, 5)), seed=seeds, packed=st.sets(st.sampled_from(FILES)))
def test_images_are_read_as_they_were_written(counts, seed, packed):
    with tempfile.TemporaryDirectory() as place:
        sets = write_images(Path(place), counts, seed, packed=packed)
        for read in (mnist, fashion_mnist):
            for data, (pixels, classes) in zip(read(place), sets, strict=True):
                np.testing.assert_array_equal(np.rint(data.x.astype(float) * 255.0), pixels.reshape(len(pixels), -1))
                np.testing.assert_array_equal(data.labels, classes)


@law_of(mnist, fashion_mnist)
@FEWER
@given(gone=st.sampled_from(FILES), cut=st.integers(1, 20), seed=seeds, data=st.data())
def test_files_that_are_missing_or_damaged_are_named(gone, cut, seed, data):
    with tempfile.TemporaryDirectory() as place:
        write_images(Path(place), (2, 3), seed)
        path = Path(place) / gone
        content = path.read_bytes()
        damaged = [content[:-cut], content + b"\0", b"", data.draw(st.binary(max_size=20))]
        for read in (mnist, fashion_mnist):
            for other in damaged:
                path.write_bytes(other)
                with pytest.raises(ValueError, match=gone):
                    read(place)
        path.unlink()
        for read in (mnist, fashion_mnist):
            with pytest.raises(FileNotFoundError, match=gone):
                read(place)


@law_of(cifar10)
@FEWER
@given(there=st.sets(st.integers(0, 5), max_size=5), size=st.integers(0, 9999))
def test_files_of_cifar_that_are_missing_or_cut_short_are_named(there, size):
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    with tempfile.TemporaryDirectory() as place:
        for number in there:
            (Path(place) / names[number]).write_bytes(bytes(size))
        with pytest.raises(FileNotFoundError) as raised:
            cifar10(place)
        assert all(
            (name in str(raised.value).split("lacks")[1].split(";")[0]) == (number not in there)
            for number, name in enumerate(names)
        )
        for name in names:
            (Path(place) / name).write_bytes(bytes(size))
        with pytest.raises(ValueError, match=r"data_batch_1.bin: holds"):
            cifar10(place)


@law_of(openml_dataset)
@given(name=st.text(max_size=12))
def test_only_sets_that_are_known_are_asked_for(name):
    assume(name not in ("mnist_784", "Fashion-MNIST", "CIFAR_10"))
    with refused("name"):
        openml_dataset(name, cache_folder="nowhere")
