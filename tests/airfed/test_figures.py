import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from airfed.figures import (
    FIGURE_NAMES,
    accuracy_picture,
    draw_accuracy_vs_time,
    draw_accuracy_vs_uplink,
    draw_distribution,
    draw_error_vs_snr,
    draw_latency_parts,
    draw_mean_and_band,
    draw_network_map,
    draw_partition,
    draw_prices,
    draw_round_latency,
    draw_split,
    draw_trade_off,
    draw_training_latency,
    figure_files,
    mean_and_half_width,
    paper_style,
    picture,
    save_figure,
)
from airfed.figures.style import COLOURS, LINE_STYLES
from airfed.table import comparison_table, formatted_columns, formatted_table
from fl_models import History, RoundCost, RoundRecord
from latency_opt import PartitionProblem, TrainingBound, minimize_round_latency, minimize_training_latency


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


@pytest.mark.parametrize(
    ("seconds", "bits", "joules", "said"),
    [
        (26.04, 7.5e6, 12_345.6, ["26.0", "7.5", "12346", "1.0x"]),
        (0.0321, 7_500.0, 0.00383, ["0.0321", "0.0075", "0.00383", "1.0x"]),
        (0.5, 32.0, 1e-5, ["0.5", "0.000032", "0.00001", "1.0x"]),
        (1e-9, 1.0, 2.5e-13, ["1e-09", "0.000001", "2.5e-13", "1.0x"]),
        (0.0, 0.0, 0.0, ["0", "0", "0", "-"]),
    ],
)
def test_little_does_not_look_like_nothing_in_the_table(seconds, bits, joules, said):
    """A few parameters over the air take milliseconds and thousandths of a megabit."""
    record = replace(HISTORIES[0].records[-1], test_accuracy=0.95, time_s=seconds, uplink_bits=bits, energy_j=joules)
    table = comparison_table([replace(HISTORIES[0], records=(record,))], target_accuracy=0.9)
    columns = formatted_columns(table, target_accuracy=0.9)
    assert [cells[0] for cells in columns.values()][2:] == said


def test_much_slower_is_no_speed_up_of_nothing():
    table = comparison_table([HISTORIES[1], history("slow", [0.1, 0.95], latency_s=100.0)], target_accuracy=0.9)
    assert formatted_columns(table, target_accuracy=0.9)["speed-up"] == ["1.0x", "0.04x"]


def test_labels_say_what_the_task_measures():
    hidden = [replace(each, accuracy_label="share of test images hidden") for each in HISTORIES]
    for draw in (draw_accuracy_vs_time, draw_accuracy_vs_uplink):
        assert draw(HISTORIES, ax=Figure().subplots()).get_ylabel() == "test accuracy (%)"
        assert draw(hidden, ax=Figure().subplots()).get_ylabel() == "share of test images hidden (%)"
    both = draw_accuracy_vs_time([HISTORIES[0], *hidden], ax=Figure().subplots())
    assert both.get_ylabel() == "test accuracy or share of test images hidden (%)"
    assert 'alt="share of test images hidden against network time"' in accuracy_picture(hidden, target_accuracy=0.9)


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


def test_files_of_a_run_are_pictures_for_the_screen_and_for_a_column():
    files = figure_files(HISTORIES, target_accuracy=0.9)
    names = ("accuracy_vs_time", "accuracy_vs_uplink", "round_latency")
    assert sorted(files) == sorted(FIGURE_NAMES) == sorted(f"{name}.{kind}" for name in names for kind in ("png", "pdf"))
    for name in names:
        assert files[f"{name}.png"].startswith(b"\x89PNG")
        (width, _height), width_inches = size_of_pdf(files[f"{name}.pdf"]), 7.16 if name == "round_latency" else 3.5
        assert width == pytest.approx(72.0 * width_inches)
    assert files == figure_files(HISTORIES, target_accuracy=0.9)


def size_of_pdf(content):
    """In points."""
    return tuple(float(number) for number in re.search(rb"/MediaBox \[ *0 0 ([\d.]+) ([\d.]+) *\]", content).groups())


