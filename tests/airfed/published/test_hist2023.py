"""HIST: savings as defined, claims that fail when they should, and small runs of the real thing."""

from functools import partial

import joblib
import numpy as np
import pytest

from airfed.published import Request, hist2023
from airfed.published.hist2023 import (
    ACCURACY,
    BITS,
    PAPER,
    SECONDS,
    air_claim,
    hist_claims,
    part_of,
    saved,
    shares_claim,
    size_claims,
)
from airfed.published.hist2023_runs import AIR_HIST, HFL, HIST, IID_SPLIT, MODELS, TUNED_HIST, Case, Setting, trained
from airfed.published.image_data import ImageData
from fl_models import MLP

CASE = Case(model="MLP", num_cells=2, split=IID_SPLIT)


def curve(*, rate, seconds, bits, seed=0, top=0.9):
    """(3, 21) accuracy that rises towards `top`, and the cost of rounds that are all alike up to a few per cent."""
    rounds = np.arange(21)
    scatter = 1.0 + 0.02 * np.random.default_rng(seed).random()
    return np.array([top * (1.0 - np.exp(-rate * rounds)), scatter * seconds * rounds, scatter * bits * rounds])


def curves(**options):
    return np.array([curve(seed=seed, **options) for seed in range(4)])


def test_savings_are_counted_at_equal_accuracy():
    slow = np.array([[[0.1, 0.5, 0.7, 0.8], [0, 10, 20, 30], [0, 4, 8, 12]]], dtype=float)
    fast = np.array([[[0.1, 0.4, 0.77, 0.9], [0, 5, 10, 15], [0, 1, 2, 3]]], dtype=float)
    found = {(CASE, HFL): slow, (CASE, HIST): fast}  # both get to 0.95 of 0.8 = 0.76: slow in round 3, fast in round 2
    assert saved(found, CASE, SECONDS, by=HIST, against=HFL) == pytest.approx([100.0 * (1.0 - 10.0 / 30.0)])
    assert saved(found, CASE, BITS, by=HIST, against=HFL) == pytest.approx([100.0 * (1.0 - 2.0 / 12.0)])
    assert saved(found, CASE, BITS, by=HFL, against=HIST) == pytest.approx([-500.0])


def test_claims_pass_and_fail_by_what_is_found():
    whole = curves(rate=0.5, seconds=10.0, bits=3.0)
    part = curves(rate=0.3, seconds=4.0, bits=1.0)  # more rounds, each shorter
    costs = hist_claims({(CASE, HFL): whole, (CASE, HIST): part}, [CASE])
    assert [claim.passed for claim in costs] == [True, True, True]
    late = curves(rate=0.1, seconds=4.0, bits=1.0)  # so many more rounds that nothing is saved, nor reached
    costs = hist_claims({(CASE, HFL): whole, (CASE, HIST): late}, [CASE])
    assert [claim.passed for claim in costs] == [False, False, False]
    other = Case(model="CNN", num_cells=2, split=IID_SPLIT)
    found = {(CASE, HFL): whole, (CASE, HIST): part, (other, HFL): whole, (other, HIST): late}
    worst = hist_claims(found, [CASE, other])  # one bad case fails the claim
    assert not any(claim.passed for claim in worst)
    assert all(str(other) in claim.reason for claim in worst)


def test_claims_on_shares_and_on_the_air_fail_when_there_is_nothing_gained():
    slow, fast = curves(rate=0.5, seconds=10.0, bits=1.0), curves(rate=0.5, seconds=2.0, bits=1.0)
    noisy = curves(rate=0.05, seconds=2.0, bits=1.0, top=1.5)
    assert shares_claim({(CASE, HIST): slow, (CASE, TUNED_HIST): fast}, CASE).passed
    assert not shares_claim({(CASE, HIST): fast, (CASE, TUNED_HIST): slow}, CASE).passed
    links = [Case(model="MLP", num_cells=2, split=IID_SPLIT, snr_db=snr_db) for snr_db in (0.0, 10.0)]
    found = {(case, HIST): slow for case in links} | {(case, AIR_HIST): fast for case in links}
    assert air_claim(found, links).passed
    failed = air_claim(found | {(links[0], AIR_HIST): noisy, (links[0], HIST): fast}, links)
    assert not failed.passed
    assert "0 dB" in failed.reason


def test_parts_of_the_mlp_are_as_published_and_those_of_the_cnn_are_not():
    assert all(claim.passed for claim in size_claims())
    lenet = MODELS[ImageData.FASHION]["CNN"]
    for cells in (2, 3, 4):
        model = MODELS[ImageData.FASHION]["MLP"]
        hidden = model.submodel(np.arange(300 // cells)).model
        assert part_of(model, cells) == hidden.num_parameters / model.num_parameters
        assert part_of(lenet, cells) > 1.05 / cells  # convolutions and the last layer are in every part


@pytest.fixture
def small(monkeypatch):
    """The digits' models with few neurons."""
    monkeypatch.setitem(MODELS, ImageData.DIGITS, {"MLP": MLP(num_inputs=64, num_hidden=12, num_classes=10)})
    return Setting(data=ImageData(), num_clients=12, rounds=2)


def test_traffic_of_a_round_is_that_of_the_part(small):
    whole, part = (trained(small, CASE, scheme, 0) for scheme in (HFL, HIST))
    # Who takes part follows the fading, not the scheme.
    assert part[BITS, -1] / whole[BITS, -1] == pytest.approx(part_of(MODELS["digits"]["MLP"], 2))
    assert part[SECONDS, -1] < whole[SECONDS, -1]
    assert whole[ACCURACY, -1] > whole[ACCURACY, 0]


def test_runs_repeat_from_their_seed(small):
    case = Case(model="MLP", num_cells=3, split="two shards a client", snr_db=0.0)
    one, two, other = (trained(small, case, AIR_HIST, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_shares_follow_resources_where_cells_are_unlike(small):
    case = Case(model="MLP", num_cells=3, split=IID_SPLIT, unlike=True)
    equal, tuned = (trained(small, case, scheme, 0) for scheme in (HIST, TUNED_HIST))
    assert tuned[SECONDS, -1] < equal[SECONDS, -1]


def test_the_whole_reproduction_in_small(small, monkeypatch):
    monkeypatch.setattr(hist2023, "NUM_CELLS", (2, 3))
    monkeypatch.setattr(hist2023, "SNR_DB", (0.0, 10.0))
    monkeypatch.setattr(hist2023, "Setting", partial(Setting, num_clients=12))
    with joblib.parallel_config(backend="sequential"):
        found = PAPER.reproduce(Request(quick=True, seeds=2))
    assert "digits of scikit-learn" in found.report()
    assert len(found.claims) == 2 + 5 + 2
    assert len(found.panels) == 4
