"""A scenario so small that running it takes a tenth of a second."""

import pytest

from airfed import Scenario

PARTS = {
    "network": "num_cells = 2\nclients_per_cell = 4\ncell_load = 0.0",
    "learning": "rounds = 2\nedge_rounds = 2\nlocal_steps = 2\nbatch_size = 5",
    "learning.model": "hidden = 12",
    "scheme": 'algorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma" }',
}


@pytest.fixture(scope="session")
def tiny():
    """A function from what is other than usual in each table, and schemes, to a scenario that is the same when read again."""

    def make(tables=None, *schemes):
        given = {key: text for key, text in PARTS.items() if key != "scheme"} | (tables or {})
        text = "".join(f"[{table}]\n{keys}\n" for table, keys in given.items())
        for index, scheme in enumerate(schemes or (PARTS["scheme"],)):
            text += f'[[schemes]]\nname = "scheme {index}"\n{scheme}\n'
        scenario = Scenario.from_toml(text)
        assert Scenario.from_toml(scenario.to_toml()) == scenario
        return scenario

    return make
