"""Products that are added where the matrices lie."""

import numpy as np
import pytest

from fl_models.models.products import SMALL_PRODUCT, TINY_PRODUCT, add_products

SIZES = {
    "tiny": (5, 6, 7),
    "a vector": (1, 500, 300),
    "one call": (60, 70, 80),
    "parts of the rows": (700, 50, 60),
    "of the columns": (50, 900, 60),
    "of what is summed over": (60, 50, 997),
}


def test_sizes_are_of_each_kind():
    products = {name: np.prod(size) for name, size in SIZES.items()}
    assert products["tiny"] <= TINY_PRODUCT < products["one call"] <= SMALL_PRODUCT
    assert all(product > SMALL_PRODUCT for name, product in products.items() if "of " in name)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-4), (np.float64, 1e-12)], ids=["single", "double"])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)], ids=str)
def test_only_the_product_is_added_and_only_there(size, dtype, tolerance, turned):
    rows, columns, inner = size
    rng = np.random.default_rng(0)
    # Parts of larger arrays, so that nothing is where a matrix by itself would have it.
    flat = rng.random((3, rows * columns + 30)).astype(dtype)
    before = flat.copy()
    out = flat[:, 10 : 10 + rows * columns].reshape(3, rows, columns)
    left = rng.random((3, inner, rows) if turned[0] else (3, rows, inner + 2)).astype(dtype)
    right = rng.random((3, columns, inner + 1) if turned[1] else (3, inner, columns)).astype(dtype)
    left = left.swapaxes(1, 2) if turned[0] else left[..., 1:-1]
    right = right[..., 1:].swapaxes(1, 2) if turned[1] else right
    expected = out + left.astype(float) @ right.astype(float)
    add_products(out, left, right)
    np.testing.assert_allclose(out, expected, rtol=tolerance)
    np.testing.assert_array_equal(flat[:, :10], before[:, :10])
    np.testing.assert_array_equal(flat[:, -20:], before[:, -20:])


def test_rows_of_out_may_lie_apart():
    whole = np.zeros((2, 60, 90))
    left, right = np.random.default_rng(0).random((2, 2, 60, 60))
    add_products(whole[..., :60], left, right)
    np.testing.assert_allclose(whole[..., :60], left @ right, rtol=1e-12)
    assert not whole[..., 60:].any()
