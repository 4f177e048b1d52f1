"""Splits over one level: i.i.d., Dirichlet, shards, and sizes."""

import hashlib

import numpy as np
import pytest

from fl_models import (
    IID,
    Dirichlet,
    Shards,
    dirichlet_mix_split,
    dirichlet_split,
    equal_sizes,
    lognormal_sizes,
    power_law_sizes,
    proportional_sizes,
)

SPLITTERS = [IID(), Dirichlet(concentration=0.3), Dirichlet(concentration=100.0), Shards(per_part=1), Shards(per_part=3)]
LABELS = np.random.default_rng(0).choice(10, size=1003, p=np.arange(1, 11) / 55)
UNEQUAL = np.array([200, 3, 17, 100, 50, 20, 60, 500])


def class_counts(labels, parts):
    return np.array([np.bincount(labels[part], minlength=labels.max() + 1) for part in parts])


def digest(parts):
    """What identifies a split, of the indices of each part in order."""
    return hashlib.sha256(b"|".join(np.asarray(part, dtype="<i8").tobytes() for part in parts)).hexdigest()[:16]


@pytest.mark.parametrize("splitter", SPLITTERS, ids=str)
@pytest.mark.parametrize("sizes", [None, 125, 40, UNEQUAL], ids=["own", "equal", "few", "unequal"])
def test_parts_are_disjoint_ascending_and_as_large_as_asked(splitter, sizes):
    parts = splitter.split(LABELS, num_parts=8, sizes=sizes, min_samples=3, rng=np.random.default_rng(1))
    together = np.concatenate(parts)
    assert len(np.unique(together)) == len(together)
    assert all((np.diff(part) > 0).all() for part in parts)
    if sizes is None:
        assert len(together) == len(LABELS)
        assert min(map(len, parts)) >= 3
    else:
        np.testing.assert_array_equal([len(part) for part in parts], np.broadcast_to(sizes, 8))
    again = splitter.split(LABELS, num_parts=8, sizes=sizes, min_samples=3, rng=np.random.default_rng(1))
    other = splitter.split(LABELS, num_parts=8, sizes=sizes, min_samples=3, rng=np.random.default_rng(2))
    assert digest(again) == digest(parts) != digest(other)


@pytest.mark.parametrize("splitter", SPLITTERS, ids=str)
def test_chance_decides_who_gets_which_samples_of_a_class(splitter):
    """The mean of m of the indices 0 ... n - 1, drawn without replacement, has variance (n + 1)(n - m)/(12m)."""
    parts = splitter.split(np.zeros(1000, dtype=int), num_parts=4, sizes=50, rng=np.random.default_rng(3))
    for held in [*parts, np.concatenate(parts)]:
        assert abs(held.mean() - 499.5) < 4 * np.sqrt(1001 * (1000 - len(held)) / (12 * len(held)))


