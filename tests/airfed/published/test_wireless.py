"""Wireless results: every claim passes, and fails where what it speaks of is wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import airfed
from aircomp import FullPower, MatchedFilters, UniformForcing
from airfed.published import Kind, Relation, cao2020, chen2018, liu2020, liu2020_runs, yang2021, zhu2019
from channels import Rayleigh
from fl_models import digits

NAMES = ["cao2020", "chen2018", "liu2020", "yang2021", "zhu2019"]


@pytest.fixture(scope="module")
def found():
    """Each result, reproduced once."""
    done = {}

    def reproduce(name):
        if name not in done:
            done[name] = airfed.reproduce(name, quick=True)
        return done[name]

    return reproduce


def failing(claims):
    return [claim.says for claim in claims if not claim.passed]


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_passes(found, name):
    result = found(name)
    assert failing(result.claims) == []
    assert result.passed
    assert len(result.table) == len(result.claims) >= 9
    assert result.findings.data.startswith(("no data set", "for rounds the digits"))


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_would_fail_if_ours_were_off(found, name):
    """By twice the tolerance, or a thousandth of an order, beyond what the relation allows."""
    for claim in found(name).claims:
        off = 2.0 * claim.tolerance + 1e-3
        least = claim.relation in (Relation.AT_LEAST, Relation.ABOVE)
        wrong = (off, -off) if claim.relation is Relation.EQUAL else (-off if least else off,)
        assert not any(replace(claim, ours=claim.published + by).passed for by in wrong), claim.says
        if claim.kind is Kind.LAW:
            assert claim.tolerance <= 4.0, claim.says  # standard errors at most


def test_the_worked_example_of_theorem_1(found):
    values = found("cao2020").table["ours"]
    assert values[0] == pytest.approx(0.334936, abs=5e-7)
    assert values[1] == pytest.approx(0.0316987, abs=5e-8)


def test_cao_fails_with_another_rule_in_the_optimum_s_place(monkeypatch):
    gain = Rayleigh().draw((200, cao2020.NUM_DEVICES), rng=np.random.default_rng(0))
    assert failing(cao2020._against_snr(gain)[0]) == []
    monkeypatch.setitem(cao2020.STATIC, "optimal", FullPower())
    wrong = failing(cao2020._against_snr(gain)[0])
    assert any(says.startswith("threshold") for says in wrong)
    assert any(says.startswith("optimal is never above channel inversion") for says in wrong)


def test_zhu_fails_with_a_law_two_per_cent_off(monkeypatch):
    right = zhu2019.aligned_snr
    monkeypatch.setattr(zhu2019, "aligned_snr", lambda *data, **options: 1.02 * right(*data, **options))
    wrong = failing(zhu2019._truncation(400_000, np.random.default_rng(0))[0])
    assert [says[:11] for says in wrong] == ["receive SNR"]


def test_chen_fails_where_nothing_is_certified(monkeypatch):
    def solved(gain, beamformer):
        return UniformForcing(beamformer=MatchedFilters()).certificate(gain, power_w=1.0)

    monkeypatch.setattr(chen2018, "_solved", solved)
    gain = Rayleigh().draw((3, 5, 10), rng=np.random.default_rng(0))
    wrong = failing([chen2018._tight_for_three(gain), *chen2018._order([chen2018.Solved.of(gain)], 3)])
    assert any(says.startswith("the relaxation is exact") for says in wrong)
    assert any(says.startswith("nothing beats the relaxation's bound") for says in wrong)


def test_liu_fails_with_another_rate_or_a_cloud_too_near(monkeypatch):
    cost = {period: liu2020.cloud_round(*period) for period in liu2020.PERIODS}
    assert failing(liu2020._model(cost)) == []
    _, rate, upload, delay, _ = liu2020._model(cost)
    assert rate.ours == pytest.approx(5.672, abs=5e-4)
    assert upload.ours == pytest.approx(21_840 * 32 / 5.672425e6, rel=1e-6)
    monkeypatch.setattr(liu2020, "CLOUD_FACTOR", 9.0)
    assert failing(liu2020._model(cost)) == [delay.says]
    monkeypatch.setattr(liu2020, "RATE_BPS", 1.001 * liu2020.RATE_BPS)
    assert len(failing(liu2020._model(cost))) == 4


def test_liu_fails_with_a_network_of_another_size(monkeypatch):
    cost = {period: liu2020.cloud_round(*period) for period in liu2020.PERIODS}
    monkeypatch.setattr(liu2020, "NUM_PARAMETERS", 21_841)
    parameters, upload, *_ = failing(liu2020._model(cost))
    assert parameters.startswith("parameters of the network")
    assert upload.startswith("upload of 21,841 parameters")


def test_liu_fails_where_periods_and_data_make_no_difference():
    same = {split: np.full((len(liu2020.PERIODS), 2), 10.0) for split in liu2020.SPLITS}
    claims = liu2020._orders(same, same)
    *both, alike = failing(claims)
    assert alike.startswith("edge servers whose data are unlike")
    assert [says.split(": ")[1][:9] for says in both] == ["the more ", "the more ", "and the l", "and the l"]


@pytest.mark.parametrize(("split", "num_classes"), [(liu2020_runs.EDGE_IID, 10), (liu2020_runs.EDGE_UNLIKE, 5)])
def test_liu_deals_out_one_class_a_client(split, num_classes):
    train, _ = digits(test_fraction=0.2, rng=np.random.default_rng(0))
    parts = liu2020_runs.one_class_each(train, split=split, rng=np.random.default_rng(1))
    assert sorted(np.concatenate(parts)) == list(range(len(train)))
    classes = [set(train.labels[part]) for part in parts]
    assert all(len(held) == 1 for held in classes)
    for edge in range(5):
        assert len(set.union(*classes[10 * edge : 10 * edge + 10])) == num_classes


def test_yang_fails_with_a_delay_a_thousandth_off(monkeypatch):
    cells = yang2021.draw_cells(3, rng=np.random.default_rng(0))
    soonest = yang2021.minimize_joint_deadline(cells)
    assert failing(yang2021._optimality(cells, soonest)) == []
    wrong = yang2021._optimality(cells, replace(soonest, deadline_s=1.001 * soonest.deadline_s))
    assert len(failing(wrong)) == 3


def test_yang_fails_with_powers_that_do_not_carry_the_bits_in_time(monkeypatch):
    cells = yang2021.draw_cells(2, rng=np.random.default_rng(0))
    soonest, right = yang2021.minimize_joint_deadline(cells), yang2021.minimize_energy

    def too_quiet(*data, **options):
        found = right(*data, **options)
        return replace(found, power_w=0.999 * found.power_w)

    assert failing(yang2021._energy(cells, soonest)[0]) == []
    monkeypatch.setattr(yang2021, "minimize_energy", too_quiet)
    assert [says[:10] for says in failing(yang2021._energy(cells, soonest)[0])] == ["every user"]


def test_runs_repeat_from_their_seed_and_differ_with_it(found):
    again = airfed.reproduce("zhu2019", quick=True)
    assert again.table.equals(found("zhu2019").table)
    other = airfed.reproduce("zhu2019", quick=True, seed=1)
    assert not other.table["ours"].equals(again.table["ours"])
    assert failing(other.claims) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_a_row_for_every_claim(found, name):
    page = (Path(__file__).parents[3] / "docs/published.md").read_text()
    section = page.split(f"## {name}\n")[1].split("\n## ")[0]
    assert found(name).paper.citation in section
    rows = [line.removeprefix("| ").split(" | ")[0] for line in section.splitlines() if line.endswith(" pass |")]
    assert rows == [claim.says.replace("|", "\\|") for claim in found(name).claims]
