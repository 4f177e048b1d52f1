"""Image sets from files that the tests write."""

import gzip
import importlib
import pickle
import struct

import numpy as np
import pytest

from fl_models import cifar10, fashion_mnist, mnist
from fl_models.data.idx import read_idx

NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def idx_bytes(array):
    """A file of the IDX format, written from its definition."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(path, content):
    """The file, compressed if its name ends in .gz."""
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def random_set(num_images, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(num_images, 28, 28), dtype=np.uint8), rng.integers(10, size=num_images, dtype=np.uint8)


@pytest.fixture
def mnist_folder(tmp_path):
    """A folder with small files in the published form, half of them compressed."""
    for images, labels, count in [(NAMES[0], NAMES[1], 12), (NAMES[2], NAMES[3], 5)]:
        pixels, classes = random_set(count, count)
        write(tmp_path / f"{images}.gz", idx_bytes(pixels))
        write(tmp_path / labels, idx_bytes(classes))
    return tmp_path


@pytest.mark.parametrize("name", ["x", "x.gz"])
@pytest.mark.parametrize("shape", [(7,), (3, 4, 5), (0, 28, 28)])
def test_idx_files_read_back_the_same(tmp_path, name, shape):
    array = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    np.testing.assert_array_equal(read_idx(write(tmp_path / name, idx_bytes(array)), num_dimensions=len(shape)), array)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda whole: b"", "starts with 0x; an IDX file of bytes in 2 dimensions starts with 0x00000802"),
        (lambda whole: b"\x00\x00\x0d" + whole[3:], "starts with 0x00000d02; an IDX file"),
        (lambda whole: b"\x00\x00\x08\x03" + whole[4:], "starts with 0x00000803; an IDX file"),
        (lambda whole: whole[:9], "ends within its dimensions; copy it anew"),
        (lambda whole: whole[:-1], r"holds 11 bytes of content; its dimensions \(3, 4\) need 12; copy it anew"),
        (lambda whole: whole + b"\x00", r"holds more than 12 bytes of content; its dimensions \(3, 4\) need 12"),
        (
            lambda whole: whole[:4] + b"\xff" * 8 + whole[12:],
            r"its dimensions \(4294967295, 4294967295\) need 18446744065119617025 bytes of content; allowed are at most",
        ),
        (
            lambda whole: whole[:4] + b"\x00" * 4 + b"\xff" * 4,
            r"its dimensions \(0, 4294967295\) need 0 bytes of content; allowed are at most",
        ),
    ],
    ids=["empty", "type", "dimensions", "header", "short", "long", "huge", "wide"],
)
@pytest.mark.parametrize("name", ["damaged", "damaged.gz"])
def test_damaged_idx_files_say_what_is_wrong(tmp_path, name, change, error):
    whole = idx_bytes(np.zeros((3, 4), dtype=np.uint8))
    with pytest.raises(ValueError, match=f"{name}: {error}"):
        read_idx(write(tmp_path / name, change(whole)), num_dimensions=2)


GZIP = gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 1, 8, 8) + bytes(range(64)), mtime=0)


@pytest.mark.parametrize("content", [b"", b"no gzip", GZIP[:-1], GZIP[:-9], GZIP[:12], GZIP + b"\x00", GZIP[:-8] + bytes(8)])
def test_damaged_gzip_files_say_so(tmp_path, content):
    path = tmp_path / "damaged.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged.gz: not a whole gzip file"):
        read_idx(path, num_dimensions=3)


@pytest.mark.parametrize("read", [mnist, fashion_mnist])
def test_image_sets_are_scaled_and_shaped(mnist_folder, read):
    for data, count in zip(read(mnist_folder), (12, 5), strict=True):
        pixels, classes = random_set(count, count)
        assert data.image_shape == (1, 28, 28)
        assert data.x.dtype == np.float32
        np.testing.assert_allclose(data.images[:, 0], pixels / 255.0, rtol=1e-6)
        np.testing.assert_array_equal(data.labels, classes)


def test_missing_files_say_what_to_put_where(mnist_folder):
    (mnist_folder / NAMES[1]).unlink()
    (mnist_folder / f"{NAMES[2]}.gz").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist(str(mnist_folder))
    message = str(caught.value)
    assert message.startswith(
        f"folder: got {str(mnist_folder)!r}, which lacks {NAMES[1]}, {NAMES[2]}; put there the four files"
    )
    assert all(name in message for name in NAMES)
    assert "with .gz at its end" in message
    assert "MNIST, https://" in message
    with pytest.raises(FileNotFoundError, match="zalandoresearch/fashion-mnist"):
        fashion_mnist(mnist_folder / "none")


def test_a_file_as_it_is_comes_before_the_compressed_one(mnist_folder):
    (mnist_folder / f"{NAMES[1]}.gz").write_bytes(b"not looked at")
    assert len(mnist(mnist_folder)[0]) == 12


def test_wrong_sets_are_refused(mnist_folder):
    labels = mnist_folder / NAMES[1]
    write(labels, idx_bytes(np.zeros(11, dtype=np.uint8)))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte.gz: has 12 images and 11 labels"):
        mnist(mnist_folder)
    write(labels, idx_bytes(np.array([0] * 7 + [26] + [0] * 4, dtype=np.uint8)))
    with pytest.raises(ValueError, match="image 7 has label 26; allowed is 0 to 9"):
        mnist(mnist_folder)
    write(mnist_folder / f"{NAMES[0]}.gz", idx_bytes(np.zeros((12, 32, 28), dtype=np.uint8)))
    with pytest.raises(ValueError, match="has images of 32 x 28 pixels; needed are 28 x 28"):
        mnist(mnist_folder)


CIFAR_NAMES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


@pytest.fixture
def cifar_folder(tmp_path, monkeypatch):
    """A folder with files of three images each, which stand in for those of ten thousand."""
    monkeypatch.setattr(importlib.import_module("fl_models.data.cifar10"), "IMAGES_PER_FILE", 3)
    rng = np.random.default_rng(0)
    for name in CIFAR_NAMES:
        images = rng.integers(256, size=(3, 3, 32, 32), dtype=np.uint8)
        content = b"".join(bytes([label]) + image.tobytes() for label, image in zip((1, 9, 0), images, strict=True))
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_cifar_is_read_in_order_with_its_colours(cifar_folder):
    rng = np.random.default_rng(0)
    written = [rng.integers(256, size=(3, 3, 32, 32), dtype=np.uint8) for _ in CIFAR_NAMES]
    train, test = cifar10(cifar_folder)
    assert train.image_shape == test.image_shape == (3, 32, 32)
    np.testing.assert_allclose(train.images, np.concatenate(written[:5]) / 255.0, rtol=1e-6)
    np.testing.assert_allclose(test.images, written[5] / 255.0, rtol=1e-6)
    assert train.labels.tolist() == [1, 9, 0] * 5
    assert train.x.dtype == np.float32


def test_damaged_cifar_files_say_what_is_wrong(cifar_folder):
    path = cifar_folder / "data_batch_4.bin"
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:-3073], whole + b"\x00"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"data_batch_4.bin: holds {len(content)} bytes; 3 images of 3073 bytes are 9219"):
            cifar10(cifar_folder)
    path.write_bytes(b"\x0a" + whole[1:])
    with pytest.raises(ValueError, match="image 9 has label 10; allowed is 0 to 9"):
        cifar10(cifar_folder)


def test_the_pickled_cifar_is_refused_unread(tmp_path):
    for name in CIFAR_NAMES:
        (tmp_path / name.removesuffix(".bin")).write_bytes(pickle.dumps({"data": []}))
    with pytest.raises(FileNotFoundError) as caught:
        cifar10(tmp_path)
    message = str(caught.value)
    assert "it holds the Python version, whose pickles are not read" in message
    assert all(name in message for name in CIFAR_NAMES)
    assert "cifar-10-binary.tar.gz" in message


def test_missing_cifar_files_are_named(cifar_folder):
    (cifar_folder / "test_batch.bin").unlink()
    with pytest.raises(FileNotFoundError, match="which lacks test_batch.bin; put there the six files data_batch_1.bin, "):
        cifar10(cifar_folder)
