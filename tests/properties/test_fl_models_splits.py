"""Laws of splits: who gets which samples, and how many."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from fl_models import (
    IID,
    Dirichlet,
    Shards,
    dirichlet_mix_split,
    dirichlet_split,
    equal_sizes,
    hold_out,
    lognormal_sizes,
    power_law_sizes,
    proportional_sizes,
    split_table,
    two_level_dirichlet_split,
    two_level_split,
)
from strategies import decade_arrays, decades, negative, not_positive, refused, seeds

labels_ = arrays(int, st.integers(1, 40), elements=st.integers(0, 4))
"""With classes that may be missing."""
concentrations = decades(1e-2, 1e3)
splitters = st.one_of(
    st.builds(IID),
    st.builds(Shards, per_part=st.integers(1, 3)),
    st.builds(Dirichlet, concentration=decades(0.3, 1e3)),
)
wrong_counts = st.sampled_from([0, -1, 1.5, True, "3"])


def is_split(parts, labels, *, covers):
    """Ascending, disjoint parts of the samples, all of them or some."""
    every = np.concatenate(parts)
    assert len(np.unique(every)) == len(every)
    assert ((every >= 0) & (every < len(labels))).all()
    assert all((np.diff(part) > 0).all() for part in parts)
    assert not covers or len(every) == len(labels)


def same(parts, others):
    assert len(parts) == len(others)
    for part, other in zip(parts, others, strict=True):
        np.testing.assert_array_equal(part, other)


# Splits


@law_of(IID, Shards, Dirichlet)
@given(splitter=splitters, labels=labels_, num_parts=st.integers(1, 5), seed=seeds, data=st.data())
def test_splits_are_partitions_that_a_seed_repeats(splitter, labels, num_parts, seed, data):
    def split(**how):
        return splitter.split(labels, num_parts=num_parts, rng=np.random.default_rng(seed), **how)

    least = splitter.per_part if isinstance(splitter, Shards) else 1
    if len(labels) < 4 * num_parts * least:
        sizes = np.full(num_parts, len(labels) // num_parts)
        assume(sizes[0] >= least)
        parts = split(sizes=sizes)
        is_split(parts, labels, covers=False)
        same(parts, split(sizes=sizes))
        return
    if not isinstance(splitter, Dirichlet) or splitter.concentration > 1.0:
        parts = split()
        assert len(parts) == num_parts
        is_split(parts, labels, covers=True)
        assert min(map(len, parts)) >= 1
        same(parts, split())
    sizes = data.draw(arrays(int, num_parts, elements=st.integers(least, 4 * least)))
    assume(sizes.sum() <= len(labels))
    exact = split(sizes=sizes)
    is_split(exact, labels, covers=False)
    assert [len(part) for part in exact] == sizes.tolist()
    same(exact, split(sizes=sizes))


@law_of(IID, Shards, Dirichlet)
@given(splitter=splitters, labels=labels_, wrong=wrong_counts)
def test_splits_name_what_is_wrong(splitter, labels, wrong):
    rng = np.random.default_rng(0)
    with refused("num_parts"):
        splitter.split(labels, num_parts=wrong, rng=rng)
    with refused("min_samples"):
        splitter.split(labels, num_parts=len(labels) + 1, rng=rng)
    with refused("sizes"):
        splitter.split(labels, num_parts=1, sizes=len(labels) + 1, rng=rng)
    with refused("sizes"):
        splitter.split(labels, num_parts=1, sizes=[1, 2, 3], rng=rng)
    with refused("sizes"):
        splitter.split(labels, num_parts=1, sizes=0.5, rng=rng)
    with refused("min_samples"):
        splitter.split(labels, num_parts=2, min_samples=[1, 2, 3], rng=rng)


@law_of(Shards, Dirichlet, dirichlet_split, dirichlet_mix_split)
@given(wrong=not_positive)
def test_how_uneven_a_split_is_must_be_above_nothing(wrong):
    rng, labels = np.random.default_rng(0), np.arange(6) % 2
    with refused("concentration"):
        Dirichlet(concentration=wrong)
    with refused("concentration"):
        dirichlet_split(labels, num_parts=2, concentration=wrong, rng=rng)
    with refused("concentration"):
        dirichlet_mix_split(labels, sizes=np.array([2, 2]), concentration=wrong, rng=rng)
    with refused("per_part"):
        Shards(per_part=0)
    with refused("per_part"):
        Shards(per_part=4).split(labels, num_parts=3, rng=rng)


@law_of(Shards)
@given(classes=st.integers(1, 6), each=st.integers(1, 6), seed=seeds)
def test_a_shard_for_each_class_has_one_class(classes, each, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(classes), each))
    parts = Shards(per_part=1).split(labels, num_parts=classes, rng=np.random.default_rng(seed))
    assert sorted(set(labels[part]).pop() for part in parts if len(set(labels[part])) == 1) == list(range(classes))


@law_of(dirichlet_split)
@given(labels=labels_, num_parts=st.integers(1, 4), concentration=decades(10.0, 1e4), seed=seeds)
def test_shares_of_classes_cover_all_samples(labels, num_parts, concentration, seed):
    assume(len(labels) >= 6 * num_parts)
    parts = dirichlet_split(labels, num_parts=num_parts, concentration=concentration, rng=np.random.default_rng(seed))
    is_split(parts, labels, covers=True)
    assert min(map(len, parts)) >= 1
    with refused("concentration"):  # which none of many draws has met
        dirichlet_split(np.zeros(4, dtype=int), num_parts=2, concentration=1e-9, min_samples=2, rng=np.random.default_rng(seed))


@law_of(dirichlet_mix_split)
@given(labels=labels_, concentration=concentrations, seed=seeds, data=st.data())
def test_mixes_of_classes_have_exactly_the_sizes_asked_for(labels, concentration, seed, data):
    sizes = data.draw(arrays(int, st.integers(1, 4), elements=st.integers(0, 10)))
    assume(sizes.sum() <= len(labels))
    parts = dirichlet_mix_split(labels, sizes=sizes, concentration=concentration, rng=np.random.default_rng(seed))
    is_split(parts, labels, covers=sizes.sum() == len(labels))
    assert [len(part) for part in parts] == sizes.tolist()


@st.composite
def cells_of_clients(draw):
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    return np.random.default_rng(draw(seeds)).permutation(np.repeat(np.arange(len(sizes)), sizes))


@law_of(two_level_split)
@given(
    serving=cells_of_clients(),
    over=st.tuples(splitters, splitters),
    each=st.integers(3, 6),
    seed=seeds,
    data=st.data(),
)
def test_two_levels_give_every_client_a_part_of_its_own(serving, over, each, seed, data):
    labels = data.draw(arrays(int, each * len(serving) + 3, elements=st.integers(0, 3)))

    def split(**how):
        return two_level_split(
            labels, serving_cell=serving, over_cells=over[0], over_clients=over[1], rng=np.random.default_rng(seed), **how
        )

    parts = split(client_sizes=each)
    assert [len(part) for part in parts] == [each] * len(serving)
    is_split(parts, labels, covers=False)
    same(parts, split(client_sizes=each))
    table = split_table(labels, parts, serving)
    np.testing.assert_array_equal(table["samples"], each)
    for wrong in (each + 4, 0, [each] * (len(serving) + 1)):
        with refused("client_sizes"):
            split(client_sizes=wrong)
    with refused("min_samples"):
        split(min_samples=each + 4)


@law_of(two_level_dirichlet_split)
@given(serving=cells_of_clients(), concentration=decades(50.0, 1e4), seed=seeds, wrong=not_positive)
def test_two_levels_by_dirichlet_are_two_levels(serving, concentration, seed, wrong):
    labels = np.random.default_rng(seed).integers(3, size=20 * len(serving))
    how = {"serving_cell": serving, "cell_concentration": concentration, "client_concentration": concentration}
    parts = two_level_dirichlet_split(labels, **how, rng=np.random.default_rng(seed))
    is_split(parts, labels, covers=True)
    assert min(map(len, parts)) >= 1
    same(
        parts,
        two_level_split(
            labels,
            serving_cell=serving,
            over_cells=Dirichlet(concentration=concentration),
            over_clients=Dirichlet(concentration=concentration),
            rng=np.random.default_rng(seed),
        ),
    )
    for name in ("cell_concentration", "client_concentration"):
        with refused(name):
            two_level_dirichlet_split(labels, **how | {name: wrong}, rng=np.random.default_rng(seed))
    with refused("serving_cell"):
        two_level_dirichlet_split(labels, **how | {"serving_cell": serving + 1}, rng=np.random.default_rng(seed))


@law_of(split_table)
@given(labels=labels_, num_parts=st.integers(1, 4), seed=seeds, data=st.data())
def test_the_table_of_a_split_counts_every_sample_once(labels, num_parts, seed, data):
    assume(len(labels) >= num_parts)
    parts = IID().split(labels, num_parts=num_parts, rng=np.random.default_rng(seed))
    serving = data.draw(arrays(int, num_parts, elements=st.integers(0, 2)))
    table = split_table(labels, parts, serving)
    classes = list(range(labels.max() + 1))
    np.testing.assert_array_equal(table[classes].sum(axis=0), np.bincount(labels))
    np.testing.assert_array_equal(table["samples"], table[classes].sum(axis=1))
    np.testing.assert_array_equal(table["cell"], serving)
    with refused("client_samples"):
        split_table(labels, parts, np.append(serving, 0))


# Sizes


@law_of(equal_sizes)
@given(num_samples=st.integers(1, 10**6), num_parts=st.integers(1, 1000))
def test_equal_sizes_leave_fewer_than_one_for_each(num_samples, num_parts):
    sizes = equal_sizes(num_samples, num_parts=num_parts) if num_samples >= num_parts else None
    if sizes is None:
        with refused("min_samples"):
            equal_sizes(num_samples, num_parts=num_parts)
    else:
        assert len(set(sizes.tolist())) == 1
        assert 0 <= num_samples - sizes.sum() < num_parts


@law_of(proportional_sizes)
@given(num_samples=st.integers(0, 10**6), data=st.data())
def test_proportional_sizes_are_within_one_of_their_share(num_samples, data):
    parts = data.draw(st.integers(1, 8))
    weights = data.draw(decade_arrays(parts, 1e-6, 1e6)) * data.draw(arrays(bool, parts))
    assume(weights.sum() > 0.0)
    sizes = proportional_sizes(num_samples, weights=weights)
    assert sizes.sum() == num_samples
    exact = num_samples * weights / weights.sum()
    assert (np.abs(sizes - exact) < 1.0 + 1e-6).all()
    assert (sizes[weights == 0.0] == 0).all()
    # What is in proportion to whole numbers is these.
    whole = data.draw(arrays(int, parts, elements=st.integers(0, 1000)))
    assume(whole.sum() > 0)
    np.testing.assert_array_equal(proportional_sizes(int(whole.sum()), weights=whole * 0.1), whole)


@law_of(lognormal_sizes, power_law_sizes)
@given(
    num_samples=st.integers(1, 10**4),
    num_parts=st.integers(1, 20),
    least=st.integers(0, 5),
    spread=st.just(0.0) | decades(1e-3, 20.0),
    seed=seeds,
)
def test_drawn_sizes_add_up_with_the_least_for_everybody(num_samples, num_parts, least, spread, seed):
    draws = (
        lambda: lognormal_sizes(
            num_samples, num_parts=num_parts, sigma=spread, min_samples=least, rng=np.random.default_rng(seed)
        ),
        lambda: power_law_sizes(
            num_samples, num_parts=num_parts, exponent=spread, min_samples=least, rng=np.random.default_rng(seed)
        ),
    )
    for draw in draws:
        if least * num_parts > num_samples:
            with refused("min_samples"):
                draw()
            continue
        sizes = draw()
        assert sizes.shape == (num_parts,)
        assert sizes.sum() == num_samples
        assert sizes.min() >= least
        np.testing.assert_array_equal(sizes, draw())
        if spread == 0.0:
            assert sizes.max() - sizes.min() <= 1


@law_of(lognormal_sizes, power_law_sizes, proportional_sizes, equal_sizes)
@given(wrong=negative, count=wrong_counts)
def test_sizes_name_what_is_wrong(wrong, count):
    rng = np.random.default_rng(0)
    with refused("sigma"):
        lognormal_sizes(10, num_parts=2, sigma=wrong, rng=rng)
    with refused("exponent"):
        power_law_sizes(10, num_parts=2, exponent=wrong, rng=rng)
    with refused("weights"):
        proportional_sizes(10, weights=[1.0, wrong])
    with refused("weights"):
        proportional_sizes(10, weights=[0.0, 0.0])
    with refused("num_parts"):
        equal_sizes(10, num_parts=count)
    with refused("num_parts"):
        lognormal_sizes(10, num_parts=count, sigma=1.0, rng=rng)
    with refused("num_parts"):
        power_law_sizes(10, num_parts=count, exponent=1.0, rng=rng)


@law_of(hold_out)
@given(held=st.lists(st.integers(1, 20), min_size=1, max_size=5), share=st.floats(0.01, 0.99), seed=seeds)
def test_what_is_held_out_is_a_share_of_every_client(held, share, seed):
    ends = np.cumsum(held)
    clients = [np.arange(end - size, end) for size, end in zip(held, ends, strict=True)]
    if all(share * size < 1.0 for size in held):
        with refused("test_fraction"):
            hold_out(clients, test_fraction=share, rng=np.random.default_rng(seed))
        return
    kept, test = hold_out(clients, test_fraction=share, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate([*kept, test])), np.arange(sum(held)))
    for own, before in zip(kept, clients, strict=True):
        assert set(own) <= set(before)
        assert len(own) >= 1
        assert abs(len(before) - len(own) - share * len(before)) < 1.0
    for wrong in (0.0, 1.0, -0.5, np.nan):
        with refused("test_fraction"):
            hold_out(clients, test_fraction=wrong, rng=np.random.default_rng(seed))
