"""Laws of figures and of published claims: what is drawn is what was given, and what is judged is judged as the numbers say."""

import math
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.figure import Figure
from scipy.stats import t as student

from airfed import reproduce
from airfed.explorer import Outlook, Setting
from airfed.figures import (
    accuracy_picture,
    draw_accuracy_vs_time,
    draw_accuracy_vs_uplink,
    draw_curves,
    draw_distribution,
    draw_error_outlook,
    draw_error_vs_snr,
    draw_latency_parts,
    draw_mean_and_band,
    draw_median_and_quartiles,
    draw_network_map,
    draw_panels,
    draw_partition,
    draw_prices,
    draw_round_latency,
    draw_round_outlook,
    draw_split,
    draw_sweep,
    draw_trade_off,
    draw_training_latency,
    figure_files,
    mean_and_half_width,
    outlook_figure,
    paper_style,
    picture,
    published_files,
    quartiles,
    reached_by_nobody,
    save_figure,
    sweep_files,
)
from airfed.published import (
    NAMES,
    Claim,
    Findings,
    Kind,
    Paper,
    Relation,
    Reproduction,
    Request,
    Takes,
    Verdict,
    half_of_the_last_digit,
    paper,
    papers,
    standard_error,
)
from airfed.sweeps.outcome import REACHED
from covered import law_of
from federated_strategies import histories, partition_fields, weights
from fl_models import IID, RoundCost
from latency_opt import PartitionProblem, TrainingBound, minimize_training_latency
from scenario_strategies import sweep_results
from strategies import counts, decade_arrays, decades, negative, permutations, refused, seeds

