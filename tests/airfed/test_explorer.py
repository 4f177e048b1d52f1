import builtins
from dataclasses import replace

import numpy as np
import pytest

import airfed
from airfed.explorer import Explorer, Ground, explore
from airfed.figures import draw_error_outlook, draw_round_outlook, outlook_figure, quartiles
from channels import linear_to_db
from channels.sionna_backend import MissingExtra
from fl_models import Ideal, NetworkClock, Stream, Streams
from latency_opt import OFDMA, EqualBandwidth


@pytest.fixture(scope="module")
def ground():
    return Ground.of(airfed.Scenario(network={"clients_per_cell": 6}))


@pytest.fixture(scope="module")
def outlook(ground):
    return ground.outlook(ground.setting)


def medians(outlook):
    return [quartiles(seconds[:, None])[1, 0] for seconds in outlook.round_s.values()]


def marked(ax, *, filled):
    """Where the dots are, or the rings."""
    points = [line for line in ax.get_lines() if line.get_marker() == "o"]
    return [line.get_xdata()[0] for line in points if (line.get_markerfacecolor() != "none") == filled]


def test_where_the_sliders_start_the_network_is_the_scenarios(ground):
    network, built = ground.network_at(ground.setting), ground.scenario.network.build(Streams(seed=0))
    np.testing.assert_allclose(network.mean_snr, built.mean_snr, rtol=1e-12)
    np.testing.assert_allclose(network.bandwidth_hz, built.bandwidth_hz)
    assert ground.setting.client_power_dbm == pytest.approx(23.0)
    assert (ground.setting.num_cells, ground.setting.clients_per_cell) == (3, 6)


def test_rounds_are_as_long_as_the_clock_of_training_says(ground, outlook):
    """The whole model in equal bands, over the very draws."""
    clock = NetworkClock(access=OFDMA(policy=EqualBandwidth()))
    found = outlook.round_s["whole model, equal bands"]
    draws = ground.network.draw(5 * len(found), rng=Streams(seed=0).rng(Stream.PLANNING)).cells
    for index in (0, len(found) - 1):
        cells = [cell_at(cell, slice(5 * index, 5 * index + 5)) for cell in draws]
        plans = [Ideal().plan(cell) for cell in cells]
        cost = clock.round(cells, models=[ground.model] * 3, plans=plans, schedule=ground.schedule)
        assert found[index] == pytest.approx(cost.latency_s, rel=1e-12)


def cell_at(cell, some):
    response = cell.response[some]
    return replace(cell, response=response, estimated_response=response)


def test_what_is_optimal_is_sooner_and_a_part_is_sooner_than_the_whole(outlook):
    seconds = outlook.round_s
    assert list(seconds) == [
        "whole model, equal bands",
        "whole model, optimal bands",
        "HIST, equal sub-models",
        "HIST, optimal partition",
        "HIST, optimal partition, over the air",
    ]
    # Optimal bands draw by draw, the others in the median, since the partition is planned on that.
    assert (seconds["whole model, optimal bands"] <= seconds["whole model, equal bands"] * (1.0 + 1e-9)).all()
    assert (seconds["HIST, equal sub-models"] < seconds["whole model, optimal bands"]).all()
    assert outlook.fraction.sum() == pytest.approx(1.0)
    error = outlook.error
    assert (error["optimal power control"] <= np.minimum(error["full power"], error["channel inversion"]) * (1.0 + 1e-9)).all()


@pytest.mark.parametrize("better", [{"client_power_dbm": 30.0}, {"bandwidth_hz": 40e6}, {"snr_shift_db": 10.0}])
def test_more_of_anything_never_makes_a_round_longer(ground, outlook, better):
    """On the same draws. The optimal partition may lengthen a draw, since it is planned on medians."""
    other = ground.outlook(replace(ground.setting, **better))
    for name in ("whole model, equal bands", "whole model, optimal bands", "HIST, equal sub-models"):
        assert (other.round_s[name] < outlook.round_s[name]).all()
    shift = {"client_power_dbm": 7.0, "bandwidth_hz": -10.0 * np.log10(4.0), "snr_shift_db": 10.0}[next(iter(better))]
    np.testing.assert_allclose(other.snr_db, outlook.snr_db + shift)


def test_errors_follow_the_snr_whichever_way_it_is_raised(ground, outlook):
    """Ten decibels more of power or less of noise move the curves by ten decibels, which are two of their points."""
    for better in ({"client_power_dbm": ground.setting.client_power_dbm + 10.0}, {"snr_shift_db": 10.0}):
        other = ground.outlook(replace(ground.setting, **better))
        for name in outlook.error:
            np.testing.assert_allclose(other.error[name][:, :-2], outlook.error[name][:, 2:], rtol=1e-9)
        np.testing.assert_allclose(other.median_snr_db[:-2], outlook.median_snr_db[2:])


