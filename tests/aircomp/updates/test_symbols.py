import numpy as np
import pytest

from aircomp import num_symbols, pack_symbols, unpack_symbols


@pytest.mark.parametrize("num_values", [1, 2, 7, 100])
def test_packing_and_back(num_values):
    values = np.random.default_rng(0).standard_normal((3, num_values))
    symbols = pack_symbols(values)
    assert symbols.shape == (3, num_symbols(num_values))
    np.testing.assert_array_equal(unpack_symbols(symbols, num_values), values)
    # No energy is lost or made.
    np.testing.assert_allclose(np.sum(np.abs(symbols) ** 2, axis=-1), np.sum(values**2, axis=-1))