def test_text_stays_text_in_vector_files(tmp_path):
    with paper_style():
        ax = draw_accuracy_vs_time(HISTORIES, target_accuracy=0.9, ax=Figure(layout="constrained").subplots())
    svg = save_figure(ax, tmp_path / "figure.svg").read_text()
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "test accuracy (%)" in re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    pdf = save_figure(ax.figure, str(tmp_path / "figure.PDF")).read_bytes()
    assert b"/FontFile2" in pdf  # a TrueType font is embedded
    assert b"/Type3" not in pdf
    assert size_of_pdf(pdf)[0] == pytest.approx(72.0 * 3.5)
    assert save_figure(ax, tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    before = pdf
    with pytest.raises(ValueError, match=r"it has to end in .pdf, .svg or .png"):
        save_figure(ax, tmp_path / "figure.jpeg")
    with pytest.raises(ValueError, match="kind: got 'eps'; allowed are png, pdf, svg"):
        picture(ax.figure, "eps")
    assert (tmp_path / "figure.PDF").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.PDF", "figure.png", "figure.svg"]


def test_files_have_no_dates_or_random_names():
    def drawn():
        figure = Figure(layout="constrained")
        draw_round_latency(HISTORIES, ax=figure.subplots())
        return figure

    assert [picture(drawn(), kind) for kind in ("svg", "pdf")] == [picture(drawn(), kind) for kind in ("svg", "pdf")]


def crowded_or_cut(ax):
    """Labels of the axes that lie over their neighbour, or stick out of the figure."""
    FigureCanvasAgg(ax.figure).draw()
    found = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_text()]
        boxes = [tick.label1.get_window_extent() for tick in ticks]
        found += [
            tick.label1.get_text() for tick, one, other in zip(ticks, boxes, boxes[1:], strict=False) if one.overlaps(other)
        ]
        for label in (axis.label, *(tick.label1 for tick in ticks)):
            box, whole = label.get_window_extent(), ax.figure.bbox.padded(1.0)
            if label.get_text() and not (whole.contains(box.x0, box.y0) and whole.contains(box.x1, box.y1)):
                found.append(label.get_text())
    return found


NARROW = {
    "accuracy": lambda ax: draw_accuracy_vs_time(HISTORIES, target_accuracy=0.9, ax=ax),
    "round latency": lambda ax: draw_round_latency(HISTORIES, ax=ax),
    "partition": lambda ax: draw_partition({"equal": np.full(10, 0.1), "a name of some length": np.arange(1.0, 11.0)}, ax=ax),
    "distribution": lambda ax: draw_distribution({"x": np.geomspace(1.0, 1e5, 50)}, label="rate (bit/s)", log_x=True, ax=ax),
    "prices": lambda ax: draw_prices({f"client {i} max_power_w": float(i) for i in range(30)}, label="saved (ms)", ax=ax),
}


@pytest.mark.parametrize("name", NARROW)
def test_labels_fit_into_a_column(name):
    with paper_style():
        figure = Figure(layout="constrained")
        ax = NARROW[name](figure.subplots())
    assert figure.get_figwidth() == 3.5
    assert crowded_or_cut(ax) == []
    # What is drawn has most of the column, whatever stands beside it.
    assert ax.get_position().width > 0.45
    sizes = [text.get_fontsize() for text in ax.findobj(Text) if text.get_text() and text.get_visible()]
    assert min(sizes) >= 6.0


def test_curves_are_told_apart_in_grey():
    """Any two either differ in line style, or in how light they are."""
    light = [np.dot(to_rgb(colour), [0.299, 0.587, 0.114]) for colour in COLOURS]
    pairs = [(i, j) for i in range(len(COLOURS)) for j in range(i) if LINE_STYLES[i] == LINE_STYLES[j]]
    assert pairs
    assert min(abs(light[i] - light[j]) for i, j in pairs) > 0.15


