"""A scenario so small that running it takes a tenth of a second, and a terminal."""

import contextlib
import os
import subprocess
import sys

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


@pytest.fixture(scope="session")
def on_a_terminal():
    """A function from the arguments of the command to what it shows on a standard error that is a terminal."""

    def shown(*arguments, cwd):
        import pty
        import termios

        ours, its = pty.openpty()
        termios.tcsetwinsize(its, (24, 80))
        command = [sys.executable, "-m", "airfed", *map(str, arguments)]
        with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=its) as process:
            os.close(its)
            told = b""
            with contextlib.suppress(OSError):  # which is how a terminal ends
                while some := os.read(ours, 4096):
                    told += some
        os.close(ours)
        assert process.returncode == 0, told
        return told.decode()

    return shown
