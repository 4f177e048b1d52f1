"""Tables and figures of a sweep, from outcomes that are known."""

import contextlib
import io
import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from scipy.stats import t as student

import airfed
from airfed.checked_json import DamagedFile, sealed, unsealed
from airfed.figures import draw_sweep, reached_by_nobody, sweep_files
from airfed.named_scenarios import named_scenario
from airfed.sweeps import Grid, SweepFolder, SweepResult, SweptKey
from airfed.sweeps.outcome import MEASURES, Outcome
from airfed.sweeps.tables import formatted_summary, write_tables

SECONDS = {("small", 0): [10.0, 12.0, 17.0], ("small", 1): [1.0, math.nan, 3.0], ("large", 0): [900.0, 900.0, 900.0]}
"""By the place of the value and the scheme; the fourth was reached by no seed."""


def result_of(*keys, seconds=SECONDS):
    """Three seeds of two schemes over the values of two keys, of which the second changes nothing."""
    grid = Grid(scenario=airfed.Scenario(), keys=keys, num_seeds=3)
    outcomes = []
    for point in grid.points:
        size = "small" if point.labels[0] == keys[0].values[0] else "large"
        rows = []
        for place, scheme in enumerate(("bits", "air, the better")):
            value = seconds.get((size, place), [math.nan] * 3)[point.scenario.seed]
            known = {
                "final_accuracy": 0.5 + 0.1 * point.scenario.seed,
                "time_to_target_s": value,
                "energy_per_client_j": value / 3,
            }
            rows.append(
                {"scheme": scheme, "outcome": "not reached" if math.isnan(value) else "reached"}
                | {name: known.get(name, value) for name in MEASURES}
            )
        outcomes.append(Outcome(index=point.index, rows=tuple(rows), versions={}))
    return SweepResult(grid=grid, outcomes=tuple(outcomes))


@pytest.fixture
def result():
    return result_of(SweptKey(key="network.bandwidth_hz", values=[5e6, 50e6]))


def test_the_table_is_tidy_and_survives_its_files(result, tmp_path):
    table = result.table
    assert list(table.columns) == ["network.bandwidth_hz", "seed", "scheme", "outcome", *MEASURES]
    assert len(table) == 2 * 3 * 2
    assert not table.duplicated(["network.bandwidth_hz", "seed", "scheme"]).any()
    assert (table["time_to_target_s"].isna() == (table["outcome"] == "not reached")).all()
    with SweepFolder.open(tmp_path, result.grid, overwrite=False) as folder:
        write_tables(folder, result)
        for outcome in result.outcomes:
            folder.write(outcome)
        kept, damaged = folder.outcomes()
    assert not damaged
    again = SweepResult(grid=result.grid, outcomes=tuple(kept[point.index] for point in result.grid.points))
    pd.testing.assert_frame_equal(again.table, table, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), table, check_exact=True)
    to_the_digit = {"rtol": 4e-16, "atol": 0.0}  # which pandas 2 does not all read, unless told to
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv"), table, **to_the_digit)
    assert ",bits,reached,0.5,900.0,900.0,900.0,300.0\n" in (tmp_path / "table.csv").read_text()
    assert ',"air, the better",not reached,0.5,,,,\n' in (tmp_path / "table.csv").read_text()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "summary.csv"), result.summary, **to_the_digit)


def test_the_summary_has_means_confidence_and_who_got_there(result):
    summary = result.summary.set_index(["network.bandwidth_hz", "scheme"])
    assert list(summary["seeds"]) == [3, 3, 3, 3]
    assert list(summary["reached"]) == [3, 2, 3, 0]
    all_three, two, constant, none = (summary.iloc[place] for place in range(4))
    half = student.ppf(0.975, 2) * np.std([10.0, 12.0, 17.0], ddof=1) / math.sqrt(3)
    assert all_three["time_to_target_s_mean"] == pytest.approx(13.0)
    assert all_three["time_to_target_s_low"] == pytest.approx(13.0 - half)
    assert all_three["time_to_target_s_high"] == pytest.approx(13.0 + half)
    # Over the two that got there, with Student's quantile of one degree of freedom.
    assert two["time_to_target_s_mean"] == pytest.approx(2.0)
    assert two["time_to_target_s_high"] == pytest.approx(2.0 + student.ppf(0.975, 1) * math.sqrt(2.0) / math.sqrt(2.0))
    assert constant["time_to_target_s_low"] == constant["time_to_target_s_high"] == 900.0
    assert none.filter(like="time_to_target_s").isna().all()
    assert none["final_accuracy_mean"] == pytest.approx(0.6)