def test_errors_are_medians_over_draws_against_the_snr_in_decibels():
    rng = np.random.default_rng(0)
    snr_db, given = np.array([0.0, 10.0, 20.0]), Figure().subplots()
    draws = rng.exponential(size=(101, 3)) * [1.0, 0.1, 0.01]
    draws[0] = np.inf
    laws = {"many": np.log(2.0) * np.array([1.0, 0.1, 0.01])}
    ax = draw_error_vs_snr({"many": draws, "one": np.array([1.0, 0.5, 0.1])}, snr_db=snr_db, laws=laws, ax=given)
    assert ax is given
    many, one, law, _ = ax.get_lines()
    np.testing.assert_array_equal(many.get_ydata(), np.sort(draws, axis=0)[50])
    np.testing.assert_array_equal(one.get_ydata(), [1.0, 0.5, 0.1])
    assert law.get_color() == many.get_color()
    assert len(ax.collections) == 1  # a curve by itself has no band
    corners = ax.collections[0].get_paths()[0].vertices
    at_ten = corners[corners[:, 0] == 10.0, 1]
    np.testing.assert_array_equal([at_ten.min(), at_ten.max()], np.sort(draws[:, 1])[[25, 75]])
    assert (ax.get_yscale(), ax.get_xscale(), ax.get_xlabel()) == ("log", "linear", "SNR (dB)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["many", "one", "closed form"]
    with pytest.raises(ValueError, match=r"curves: got shape \(2,\) for 'a'; needed is \(3,\)"):
        draw_error_vs_snr({"a": [1.0, 2.0]}, snr_db=snr_db, ax=Figure().subplots())
    with pytest.raises(ValueError, match="laws: got 'b'; needed is the name of a curve: 'a'"):
        draw_error_vs_snr({"a": [1.0, 2.0, 3.0]}, laws={"b": snr_db}, snr_db=snr_db, ax=Figure().subplots())


def test_shares_are_shown_in_per_cent_and_losses_on_a_logarithmic_axis():
    accuracy = draw_mean_and_band({"a": [[0.25, 0.5]]}, xlabel="round", ylabel="y (%)", as_percent=True, ax=Figure().subplots())
    assert [accuracy.yaxis.get_major_formatter()(share) for share in (0.25, 0.7, 1.0)] == ["25", "70", "100"]
    assert draw_accuracy_vs_time(HISTORIES, ax=Figure().subplots()).yaxis.get_major_formatter()(0.7) == "70"
    np.testing.assert_array_equal(accuracy.get_lines()[0].get_ydata(), [0.25, 0.5])
    log = {"log_x": True, "log_y": True}
    loss = draw_mean_and_band({"a": [[1.0, 0.1]]}, x=[1.0, 10.0], xlabel="x", ylabel="y", **log, ax=Figure().subplots())
    assert (loss.get_xscale(), loss.get_yscale()) == ("log", "log")


def test_the_comparison_is_at_hand_where_runs_are():
    import airfed

    assert airfed.comparison_table is comparison_table
    assert airfed.formatted_table is formatted_table


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


def test_parts_of_named_rounds_are_drawn_as_those_of_histories():
    given = Figure().subplots()
    ax = draw_latency_parts({"a": HISTORIES[1].records[1].cost, "b": RoundCost(uplink_s=3.0)}, ax=given)
    assert ax is given
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in ax.texts] == ["2 s", "3 s"]


def test_partitions_are_stacked_shares_with_the_length_of_their_rounds():
    given = Figure().subplots()
    ax = draw_partition({"equal": [0.5, 0.5], "neurons": [29, 1]}, latency_s={"equal": 2.0}, ax=given)
    assert ax is given
    first, second = ax.containers
    np.testing.assert_allclose([bar.get_width() for bar in first], [0.5, 29 / 30])
    np.testing.assert_allclose([bar.get_x() for bar in second], [0.5, 29 / 30])
    # No number where there is no room for it, and no length where it is not known.
    assert [text.get_text() for text in ax.texts] == ["50", "97", "50", "", "2 s"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["cell 0", "1"]


PARTITION = PartitionProblem(fixed_latency_s=[0.1, 0.1, 0.1], slope_s=[1.0, 2.0, 4.0], weights=[0.3, 0.3, 0.4])


@pytest.mark.parametrize("price", [0.0, 0.1, 1.0, 20.0])
def test_time_to_the_target_is_least_at_the_dot(price):
    bound = TrainingBound(optimisation_error=7.0, imbalance_price=price, target=1.0)
    result = minimize_training_latency(PARTITION, bound=bound)
    given = Figure().subplots()
    ax = draw_training_latency(result, ax=given)
    assert ax is given
    rounds, length, total, dot = ax.get_lines()
    np.testing.assert_allclose(rounds.get_ydata() * length.get_ydata(), total.get_ydata())
    assert [line.get_ydata()[-1] for line in (rounds, length, total)] == [1.0, 1.0, 1.0]
    ((latency_s, value),) = dot.get_xydata()
    assert latency_s == result.round_latency_s
    assert value <= total.get_ydata().min() * (1.0 + 1e-9)
    # The dot is on the curve: convex pieces of 60 points are this near.
    order = np.argsort(total.get_xdata())
    on_curve = np.interp(latency_s, total.get_xdata()[order], total.get_ydata()[order])
    assert value == pytest.approx(on_curve, rel=5e-3)


def test_a_curve_is_of_one_instance_in_total_form():
    with pytest.raises(ValueError, match="needed is one of minimize_training_latency"):
        draw_training_latency(minimize_round_latency(PARTITION, max_imbalance=0.1))
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=1.0)
    batch = PartitionProblem(fixed_latency_s=np.zeros((2, 3)), slope_s=1.0, weights=np.full(3, 1 / 3))
    with pytest.raises(ValueError, match=r"got a batch of shape \(2,\)"):
        draw_training_latency(minimize_training_latency(batch, bound=bound))


