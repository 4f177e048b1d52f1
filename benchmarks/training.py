"""Local training side by side: this package, PyTorch and JAX, on the same work in one run.

    pip install -e ".[bench]"           a build of PyTorch for CPUs first
    python benchmarks/training.py       some ten minutes; --quick for one

60 clients take 20 local steps of SGD each, from one model, in single precision: MLP 784-hidden-10. Prints local steps a second
of each on one and on two threads, ours over the best of the others, and what share of the measured peak of matrix products ours
reaches. PyTorch: a module with its optimiser, client by client; a loop written by hand with autograd; all clients as one stack
(bmm). JAX, compiled: all clients at once (vmap) and one after the other (lax.map). Repeats are interleaved, and the best of each
counts: the machine may have other work. The variable OPENBLAS_CORETYPE, where it names an older kernel, is taken out first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

if "OPENBLAS_CORETYPE" in os.environ:
    sys.exit(
        subprocess.call([sys.executable, *sys.argv], env={k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"})
    )

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from fl_models import MLP, Dataset, FederatedTask, RoundWork, Schedule, Streams, Workers

CLIENTS, STEPS, INPUTS, CLASSES, STEP_SIZE = 60, 20, 784, 10, 0.01
SAMPLES = 12_000
Work = Callable[[], object]


def made_up(hidden: int) -> FederatedTask:
    """Noise in the shape of MNIST: time does not depend on what is learnt."""
    rng = np.random.default_rng(0)
    data = Dataset(x=rng.random((SAMPLES, INPUTS), dtype=np.float32), labels=rng.integers(CLASSES, size=SAMPLES))
    return FederatedTask(
        model=MLP(num_inputs=INPUTS, num_hidden=hidden, num_classes=CLASSES),
        train=data,
        test=data,
        client_samples=tuple(np.array_split(np.arange(SAMPLES), CLIENTS)),
        serving_cell=np.zeros(CLIENTS, dtype=int),
    )


def ours(task: FederatedTask, batch: int, threads: int) -> Work:
    """An edge round as training runs it, drawing of batches included."""
    schedule = Schedule(edge_rounds=1, local_steps=STEPS, batch_size=batch, step_size=STEP_SIZE)
    parameters = task.model.init(rng=np.random.default_rng(0))
    workers = Workers(num_threads=threads)

    def run() -> object:
        work = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=0), round_index=0, workers=workers)
        return work.cells[0].train(parameters, edge_round=0)

    return run


def torch_rivals(task: FederatedTask, batch: int, threads: int) -> dict[str, Work]:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    x, labels = torch.from_numpy(task.train.x), torch.from_numpy(task.train.labels)
    hidden = task.model.num_hidden
    rng = np.random.default_rng(0)
    samples = torch.from_numpy(rng.integers(SAMPLES, size=(CLIENTS, STEPS, batch)))
    start = [
        torch.randn(hidden, INPUTS) * 0.05,
        torch.zeros(hidden),
        torch.randn(CLASSES, hidden) * 0.05,
        torch.zeros(CLASSES),
    ]

    def module_loop() -> None:
        for client in range(CLIENTS):
            model = torch.nn.Sequential(torch.nn.Linear(INPUTS, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, CLASSES))
            with torch.no_grad():
                for parameter, value in zip(model.parameters(), start, strict=True):
                    parameter.copy_(value)
            optimiser = torch.optim.SGD(model.parameters(), lr=STEP_SIZE)
            for chosen in samples[client]:
                optimiser.zero_grad()
                functional.cross_entropy(model(x[chosen]), labels[chosen]).backward()
                optimiser.step()

    def hand_written() -> None:
        for client in range(CLIENTS):
            parameters = [value.clone().requires_grad_() for value in start]
            for chosen in samples[client]:
                weight, bias, readout, offset = parameters
                logits = functional.linear(functional.relu(functional.linear(x[chosen], weight, bias)), readout, offset)
                gradients = torch.autograd.grad(functional.cross_entropy(logits, labels[chosen]), parameters)
                with torch.no_grad():
                    for parameter, gradient in zip(parameters, gradients, strict=True):
                        parameter.sub_(gradient, alpha=STEP_SIZE)

    def stacked() -> None:
        parameters = [value.expand(CLIENTS, *value.shape).clone().requires_grad_() for value in start]
        for step in range(STEPS):
            weight, bias, readout, offset = parameters
            chosen = samples[:, step]
            out = functional.relu(torch.baddbmm(bias[:, None], x[chosen], weight.transpose(1, 2)))
            logits = torch.baddbmm(offset[:, None], out, readout.transpose(1, 2))
            loss = functional.cross_entropy(logits.flatten(0, 1), labels[chosen].flatten()) * CLIENTS
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=STEP_SIZE)

    return {"PyTorch module": module_loop, "PyTorch by hand": hand_written, "PyTorch bmm": stacked}


def jax_rivals(task: FederatedTask, batch: int) -> dict[str, Work]:
    """Threads of JAX are those of the process; see `pinned`."""
    import jax
    import jax.numpy as jnp

    x, labels = jnp.asarray(task.train.x), jnp.asarray(task.train.labels)
    hidden = task.model.num_hidden
    rng = np.random.default_rng(0)
    samples = jnp.asarray(rng.integers(SAMPLES, size=(CLIENTS, STEPS, batch)))
    start = (
        jnp.asarray(rng.standard_normal((hidden, INPUTS)).astype(np.float32) * 0.05),
        jnp.zeros(hidden, dtype=jnp.float32),
        jnp.asarray(rng.standard_normal((CLASSES, hidden)).astype(np.float32) * 0.05),
        jnp.zeros(CLASSES, dtype=jnp.float32),
    )

    def loss(parameters: tuple, chosen: object) -> object:
        weight, bias, readout, offset = parameters
        logits = jax.nn.relu(x[chosen] @ weight.T + bias) @ readout.T + offset
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[chosen][:, None], axis=1)
        return -picked.mean()

    def client(chosen: object) -> tuple:
        def step(parameters: tuple, some: object) -> tuple:
            gradients = jax.grad(loss)(parameters, some)
            return tuple(p - STEP_SIZE * g for p, g in zip(parameters, gradients, strict=True)), None

        return jax.lax.scan(step, start, chosen)[0]

    at_once, in_turn = jax.jit(jax.vmap(client)), jax.jit(lambda all_samples: jax.lax.map(client, all_samples))
    return {
        "JAX vmap": lambda: jax.block_until_ready(at_once(samples)),
        "JAX map": lambda: jax.block_until_ready(in_turn(samples)),
    }


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """The process on so many processors: JAX has no other way to say it that holds at run time."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), set(sorted(before)[:threads]))
    try:
        yield
    finally:
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), before)


