"""Laws of scenarios: what is written is what is read, and keys can be set one by one."""

import math
import tomllib
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from airfed import Experiment, Result, Scenario, ScenarioError, comparison_table, formatted_table, named_scenario, run, sweep
from airfed.checked_json import DamagedFile, sealed, unsealed
from airfed.confidence import mean_and_half_width
from airfed.explorer import Explorer, Ground, Setting, explore
from airfed.named_scenarios import scenario_names
from airfed.sweeps import (
    BackendError,
    DaskCluster,
    Grid,
    OtherSweep,
    RayCluster,
    SweepFolder,
    SweepResult,
    SweptKey,
    ThisMachine,
    run_sweep,
)
from airfed.sweeps.outcome import DIVERGED, MEASURES, REACHED
from airfed.sweeps.scenario_at import scenario_at
from airfed.toml_value import short_number, toml_value
from covered import law_of
from federated_strategies import histories
from scenario_strategies import documents, scenarios, sweep_results
from strategies import decades, negative, not_positive, permutations, refused, seeds

FEWER = settings(
    max_examples=max(8, settings.default.max_examples // 3),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
RARE = settings(max_examples=max(2, settings.default.max_examples // 100), phases=[Phase.explicit, Phase.generate])
"""For what runs a scenario."""
NUMBERS = {
    "network.client_power_dbm": (0.0, 30.0),
    "network.bandwidth_hz": (1e5, 1e8),
    "learning.step_size": (1e-4, 1.0),
    "learning.weight_decay": (0.0, 1.0),
    "target_accuracy": (0.1, 0.9),
}
"""Keys that any value of goes with any of the others."""
TINY = Scenario(
    network={"num_cells": 1, "clients_per_cell": 3, "cell_load": 0.0},
    learning={"rounds": 2, "edge_rounds": 1, "local_steps": 1, "batch_size": 2, "model": {"hidden": 4}},
)


# Files


@law_of(Scenario)
@FEWER
@given(scenario=scenarios())
def test_a_scenario_that_is_written_is_read_as_it_was(scenario):
    text = scenario.to_toml()
    again = Scenario.from_toml(text)
    assert again == scenario
    assert again.to_toml() == text
    written = tomllib.loads(text)
    assert Scenario.model_validate(written) == scenario
    assert max(map(len, text.splitlines())) < 20_000


@law_of(Scenario)
@FEWER
@given(document=documents())
def test_what_is_no_scenario_is_told_by_its_key(document):
    """Whatever is drawn is a scenario, or an error that begins with the file and names a key."""
    text = "".join(f"{key} = {toml_value(value)}\n" for key, value in document.items())
    try:
        Scenario.from_toml(text, source="file")
    except ScenarioError as error:
        told = str(error)
        assert told.startswith("file: ")
        assert any(key in told for key in document)


@law_of(Scenario, ScenarioError)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
@example(text="seed = " + "9" * 5000)
@example(text="name = [" + "[" * 2000)
@example(text="[network]\nnum_cells = nan")
def test_any_text_is_a_scenario_or_a_scenario_error(text):
    try:
        assert isinstance(Scenario.from_toml(text), Scenario)
    except ScenarioError as error:
        assert str(error)  # noqa: PT017


plain_values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)


@law_of(Scenario)
@given(value=plain_values)
@example(value="\x7f\x00\u2028\U0001f600")
@example(value=5e-324)
@example(value=-0.0)
def test_values_in_tomls_notation_read_back_as_they_were(value):
    read = tomllib.loads(f"value = {toml_value(value)}")["value"]
    assert read == value
    assert type(read) is type(value)
    if isinstance(value, float):
        assert float(short_number(value)) == value
        assert math.copysign(1.0, read) == math.copysign(1.0, value)


@law_of(named_scenario)
@pytest.mark.parametrize("name", scenario_names())
def test_scenarios_that_come_along_are_written_as_they_are_read(name):
    scenario = named_scenario(name)
    assert Scenario.from_toml(scenario.to_toml()) == scenario


@law_of(named_scenario)
@given(name=st.text(max_size=12))
def test_only_scenarios_that_come_along_are_known_by_name(name):
    assume(name not in scenario_names())
    with pytest.raises((ScenarioError, ValueError)):
        named_scenario(name)


# Keys


@st.composite
def settings_of_keys(draw, most=3):
    names = draw(st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=most, unique=True))
    return {name: draw(st.floats(*NUMBERS[name])) for name in names}


def at(scenario, given_):
    return scenario_at(scenario, [SweptKey(key=key, values=[value]) for key, value in given_.items()], list(given_.values()))


@law_of(SweptKey)
@FEWER
@given(scenario=scenarios())
def test_no_key_is_the_scenario_itself(scenario):
    assert scenario_at(scenario, [], []) == scenario


@law_of(SweptKey, Grid)
@given(given_=settings_of_keys(), data=st.data())
def test_keys_are_set_in_any_order_and_as_if_written_so(given_, data):
    scenario = at(Scenario(), given_)
    names = data.draw(st.permutations(sorted(given_)))
    assert at(Scenario(), {name: given_[name] for name in names}) == scenario
    step_by_step = Scenario()
    for name in names:
        step_by_step = at(step_by_step, {name: given_[name]})
    assert step_by_step == scenario
    for name, value in given_.items():
        found = scenario
        for step in name.split("."):
            found = getattr(found, step)
        assert found == value
        assert at(scenario, {name: value}) == scenario
    tables = {}
    for name, value in given_.items():
        *table, key = name.split(".")
        tables.setdefault(".".join(table), []).append(f"{key} = {toml_value(value)}")
    text = "\n".join(tables.pop("", [])) + "".join(f"\n[{table}]\n" + "\n".join(lines) for table, lines in tables.items())
    assert Scenario.from_toml(text) == scenario


@law_of(SweptKey)
@given(
    values=st.lists(st.floats(-1e9, 1e9) | st.integers(-99, 99) | st.text(max_size=6) | st.booleans(), min_size=1, max_size=4)
)
def test_swept_keys_are_parsed_as_they_are_written(values):
    texts = [toml_value(value) for value in values]
    assume(len(set(texts)) == len(texts))
    key = SweptKey.parse(f"network.any={','.join(texts)}")
    assert key == SweptKey(key="network.any", values=values)
    assert list(key.values) == values
    assert [type(value) for value in key.values] == [type(value) for value in values]
    assert len(key.labels) == len(values)
    with pytest.raises(ScenarioError, match=r"^network.any: got .* a second time"):
        SweptKey(key="network.any", values=[*values, values[0]])


@law_of(SweptKey)
@given(key=st.text(max_size=12), step=st.text(min_size=1, max_size=8).filter(lambda text: '"' not in text))
def test_keys_that_lead_nowhere_are_named(key, step):
    try:
        swept = SweptKey(key=key, values=[1])
    except ScenarioError as error:
        assert "key" in str(error) or "seed" in str(error)  # noqa: PT017
    else:
        try:
            scenario_at(Scenario(), [swept], [1])
        except ScenarioError as error:
            assert swept.path[0] in str(error)  # noqa: PT017
        else:
            assert swept.path[0] in Scenario.model_fields
    for values in ([], "text", 1.0, [None], [object()]):
        with pytest.raises(ScenarioError, match=r"^network.x: "):
            SweptKey(key="network.x", values=values)


@law_of(Grid)
@given(
    keys=st.lists(st.sampled_from(sorted(NUMBERS)), max_size=3, unique=True),
    seeds_=st.integers(1, 4),
    first=st.integers(0, 2**32 - 5),
    data=st.data(),
)
def test_grids_have_every_combination_once_with_every_seed(keys, seeds_, first, data):
    swept = tuple(
        SweptKey(key=key, values=data.draw(st.lists(st.floats(*NUMBERS[key]), min_size=1, max_size=3, unique=True)))
        for key in keys
    )
    grid = Grid(scenario=Scenario(seed=first), keys=swept, num_seeds=seeds_)
    assert len(grid.points) == seeds_ * math.prod(len(key.values) for key in swept)
    assert [point.index for point in grid.points] == list(range(len(grid.points)))
    assert len({(point.labels, point.scenario.seed) for point in grid.points}) == len(grid.points)
    assert [point.scenario.seed for point in grid.points[:seeds_]] == list(grid.seeds) == list(range(first, first + seeds_))
    for point in grid.points:
        expected = at(grid.scenario, dict(zip(keys, point.labels, strict=True))) if keys else grid.scenario
        assert point.scenario == expected.model_copy(update={"seed": point.scenario.seed})
    for wrong in (0, -1, 1.5, True, 2**33):
        with refused("seeds"):
            Grid(scenario=Scenario(seed=first), keys=swept, num_seeds=wrong)


# Tables


@law_of(comparison_table, formatted_table)
@given(
    runs=st.lists(histories(), min_size=1, max_size=4), target=st.floats(0.01, 0.99), factor=decades(1e-3, 1e3), data=st.data()
)
def test_comparisons_keep_their_rows_and_units(runs, target, factor, data):
    table = comparison_table(runs, target_accuracy=target)
    assert list(table["scheme"]) == [one.scheme for one in runs]
    order = data.draw(permutations(len(runs)))
    turned = comparison_table([runs[k] for k in order], target_accuracy=target)
    for column in set(table.columns) - {"speed_up"}:
        np.testing.assert_array_equal(turned[column].to_numpy(), table[column].to_numpy()[order])
    slower = [
        replace(one, records=tuple(replace(record, time_s=factor * record.time_s) for record in one.records)) for one in runs
    ]
    later = comparison_table(slower, target_accuracy=target)
    np.testing.assert_allclose(later["time_to_target_s"], factor * table["time_to_target_s"])
    np.testing.assert_allclose(later["speed_up"], table["speed_up"])
    assert (table["speed_up"].iloc[0] == 1.0) or math.isnan(table["speed_up"].iloc[0])
    easier = comparison_table(runs, target_accuracy=0.5 * target)
    for before, after in zip(table["rounds_to_target"], easier["rounds_to_target"], strict=True):
        assert math.isnan(before) or after <= before
    lines = formatted_table(table, target_accuracy=target).splitlines()
    assert len(lines) == len(runs) + 4
    for line, one in zip(lines[2:], runs, strict=False):
        assert line.startswith(one.scheme)


@law_of(SweepResult, mean_and_half_width)
@given(result=sweep_results())
def test_summaries_are_the_means_over_seeds(result):
    table, summary = result.table, result.summary
    schemes = table["scheme"].nunique()
    assert len(table) == len(result.grid.points) * schemes
    assert len(summary) == len(table) // result.grid.num_seeds
    assert result.failures == {}
    for _, row in summary.iterrows():
        part = table[(table[result.keys[0]] == row[result.keys[0]]) & (table["scheme"] == row["scheme"])]
        assert row["seeds"] == len(part) == result.grid.num_seeds
        assert row["reached"] == (part["outcome"] == REACHED).sum()
        assert row["diverged"] == (part["outcome"] == DIVERGED).sum()
        for name in MEASURES:
            values = part[name].dropna()
            mean, low, high = (row[f"{name}_{end}"] for end in ("mean", "low", "high"))
            assert math.isnan(mean) if values.empty else np.isclose(mean, values.mean(), rtol=1e-12)
            assert math.isnan(high) == (len(values) < 2)
            if len(values) > 1:
                assert low <= mean <= high
                assert np.isclose(mean - low, high - mean, rtol=1e-6, atol=1e-9 * abs(mean))
                assert (values.min() - 1e-9 * abs(mean) <= mean) & (mean <= values.max() + 1e-9 * abs(mean))


@law_of(SweepFolder)
@FEWER
@given(result=sweep_results(), data=st.data())
def test_a_folder_gives_back_what_it_was_given_and_tells_what_was_damaged(tmp_path_factory, result, data):
    path = tmp_path_factory.mktemp("sweep")
    with SweepFolder.open(path, result.grid, overwrite=False) as folder:
        for outcome in result.outcomes:
            folder.write(outcome)
        assert folder.num_points == len(result.outcomes)
    with SweepFolder.open(path, result.grid, overwrite=False) as folder:
        kept, damaged = folder.outcomes()
        assert damaged == []
        again = SweepResult(grid=result.grid, outcomes=tuple(kept[point.index] for point in result.grid.points))
        assert again.table.equals(result.table)
        file = path / "points" / "00000.json"
        content = file.read_bytes()
        place = data.draw(st.integers(0, len(content) - 2))
        file.write_bytes(content[:place])
        kept, damaged = folder.outcomes()
        assert damaged == ["00000.json"]
        assert len(kept) == len(result.outcomes) - 1
    other = replace(result.grid, scenario=Scenario(seed=result.grid.scenario.seed + 1))
    with pytest.raises(OtherSweep), SweepFolder.open(path, other, overwrite=False):
        pass
    with SweepFolder.open(path, other, overwrite=True) as folder:
        assert folder.num_points == 0


@law_of(SweepFolder)
@given(content=plain_values, place=st.integers(0, 10**6), other=st.binary(min_size=1, max_size=1))
def test_a_seal_holds_and_breaks(content, place, other):
    document = sealed(content)
    assert unsealed(document) == content
    place %= len(document)
    changed = document[:place] + other + document[place + 1 :]
    with suppress(DamagedFile):
        assert unsealed(changed) == content  # blanks may change


# Runs


@law_of(run, Experiment, Result)
@RARE
@given(seed=seeds)
def test_runs_repeat_and_the_order_of_schemes_is_that_of_the_rows(seed):
    scenario = TINY.model_copy(update={"seed": seed})
    result = run(scenario, progress=False)
    turned = run(scenario.model_copy(update={"schemes": scenario.schemes[::-1]}), progress=False)
    for one, other in zip(result.histories, turned.histories[::-1], strict=True):
        assert one.to_frame().equals(other.to_frame())
    assert len(result.table) == len(scenario.schemes)
    assert len(result.to_frame()) == len(scenario.schemes) * (scenario.learning.rounds + 1)
    experiment = Experiment.prepare(scenario)
    alone = next(iter(experiment.histories(progress=False)))
    assert alone.to_frame().equals(result.histories[0].to_frame())


@law_of(sweep, run_sweep, ThisMachine)
@RARE
@given(seed=st.integers(0, 1000), done=st.sets(st.integers(0, 3)))
def test_a_sweep_is_the_same_whatever_of_it_was_done_before(seed, done):
    scenario = TINY.model_copy(update={"seed": seed, "schemes": TINY.schemes[:1]})
    over = {"network.client_power_dbm": [17.0, 23.0]}
    whole = sweep(scenario, over=over, seeds=2, backend=ThisMachine(num_processes=1), progress=False)
    kept = []
    known = {index: whole.outcomes[index] for index in done}
    again = run_sweep(whole.grid, done=known, keep=kept.append, backend=ThisMachine(num_processes=1), progress=False)
    assert again.table.equals(whole.table)
    assert sorted(outcome.index for outcome in kept) == [index for index in range(4) if index not in done]


@law_of(ThisMachine)
@given(items=st.lists(st.integers(-100, 100), max_size=5), wrong=st.sampled_from([0, -1, 1.5, True]))
def test_one_process_finds_what_the_task_finds(items, wrong):
    assert list(ThisMachine(num_processes=1).run(abs, items)) == [abs(item) for item in items]
    with refused("num_processes"):
        ThisMachine(num_processes=wrong)


@law_of(DaskCluster, RayCluster)
@RARE
@given(address=st.text("abc.:/", min_size=1, max_size=8))
def test_clusters_say_what_is_wrong_with_an_address(address):
    for cluster in (DaskCluster, RayCluster):
        with pytest.raises(BackendError, match=r"^address|is not installed"):
            list(cluster(address=address).run(abs, [1]))


# The explorer


@pytest.fixture(scope="module")
def ground():
    return Ground.of(TINY.model_copy(update={"schemes": TINY.schemes[:1]}))


@law_of(Ground)
@settings(max_examples=max(5, settings.default.max_examples // 10))
@given(power=st.floats(0.0, 20.0), band=st.floats(1.0, 10.0), shift=st.floats(0.0, 20.0))
def test_more_power_and_band_are_never_later_on_the_same_draws(ground, power, band, shift):
    own = ground.setting
    before = ground.outlook(own)
    stronger = replace(own, client_power_dbm=own.client_power_dbm + power)
    for better in (stronger, replace(own, bandwidth_hz=band * own.bandwidth_hz)):
        after = ground.outlook(better)
        assert after.round_s.keys() == before.round_s.keys()
        for name in before.round_s:
            if not name.startswith("HIST"):  # whose shares are another problem's
                assert (after.round_s[name] <= before.round_s[name] * (1.0 + 1e-9)).all(), name
    quieter = ground.outlook(replace(own, snr_shift_db=shift))
    np.testing.assert_allclose(quieter.snr_db, before.snr_db + shift, atol=1e-9)
    np.testing.assert_allclose(ground.outlook(stronger).snr_db, before.snr_db + power, atol=1e-9)
    for name, error in before.error.items():
        assert (error >= 0.0).all(), name
    optimal = before.error["optimal power control"]
    for error in before.error.values():
        assert (optimal <= error * (1.0 + 1e-9)).all()


@law_of(Setting)
@given(wrong=not_positive)
def test_settings_name_what_is_wrong(wrong):
    with refused("bandwidth_hz"):
        Setting(bandwidth_hz=wrong, client_power_dbm=20.0)
    if not np.isfinite(wrong):
        for name in ("client_power_dbm", "snr_shift_db"):
            with refused(name):
                Setting(**{"bandwidth_hz": 1e6, "client_power_dbm": 20.0, name: wrong})
    for name in ("num_cells", "clients_per_cell"):
        with refused(name):
            Setting(bandwidth_hz=1e6, client_power_dbm=20.0, **{name: 0})


@law_of(Explorer, explore)
@RARE
@given(step=st.integers(1, 5))
def test_sliders_lead_to_the_outlook_of_their_setting(step):
    explorer = explore(TINY.model_copy(update={"schemes": TINY.schemes[:1]}))
    slider = explorer.sliders["client_power_dbm"]
    slider.value = min(slider.value + step, slider.max)
    there = explorer.ground.outlook(explorer.setting)
    for name, seconds in explorer.outlook.round_s.items():
        np.testing.assert_array_equal(seconds, there.round_s[name])


@law_of(mean_and_half_width)
@given(wrong=negative)
def test_a_confidence_is_a_probability(wrong):
    for confidence in (wrong, 0.0, 1.0):
        with refused("confidence"):
            mean_and_half_width([[1.0], [2.0]], confidence=confidence)
