"""A network of 100 cells as its clients become many: memory and processor time, and how they grow.

    python benchmarks/load.py                                          1,300 to 10,000 clients, some ten minutes
    python benchmarks/load.py --clients-per-cell 13 25 --only "SCAFFOLD, OFDMA"

Each scheme trains an MLP of 784-300-10 in a fresh process, through a scenario as `airfed run` reads it. Prints the peak of
resident memory beyond that of an empty task, and processor time (all threads) for preparing, which draws the network and the
data and, for HIST, plans the partition, and for a global round; both also per client. Then by which power of the number of
clients each grows: 1 is in proportion. SCAFFOLD keeps a vector for each client, 932 KiB, and twice that in a
round; beyond 4,000 clients scenarios refuse it for this model.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

NUM_CELLS = 100
SAMPLES_PER_CLIENT, TEST_SAMPLES = 10, 2000
SCHEMES = {
    "FedAvg, OFDMA": ("hierarchical_fedavg", "ofdma"),
    "FedAvg, AirComp": ("hierarchical_fedavg", "aircomp"),
    "HIST, OFDMA": ("hist", "ofdma"),
    "HIST, AirComp": ("hist", "aircomp"),
    "SCAFFOLD, OFDMA": ("scaffold", "ofdma"),
}
LARGEST_CELL = {"SCAFFOLD, OFDMA": 40}
"""A scenario lets algorithms keep a thousand million values of clients, 4 GB."""
MEASURES = ("peak_mb", "prepare_s", "round_s")


def scenario(scheme: str, clients_per_cell: int) -> dict:
    algorithm, uplink = SCHEMES[scheme]
    train = NUM_CELLS * clients_per_cell * SAMPLES_PER_CLIENT
    return {
        "name": "load",
        "network": {"num_cells": NUM_CELLS, "clients_per_cell": clients_per_cell, "cell_load": 0.5},
        "learning": {
            "rounds": 1,
            "edge_rounds": 2,
            "local_steps": 1,
            "batch_size": 5,
            "data": {
                "kind": "gaussian_classes",
                "num_samples": train + TEST_SAMPLES,
                "num_inputs": 784,
                "test_fraction": TEST_SAMPLES / (train + TEST_SAMPLES),
            },
            "split": {"kind": "two_level", "over_cells": {"kind": "iid"}, "over_clients": {"kind": "iid"}},
            "model": {"kind": "mlp", "hidden": [300]},
        },
        "schemes": [{"name": scheme, "algorithm": {"kind": algorithm}, "uplink": {"kind": uplink}}],
    }


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def measure(scheme: str, clients_per_cell: int, rounds: int) -> dict[str, float]:
    """In this process, which must be a fresh one."""
    from airfed.experiment import Experiment
    from airfed.scenario import Scenario

    empty, start = peak_mb(), time.process_time()
    (training,) = Experiment.prepare(Scenario(**scenario(scheme, clients_per_cell))).trainings
    prepared, at_preparation = time.process_time() - start, peak_mb()
    state, record = training.start()
    state, record = training.round(state, record)  # warm-up
    start = time.process_time()
    for _ in range(rounds):
        state, record = training.round(state, record)
    return {
        "peak_mb": peak_mb() - empty,
        "at_preparation_mb": at_preparation - empty,
        "prepare_s": prepared,
        "round_s": (time.process_time() - start) / rounds,
    }


def in_fresh_process(scheme: str, clients_per_cell: int, rounds: int) -> dict[str, float]:
    child = [sys.executable, __file__, "--child", scheme, str(clients_per_cell), str(rounds)]
    return json.loads(subprocess.run(child, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients-per-cell", type=int, nargs="+", default=[13, 25, 50, 100])
    parser.add_argument("--rounds", type=int, default=2, help="that time is the mean of")
    parser.add_argument("--only", nargs="+", default=list(SCHEMES), choices=list(SCHEMES))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        scheme, clients, rounds = arguments.child
        print(json.dumps(measure(scheme, int(clients), int(rounds))))
        return

    print(
        f"{'scheme':<18}{'clients':>8}{'peak MB':>9}{'kB/client':>11}{'prepare MB':>12}{'prepare s':>11}{'round s':>9}"
        f"{'ms/client':>11}",
        flush=True,
    )
    for scheme in arguments.only:
        rows = []
        for clients_per_cell in sorted({min(size, LARGEST_CELL.get(scheme, size)) for size in arguments.clients_per_cell}):
            found = in_fresh_process(scheme, clients_per_cell, arguments.rounds)
            clients = NUM_CELLS * clients_per_cell
            rows.append((clients, *(found[name] for name in MEASURES)))
            print(
                f"{scheme:<18}{clients:>8}{found['peak_mb']:>9.0f}{1024.0 * found['peak_mb'] / clients:>11.1f}"
                f"{found['at_preparation_mb']:>12.0f}{found['prepare_s']:>11.2f}{found['round_s']:>9.2f}"
                f"{1e3 * found['round_s'] / clients:>11.2f}",
                flush=True,
            )
        if len(rows) > 1:
            log = np.log(rows)
            memory, preparing, rounding = (np.polyfit(log[:, 0], log[:, i], 1)[0] for i in (1, 2, 3))
            print(
                f"{'':<18}grows as clients^: memory {memory:.2f}, preparing {preparing:.2f}, a round {rounding:.2f}\n",
                flush=True,
            )


if __name__ == "__main__":
    main()