FEW = settings(max_examples=max(6, settings.default.max_examples // 5), phases=[Phase.explicit, Phase.generate])
"""For what draws, which would take minutes to find the simplest example of what fails."""
ONCE = settings(FEW, max_examples=max(1, settings.default.max_examples // 100))
names = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=3, unique=True)
labels = {"xlabel": "x (s)", "ylabel": "y (m)"}


def axes():
    return Figure().subplots()


def lines(ax):
    """Values of the lines of named curves, by name."""
    return {line.get_label(): line.get_xydata().T for line in ax.get_lines() if not line.get_label().startswith("_")}


# Numbers in figures


def half_widths(count, confidence):
    """t/√S, half the width of an interval in standard deviations."""
    return student.ppf(0.5 + 0.5 * confidence, count - 1) / np.sqrt(count)


@law_of(mean_and_half_width)
@given(data=st.data(), seeds_=st.integers(2, 8), points=counts, factor=decades(1e-3, 1e3), confidence=st.floats(0.5, 0.99))
def test_bands_move_with_their_unit_and_widen_with_the_confidence(data, seeds_, points, factor, confidence):
    rows = data.draw(arrays(float, (seeds_, points), elements=st.floats(-1e6, 1e6)))
    mean, half = mean_and_half_width(rows, confidence=confidence)
    assert mean.shape == half.shape == (points,)
    assert (half >= 0.0).all()
    np.testing.assert_allclose(mean, rows.mean(axis=0))
    scaled, wide = mean_and_half_width(factor * rows, confidence=confidence)
    np.testing.assert_allclose(scaled, factor * mean)
    rounding = 1e-12 * np.abs(rows).max() * half_widths(seeds_, confidence)
    np.testing.assert_allclose(wide, factor * half, rtol=1e-6, atol=factor * rounding)
    order = data.draw(permutations(seeds_))
    np.testing.assert_allclose(mean_and_half_width(rows[order], confidence=confidence)[1], half, rtol=1e-6, atol=rounding)
    surer = mean_and_half_width(rows, confidence=0.5 * (1.0 + confidence))[1]
    assert (surer >= half).all()
    alike = mean_and_half_width(np.repeat(rows[:1], seeds_, axis=0))[1]
    np.testing.assert_allclose(alike, 0.0, atol=1e-12 * np.abs(rows).max() * half_widths(seeds_, 0.95))
    assert np.isnan(mean_and_half_width(rows[:1])[1]).all()


@law_of(quartiles)
@given(data=st.data(), draws=st.integers(1, 9), points=counts)
def test_quartiles_are_in_order_and_among_what_was_drawn(data, draws, points):
    element = st.floats(-1e6, 1e6) | st.just(np.inf)
    rows = data.draw(arrays(float, (draws, points), elements=element))
    low, middle, high = quartiles(rows)
    assert (low <= middle).all()
    assert (middle <= high).all()
    for column in range(points):
        assert low[column] in rows[:, column]
        assert high[column] in rows[:, column]
    order = data.draw(permutations(draws))
    np.testing.assert_array_equal(quartiles(rows[order]), [low, middle, high])


@law_of(standard_error)
@given(
    values=arrays(float, st.integers(2, 20), elements=st.floats(-1e6, 1e6)), factor=decades(1e-3, 1e3), shift=st.floats(-10, 10)
)
def test_standard_errors_scale_and_do_not_shift(values, factor, shift):
    error = standard_error(values)
    assert error >= 0.0
    assert np.isclose(standard_error(factor * values), factor * error, rtol=1e-6)
    assert np.isclose(standard_error(values + shift), error, rtol=1e-3, atol=1e-6)
    with refused("samples"):
        standard_error(values[:1])


# Curves


@law_of(draw_mean_and_band, draw_curves, draw_median_and_quartiles, draw_error_vs_snr, draw_trade_off, draw_panels)
@FEW
@given(names=names, seeds_=st.integers(1, 4), points=st.integers(1, 5), data=st.data(), log=st.booleans())
def test_lines_are_what_was_given(names, seeds_, points, data, log):
    curves = {name: data.draw(decade_arrays((seeds_, points), 1e-6, 1e6)) for name in names}
    x = np.sort(data.draw(decade_arrays(points, 1e-3, 1e3)))
    ax = axes()
    assert draw_mean_and_band(curves, x=x, **labels, log_x=log, log_y=log, ax=ax) is ax
    for name in names:
        np.testing.assert_allclose(lines(ax)[name], [x, curves[name].mean(axis=0)])
    ax = draw_median_and_quartiles(curves, x=x, **labels, log_x=log, log_y=log, ax=axes())
    for name in names:
        np.testing.assert_allclose(lines(ax)[name][1], np.median(curves[name], axis=0))
    ax = draw_error_vs_snr(curves, snr_db=x, laws={names[0]: curves[names[0]][0]}, ax=axes())
    np.testing.assert_allclose(lines(ax)[names[0]][0], x)
    pairs = {name: (x, rows[0]) for name, rows in curves.items()}
    draw = partial(draw_curves, pairs, **labels, log_x=log, log_y=log)
    for name, drawn in lines(draw(ax=axes())).items():
        np.testing.assert_allclose(drawn, pairs[name])
    ax = draw_trade_off(pairs, **labels, points={"choice": (1.0, 2.0)}, ax=axes())
    for name in names:
        np.testing.assert_allclose(lines(ax)[name], pairs[name])
    figure = draw_panels([draw] * points)
    assert len([one for one in figure.axes if one.get_visible() and one.get_lines()]) == points


@law_of(draw_median_and_quartiles, draw_error_vs_snr, draw_distribution)
@FEW
@given(data=st.data(), draws=st.integers(2, 6), points=st.integers(2, 4))
def test_what_never_ends_is_drawn_without_a_word(data, draws, points):
    """Times and errors under fading may be infinite."""
    rows = data.draw(arrays(float, (draws, points), elements=st.floats(1e-3, 1e3) | st.just(np.inf)))
    draw_median_and_quartiles({"one": rows}, x=np.arange(points), **labels, log_y=True, ax=axes())
    draw_error_vs_snr({"one": rows}, snr_db=np.arange(points), ax=axes())
    finite = rows[np.isfinite(rows)]
    assume(finite.size)
    ax = draw_distribution({"one": finite}, label="t (s)", log_x=True, ax=axes())
    heights = ax.get_lines()[0].get_ydata()
    assert heights.max() == 1.0
    assert (np.diff(heights) >= 0.0).all()


@law_of(draw_mean_and_band, draw_median_and_quartiles)
@FEW
@given(wrong=negative, points=st.integers(2, 4))
def test_curves_that_do_not_fit_are_named(wrong, points):
    with refused("confidence"):
        draw_mean_and_band({"one": [[1.0]]}, **labels, confidence=wrong, ax=axes())
    with refused("curves"):
        draw_mean_and_band({"one": np.ones(points)}, **labels, ax=axes())
    with refused("x"):
        draw_mean_and_band({"one": np.ones((1, points))}, x=np.ones(points + 1), **labels, ax=axes())
    with refused("curves"):
        draw_median_and_quartiles({"one": np.ones(points)}, x=np.ones(points + 1), **labels, ax=axes())
    with refused("laws"):
        draw_median_and_quartiles(
            {"one": np.ones(points)}, x=np.ones(points), laws={"other": np.ones(points)}, **labels, ax=axes()
        )


# Runs


@law_of(draw_accuracy_vs_time, draw_accuracy_vs_uplink, draw_round_latency, draw_latency_parts, accuracy_picture, figure_files)
@FEW
@given(runs=st.lists(histories(), min_size=1, max_size=3, unique_by=lambda run: run.scheme), target=st.floats(0.1, 0.9))
def test_runs_are_drawn_as_recorded(runs, target):
    ax = draw_accuracy_vs_time(runs, target_accuracy=target, ax=axes())
    for run in runs:
        shown = [record for record in run.records if record.time_s > 0.0]
        np.testing.assert_allclose(
            lines(ax)[run.scheme], [[record.time_s for record in shown], [record.test_accuracy for record in shown]]
        )
    draw_accuracy_vs_uplink(runs, target_accuracy=target, ax=axes())
    for as_share in (False, True):
        draw_round_latency(runs, as_share=as_share, ax=axes())
    assert accuracy_picture(runs, target_accuracy=target).startswith("<img")


@law_of(draw_latency_parts)
@FEW
@given(seconds=arrays(float, (2, 4), elements=st.just(0.0) | decades(1e-9, 1e9)), as_share=st.booleans())
@example(seconds=np.zeros((2, 4)), as_share=False)
@example(seconds=np.zeros((2, 4)), as_share=True)
def test_parts_of_a_round_end_where_it_does(seconds, as_share):
    parts = ("downlink_s", "compute_s", "uplink_s", "backhaul_s")
    costs = {f"cost {k}": RoundCost(**dict(zip(parts, row, strict=True))) for k, row in enumerate(seconds)}
    ax = draw_latency_parts(costs, as_share=as_share, ax=axes())
    ends = {}
    for bar in ax.patches:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0.0), bar.get_x() + bar.get_width())
    found = [ends[y] for y in sorted(ends, reverse=True)]
    total = seconds.sum(axis=1)
    np.testing.assert_allclose(found, np.where(total > 0.0, 1.0, 0.0) if as_share else total, rtol=1e-9)


@law_of(figure_files, save_figure, paper_style, picture)
@ONCE
@given(run=histories().filter(lambda run: len(run.records) > 1))
def test_files_are_pictures(run):
    files = figure_files([run], target_accuracy=0.5)
    assert all(content[:4] in (b"\x89PNG", b"%PDF") for content in files.values())
    with tempfile.TemporaryDirectory() as folder, paper_style():
        for kind in ("pdf", "svg", "png"):
            path = save_figure(axes(), Path(folder) / f"one.{kind}")
            assert path.read_bytes()
        for wrong in ("one", "one.jpg", "one.pdf.gz"):
            with refused("path"):
                save_figure(axes(), Path(folder) / wrong)
    with refused("kind"):
        picture(Figure(), "jpg")


# Sweeps


@law_of(draw_sweep, sweep_files)
@FEW
@given(result=sweep_results(), measure=st.sampled_from(["time_to_target_s", "final_accuracy", "energy_per_client_j"]))
def test_sweeps_are_drawn_whatever_came_of_them(result, measure):
    key = result.keys[0]
    ax = draw_sweep(result.summary, key=key, measure=measure, ax=axes())
    unit = 0.01 if measure == "final_accuracy" else 1.0
    for scheme, rows in result.summary.groupby("scheme"):
        rows = rows.sort_values(key)
        np.testing.assert_allclose(lines(ax)[scheme], [rows[key], rows[f"{measure}_mean"] / unit])
    with refused("measure"):
        draw_sweep(result.summary, key=key, measure="speed", ax=axes())
    with refused("key"):
        draw_sweep(result.summary, key="network.other", ax=axes())


@law_of(sweep_files)
@ONCE
@given(result=sweep_results())
def test_files_of_a_sweep_are_pictures(result):
    files = sweep_files("figure", result.summary, keys=result.keys)
    assert set(files) == {"figure.png", "figure.pdf", "figure.svg"}
    assert sweep_files("figure", result.summary, keys=[]) == {}


@law_of(reached_by_nobody)
@given(result=sweep_results())
def test_a_target_is_reached_by_nobody_or_somebody_has_a_time_to_it(result):
    summary = result.summary
    assert reached_by_nobody(summary) == summary["time_to_target_s_mean"].isna().all()
    rows = [row for outcome in result.outcomes for row in outcome.rows]
    assert reached_by_nobody(summary) == (not any(row["outcome"] == REACHED for row in rows))
    some = summary.assign(reached=1)
    assert not reached_by_nobody(some)
    assert reached_by_nobody(some[:0])


# Networks and partitions


@law_of(draw_partition, draw_prices, draw_split, draw_network_map, draw_training_latency)
@FEW
@given(names=names, cells=st.integers(1, 5), data=st.data(), seed=seeds)
def test_shares_prices_and_places_are_drawn(make_network, names, cells, data, seed):
    shares = {name: data.draw(weights((cells,))) for name in names}
    ax = draw_partition(shares, latency_s={names[0]: 1.5}, ax=axes())
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(cells, len(names))
    np.testing.assert_allclose(widths, np.array(list(shares.values())).T, rtol=1e-9)
    saved = dict(zip(names, data.draw(decade_arrays(len(names), 1e-6, 1e6)), strict=True))
    ax = draw_prices(saved, label="s", ax=axes())
    assert np.isclose(sum(bar.get_width() for bar in ax.patches), sum(saved.values()))
    rng = np.random.default_rng(seed)
    kinds = rng.integers(3, size=4 * cells + 1)
    parts = IID().split(kinds, num_parts=cells, rng=rng)
    for as_share in (False, True):
        draw_split(kinds, parts, np.arange(cells), as_share=as_share, ax=axes())
    draw_network_map(make_network(min(cells, 3), 2), ax=axes())
    problem = PartitionProblem(**data.draw(partition_fields(spread=10.0)))
    least = float(problem.imbalance(problem.balanced_fraction))
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=least + 0.5)
    result = minimize_training_latency(problem, bound=bound)
    curve = lines(draw_training_latency(result, ax=axes()))
    total = curve["their product, time to the target"][1]
    assert (total >= curve["optimum"][1] * (1.0 - 1e-6)).all()


