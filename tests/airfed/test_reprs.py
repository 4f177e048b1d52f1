"""How objects show themselves, in a terminal and in a notebook."""

import dataclasses
import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import airfed
from aircomp import OptimalPowerControl
from channels import Layout, Rayleigh, linear_to_db
from channels.html_table import html_table
from channels.layouts.layout_picture import MOST_CLIENTS, layout_picture
from channels.quantity import quantity
from channels.summary import LONGEST_LINE
from latency_opt import (
    PartitionProblem,
    TrainingBound,
    cell_bandwidth_problem,
    cell_joint_problem,
    minimize_deadline,
    minimize_joint_deadline,
    minimize_round_latency,
    minimize_training_latency,
)

PACKAGES = ("channels", "aircomp", "latency_opt", "fl_models")
# Their arrays are parameters that a user types, or what algorithms pass on among themselves.
PLAIN = {"COTAF", "DigitalAggregation", "GivenSNR", "LocalStep", "RenyiAccountant", "Submodel"}


class Cells(HTMLParser):
    """The texts of a table by the heading of their row, and that every tag is closed."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.texts = [], []
        self.feed(html)
        self.close()
        assert not self.open
        self.rows = dict(zip(self.texts[::2], self.texts[1::2], strict=True))

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("th", "td"):
            self.texts.append(data)


@pytest.fixture(scope="module")
def experiment():
    return airfed.Experiment.prepare(airfed.Scenario(learning={"rounds": 1}))


@pytest.fixture(scope="module")
def shown(experiment):
    """Objects of every package, among them batches and single instances."""
    network, task = experiment.network, experiment.task
    state = network.draw(10, rng=np.random.default_rng(0))
    bands = cell_bandwidth_problem(state.cells[2], compute_s=0.1, payload_bits=1e6)
    joint = cell_joint_problem(state.cells[2], flops=1e7, payload_bits=1e6)
    partition = PartitionProblem(fixed_latency_s=[0.1, 0.1, 0.1], slope_s=[1.0, 2.0, 4.0], weights=[0.3, 0.3, 0.4])
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=1.0)
    plan = OptimalPowerControl().plan(Rayleigh().draw((50, 20), rng=np.random.default_rng(0)), power_w=0.2, noise_power_w=0.01)
    training = experiment.trainings[-1]
    work_plan = training.aggregator.plan(state.cells[0])
    return [
        *(network, network.layout, network.large_scale, network.devices, state, state.cells[0]),
        *(bands, bands[0], minimize_deadline(bands), minimize_deadline(bands[0])),
        *(joint, minimize_joint_deadline(joint), minimize_joint_deadline(joint).prices),
        *(partition, minimize_round_latency(partition, max_imbalance=0.1), minimize_training_latency(partition, bound=bound)),
        *(plan, plan[0], task, task.train, training, work_plan, experiment),
    ]


def test_a_line_is_short_and_a_table_is_well_formed(shown):
    for one in shown:
        line, html = repr(one), one._repr_html_()
        assert line.startswith(f"{type(one).__name__}(")
        assert "\n" not in line
        assert len(line) <= LONGEST_LINE + len(type(one).__name__) + 10, line
        assert len(html) < 20_000
        assert Cells(html).rows


def test_numbers_are_those_of_the_object_with_its_units(experiment):
    network = experiment.network
    rows = Cells(network._repr_html_()).rows
    snr_db = linear_to_db(network.mean_snr)
    assert rows["clients"] == "60"
    assert rows["bandwidth"] == "10, 10, 10 MHz"
    assert rows["mean SNR"] == f"{snr_db.min():.4g} to {snr_db.max():.4g} dB, median {np.median(snr_db):.4g}, shape (60,)"
    problem = cell_bandwidth_problem(network.draw(1, rng=np.random.default_rng(0)).cells[0], compute_s=0.1, payload_bits=1e6)[0]
    result = minimize_deadline(problem)
    rows = Cells(result._repr_html_()).rows
    assert rows["status"] == "optimal"
    assert float(rows["deadline"].split()[0]) == pytest.approx(float(result.deadline_s), rel=1e-3)
    assert f"deadline_s={float(result.deadline_s):.4g}" in repr(result)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_object_of_arrays_shows_itself(package):
    """A dataclass that holds arrays (which is why it has no ==) would print pages of them."""
    module = importlib.import_module(package)
    holders = [
        kind
        for kind in (getattr(module, name) for name in module.__all__)
        if dataclasses.is_dataclass(kind) and any("Array" in str(field.type) for field in dataclasses.fields(kind))
    ]
    assert holders
    assert [kind.__name__ for kind in holders if not hasattr(kind, "_repr_html_") and kind.__name__ not in PLAIN] == []


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (np.array(0.0), "W", "0 W"),
        (2.5e-13, "W", "0.25 pW"),
        (4e15, "Hz", "4000 THz"),
        (5e4, "s", "5e+04 s"),
        (np.full(9, 3.0), "s", "3 s, the same for all, shape (9,)"),
        (np.array([[1.0, np.inf]]), "J", "1 to 1 J, median 1, shape (1, 2), 1 not finite"),
        (np.array([np.nan]), "s", "nan s"),
        (np.full(9, np.nan), "s", "no finite value, shape (9,)"),
        (np.zeros((2, 0)), "s", "none, shape (2, 0)"),
        (np.array([3 + 4j, 0]), "", "magnitude 5, 0"),
        (np.array([22510, 7]), "", "22510, 7"),
        (np.ones((2, 3), dtype=bool), "", "6 of 6, shape (2, 3)"),
        (True, "", "yes"),
        ((1, 8, 8), "", "1, 8, 8"),
        ((), "", "none"),
        ([Rayleigh()] * 3, "", "3 × Rayleigh"),
        ({"z": 1, "y": 2}, "", "z, y"),
        (Rayleigh(), "", "Rayleigh()"),
    ],
)
def test_quantities_are_said_in_words(value, unit, said):
    assert quantity(value, unit) == said


def test_what_users_write_is_escaped():
    name = "<script>alert('&')</script>"
    html = html_table([(name, name)], title=name, header=(name,))
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 4
    assert Cells(html_table([(name, name)])).rows == {name: name}
    scenario = airfed.Scenario(schemes=[airfed.Scenario().schemes[0].model_dump() | {"name": "a<b>&c"}])
    assert "a&lt;b&gt;&amp;c" in scenario._repr_html_()


def leaning(html):
    """Texts by where their cell leans."""
    return {text: side for side, text in re.findall('text-align:(left|right)">([^<]+)<', html)}


def test_words_lean_left_and_numbers_right():
    """JupyterLab leans every cell right that does not say otherwise."""
    assert set(leaning(html_table([("band", "10 MHz")], title="cell")).values()) == {"left"}
    table = leaning(html_table([("HIST", "3")], header=("scheme", "rounds")))
    assert table == {"scheme": "left", "HIST": "left", "rounds": "right", "3": "right"}
    table = leaning(html_table([("HIST", "3 of 3", "7")], header=("scheme", "reached", "seconds"), words=2))
    assert {text for text, side in table.items() if side == "right"} == {"seconds", "7"}
    assert set(leaning(airfed.Scenario()._repr_html_()).values()) == {"left"}


def test_a_layout_is_drawn_to_scale_with_north_up():
    layout = Layout(
        station_xy_m=np.array([[0.0, 0.0], [100.0, 0.0]]),
        client_xy_m=np.array([[0.0, 50.0], [50.0, 0.0], [100.0, 25.0]]),
        serving_cell=np.array([0, 0, 1]),
    )
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="2.5" fill="(#\w+)"/>', layout_picture(layout))
    (x0, y0), (x1, y1), (_, y2) = ((float(x), float(y)) for x, y, _ in dots)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(1.0)
    assert y0 < y2 < y1
    assert dots[0][2] == dots[1][2] != dots[2][2]
    crowd = Layout(
        station_xy_m=[[0.0, 0.0]], client_xy_m=np.random.default_rng(0).random((10_001, 2)), serving_cell=np.zeros(10_001, int)
    )
    assert MOST_CLIENTS / 2 < layout_picture(crowd).count("<circle") <= MOST_CLIENTS
    alone = Layout(station_xy_m=[[5.0, 5.0]], client_xy_m=[[5.0, 5.0]], serving_cell=np.array([0]))
    assert layout_picture(alone) == ""
    assert "<table>" in alone._repr_html_()


def test_a_scenario_says_what_is_not_as_by_default():
    assert repr(airfed.Scenario()) == "Scenario()"
    scenario = airfed.Scenario(seed=3, network={"client_power_dbm": 20.0, "propagation": {"kind": "umi", "indoor_share": 0.2}})
    assert repr(scenario).startswith("Scenario(seed=3, network=")
    assert "client_power_dbm=20.0" in repr(scenario)
    assert "bandwidth_hz" not in repr(scenario)
    html = scenario._repr_html_()
    assert "umi (indoor share: 0.2)" in html
    assert "20 dBm" in html


def test_a_result_is_a_table_with_a_picture():
    result = airfed.run(airfed.Scenario(learning={"rounds": 1}), progress=False)
    assert repr(result) == "Result(scenario='default', num_schemes=5, num_rounds=1)"
    html = result._repr_html_()
    assert html.count("<tr>") == 6
    assert 'src="data:image/svg+xml;base64,' in html
    assert f"{100.0 * result.histories[0].final_accuracy:.1f} %" in html
    assert "num_rounds=1" in repr(result.histories[0])
    assert result._repr_html_() == html


def test_nothing_here_needs_a_notebook_or_matplotlib():
    """Tables of the packages below airfed come without IPython, pandas or matplotlib."""
    code = (
        "import sys; sys.modules['IPython'] = None; import numpy as np\n"
        "from channels import layout_of\n"
        "from latency_opt import PartitionProblem, minimize_round_latency\n"
        "problem = PartitionProblem(fixed_latency_s=0.0, slope_s=[1.0, 2.0], weights=[0.5, 0.5])\n"
        "layout = layout_of(station_xy_m=[[0, 0]], client_xy_m=[[1, 1]])\n"
        "result = minimize_round_latency(problem, max_imbalance=1.0)\n"
        "for one in (layout, result):\n"
        "    assert one._repr_html_() and repr(one)\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
