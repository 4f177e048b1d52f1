"""Sets from OpenML, without a network: what scikit-learn would return stands in."""

import importlib
from urllib.error import URLError

import numpy as np
import pytest
from sklearn.utils import Bunch

from fl_models import openml_dataset


@pytest.fixture
def answer(monkeypatch):
    """A function that sets what fetch_openml returns or raises, and the list of its calls."""
    calls = []

    def set_answer(result):
        def fetch(name, **options):
            calls.append((name, options))
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(importlib.import_module("fl_models.data.openml"), "fetch_openml", fetch)
        return calls

    return set_answer


@pytest.mark.parametrize(
    ("name", "image_shape"), [("mnist_784", (1, 28, 28)), ("Fashion-MNIST", (1, 28, 28)), ("CIFAR_10", (3, 32, 32))]
)
def test_tables_become_image_sets(answer, tmp_path, name, image_shape):
    pixels = np.random.default_rng(0).integers(256, size=(4, np.prod(image_shape))).astype(float)
    calls = answer(Bunch(data=pixels, target=np.array(["5", "0", "9", "1"], dtype=object)))
    data = openml_dataset(name, cache_folder=tmp_path)
    assert data.image_shape == image_shape
    assert data.x.dtype == np.float32
    np.testing.assert_allclose(data.x, pixels / 255.0, rtol=1e-6)
    assert data.labels.tolist() == [5, 0, 9, 1]
    [(asked, options)] = calls
    assert asked == name
    assert options == {"version": 1, "data_home": str(tmp_path), "as_frame": False, "parser": "liac-arff"}


@pytest.mark.parametrize("error", [URLError("no route"), TimeoutError("timed out"), ConnectionResetError("reset")])
def test_without_a_network_the_error_says_what_to_do(answer, tmp_path, error):
    answer(error)
    with pytest.raises(ConnectionError) as caught:
        openml_dataset("mnist_784", cache_folder=tmp_path)
    message = str(caught.value)
    assert message.startswith(f"name: got 'mnist_784', which is not in cache_folder {str(tmp_path)!r}")
    assert "openml.org cannot be reached" in message
    assert "connect to the network, copy the folder" in message


def test_other_names_and_tables_are_refused(answer, tmp_path):
    with pytest.raises(ValueError, match="name: got 'iris'; allowed is one of mnist_784, Fashion-MNIST, CIFAR_10"):
        openml_dataset("iris", cache_folder=tmp_path)
    answer(Bunch(data=np.zeros((2, 783)), target=np.array(["0", "1"])))
    with pytest.raises(ValueError, match=r"mnist_784: got a table of shape \(2, 783\); needed are 784 pixels a row"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(Bunch(data=np.zeros((0, 784)), target=np.array([])))
    with pytest.raises(ValueError, match=r"mnist_784: got a table of shape \(0, 784\)"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(Bunch(data=np.full((2, 784), "a", dtype=object), target=np.array(["0", "1"])))
    with pytest.raises(ValueError, match="mnist_784: got pixels of type object; needed are numbers"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(Bunch(data=np.full((2, 784), np.nan), target=np.array(["0", "1"])))
    with pytest.raises(ValueError, match="got pixels from nan to nan; needed are 0 to 255"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(Bunch(data=np.zeros((2, 784)), target=np.array(["0", "cat"])))
    with pytest.raises(ValueError, match="mnist_784: got classes that are no integers; needed are 0 to 9"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(KeyError("dataset"))
    with pytest.raises(ValueError, match=r"holds what cannot be read \(KeyError: 'dataset'\); delete openml in it"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(Bunch(data=np.full((2, 784), 256.0), target=np.array(["0", "1"])))
    with pytest.raises(ValueError, match="got pixels from 256 to 256; needed are 0 to 255"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
    answer(Bunch(data=np.zeros((2, 784)), target=np.array(["0", "10"])))
    with pytest.raises(ValueError, match="OpenML's mnist_784: image 1 has label 10; allowed is 0 to 9"):
        openml_dataset("mnist_784", cache_folder=tmp_path)