@law_of(draw_round_outlook, draw_error_outlook, outlook_figure)
@FEW
@given(names=names, data=st.data())
def test_outlooks_are_drawn_from_their_numbers(names, data):
    outlook = Outlook(
        setting=Setting(bandwidth_hz=1e6, client_power_dbm=20.0),
        snr_db=np.array([3.0, 5.0]),
        round_s={name: data.draw(decade_arrays(5, 1e-3, 1e6)) for name in names},
        fraction=None,
        median_snr_db=np.linspace(-10.0, 10.0, 3),
        error={name: data.draw(decade_arrays((4, 3), 1e-9, 1e3)) for name in names},
    )
    draw_round_outlook(outlook, before=outlook, ax=axes())
    drawn = lines(draw_error_outlook(outlook, ax=axes()))
    for name in names:
        np.testing.assert_allclose(drawn[name][1], np.median(outlook.error[name], axis=0))
    assert len(outlook_figure(outlook, before=outlook).axes) == 2


# Claims


numbers = st.floats(-1e6, 1e6)
claims = st.builds(
    Claim,
    says=st.just("it is so"),
    source=st.just("figure 1"),
    kind=st.sampled_from(Kind),
    ours=numbers | st.just(math.nan),
    published=numbers,
    relation=st.sampled_from(Relation),
    tolerance=st.just(0.0) | decades(1e-6, 1e6),
    reason=st.just("for a reason"),
    at_best=st.none() | numbers,
)