@pytest.mark.parametrize("splitter", [IID(), Shards(per_part=2)], ids=str)
def test_parts_without_sizes_are_in_proportion_to_their_least(splitter):
    parts = splitter.split(LABELS, num_parts=3, rng=np.random.default_rng(0))
    assert sorted(map(len, parts)) == [334, 334, 335]
    parts = splitter.split(LABELS, num_parts=3, min_samples=[10, 20, 70], rng=np.random.default_rng(0))
    assert [len(part) for part in parts] == [100, 201, 702]
    parts = splitter.split(LABELS, num_parts=1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(parts[0], np.arange(1003))


@pytest.mark.parametrize("splitter", SPLITTERS, ids=str)
def test_what_cannot_be_split_says_why(splitter):
    def split(**options):
        return splitter.split(LABELS, **{"num_parts": 4, "rng": np.random.default_rng(0)} | options)

    with pytest.raises(ValueError, match="num_parts: got 0; allowed is an integer >= 1"):
        split(num_parts=0)
    with pytest.raises(ValueError, match="min_samples: got 251 for 4 parts; 1003 samples allow at most 250 for each"):
        split(min_samples=251)
    with pytest.raises(ValueError, match=r"min_samples: got shape \(2,\); needed is a number or shape \(4,\)"):
        split(min_samples=[1, 2])
    with pytest.raises(ValueError, match="sizes: got 1004 samples in 4 parts; there are 1003 to split"):
        split(sizes=251)
    with pytest.raises(ValueError, match="sizes: got 4 for part 1; allowed is at least 5, its min_samples"):
        split(sizes=[10, 4, 10, 10], min_samples=5)
    with pytest.raises(ValueError, match="sizes: got -1 for part 2; allowed is at least 0"):
        split(sizes=[10, 4, -1, 10], min_samples=0)
    with pytest.raises(ValueError, match=r"sizes: got shape \(3,\); needed is a number or shape \(4,\)"):
        split(sizes=[10, 4, 10])
    with pytest.raises(ValueError, match="sizes: got 2.5; allowed are integers"):
        split(sizes=2.5)


def test_iid_counts_are_hypergeometric():
    """Mean and variance of the samples of a class in a part, within four standard errors over 2000 splits."""
    labels = np.repeat([0, 1], [30, 90])
    drawn = np.array(
        [(labels[IID().split(labels, num_parts=4, rng=np.random.default_rng(s))[2]] == 0).sum() for s in range(2000)]
    )
    mean, variance = 30 * 0.25, 30 * 0.25 * 0.75 * 90 / 119
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(variance / 2000)
    square = (drawn - mean) ** 2
    assert abs(square.mean() - variance) < 4 * square.std() / np.sqrt(2000)


@pytest.mark.parametrize("concentration", [0.0, -1.0, np.nan])
def test_concentrations_are_checked_at_once(concentration):
    with pytest.raises(ValueError, match="concentration: got .* allowed is a finite number > 0"):
        Dirichlet(concentration=concentration)


def test_concentration_sets_how_unevenly_classes_are_shared_out():
    """Variance of a Dirichlet share: (1/n)(1 - 1/n)/(nα + 1), within four standard errors over many splits."""
    labels = np.repeat(np.arange(50), 400)
    parts, alpha = 4, 0.7
    split = dirichlet_split(labels, num_parts=parts, concentration=alpha, min_samples=0, rng=np.random.default_rng(3))
    share = class_counts(labels, split) / 400
    deviation = (share - 1 / parts) ** 2
    expected = (1 / parts) * (1 - 1 / parts) / (parts * alpha + 1)
    per_class = deviation.mean(axis=0)
    assert abs(per_class.mean() - expected) < 4 * per_class.std() / np.sqrt(50)


@pytest.mark.parametrize("concentration", [0.05, 0.5, 20.0])
@pytest.mark.parametrize("class_sizes", [(20_000,) * 5, (50_000, 25_000, 15_000, 10_000)])
def test_mixes_have_the_mean_and_variance_of_their_law(concentration, class_sizes):
    """Dirichlet-multinomial shares, no class being scarce: mean q, variance q(1 - q)/m · (m + A)/(1 + A), A = Cα."""
    labels = np.repeat(np.arange(len(class_sizes)), class_sizes)
    parts, size = 400, 20
    split = dirichlet_mix_split(labels, sizes=np.full(parts, size), concentration=concentration, rng=np.random.default_rng(4))
    share = class_counts(labels, split) / size
    q, total = np.array(class_sizes) / len(labels), len(class_sizes) * concentration
    variance = q * (1 - q) / size * (size + total) / (1 + total)
    assert (abs(share.mean(axis=0) - q) < 4 * np.sqrt(variance / parts)).all()
    square = ((share - q) ** 2 / variance).mean(axis=1)
    assert abs(square.mean() - 1) < 4 * square.std() / np.sqrt(parts)


def test_scarce_classes_are_shared_and_nothing_is_lost():
    labels = np.repeat(np.arange(4), [1, 2, 500, 497])
    for seed in range(20):
        parts = dirichlet_mix_split(labels, sizes=np.full(10, 100), concentration=0.001, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1000))
        assert all(len(part) == 100 for part in parts)


def test_impossible_dirichlet_splits_say_why():
    labels = np.zeros(10, dtype=int)
    with pytest.raises(ValueError, match="min_samples: got 3 for 4 parts; 10 samples allow at most 2"):
        dirichlet_split(labels, num_parts=4, concentration=1.0, min_samples=3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="concentration: got 0.001"):
        dirichlet_split(labels, num_parts=4, concentration=0.001, min_samples=2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="num_parts: got 0"):
        dirichlet_split(labels, num_parts=0, concentration=1.0, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("concentration", "known", "after"),
    [(0.3, "a2f22db472783fd5", 290135026), (1.0, "a3e4ddd3a0d19e76", 1203333839), (100.0, "3bc926a9d571444e", 290135026)],
)
def test_dirichlet_draws_are_those_of_all_earlier_results(concentration, known, after):
    labels, rng = np.random.default_rng(0).integers(10, size=1400), np.random.default_rng(1)
    parts = dirichlet_split(labels, num_parts=8, concentration=concentration, min_samples=2, rng=rng)
    assert digest(parts) == known
    assert rng.integers(2**31) == after