def best_seconds(contestants: dict[str, Work], repeats: int) -> dict[str, float]:
    """The least of several interleaved repeats, after one that does not count."""
    best = dict.fromkeys(contestants, np.inf)
    for repeat in range(repeats + 1):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            if repeat:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def peak_flops(repeats: int) -> float:
    """Operations a second of a large product in single precision, on one thread."""
    a, b = np.random.default_rng(0).random((2, 2000, 2000), dtype=np.float32)
    with threadpool_limits(1, user_api="blas"):
        seconds = best_seconds({"product": lambda: a @ b}, repeats)["product"]
    return 2.0 * 2000.0**3 / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, one size")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--without-jax", action="store_true")
    arguments = parser.parse_args()
    repeats = 2 if arguments.quick else 7

    kernels = {
        package: library.get("architecture", "?")
        for library in threadpool_info()
        for package in ("numpy", "scipy")
        if library["user_api"] == "blas" and f"{package}.libs" in library["filepath"]
    }
    print(f"{CLIENTS} clients, {STEPS} steps; kernels of the matrix products: {kernels}")
    for hidden in [300] if arguments.quick else [50, 100, 300]:
        task = made_up(hidden)
        for batch in (10, 50):
            for threads in arguments.threads:
                with pinned(threads):
                    peak = peak_flops(repeats)
                    contestants: dict[str, Work] = {"ours": ours(task, batch, threads)}
                    contestants |= torch_rivals(task, batch, threads)
                    if not arguments.without_jax:
                        contestants |= jax_rivals(task, batch)
                    seconds = best_seconds(contestants, repeats)
                rates = {name: CLIENTS * STEPS / value for name, value in seconds.items()}
                rival = max((name for name in rates if name != "ours"), key=rates.__getitem__)
                # Forward and the gradient of the weight; no gradient of the inputs is needed.
                operations = 4.0 * batch * hidden * (INPUTS + 1.5 * CLASSES)
                print(
                    f"hidden {hidden:>3}, batch {batch:>2}, {threads} threads: ours {rates['ours']:>6.0f} steps/s, "
                    f"{rates['ours'] / rates[rival]:.2f} times the best other ({rival}), "
                    f"{100.0 * rates['ours'] * operations / (threads * peak):.0f} % of the peak;  "
                    + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items() if name != "ours"),
                    flush=True,
                )


if __name__ == "__main__":
    main()