@law_of(Claim)
@given(claim=claims, more=st.floats(1.0, 10.0))
def test_claims_are_judged_as_their_numbers_say(claim, more):
    excess = claim.ours - claim.published
    holds = {
        Relation.EQUAL: abs(excess) <= claim.tolerance,
        Relation.AT_MOST: excess <= claim.tolerance,
        Relation.AT_LEAST: excess >= -claim.tolerance,
        Relation.BELOW: excess < claim.tolerance,
        Relation.ABOVE: excess > -claim.tolerance,
    }[claim.relation]
    assert claim.passed == holds
    assert not (claim.passed and math.isnan(claim.ours))
    assert (claim.verdict is Verdict.PASS) == claim.passed
    assert claim.verdict is not Verdict.OPEN or claim.at_best is not None
    if claim.passed:
        assert replace(claim, tolerance=more * claim.tolerance).passed
        assert replace(claim, at_best=None).verdict is Verdict.PASS


@law_of(Claim)
@given(wrong=negative)
def test_claims_name_what_is_wrong(wrong):
    right = {"says": "a", "source": "b", "kind": Kind.LAW, "ours": 1.0, "published": 1.0, "reason": "c"}
    with refused("tolerance"):
        Claim(**right, tolerance=wrong)
    if not np.isfinite(wrong):
        with refused("published"):
            Claim(**right | {"published": wrong})
    for name in ("says", "source", "reason"):
        with refused(name):
            Claim(**right | {name: ""})
    for name, text in (("kind", "law"), ("relation", "=")):
        with refused(name):
            Claim(**right | {name: text})


