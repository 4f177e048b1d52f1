"""Named scenarios, `airfed scenario`, the schema for editors, and the reference page."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from airfed import Scenario, ScenarioError
from airfed.cli import app
from airfed.editor_schema import editor_schema
from airfed.named_scenarios import about, named_scenario, scenario_names, scenario_of, scenario_text
from airfed.scenario_reference import scenario_reference

NAMES = ("dense-urban", "fedzo-attack", "indoor-factory", "mtgc-heterogeneity", "ray-traced-city", "rural")
PAGE = Path(__file__).parents[2] / "docs" / "scenario.md"
SMALL = """
target_accuracy = 0.3
[network]
clients_per_cell = 2
[learning]
rounds = 1
[learning.model]
hidden = 9
[[schemes]]
name = "bits"
algorithm = { kind = "hierarchical_fedavg" }
uplink = { kind = "ofdma" }
"""


@pytest.fixture
def airfed(tmp_path, monkeypatch):
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def schema():
    return Draft202012Validator(editor_schema())


def test_names_come_with_the_package_and_one_line_each(airfed):
    assert scenario_names() == ("default", *NAMES)
    lines = airfed("scenario", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(scenario_names())
    assert all(len(line.split()) > 5 for line in lines)
    assert named_scenario("default") == Scenario()


@pytest.mark.parametrize("name", NAMES)
def test_a_named_scenario_says_what_it_is_and_where_it_is_from(name):
    text, scenario = scenario_text(name), named_scenario(name)
    assert scenario.name == name
    assert about(name)
    assert any(source in text for source in ("3GPP TR 38.901", "ITU-R M.2412", "Hoydis et al. 2023", "Fang"))
    assert Scenario.from_toml(scenario.to_toml()) == scenario
    # Every key is one that is no default, but for what the source says: a file with nothing but defaults says nothing.
    assert scenario.network != Scenario().network


@pytest.mark.parametrize("name", [name for name in scenario_names() if name != "ray-traced-city"])
def test_named_scenarios_are_right_and_told_in_words(airfed, name):
    done = airfed("scenario", "check", name)
    assert done.exit_code == 0, done.stderr
    scenario, lines = named_scenario(name), done.stdout.splitlines()
    assert lines[0] == f"{name}: right"
    assert f"{scenario.network.total_clients} clients in " in lines[1]
    assert "parameters; " in done.stdout
    assert f"{scenario.learning.rounds} rounds of" in done.stdout
    assert all(scheme.name in done.stdout for scheme in scenario.schemes)


def test_without_the_extra_a_city_is_one_clear_message(airfed, monkeypatch):
    monkeypatch.setattr("channels.sionna_backend.session.find_spec", lambda name: None)
    for command in (("scenario", "check"), ("run",)):
        done = airfed(*command, "ray-traced-city")
        assert done.exit_code == 2
        assert "Sionna is needed and is not installed" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[network]\nnum_cell = 3\n", "mine.toml: network.num_cell: unknown key with value 3; did you mean num_cells?"),
        ("[learning]\nclient_concentration = 0.001\nmin_samples = 10\n", "cannot be met: learning.split.over_clients"),
        ('[network]\nkind = "csv"\npath = "none.csv"\n', "cannot be met: network.path: got 'none.csv'"),
    ],
)
def test_check_says_what_is_wrong(airfed, text, message):
    Path("mine.toml").write_text(text)
    done = airfed("scenario", "check", "mine.toml")
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_show_prints_the_file_or_all_of_it(airfed):
    assert airfed("scenario", "show", "rural").stdout == scenario_text("rural")
    full = airfed("scenario", "show", "rural", "--full").stdout
    assert Scenario.from_toml(full) == named_scenario("rural")
    assert "effective_capacitance_w_per_hz3" in full
    refused = airfed("scenario", "show", "rurall")
    assert refused.exit_code == 2
    assert "rurall: no named scenario; did you mean rural? named are default, dense-urban" in refused.stderr


def test_init_begins_with_a_named_scenario(airfed):
    assert airfed("init", "mine.toml", "--from", "rural").exit_code == 0
    assert Path("mine.toml").read_text() == scenario_text("rural")
    refused = airfed("init", "other.toml", "--from", "urban")
    assert refused.exit_code == 2
    assert "--from urban: no named scenario" in refused.stderr
    assert not Path("other.toml").exists()


def test_a_file_is_taken_before_a_name_and_that_is_said(airfed):
    Path("rural").write_text(SMALL)
    done = airfed("run", "rural", "--out", "there")
    assert done.exit_code == 0, done.stderr
    assert "rural is a file here, which is taken, and not the named scenario" in done.stderr
    assert scenario_of("rural").learning.rounds == 1
    Path("rural").unlink()
    Path("rural").mkdir()  # a folder is no scenario
    assert scenario_of("rural") == named_scenario("rural")


def test_neither_file_nor_name_is_told(airfed):
    done = airfed("run", "nowhere")
    assert done.exit_code == 2
    assert "nowhere: cannot be read: neither a file nor a named scenario; named are default" in done.stderr
    assert "neither a file nor a named scenario; did you mean rural?" in airfed("run", "rurral").stderr
    with pytest.raises(ScenarioError, match="rural: cannot be read: No such file"):
        scenario_of("./rural")


def test_run_takes_a_name(airfed, monkeypatch, tmp_path):
    """A named scenario of our own, small enough to run here."""
    (tmp_path / "small.toml").write_text(f'# small\nname = "small"\n{SMALL}')
    monkeypatch.setattr("airfed.named_scenarios.FOLDER", tmp_path)
    done = airfed("run", "small")
    assert done.exit_code == 0, done.stderr
    assert Path("results/small/summary.json").is_file()


def test_schema_is_of_its_dialect_and_explains_every_key(airfed):
    printed = json.loads(airfed("scenario", "schema").stdout)
    assert printed == editor_schema()
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(printed)
    for name, node in [*printed["$defs"].items(), ("Scenario", printed)]:
        for key, part in node["properties"].items():
            assert key == "kind" or "description" in part, (name, key)


@pytest.mark.parametrize("name", scenario_names())
def test_schema_accepts_what_is_right(schema, name):
    assert list(schema.iter_errors(tomllib.loads(scenario_text(name)))) == []
    assert list(schema.iter_errors(tomllib.loads(named_scenario(name).to_toml()))) == []


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("[network.fading]\nantenna_correlation = 0.5", True),  # of the default's kind
        ('[network]\nkind = "poisson"', True),
        ('[network]\nfading = "rician"', True),  # a kind alone
        ('[network]\nfading = "csv"', False),
        ('[network]\nfading = "taps"', False),  # which needs taps
        ('[[schemes]]\nname = "x"\nalgorithm = "mtgc"\nuplink = { kind = "aircomp", beamformer = "sca" }', True),
        ("[network.fading]\nk_factor_db = 3.0", False),  # of another kind, which is not said
        ('[network.fading]\nkind = "rician"\nk_factor_db = 99.0', False),
        ('[network]\nkind = "poisson"\nnum_cells = 3', False),
        ("[network]\nnum_cell = 3", False),
        ("seed = -1", False),
        ('[[schemes]]\nname = "x"\nalgorithm = {}\nuplink = { kind = "ofdma" }', False),  # there is no default kind
        ('name = "../x"', False),
    ],
)
def test_schema_and_reader_agree(schema, text, right):
    assert schema.is_valid(tomllib.loads(text)) == right
    try:
        Scenario.from_toml(text)
    except ScenarioError:
        assert not right
    else:
        assert right


def test_reference_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == scenario_reference(), "python -m airfed.scenario_reference > docs/scenario.md"


def test_reference_page_tells_every_key():
    page = PAGE.read_text(encoding="utf-8")
    for node in (*editor_schema()["$defs"].values(), editor_schema()):
        for key in node["properties"]:
            assert key == "kind" or f"`{key}`" in page or f"{key}]" in page, key
