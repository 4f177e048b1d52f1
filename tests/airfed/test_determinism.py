"""The same scenario, the same bytes: on one processor or several, with any number of threads of the linear algebra."""

import os
import subprocess
import sys

import pytest

SCENARIO = """
[network]
num_cells = 2
clients_per_cell = 4
num_antennas = 4
cell_load = 0.0
[learning]
rounds = 2
edge_rounds = 2
local_steps = 2
[learning.model]
hidden = 120
"""
SCHEMES = (
    'algorithm = { kind = "hist" }\nuplink = { kind = "ofdma", participation = 0.8 }',
    'algorithm = { kind = "mtgc" }\nuplink = { kind = "aircomp", beamformer = "difference_of_convex" }',
    'algorithm = { kind = "scaffold" }\nuplink = { kind = "aircomp", transceiver = { kind = "least_error" } }',
)
CODE = """
import os, sys
if int(sys.argv[1]) < len(os.sched_getaffinity(0)):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
import airfed
print(airfed.run("s.toml", progress=False).to_frame().to_csv())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="nobody says here how many processors there are")
def test_a_run_is_the_same_on_any_machine_of_a_kind(tmp_path):
    schemes = "".join(f'[[schemes]]\nname = "scheme {index}"\n{keys}\n' for index, keys in enumerate(SCHEMES))
    (tmp_path / "s.toml").write_text(SCENARIO + schemes)
    tables = []
    for num_processors, num_threads in ((1, 1), (2, 2)):
        threads = {f"{name}_NUM_THREADS": str(num_threads) for name in ("OPENBLAS", "OMP", "MKL")}
        command = [sys.executable, "-W", "error", "-c", CODE, str(num_processors)]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | threads, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        tables.append(done.stdout)
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) > 3 * 3
