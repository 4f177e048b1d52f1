"""A global round of HIST side by side: this package and the code that its authors published, on the same work in one run.

    git clone https://github.com/wenzhifang/HIST
    pip install -e ".[bench]"                               a build of PyTorch for CPUs first
    python benchmarks/hist_round.py --authors HIST          some ten minutes

As in the authors' experiments: MLP 784-300-10, 60 clients of 1000 samples in 3 cells, batches of 50, an epoch (H = 20 steps)
between averages, E = 5 averages in a cell, one partition of the neurons anew. Prints seconds of each. Theirs are their network,
their client with its loader, their averages, partition and merging, called from here in the order of `main_HIST_FMNIST.py`.
What that file does besides, hierarchical averaging for comparison and tests on all data, is left out. Their samples are

- pictures of Fashion-MNIST's size as `torchvision` reads them, each turned into a tensor when it is asked for, as they do; or
- tensors that are ready in memory, which is kinder to them, and needs no `torchvision`.

Their network drops half of the hidden neurons in a step; so does ours, and both are timed without that too. Two differences
stay: ours has biases that are learnt where theirs are forgotten, and draws batches with replacement, just as many.
Processes, turns and threads are as in training.py.

Source: Fang, Han, Brinton 2023, "Federated learning over hierarchical wireless networks: training latency minimization via
submodel partitioning".
"""

from __future__ import annotations

import argparse
import copy
import json
import struct
import sys
import tempfile
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from training import CLASSES, CLIENTS, INPUTS, STEP_SIZE, Rates, best_seconds, in_turns, made_up

from fl_models import HIST, MLP, FederatedTask, RoundWork, Schedule, Streams, Workers, initial_state

HIDDEN, BATCH, STEPS, EDGE_ROUNDS = 300, 50, 20, 5
SAMPLES = CLIENTS * STEPS * BATCH


def task_with(dropout: float, num_cells: int) -> FederatedTask:
    task = made_up(MLP(num_inputs=INPUTS, num_hidden=HIDDEN, num_classes=CLASSES, dropout=dropout), samples=SAMPLES)
    return replace(task, serving_cell=np.arange(CLIENTS) * num_cells // CLIENTS)


def ours(*, dropout: float, num_cells: int, threads: int) -> float:
    """Seconds."""
    task = task_with(dropout, num_cells)
    schedule = Schedule(edge_rounds=EDGE_ROUNDS, local_steps=STEPS, batch_size=BATCH, step_size=STEP_SIZE)
    neurons = [HIDDEN // num_cells] * (num_cells - 1)
    algorithm = HIST(schedule=schedule, neurons=(*neurons, HIDDEN - sum(neurons)))
    state = initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0)))
    workers, streams = Workers(num_threads=threads), Streams(seed=0)

    def run() -> object:
        work = RoundWork.ideal(task, schedule=schedule, streams=streams, round_index=0, workers=workers)
        return algorithm.round(state, work)

    return best_seconds(run)


def tensors() -> Any:
    import torch

    task = task_with(0.0, 1)
    return torch.utils.data.TensorDataset(
        torch.from_numpy(task.train.x).reshape(-1, 1, 28, 28), torch.from_numpy(task.train.labels)
    )


def pictures(folder: Path) -> Any:
    """Noise in files of Fashion-MNIST, read and normalised as the authors do."""
    from torchvision import datasets, transforms

    rng = np.random.default_rng(0)
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, number in (("train", SAMPLES), ("t10k", 1)):
        contents = {
            f"{part}-images-idx3-ubyte": (2051, (28, 28), rng.integers(256, size=(number, 28, 28), dtype=np.uint8)),
            f"{part}-labels-idx1-ubyte": (2049, (), rng.integers(CLASSES, size=number, dtype=np.uint8)),
        }
        for name, (magic, shape, values) in contents.items():
            (raw / name).write_bytes(struct.pack(f">{2 + len(shape)}I", magic, number, *shape) + values.tobytes())
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    return datasets.FashionMNIST(str(folder), train=True, download=False, transform=transform)


def authors(data: Any, *, drops: bool, num_cells: int) -> float:
    """Seconds; needs their folder on the path."""
    from models import Fed, Nets, Update, model_dispatch_push
    from torch import nn

    settings = SimpleNamespace(
        model="mlp", num_cells=num_cells, local_bs=BATCH, local_ep=1, lr=STEP_SIZE, momentum=0, verbose=False, device="cpu"
    )
    whole = Nets.MLP(dim_in=INPUTS, model_size=HIDDEN, dim_out=CLASSES, partition_num=num_cells)
    held = np.array_split(np.arange(SAMPLES), CLIENTS)
    members = np.array_split(np.arange(CLIENTS), num_cells)

    def run(edge_rounds: int) -> None:
        whole.partition_to_list()
        for cell, clients in enumerate(members):
            edge = model_dispatch_push.dispatch_model_to_edge_server(settings, whole, cell)
            if not drops:
                edge.dropout = nn.Identity()
            for _ in range(edge_rounds):
                trained = []
                for client in clients:
                    trainer = Update.Client(args=settings, dataset=data, idxs=held[client])
                    trained.append(copy.deepcopy(trainer.train(net=copy.deepcopy(edge))[0]))
                edge.load_state_dict(Fed.FedAvg(trained))
            model_dispatch_push.push_model_to_global_server(settings, whole, edge, cell)
        whole.flush()

    run(1)
    start = time.perf_counter()
    run(EDGE_ROUNDS)
    return time.perf_counter() - start


def rates_of(who: str, *, threads: int, folder: str, num_cells: int) -> Rates:
    """Rounds a second of each form, in this process."""
    if who == "ours":
        seconds = {
            f"ours, {name}": ours(dropout=dropout, num_cells=num_cells, threads=threads)
            for name, dropout in (("dropout", 0.5), ("no dropout", 0.0))
        }
    else:
        import torch

        torch.set_num_threads(threads)
        sys.path.insert(0, folder)
        seconds = {
            "authors, tensors, dropout": authors(tensors(), drops=True, num_cells=num_cells),
            "authors, tensors, no dropout": authors(tensors(), drops=False, num_cells=num_cells),
        }
        if find_spec("torchvision"):
            with tempfile.TemporaryDirectory() as made:
                data = pictures(Path(made))
                seconds["authors, pictures, dropout"] = authors(data, drops=True, num_cells=num_cells)
    return {name: 1.0 / value for name, value in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--authors", type=Path, metavar="DIR", help="a checkout of github.com/wenzhifang/HIST")
    parser.add_argument("--cells", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--turns", type=int, default=3, help="how often each is called")
    parser.add_argument("--job", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(rates_of(**arguments.job)))
        return
    if arguments.authors is None or not (arguments.authors / "models" / "Update.py").exists():
        parser.error(f"--authors: got {arguments.authors}; needed is a checkout of github.com/wenzhifang/HIST")

    print(f"{CLIENTS} clients in {arguments.cells} cells, E = {EDGE_ROUNDS}, H = {STEPS}, batches of {BATCH}")
    for threads in arguments.threads:
        rates = in_turns(
            __file__,
            ["ours", "authors"],
            turns=arguments.turns,
            threads=threads,
            folder=str(arguments.authors.resolve()),
            num_cells=arguments.cells,
        )
        for name, rate in rates.items():
            drops = name.rpartition(", ")[2]
            times = f", {rates[f'ours, {drops}'] / rate:.1f} times ours" if name.startswith("authors") else ""
            print(f"{threads} threads: {name:<29} {1.0 / rate:>7.3f} s a round{times}", flush=True)


if __name__ == "__main__":
    main()