def test_confidence_intervals_cover_the_truth_as_often_as_they_say():
    """95 of 100 intervals over three seeds hold the mean that was drawn around, give or take four deviations of a binomial."""
    rng = np.random.default_rng(0)
    draws, covered = 400, 0
    key = SweptKey(key="network.bandwidth_hz", values=[5e6])
    for _ in range(draws):
        row = result_of(key, seconds={("small", 0): rng.normal(7.0, 2.0, 3).tolist()}).summary.iloc[0]
        covered += row["time_to_target_s_low"] <= 7.0 <= row["time_to_target_s_high"]
    assert abs(covered - 0.95 * draws) < 4.0 * math.sqrt(draws * 0.95 * 0.05)


def test_the_printed_table(result):
    lines = formatted_summary(result).splitlines()
    assert lines[0].split("  ")[0] == "bandwidth_hz"
    assert "seconds to 90 %" in lines[0]
    words = [line.split() for line in lines[2:6]]
    assert words[0][:8] == ["5e6", "bits", "3", "of", "3", "13", "±", "9"]
    assert words[1][0] == "5e6"
    assert "2 of 3" in lines[3]
    assert "0 of 3" in lines[5]
    assert " - " in lines[5]


def test_it_shows_itself_in_a_line_and_a_table(result):
    assert repr(result) == "SweepResult(scenario='default', keys=['network.bandwidth_hz'], num_seeds=3, done=6 of 6)"
    header, *rows = ([cell.text for cell in row] for row in ElementTree.fromstring(result._repr_html_()).iter("tr"))
    printed = formatted_summary(result).splitlines()
    assert header[:3] == ["bandwidth_hz", "scheme", "reached"]
    assert rows[0][:4] == ["5e6", "bits", "3 of 3", "13 ± 9"]
    assert all(cell in printed[0] for cell in header)
    assert all(cell in line for row, line in zip(rows, printed[2:], strict=False) for cell in row)
    broken = replace(result.outcomes[0], rows=(), failure="why")
    some = SweepResult(grid=result.grid, outcomes=(broken, *result.outcomes[1:]))
    assert "1 of 6 points failed" in some._repr_html_()
    assert "done=5 of 6" in repr(some)


def test_values_of_tables_are_texts_in_tables():
    values = [{"kind": "uma"}, {"kind": "umi", "indoor_share": 0.2}]
    result = result_of(SweptKey(key="network.propagation", values=values))
    assert list(result.summary["network.propagation"].unique()) == ['{ kind = "uma" }', '{ kind = "umi", indoor_share = 0.2 }']
    assert result.table.to_parquet(index=False)
    ax = draw_sweep(result.summary, key="network.propagation")
    assert [label.get_text() for label in ax.get_xticklabels()] == ['{ kind = "uma" }', '{ kind = "umi",\nindoor_share = 0.2 }']


def test_the_figure_shows_means_bands_and_who_did_not_get_there(result):
    ax = draw_sweep(result.summary, key="network.bandwidth_hz")
    assert ax.get_xscale() == "log"  # 5 to 50 MHz is a decade
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "network.bandwidth_hz"
    bits, _, air, hollow = ax.lines
    assert list(bits.get_ydata()) == [13.0, 900.0]
    assert air.get_label() == "air, the better"
    assert list(hollow.get_ydata()) == [2.0]
    assert same_color(hollow.get_markerfacecolor(), "white")
    assert ax.get_legend().get_title().get_text() == "hollow: not on all seeds"
    ends = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert ends.min() >= 13.0 - 9.0
    accuracy = draw_sweep(result.summary, key="network.bandwidth_hz", measure="final_accuracy")
    assert accuracy.get_yscale() == "linear"
    assert accuracy.lines[0].get_ydata()[0] == pytest.approx(60.0)


def test_an_axis_within_a_decade_is_linear():
    near = result_of(SweptKey(key="network.bandwidth_hz", values=[5e6, 10e6]), seconds={("small", 0): [1.0, 2.0, 3.0]})
    ax = draw_sweep(near.summary, key="network.bandwidth_hz")
    assert ax.get_xscale() == ax.get_yscale() == "linear"
    assert ax.get_ylim()[0] == 0.0


