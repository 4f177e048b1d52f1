"""Products in parts and in place against `numpy.matmul` in double precision."""

import numpy as np
import pytest

from fl_models.models.accumulation import accumulate
from fl_models.models.products import CACHED_BYTES, SMALL_PRODUCT, add_product, multiply

SIZES = {
    "tiny": (5, 6, 7),
    "a row": (1, 500, 300),
    "a column": (400, 1, 60),
    "one sample": (400, 500, 1),
    "in parts": (701, 60, 59),
    "in parts of what is summed over": (60, 59, 997),
    "beyond the cache": (701, 400, 5),
}
EACH_SIZE = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
PRECISIONS = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)], ids=["single", "double"]
)
TURNED = pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)], ids=str)


def matrices(shape, turned, rng, dtype):
    """Parts of larger arrays, so that nothing is where a matrix by itself would have it."""
    count, rows, columns = shape
    if turned:
        return rng.random((count, columns, rows + 3)).astype(dtype)[..., 1:-2].swapaxes(1, 2)
    return rng.random((count, rows, columns + 3)).astype(dtype)[..., 1:-2]


def test_sizes_are_of_each_kind():
    assert np.prod(SIZES["tiny"]) < SMALL_PRODUCT < np.prod(SIZES["in parts"])
    rows, columns, _ = SIZES["beyond the cache"]
    assert 4 * rows * columns > CACHED_BYTES


@EACH_SIZE
@PRECISIONS
@TURNED
def test_products_are_those_of_numpy(size, dtype, tolerance, turned):
    rows, columns, inner = size
    rng = np.random.default_rng(0)
    left = matrices((3, rows, inner), turned[0], rng, dtype)
    right = matrices((3, inner, columns), turned[1], rng, dtype)
    exact = left.astype(float) @ right.astype(float)
    np.testing.assert_allclose(multiply(left, right, out=np.empty((3, rows, columns), dtype)), exact, rtol=tolerance)

    whole = rng.random((3, rows, columns + 4)).astype(dtype)
    for add in (add_product, lambda out, left, right: [accumulate(*each) for each in zip(out, left, right, strict=True)]):
        added = whole.copy()
        add(added[..., 2:-2], left, right)
        np.testing.assert_allclose(added[..., 2:-2], whole[..., 2:-2] + exact, rtol=tolerance)
        # And nothing beside them.
        np.testing.assert_array_equal(added[..., :2], whole[..., :2])
        np.testing.assert_array_equal(added[..., -2:], whole[..., -2:])


def test_matrices_with_gaps_everywhere_are_refused():
    with pytest.raises(ValueError, match="strides: got .*needed are entries of a row, or of a column, side by side"):
        accumulate(np.zeros((2, 4)), np.ones((4, 8))[:, ::2].T[::2], np.ones((4, 4)))
    with pytest.raises(ValueError, match="strides"):
        accumulate(np.zeros((4, 8))[:, ::2], np.ones((4, 4)), np.ones((4, 4)))


@pytest.mark.parametrize("left", [np.eye(4)[::-1], np.broadcast_to(np.ones(4), (4, 4))], ids=["backwards", "one"])
def test_rows_that_do_not_follow_each_other_are_refused(left):
    """Backwards or one upon the other: the library would read what is beside them."""
    with pytest.raises(ValueError, match="strides: got"):
        accumulate(np.zeros((4, 4)), left, np.ones((4, 4)))


def test_what_the_library_would_misread_is_refused():
    out, one = np.zeros((3, 5)), np.ones((3, 4))
    with pytest.raises(ValueError, match=r"out: got shape \(3, 5\) for \(3, 4\) times \(4, 6\)"):
        accumulate(out, one, np.ones((4, 6)))
    with pytest.raises(ValueError, match=r"out: got shape \(3, 5\) for \(3, 4\) times \(3, 5\)"):
        accumulate(out, one, np.ones((3, 5)))
    with pytest.raises(ValueError, match="out: got float64 for float32 times float64; needed is one type"):
        accumulate(out, one.astype(np.float32), np.ones((4, 5)))
    with pytest.raises(ValueError, match="out: got int64 for int64 times int64; needed is one type, float32 or float64"):
        accumulate(out.astype(int), one.astype(int), np.ones((4, 5), dtype=int))
    assert not out.any()