@law_of(half_of_the_last_digit, Claim)
@given(digits=st.integers(0, 6), value=st.floats(0.0, 1e6), part=st.floats(-0.999, 0.999))
def test_what_rounds_to_the_printed_digits_passes_and_nothing_else(digits, value, part):
    printed = f"{value:.{digits}f}"
    half = half_of_the_last_digit(printed)
    assert np.isclose(half, 0.5 * 10.0**-digits)
    inside = Claim.printed(says="a", source="b", printed=printed, ours=float(printed) + part * half)
    assert inside.passed
    outside = Claim.printed(says="a", source="b", printed=printed, ours=float(printed) + 1.01 * half + 1e-9 * value)
    assert not outside.passed
    for text in ("", "one", "1.5.", "0x1", "1e"):
        with refused("printed"):
            half_of_the_last_digit(text)


@law_of(Paper, Findings, Reproduction, Request, draw_panels, published_files)
@given(found=st.lists(claims, min_size=1, max_size=4).map(tuple), beyond=st.lists(claims, max_size=2).map(tuple), seed=seeds)
def test_a_reproduction_passes_if_all_its_claims_do(found, beyond, seed):
    panels = (partial(draw_curves, {"one": ([0.0, 1.0], [0.0, 1.0])}, **labels),)
    findings = Findings(data="made up", claims=found, panels=panels, beyond=beyond)
    told = Paper(name="one2026", citation="One 2026", runs="nothing", takes=Takes.SECONDS, run=lambda request: findings)
    result = told.reproduce(Request(seed=seed))
    assert result.passed == all(claim.passed for claim in found)
    assert result.failed == any(claim.verdict is Verdict.FAIL for claim in found)
    assert len(result.table) == len(found) + len(beyond)
    assert result.table["beyond"].sum() == len(beyond)
    assert f"{sum(claim.passed for claim in found)} of {len(found)} claims pass" in result.report()
    with refused("data_folder"):
        told.reproduce(Request(data_folder=Path("somewhere")))
    with refused("seeds"):
        told.reproduce(Request(seeds=3))
    with refused("seeds"):
        replace(told, trains=True).reproduce(Request(seeds=1))
    with refused("claims"):
        replace(findings, claims=())
    with refused("data"):
        replace(findings, data="")


@law_of(published_files)
@ONCE
@given(count=st.integers(1, 4))
def test_files_of_a_reproduction_are_the_same_each_time(count):
    panels = (partial(draw_curves, {"one": ([0.0, 1.0], [0.0, 1.0])}, **labels),) * count
    assert published_files("one", panels) == published_files("one", panels)


@law_of(Request)
@given(seed=seeds, full=st.integers(2, 20), quick=st.integers(1, 5), seeds_=st.none() | st.integers(2, 9))
def test_seeds_of_a_request_follow_its_first(seed, full, quick, seeds_):
    request = Request(seed=seed, seeds=seeds_)
    assert request.of(full, quick=quick) == full
    assert replace(request, quick=True).of(full, quick=quick) == quick
    chosen = request.seed_range(full, quick=quick)
    assert chosen[0] == seed
    assert len(chosen) == (seeds_ or full)


@law_of(paper, papers, reproduce)
@given(name=st.text(max_size=12))
def test_papers_are_known_by_name(name):
    assert [one.name for one in papers()] == list(NAMES)
    for known in NAMES:
        assert paper(known).name == known
    assume(name not in NAMES)
    for of in (paper, reproduce):
        with refused("name"):
            of(name)
    with pytest.raises(ValueError, match="seeds: got 3"):
        reproduce("cao2020", quick=True, seeds=3)
