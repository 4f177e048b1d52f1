"""What a sweep computes: keys, values, combinations, seeds, and what is wrong with them before anything runs."""

import numpy as np
import pytest

from airfed import Scenario, ScenarioError
from airfed.sweeps import Grid, SweptKey
from airfed.sweeps.scenario_at import scenario_at

NAMED = 'schemes."HIST, equal sub-models".uplink.bits_per_parameter'


def grid(*over, seeds=1, scenario=None):
    return Grid(scenario=scenario or Scenario(), keys=tuple(SweptKey.parse(text) for text in over), num_seeds=seeds)


def test_values_are_read_as_in_a_scenario_file():
    key = SweptKey.parse('network.propagation = { kind = "uma", indoor_share = 0.5 }, {kind="umi"}  # by kind')
    assert key.path == ("network", "propagation")
    assert key.values == ({"kind": "uma", "indoor_share": 0.5}, {"kind": "umi"})
    assert key.labels == ('{ kind = "uma", indoor_share = 0.5 }', '{ kind = "umi" }')
    assert SweptKey.parse("network.cell_load=0.5,[0.0, 0.1, 0.2]").labels == ("0.5", "[0.0, 0.1, 0.2]")
    assert SweptKey.parse("a.b=1,2.5").labels == (1, 2.5)
    assert SweptKey.parse('schemes."a = b".name="x"').path == ("schemes", "a = b", "name")


def test_arrays_of_numpy_are_values():
    key = SweptKey(key="network.bandwidth_hz", values=np.geomspace(1e6, 1e8, 3))
    assert [type(value) for value in key.values] == [float] * 3
    assert SweptKey(key="learning.local_steps", values=np.arange(1, 4)).values == (1, 2, 3)


def test_nothing_but_the_keys_changes():
    """The combinations are the scenarios that a user would get by editing the file."""
    points = grid("network.client_power_dbm=17.0,20.0", "learning.local_steps=1,2", f"{NAMED}=8").points
    powers = [(point.scenario.network.client_power_dbm, point.scenario.learning.local_steps) for point in points]
    assert powers == [(17.0, 1), (17.0, 2), (20.0, 1), (20.0, 2)] == [point.labels[:2] for point in points]
    for point in points:
        changed = point.scenario.to_toml().splitlines()
        usual = Scenario().to_toml().splitlines()
        different = {one.split(" = ")[0] for one, other in zip(changed, usual, strict=True) if one != other}
        assert different <= {"client_power_dbm", "local_steps", "uplink"}
        assert [scheme.uplink.bits_per_parameter for scheme in point.scenario.schemes[:4]] == [32, 32, 8, 32]


def test_without_changes_a_scenario_stays_the_same():
    text = 'seed = 3\n[network]\nnum_cells = 2\ncell_load = 0.1\nfading = { kind = "rician", k_factor_db = 3.0 }'
    for scenario in (Scenario(), Scenario.from_toml(text), Scenario.from_toml(Scenario().to_toml())):
        assert scenario_at(scenario, (), ()) == scenario


def test_another_kind_of_table_has_its_own_defaults():
    (point,) = grid('network.propagation.kind="log_distance"').points
    assert (
        point.scenario.network.propagation
        == Scenario.from_toml('[network]\npropagation = { kind = "log_distance" }').network.propagation
    )


def test_seeds_are_the_same_for_all_combinations():
    points = grid("learning.local_steps=1,2", seeds=3, scenario=Scenario(seed=7)).points
    assert [point.scenario.seed for point in points] == [7, 8, 9, 7, 8, 9]
    assert [point.index for point in points] == list(range(6))


@pytest.mark.parametrize(
    ("over", "message"),
    [
        (["network.bandwidth_hz=5e6,-1.0"], "at network.bandwidth_hz = -1.0: network.bandwidth_hz: got -1.0; allowed is"),
        (["learning.local_steps=1.5"], "learning.local_steps: got 1.5; allowed is an integer"),
        (["network.bandwith_hz=5e6"], "did you mean bandwidth_hz?"),
        (["netwrok.num_cells=5"], "netwrok: unknown key"),
        (["network.bandwidth_hz.foo=1"], "network.bandwidth_hz.foo: network.bandwidth_hz is 1e7, which has no keys"),
        (["schemes.9.name='x'"], 'schemes.9.name: got entry "9" of schemes; allowed is 0 to 4, "Hierarchical FedAvg, equal'),
        (["network.num_cells=5"], "at network.num_cells = 5: network.cell_load: got 3 values for num_cells = 5"),
        (
            ["schemes.2.uplink={kind='ofdma'}", f"{NAMED}=8"],
            "is swept together with schemes.2.uplink; allowed",
        ),
        ([f"{NAMED}=8", "schemes.2.uplink={kind='ofdma'}"], "schemes.2.uplink: is swept together with"),
        (["network.num_cells=1,1"], "network.num_cells: got 1 a second time"),
        (["network.num_cells="], "network.num_cells: got no values"),
        (["network.propagation.kind=umi"], "texts in quotes"),
        (["network.num_cells=1]\nx=[2"], "needed are values in TOML's notation"),
        (["network.num_cells"], "needed is KEY=VALUE,VALUE,..."),
        (["a b=1"], "needed is KEY=VALUE,VALUE,..."),
        (["seed=1,2"], "seed: cannot be swept as a key"),
        (["name=2020-01-01"], "name: value: got date, which TOML cannot hold"),
    ],
)
def test_what_is_wrong_is_told_with_key_value_and_range(over, message):
    with pytest.raises(ScenarioError) as caught:
        grid(*over)
    assert message in str(caught.value)


def test_too_many_points_and_impossible_seeds():
    with pytest.raises(ScenarioError, match="points: got 200000, values times seeds; allowed are at most 100000"):
        grid("learning.local_steps=1,2", seeds=100_000)
    for seeds in (0, -1, 2.0, True):
        with pytest.raises(ScenarioError, match="seeds: got .* with seed = 0; allowed is an integer, 1 to"):
            grid(seeds=seeds)
    with pytest.raises(ScenarioError, match="allowed is an integer, 1 to 2"):
        grid(seeds=3, scenario=Scenario(seed=2**32 - 2))
    with pytest.raises(ScenarioError, match="num_cells: got 3; needed is a list of values"):
        SweptKey(key="network.num_cells", values=3)
    with pytest.raises(ScenarioError, match="key: got 'a b'"):
        SweptKey(key="a b", values=[3])
