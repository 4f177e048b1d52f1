"""FedZO's loss evaluations a second side by side: this package, and a PyTorch loop over directions, in one run.

    pip install -e ".[bench]"               a build of PyTorch for CPUs first
    python benchmarks/zeroth_order.py       some two minutes; --quick for half of one

A client takes 20 local steps along two-point estimates, each of b₂ + 1 losses on a mini-batch of 25, in which all that a step
takes is counted: directions are drawn, losses compared, the estimate is made and the model moved. Ten clients of ours, as
training runs them, drawing of batches included; one of PyTorch's, since clients of a loop follow one another: draw a direction,
take the loss a little along it, add to the estimate, without gradients. PyTorch's losses are in single precision, ours in
double, which differences of losses call for. Prints losses a second of both on one and on two threads, and their ratio.

Each contestant has a process of its own that lives through the run, as PyTorch's threads keep spinning for a while after their
work and would disturb others; before a turn there is a pause. Repeats are interleaved, and the best of each counts: the machine
may have other work. The variable OPENBLAS_CORETYPE, where it names an older kernel, is taken out first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

if "OPENBLAS_CORETYPE" in os.environ:
    sys.exit(
        subprocess.call([sys.executable, *sys.argv], env={k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"})
    )

import numpy as np

CLIENTS, STEPS, BATCH, CLASSES = 10, 20, 25, 10
STEP_SIZE, SMOOTHING = 1e-3, 1e-3
SAMPLES = 500
PAUSE_S = 0.3
"""Longer than threads of OpenMP spin by default."""
CASES = {
    "64-10, b2 20": ((64, 10), 20),
    "784-10, b2 5": ((784, 10), 5),
    "784-10, b2 20": ((784, 10), 20),
    "784-10, b2 100": ((784, 10), 100),
    "64-100-10, b2 20": ((64, 100, 10), 20),
    "784-64-10, b2 20": ((784, 64, 10), 20),
    "784-200-10, b2 20": ((784, 200, 10), 20),
}
QUICK = ("64-10, b2 20", "784-10, b2 20", "784-200-10, b2 20")
Work = Callable[[], int]
"""Does a repeat and returns how many losses it took."""


def ours(sizes: tuple[int, ...], directions: int, threads: int) -> Work:
    from fl_models import (
        MLP,
        Dataset,
        FederatedTask,
        FedZO,
        RoundWork,
        Schedule,
        SoftmaxRegression,
        Streams,
        TrainingState,
        Workers,
    )

    rng = np.random.default_rng(0)
    inputs, *hidden, classes = sizes
    model = (
        MLP(num_inputs=inputs, num_hidden=hidden[0], num_classes=classes)
        if hidden
        else SoftmaxRegression(num_inputs=inputs, num_classes=classes)
    )
    data = Dataset(x=rng.random((SAMPLES, inputs), dtype=np.float32), labels=rng.integers(CLASSES, size=SAMPLES))
    task = FederatedTask(
        model=model,
        train=data,
        test=data,
        client_samples=tuple(np.array_split(np.arange(SAMPLES), CLIENTS)),
        serving_cell=np.zeros(CLIENTS, dtype=int),
    )
    schedule = Schedule(edge_rounds=1, local_steps=STEPS, batch_size=BATCH, step_size=STEP_SIZE)
    algorithm = FedZO(schedule=schedule, directions=directions, smoothing=SMOOTHING)
    state = TrainingState(round_index=0, parameters=model.init(rng=rng))
    workers = Workers(num_threads=threads)

    def run() -> int:
        work = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=0), round_index=0, workers=workers)
        algorithm.round(state, work)
        return CLIENTS * STEPS * (directions + 1)

    return run


def torch_loop(sizes: tuple[int, ...], directions: int, threads: int) -> Work:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    start = [value for low, high in pairwise(sizes) for value in (torch.randn(high, low) / low**0.5, torch.zeros(high))]
    lengths, shapes = [value.numel() for value in start], [value.shape for value in start]
    x, labels = torch.rand(STEPS, BATCH, sizes[0]), torch.randint(CLASSES, (STEPS, BATCH))

    def loss(parameters: torch.Tensor, step: int) -> torch.Tensor:
        parts = [part.view(shape) for part, shape in zip(torch.split(parameters, lengths), shapes, strict=True)]
        out = x[step]
        for layer in range(0, len(parts) - 2, 2):
            out = functional.relu(functional.linear(out, parts[layer], parts[layer + 1]))
        return functional.cross_entropy(functional.linear(out, parts[-2], parts[-1]), labels[step])

    def run() -> int:
        with torch.no_grad():
            parameters = torch.cat([value.reshape(-1) for value in start])
            size = len(parameters)
            for step in range(STEPS):
                here, estimate = loss(parameters, step), torch.zeros(size)
                for _ in range(directions):
                    direction = torch.randn(size)
                    direction /= direction.norm()
                    difference = loss(parameters + SMOOTHING * direction, step) - here
                    estimate += size / (directions * SMOOTHING) * difference * direction
                parameters -= STEP_SIZE * estimate
        return STEPS * (directions + 1)

    return run


CONTESTANTS = {"ours": ours, "torch": torch_loop}


def serve(contestant: str, threads: int) -> None:
    """Losses a second of each case that is named on standard input, after one repeat of each that does not count."""
    ready: dict[str, Work] = {}
    for line in sys.stdin:
        case = line.strip()
        if case not in ready:
            ready[case] = CONTESTANTS[contestant](*CASES[case], threads)
            ready[case]()
        start = time.perf_counter()
        count = ready[case]()
        print(count / (time.perf_counter() - start), flush=True)


def rate(process: subprocess.Popen[str], case: str) -> float:
    """One repeat in the contestant's own process."""
    assert process.stdin is not None
    assert process.stdout is not None
    time.sleep(PAUSE_S)
    print(case, file=process.stdin, flush=True)
    return float(process.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, fewer cases")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--serve", choices=CONTESTANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.threads[0])
        return
    repeats = 3 if arguments.quick else 7
    print(f"losses a second, {STEPS} steps, mini-batches of {BATCH}; the best of {repeats} interleaved repeats")
    for threads in arguments.threads:
        processes = {
            name: subprocess.Popen(
                [sys.executable, __file__, "--serve", name, "--threads", str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )
            for name in CONTESTANTS
        }
        for case in QUICK if arguments.quick else CASES:
            best = dict.fromkeys(processes, 0.0)
            for _ in range(repeats):
                for name, process in processes.items():
                    best[name] = max(best[name], rate(process, case))
            print(
                f"{case:>17}, {threads} threads: ours {best['ours']:>7.0f}, PyTorch {best['torch']:>7.0f}, "
                f"{best['ours'] / best['torch']:.1f} times",
                flush=True,
            )
        for process in processes.values():
            process.communicate()


if __name__ == "__main__":
    main()