def test_trade_offs_are_lines_in_order_with_choices_beside_them():
    given = Figure().subplots()
    fronts = {"front": ([3.0, 1.0, 2.0], [1.0, 9.0, 4.0])}
    ax = draw_trade_off(fronts, points={"fixed": (2.0, 6.0)}, xlabel="x (s)", ylabel="y (J)", ax=given)
    assert ax is given
    line, point = ax.get_lines()
    assert line.get_xydata().tolist() == [[1.0, 9.0], [2.0, 4.0], [3.0, 1.0]]
    assert point.get_xydata().tolist() == [[2.0, 6.0]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (s)", "y (J)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["front", "fixed"]


def test_prices_come_largest_first_and_the_small_ones_together():
    given = Figure().subplots()
    ax = draw_prices({"band": 2.0, "power": 5.0, "clock": 0.5, "neuron": 0.25}, label="ms", most=3, ax=given)
    assert ax is given
    assert [bar.get_width() for bar in ax.patches] == [5.0, 2.0, 0.75]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["power", "band", "2 others together"]
    heights = [bar.get_y() for bar in ax.patches]
    assert heights == sorted(heights, reverse=True)
    assert len(draw_prices({"band": 2.0, "power": 5.0}, label="ms", most=2, ax=Figure().subplots()).patches) == 2


@pytest.mark.parametrize("as_share", [False, True])
@pytest.mark.parametrize(("num_cells", "num_clients", "num_classes"), [(2, 10, 3), (10, 100, 10), (12, 24, 26), (1, 1, 1)])
def test_split_shows_what_every_client_holds(num_cells, num_clients, num_classes, as_share):
    rng = np.random.default_rng(0)
    labels = np.arange(20 * num_clients) % num_classes
    serving_cell = rng.permutation(np.arange(num_clients) % num_cells)
    parts = [np.sort(part) for part in np.split(rng.permutation(len(labels)), np.arange(1, num_clients) * 17)]
    given = Figure().subplots()
    ax = draw_split(labels, parts, serving_cell, as_share=as_share, ax=given)
    assert ax is given
    counts = np.array([np.bincount(labels[part], minlength=num_classes) for part in parts])
    order = np.argsort(serving_cell, kind="stable")
    height = np.array([[bar.get_height() for bar in bars] for bars in ax.containers])
    np.testing.assert_allclose(height.T, (counts / counts.sum(axis=1, keepdims=True) if as_share else counts)[order])
    bottom = np.array([[bar.get_y() for bar in bars] for bars in ax.containers])
    np.testing.assert_allclose(bottom, np.cumsum(height, axis=0) - height, atol=1e-12)
    left = np.array([bar.get_x() for bar in ax.containers[0]])
    np.testing.assert_array_equal(np.diff(left) > 1.5, np.diff(serving_cell[order]) > 0)
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == [f"{cell}" for cell in range(num_cells)]
    named = list(range(num_classes))[:: 1 if num_classes <= 12 else 3][::-1]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"{c}" for c in named]
    colours = [handle.get_facecolor() for handle in ax.get_legend().get_patches()]
    assert colours == [ax.containers[c].patches[0].get_facecolor() for c in named]
    assert len({bars.patches[0].get_facecolor() for bars in ax.containers}) == num_classes