def test_published_shards_are_pure_and_dealt_at_random():
    """200 shards, 20 of each of ten classes: both shards of a client are of one class with probability 19/199."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 600))
    single = []
    for seed in range(200):
        parts = Shards(per_part=2).split(labels, num_parts=100, rng=np.random.default_rng(seed))
        counts = class_counts(labels, parts)
        assert set(np.unique(counts)) <= {0, 30, 60}
        assert (counts.sum(axis=1) == 60).all()
        single.append((counts == 60).sum())
    assert abs(np.mean(single) - 100 * 19 / 199) < 4 * np.std(single) / np.sqrt(200)


@pytest.mark.parametrize("sizes", [None, UNEQUAL, UNEQUAL // 2 + 3], ids=["own", "unequal", "some"])
@pytest.mark.parametrize("per_part", [1, 2, 3])
def test_a_part_is_so_many_stretches_of_the_sorted_samples(per_part, sizes):
    """In classes: a stretch from class a to class b holds all kept samples of those between; distinct labels make it plain."""
    labels = np.random.default_rng(0).permutation(1003)
    parts = Shards(per_part=per_part).split(labels, num_parts=8, sizes=sizes, rng=np.random.default_rng(5))
    place = np.argsort(np.argsort(labels[np.concatenate(parts)]))
    for piece in np.split(place, np.cumsum([len(part) for part in parts])[:-1]):
        assert (np.diff(np.sort(piece)) > 1).sum() + 1 <= per_part


def test_shards_need_a_sample_each():
    with pytest.raises(ValueError, match="per_part: got 0; allowed is an integer >= 1"):
        Shards(per_part=0)
    with pytest.raises(ValueError, match="per_part: got 4; part 1 has 3 samples, which allow at most so many"):
        Shards(per_part=4).split(LABELS, num_parts=8, sizes=UNEQUAL, rng=np.random.default_rng(0))


def test_equal_sizes_leave_the_remainder():
    assert equal_sizes(103, num_parts=10).tolist() == [10] * 10
    with pytest.raises(ValueError, match="min_samples: got 1 for 11 parts; 10 samples allow 0 to 0"):
        equal_sizes(10, num_parts=11)


def test_proportional_sizes_sum_and_are_within_one():
    rng = np.random.default_rng(0)
    for num_parts in (1, 2, 7, 100):
        weights = rng.exponential(size=num_parts) * (rng.random(num_parts) < 0.8) + 1e-9
        for total in (0, 1, 10, 12345, 10**9):
            sizes = proportional_sizes(total, weights=weights)
            assert sizes.sum() == total
            assert (abs(sizes - total * weights / weights.sum()) < 1.0 + 1e-6).all()
    assert proportional_sizes(1000, weights=np.full(10, 0.1)).tolist() == [100] * 10
    with pytest.raises(ValueError, match="weights: got none above 0"):
        proportional_sizes(3, weights=[0.0, 0.0])
    with pytest.raises(ValueError, match=r"weights: got -1 at index \(1,\)"):
        proportional_sizes(3, weights=[0.0, -1.0])


def test_lognormal_sizes_have_the_spread_asked_for():
    sizes = lognormal_sizes(10**9, num_parts=2000, sigma=0.7, min_samples=0, rng=np.random.default_rng(0))
    assert sizes.sum() == 10**9
    assert abs(np.log(sizes).std() - 0.7) < 4 * 0.7 / np.sqrt(2 * 2000)
    sizes = lognormal_sizes(500, num_parts=20, sigma=3.0, min_samples=10, rng=np.random.default_rng(0))
    assert sizes.sum() == 500
    assert sizes.min() >= 10
    even = lognormal_sizes(105, num_parts=10, sigma=0.0, rng=np.random.default_rng(0))
    assert sorted(even) == [10] * 5 + [11] * 5


def test_power_law_sizes_follow_their_ranks_in_random_order():
    sizes = power_law_sizes(10**6, num_parts=50, exponent=1.3, min_samples=0, rng=np.random.default_rng(0))
    share = np.arange(1.0, 51.0) ** -1.3
    np.testing.assert_allclose(np.sort(sizes)[::-1], 10**6 * share / share.sum(), atol=1.0)
    assert sizes.argmax() != 0
    assert power_law_sizes(1000, num_parts=50, exponent=2.0, min_samples=7, rng=np.random.default_rng(0)).min() == 7


@pytest.mark.parametrize(("draw", "spread"), [(lognormal_sizes, "sigma"), (power_law_sizes, "exponent")])
def test_impossible_sizes_say_why(draw, spread):
    with pytest.raises(ValueError, match=f"{spread}: got -1"):
        draw(100, num_parts=3, rng=np.random.default_rng(0), **{spread: -1.0})
    with pytest.raises(ValueError, match="min_samples: got 34 for 3 parts; 100 samples allow 0 to 33"):
        draw(100, num_parts=3, min_samples=34, rng=np.random.default_rng(0), **{spread: 1.0})