def test_cells_and_clients_are_drawn_anew_and_loads_go_round(ground):
    network = ground.network_at(replace(ground.setting, num_cells=5, clients_per_cell=4))
    assert (network.num_cells, network.num_clients) == (5, 20)
    np.testing.assert_array_equal(network.load, [0.0, 0.3, 0.6, 0.0, 0.3])
    one = ground.outlook(replace(ground.setting, num_cells=1))
    np.testing.assert_allclose(one.fraction, [1.0])
    np.testing.assert_allclose(one.round_s["HIST, optimal partition"], one.round_s["whole model, optimal bands"])


def test_a_model_that_cannot_be_dealt_out_has_no_partition():
    scenario = airfed.Scenario(
        network={"clients_per_cell": 4},
        learning={"model": {"kind": "softmax_regression"}},
        schemes=airfed.Scenario().schemes[:1],
    )
    ground = Ground.of(scenario)
    found = ground.outlook(ground.setting)
    assert found.fraction is None
    assert list(found.round_s) == ["whole model, equal bands", "whole model, optimal bands", "whole model, over the air"]


@pytest.mark.parametrize("wrong", [{"bandwidth_hz": 0.0}, {"client_power_dbm": np.nan}, {"num_cells": 0}])
def test_settings_check_themselves(ground, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(ground.setting, **wrong)


def test_a_figure_shows_medians_quartiles_and_what_was_before(ground, outlook):
    other = ground.outlook(replace(ground.setting, client_power_dbm=30.0))
    ax = draw_round_outlook(other, before=outlook)
    assert marked(ax, filled=True) == medians(other)
    assert marked(ax, filled=False) == medians(outlook)
    assert ax.get_xscale() == "log"
    errors = draw_error_outlook(other)
    np.testing.assert_allclose(errors.get_lines()[-1].get_xdata(), np.median(other.snr_db))
    np.testing.assert_array_equal(errors.get_lines()[0].get_xdata(), other.median_snr_db)
    assert len(outlook_figure(other).axes) == 2
    import matplotlib.pyplot as plt

    plt.close("all")


def test_moving_a_slider_redraws_what_belongs_to_it(ground):
    explorer = Explorer(ground)
    assert list(explorer.sliders) == ["bandwidth_mhz", "client_power_dbm", "snr_shift_db", "num_cells", "clients_per_cell"]
    assert explorer.setting == ground.setting
    _, _, found = explorer.widget.children
    picture, table = found.children
    seen = [bytes(picture.value)]
    for name, value in (("client_power_dbm", 30.0), ("bandwidth_mhz", 20.0), ("snr_shift_db", 5.0), ("num_cells", 4)):
        explorer.sliders[name].value = value
        expected = ground.outlook(explorer.setting)
        assert medians(explorer.outlook) == medians(expected)
        rounds, errors = explorer.figure.axes
        assert marked(rounds, filled=True) == medians(expected)
        assert marked(rounds, filled=False) == medians(explorer.before)
        np.testing.assert_array_equal(errors.get_lines()[0].get_xdata(), expected.median_snr_db)
        content = bytes(picture.value)
        assert content.startswith(b"\x89PNG")
        assert content not in seen
        seen.append(content)
        assert f"{expected.snr_db.min():.4g} to {expected.snr_db.max():.4g} dB" in table.value
    assert explorer.setting.bandwidth_hz == pytest.approx(20e6)
    assert explorer.before.setting == ground.setting
    assert "application/vnd.jupyter.widget-view+json" in explorer._repr_mimebundle_()


def test_what_a_scenario_does_not_allow_is_said_in_place_of_the_picture():
    explorer = explore(airfed.Scenario(network={"clients_per_cell": 4, "wrap_around": True}))
    before = explorer.outlook
    _, problem, found = explorer.widget.children
    assert problem.layout.display == "none"
    explorer.sliders["num_cells"].value = 5
    assert problem.value == "wrap_around: got true with num_cells = 5; allowed with 1, 3, 7, 19 cells"
    assert problem.layout.display == "flex"
    assert found.layout.visibility == "hidden"  # which is of other sliders
    assert explorer.outlook is before
    explorer.sliders["num_cells"].value = 7
    assert explorer.outlook.fraction.shape == (7,)
    assert problem.layout.display == "none"
    assert found.layout.visibility == "visible"


def test_a_network_without_cells_to_count_has_no_slider_for_them():
    explorer = explore(airfed.Scenario(network={"kind": "given_snr", "mean_snr_db": 10.0}))
    assert "snr_shift_db" in explorer.sliders
    fixed = {"num_cells", "clients_per_cell"} - explorer.sliders.keys()
    assert all(getattr(explorer.setting, name) is None for name in fixed)
    explorer.sliders["snr_shift_db"].value = 3.0
    np.testing.assert_allclose(explorer.outlook.snr_db, linear_to_db(explorer.ground.network.mean_snr) + 3.0)


def test_without_ipywidgets_it_says_how_to_get_it(ground, monkeypatch):
    plain_import = builtins.__import__

    def without(name, *args, **options):
        if name == "ipywidgets":
            raise ImportError(name)
        return plain_import(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pip install -e \"\.\[notebooks\]\""):
        Explorer(ground)