def test_split_without_samples_is_an_empty_bar():
    ax = draw_split(np.array([0, 1]), [np.array([0, 1]), np.array([], dtype=int)], np.array([0, 0]), as_share=True)
    assert [bar.get_height() for bar in ax.patches] == [0.5, 0.0, 0.5, 0.0]
    ax.figure.canvas.draw()
    import matplotlib.pyplot as plt

    plt.close(ax.figure)


@pytest.mark.parametrize("by_name", [False, True])
def test_means_over_seeds_have_the_band_of_their_confidence(by_name):
    rng = np.random.default_rng(0)
    curves = {"few": rng.standard_normal((3, 4)), "many": 5.0 + rng.standard_normal((50, 4)), "one": np.zeros((1, 4))}
    at = np.array([1.0, 2.0, 4.0, 8.0])
    given = Figure().subplots()
    x = {"few": at, "many": 2.0 * at, "one": at} if by_name else at
    ax = draw_mean_and_band(curves, x=x, xlabel="x (s)", ylabel="y", confidence=0.9, ax=given)
    assert ax is given
    few, many, one = ax.get_lines()
    np.testing.assert_allclose(few.get_ydata(), curves["few"].mean(axis=0))
    np.testing.assert_array_equal(many.get_xdata(), 2.0 * at if by_name else at)
    np.testing.assert_array_equal(one.get_ydata(), np.zeros(4))
    assert len(ax.collections) == 2  # one seed has no band
    corners = ax.collections[0].get_paths()[0].vertices
    # Student's 95 % quantile of two degrees of freedom, from a table.
    half = 2.91999 * curves["few"].std(axis=0, ddof=1) / np.sqrt(3.0)
    for place, mean, width in zip(at, few.get_ydata(), half, strict=True):
        of_place = corners[corners[:, 0] == place, 1]
        np.testing.assert_allclose([of_place.min(), of_place.max()], [mean - width, mean + width], rtol=1e-5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (s)", "y")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["few", "many", "one"]
    without_x = draw_mean_and_band({"few": curves["few"]}, xlabel="round", ylabel="y", ax=Figure().subplots())
    np.testing.assert_array_equal(without_x.get_lines()[0].get_xdata(), np.arange(4))
    again = draw_mean_and_band({"more": curves["few"]}, x=at, xlabel="x (s)", ylabel="y", first_style=3, ax=ax).get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in again}) == 4


@pytest.mark.parametrize("num_seeds", [2, 5])
def test_bands_cover_the_mean_as_often_as_they_say(num_seeds):
    draws = np.random.default_rng(1).standard_normal((num_seeds, 40_000))
    mean, half = mean_and_half_width(draws, confidence=0.8)
    # Four standard deviations of a share of 40,000.
    assert np.mean(np.abs(mean) <= half) == pytest.approx(0.8, abs=4.0 * np.sqrt(0.8 * 0.2 / draws.shape[1]))
    assert np.isnan(mean_and_half_width(draws[:1])[1]).all()


@pytest.mark.parametrize(
    ("values", "x", "message"),
    [
        (np.zeros(3), None, r"curves: got shape \(3,\) for 'a'; needed is \(seeds, T\)"),
        (np.zeros((0, 3)), None, r"curves: got shape \(0, 3\)"),
        (np.zeros((2, 3)), [0.0, 1.0], r"x: got shape \(2,\) for 'a'; needed is \(3,\)"),
    ],
    ids=["one row", "no seed", "short x"],
)
def test_curves_are_rows_of_seeds(values, x, message):
    with pytest.raises(ValueError, match=message):
        draw_mean_and_band({"a": values}, x=x, xlabel="x", ylabel="y", ax=Figure().subplots())


def test_confidence_is_a_share():
    with pytest.raises(ValueError, match="confidence: got 1"):
        draw_mean_and_band({"a": np.zeros((2, 3))}, xlabel="x", ylabel="y", confidence=1.0, ax=Figure().subplots())
