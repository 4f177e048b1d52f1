from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from airfed.figures import (
    draw_accuracy_vs_time,
    draw_accuracy_vs_uplink,
    draw_distribution,
    draw_network_map,
    draw_round_latency,
    figure_files,
)
from airfed.table import comparison_table, formatted_table
from fl_models import History, RoundCost, RoundRecord


def history(name, accuracies, *, latency_s=1.0):
    cost = RoundCost(
        downlink_s=0.1 * latency_s, compute_s=0.2 * latency_s, uplink_s=0.6 * latency_s, backhaul_s=0.1 * latency_s
    )
    records = [
        RoundRecord(
            round=index,
            test_accuracy=accuracy,
            test_loss=1.0,
            train_loss=1.0,
            time_s=index * latency_s,
            energy_j=2.0 * index,
            uplink_bits=3e6 * index,
            cost=cost if index else RoundCost(),
        )
        for index, accuracy in enumerate(accuracies)
    ]
    return History(scheme=name, cell_parameters=(1,), records=tuple(records))


HISTORIES = [
    history("slow", [0.1, 0.5, 0.8, 0.95], latency_s=10.0),
    history("fast", [0.1, 0.7, 0.92, 0.93], latency_s=2.0),
    history("never", [0.1, 0.2, 0.3, 0.4]),
]


def test_table_counts_to_the_first_round_that_reaches_the_target():
    table = comparison_table(HISTORIES, target_accuracy=0.9).set_index("scheme")
    assert table.loc["slow", "time_to_target_s"] == 30.0
    assert table.loc["fast", "time_to_target_s"] == 4.0
    assert table.loc["fast", "speed_up"] == pytest.approx(7.5)
    assert table.loc["fast", "energy_per_client_j"] == 4.0
    assert table.loc["fast", "uplink_bits_per_client"] == 6e6
    assert np.isnan(table.loc["never", "time_to_target_s"])
    text = formatted_table(table.reset_index(), target_accuracy=0.9)
    assert "seconds to 90 %" in text
    row = next(line for line in text.splitlines() if line.startswith("never"))
    assert row.count("not reached") == 3
    assert row.endswith(" -")


@pytest.mark.parametrize(
    ("draw", "per_round"), [(draw_accuracy_vs_time, 2.0), (draw_accuracy_vs_uplink, 3.0)], ids=["time", "uplink"]
)
def test_accuracy_figures_show_every_round_and_the_target(draw, per_round):
    given = Figure().subplots()
    ax = draw(HISTORIES, target_accuracy=0.9, ax=given)
    assert ax is given
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_allclose(lines["fast"].get_xdata(), per_round * np.arange(1, 4))
    np.testing.assert_allclose(lines["fast"].get_ydata(), [0.7, 0.92, 0.93])
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert len(dots) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["slow", "fast", "never"]


def test_rounds_that_cost_nothing_leave_an_empty_figure():
    records = tuple(replace(record, uplink_bits=0.0) for record in HISTORIES[0].records)
    ax = draw_accuracy_vs_uplink([replace(HISTORIES[0], records=records)], target_accuracy=0.9, ax=Figure().subplots())
    assert ax.get_xscale() == "linear"
    assert len(ax.get_lines()[0].get_xdata()) == 0


def test_round_latency_stacks_to_the_whole_round():
    for as_share, totals in ((False, [10.0, 2.0, 1.0]), (True, [1.0, 1.0, 1.0])):
        ax = draw_round_latency(HISTORIES, as_share=as_share, ax=Figure().subplots())
        ends = {}
        for bar in ax.patches:
            ends[bar.get_y()] = max(ends.get(bar.get_y(), 0.0), bar.get_x() + bar.get_width())
        np.testing.assert_allclose(sorted(ends.values(), reverse=True), totals)


def test_figures_without_axes_make_their_own():
    import matplotlib.pyplot as plt

    ax = draw_accuracy_vs_time(HISTORIES)
    assert ax.figure is not None
    plt.close(ax.figure)


def test_files_are_pictures():
    files = figure_files(HISTORIES, target_accuracy=0.9)
    assert sorted(files) == ["accuracy_vs_time.png", "accuracy_vs_uplink.png", "round_latency.png"]
    assert all(content.startswith(b"\x89PNG") for content in files.values())


def test_network_map_shows_every_client_and_whom_it_is_served_by(make_network):
    network = make_network(3, 4)
    given = Figure().subplots()
    ax = draw_network_map(network, ax=given)
    assert ax is given
    lines, points = ax.collections
    np.testing.assert_allclose(points.get_offsets(), network.layout.client_xy_m)
    np.testing.assert_allclose(points.get_array(), 10 * np.log10(network.mean_snr))
    ends = np.array([segment[1] for segment in lines.get_segments()])
    np.testing.assert_allclose(ends, network.layout.station_xy_m[network.layout.serving_cell])


def test_distribution_functions_are_those_of_the_samples():
    ax = draw_distribution({"few": [3.0, 1.0], "many": np.arange(6.0).reshape(2, 3)}, label="x (m)", ax=Figure().subplots())
    few, many = ax.get_lines()
    assert few.get_xdata().tolist() == [1.0, 1.0, 3.0]
    assert few.get_ydata().tolist() == [0.0, 0.5, 1.0]
    assert many.get_ydata()[-1] == 1.0
    assert ax.get_xlabel() == "x (m)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["few", "many"]