def test_several_keys_have_panels_and_need_a_choice():
    keys = SweptKey(key="network.bandwidth_hz", values=[5e6, 50e6]), SweptKey(key="learning.local_steps", values=[1, 2, 3, 4])
    summary = result_of(*keys).summary
    with pytest.raises(ValueError, match="got several rows for a value of network.bandwidth_hz and a scheme; choose"):
        draw_sweep(summary, key="network.bandwidth_hz")
    names = [key.key for key in keys]
    files = sweep_files("figure", summary, keys=names)
    assert list(files) == ["figure.png", "figure.pdf", "figure.svg"]
    assert files["figure.png"].startswith(b"\x89PNG")
    assert files["figure.svg"].count(b"learning.local_steps = ") == 4
    assert sweep_files("figure", summary, keys=names) == files
    assert sweep_files("figure", summary, keys=[]) == {}


def words_of(svg):
    return [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_target_that_nobody_reached_is_told_in_the_figure(result):
    instead = "target not reached on any seed: final accuracy instead of time"
    assert instead not in words_of(sweep_files("figure", result.summary, keys=result.keys)["figure.svg"])
    nobody = result_of(SweptKey(key="network.bandwidth_hz", values=[5e6, 50e6]), seconds={})
    assert reached_by_nobody(nobody.summary)
    words = words_of(sweep_files("figure", nobody.summary, keys=nobody.keys)["figure.svg"])
    assert instead in words
    assert "final test accuracy (%)" in words


def test_the_figure_says_what_the_task_measures(result):
    grid = Grid(scenario=named_scenario("fedzo-attack"), num_seeds=1)
    assert (grid.accuracy_label, result.grid.accuracy_label) == ("share of test images hidden", "test accuracy")
    ax = draw_sweep(result.summary, key="network.bandwidth_hz", measure="final_accuracy", accuracy_label=grid.accuracy_label)
    assert ax.get_ylabel() == "final share of test images hidden (%)"


def test_combinations_without_results_are_missing_in_the_figure():
    """Points that fail are in no table: a scheme keeps its colour beside panels that lack another, and the legend has both."""
    keys = SweptKey(key="network.bandwidth_hz", values=[5e6, 50e6]), SweptKey(key="learning.local_steps", values=[1, 2])
    result = result_of(*keys)
    names, summary = result.keys, result.summary
    assert sweep_files("figure", summary[:0], keys=names) == {}
    air = summary["scheme"] == "air, the better"
    first = summary["learning.local_steps"] == 1
    svg = sweep_files("figure", summary[~first | air], keys=names)["figure.svg"]
    assert {"bits", "air, the better"} <= set(words_of(svg))
    lines = [re.findall("stroke: (#[0-9a-f]{6}); stroke-width: 1.8", part) for part in axes_of(svg)]
    assert lines[0] == [lines[1][1]]
    assert len(set(lines[1])) == 2


def axes_of(svg):
    """The parts of an SVG that are panels, as texts."""
    groups = (part for part in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"))
    return [ElementTree.tostring(part, encoding="unicode") for part in groups if part.get("id", "").startswith("axes_")]


def test_unknown_keys_and_measures(result):
    with pytest.raises(ValueError, match="measure: got 'speed'; allowed is one of time_to_target_s"):
        draw_sweep(result.summary, key="network.bandwidth_hz", measure="speed")
    with pytest.raises(ValueError, match="key: got 'network.num_cells'; allowed is a swept key"):
        draw_sweep(result.summary, key="network.num_cells")


def test_sealed_content_is_whole_or_refused():
    content = {"rows": [0.1 + 0.2, 1e-300, 12, None, "ü"]}
    document = sealed(content)
    assert unsealed(document) == content
    assert json_floats(unsealed(document)) == json_floats(content)
    for place in range(0, len(document) - 1, 3):
        with pytest.raises(DamagedFile):
            unsealed(document[:place])
        changed = bytearray(document)
        changed[place] ^= 1
        with contextlib.suppress(DamagedFile):
            assert unsealed(bytes(changed)) == content  # a blank more or less is no damage


def json_floats(content):
    return [value.hex() for value in content["rows"] if isinstance(value, float)]


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_parquet_has_missing_values_not_zeros(result):
    column = pd.read_parquet(io.BytesIO(result.table.to_parquet(index=False)), columns=["time_to_target_s"])["time_to_target_s"]
    assert column.isna().sum() == 4
    assert not (column == 0.0).any()
