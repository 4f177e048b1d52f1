"""Local training side by side: this package, PyTorch and JAX, on the same work in one run.

    pip install -e ".[bench]"           a build of PyTorch for CPUs first
    python benchmarks/training.py       some ten minutes; --quick for one
    python benchmarks/training.py --plot docs/images/training_speed.png

60 clients take 20 local steps of SGD each, from one model, in single precision: MLP 784-hidden-10. Prints local steps a second
of each on one and on two threads, ours over the best of the others, and what share of the measured peak of matrix products ours
reaches. PyTorch: a module with its optimiser, client by client; a loop written by hand with autograd; all clients as one stack
(bmm). JAX, compiled: all clients at once (vmap) and one after the other (lax.map). Last comes what our bookkeeping costs: the
time of an edge round of a tiny model with one local step, per client.

Ours, PyTorch and JAX run in processes of their own, one after the other and in turns, each held to as many processors as it has
threads from before its first import: threads of PyTorch spin after their work is done, and would slow down whoever is next in
the same process. The best of all turns counts: the machine may have other work. The peak, of one thread, is measured in
between; T threads are held against T times as much. The variable OPENBLAS_CORETYPE, where it names an older kernel, is taken
out. Where a system cannot hold a process to processors (Linux can), JAX takes all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from fl_models import MLP, Dataset, FederatedTask, Model, RoundWork, Schedule, Streams, Workers

CLIENTS, STEPS, INPUTS, CLASSES, STEP_SIZE = 60, 20, 784, 10, 0.01
SAMPLES = 12_000
RUNS = 3
"""How often a process does its work each time it is called, after one that does not count."""

Work = Callable[[], object]
Rates = dict[str, float]


def made_up(model: Model, *, clients: int = CLIENTS, samples: int = SAMPLES) -> FederatedTask:
    """Noise in the shape of the inputs, in one cell: time does not depend on what is learnt."""
    rng = np.random.default_rng(0)
    x = rng.random((samples, model.num_inputs), dtype=np.float32)
    data = Dataset(x=x, labels=rng.integers(model.num_classes, size=samples))
    return FederatedTask(
        model=model,
        train=data,
        test=data,
        client_samples=tuple(np.array_split(np.arange(samples), clients)),
        serving_cell=np.zeros(clients, dtype=int),
    )


def mlp_task(hidden: int) -> FederatedTask:
    return made_up(MLP(num_inputs=INPUTS, num_hidden=hidden, num_classes=CLASSES))


def edge_round(task: FederatedTask, *, steps: int, batch: int, threads: int) -> Work:
    """Ours, as training runs it: an edge round, drawing of batches included."""
    schedule = Schedule(edge_rounds=1, local_steps=steps, batch_size=batch, step_size=STEP_SIZE)
    parameters = task.model.init(rng=np.random.default_rng(0))
    workers = Workers(num_threads=threads)

    def run() -> object:
        work = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=0), round_index=0, workers=workers)
        return work.cells[0].train(parameters, edge_round=0)

    return run


def torch_forms(hidden: int, batch: int, threads: int) -> dict[str, Work]:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    task = mlp_task(hidden)
    x, labels = torch.from_numpy(task.train.x), torch.from_numpy(task.train.labels)
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


def jax_forms(hidden: int, batch: int) -> dict[str, Work]:
    """With as many threads as the process has processors."""
    import jax
    import jax.numpy as jnp

    task = mlp_task(hidden)
    x, labels = jnp.asarray(task.train.x), jnp.asarray(task.train.labels)
    rng = np.random.default_rng(0)
    samples = jnp.asarray(rng.integers(SAMPLES, size=(CLIENTS, STEPS, batch)))
    start = (
        jnp.asarray(rng.standard_normal((hidden, INPUTS)).astype(np.float32) * 0.05),
        jnp.zeros(hidden, dtype=jnp.float32),
        jnp.asarray(rng.standard_normal((CLASSES, hidden)).astype(np.float32) * 0.05),
        jnp.zeros(CLASSES, dtype=jnp.float32),
    )

    def loss(parameters: Any, chosen: Any) -> Any:
        weight, bias, readout, offset = parameters
        logits = jax.nn.relu(x[chosen] @ weight.T + bias) @ readout.T + offset
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[chosen][:, None], axis=1)
        return -picked.mean()

    def client(chosen: Any) -> Any:
        def step(parameters: Any, some: Any) -> Any:
            gradients = jax.grad(loss)(parameters, some)
            return tuple(p - STEP_SIZE * g for p, g in zip(parameters, gradients, strict=True)), None

        return jax.lax.scan(step, start, chosen)[0]

    at_once, in_turn = jax.jit(jax.vmap(client)), jax.jit(lambda all_samples: jax.lax.map(client, all_samples))
    return {
        "JAX vmap": lambda: jax.block_until_ready(at_once(samples)),
        "JAX map": lambda: jax.block_until_ready(in_turn(samples)),
    }


def best_seconds(run: Work, runs: int = RUNS) -> float:
    """The least of several, after one that does not count."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def peak_flops() -> float:
    """Operations a second of a large product in single precision, on one thread."""
    a, b = np.random.default_rng(0).random((2, 2000, 2000), dtype=np.float32)
    with threadpool_limits(1, user_api="blas"):
        return 2.0 * 2000.0**3 / best_seconds(lambda: a @ b)


def kernels() -> dict[str, str]:
    """Of the matrix products of numpy and scipy."""
    return {
        package: library.get("architecture", "?")
        for library in threadpool_info()
        for package in ("numpy", "scipy")
        if library["user_api"] == "blas" and f"{package}.libs" in library["filepath"]
    }


@contextmanager
def first_processors(count: int) -> Iterator[None]:
    """What is started within it runs on so many processors and sees no others."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    if len(before) < count:
        raise SystemExit(f"threads: got {count}; this process has {len(before)} processors")
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def apart(script: str, *, threads: int, **job: Any) -> Any:
    """What `script --job {...}` prints last, as JSON, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    command = [sys.executable, script, "--job", json.dumps({"threads": threads, **job})]
    with first_processors(threads):
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def in_turns(script: str, contestants: list[str], *, turns: int, threads: int, **job: Any) -> Rates:
    """The best rate of each form of each contestant."""
    best: Rates = {}
    for _ in range(turns):
        for who in contestants:
            for name, rate in apart(script, threads=threads, who=who, **job).items():
                best[name] = max(rate, best.get(name, 0.0))
    return best


def rates_of(who: str, *, threads: int, hidden: int, batch: int) -> Rates:
    """Local steps a second of each form, in this process."""
    if who == "ours":
        forms = {"ours": edge_round(mlp_task(hidden), steps=STEPS, batch=batch, threads=threads)}
    else:
        forms = torch_forms(hidden, batch, threads) if who == "PyTorch" else jax_forms(hidden, batch)
    return {name: CLIENTS * STEPS / best_seconds(run) for name, run in forms.items()}


def overhead_ms(threads: int) -> float:
    """Of a client in an edge round with hardly anything to compute."""
    tiny = made_up(MLP(num_inputs=8, num_hidden=4, num_classes=2), samples=10 * CLIENTS)
    return 1e3 * best_seconds(edge_round(tiny, steps=1, batch=1, threads=threads), runs=100) / CLIENTS


def do(job: dict[str, Any]) -> Any:
    """A job of `apart`."""
    match job.pop("who"):
        case "peak":
            return peak_flops(), kernels()
        case "overhead":
            return overhead_ms(**job)
        case who:
            return rates_of(who, **job)


def best_other(rates: Rates) -> str:
    return max((name for name in rates if name != "ours"), key=rates.__getitem__)


DRAWN = {
    "airfed": ("#0072B2", "ours"),
    "JAX, the faster of 2 forms": ("#E69F00", "JAX"),
    "PyTorch, the fastest of 3 forms": ("#CC79A7", "PyTorch"),
    "PyTorch, module and optimiser": ("#999999", "PyTorch module"),
}
"""Colour of each bar, and what names of the forms begin with that it is the best of."""


def draw(table: dict[tuple[int, int, int], Rates], path: Path) -> None:
    """Rates over that of the best other form, by (threads, hidden, batch)."""
    import matplotlib.pyplot as plt

    from airfed.figures.style import plain

    every_thread = sorted({threads for threads, _, _ in table})
    figure, axes = plt.subplots(1, len(every_thread), figsize=(9.5, 3.6), sharey=True, layout="constrained", squeeze=False)
    for ax, threads in zip(axes[0], every_thread, strict=True):
        shown = {(hidden, batch): rates for (own, hidden, batch), rates in table.items() if own == threads}
        for place, (label, (colour, prefix)) in enumerate(DRAWN.items()):
            heights = [
                max((rate for name, rate in rates.items() if name.startswith(prefix)), default=0.0) / rates[best_other(rates)]
                for rates in shown.values()
            ]
            places = np.arange(len(shown)) + 0.2 * (place - 1.5)
            bars = ax.bar(places, heights, width=0.2, color=colour, label=label)
            if prefix == "ours":
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
                ax.bar_label(bars, fmt="%.1f×", fontsize=8, fontweight="bold", color=colour, padding=2, bbox=box, zorder=3)
        plain(ax)
        ax.margins(y=0.1)
        ax.grid(False, axis="x")
        ax.axhline(1.0, color="black", linewidth=0.8)
        ax.set_xticks(np.arange(len(shown)), [f"{hidden}\n{batch}" for hidden, batch in shown])
        ax.set_title(f"{threads} thread{'s' if threads > 1 else ''}", fontsize=10)
        ax.annotate("hidden\nbatch", (0, 0), (-4, -5), "axes fraction", "offset points", ha="right", va="top")
    axes[0, 0].set_ylabel("local steps a second,\nover the best of the others")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def report(sizes: tuple[int, int, int], rates: Rates, *, peak: float) -> None:
    """A line on (threads, hidden, batch)."""
    threads, hidden, batch = sizes
    rival = best_other(rates)
    # Forward and the gradient of the weight; no gradient of the inputs is needed.
    operations = 4.0 * batch * hidden * (INPUTS + 1.5 * CLASSES)
    print(
        f"hidden {hidden:>3}, batch {batch:>2}, {threads} threads: ours {rates['ours']:>6.0f} steps/s, "
        f"{rates['ours'] / rates[rival]:.2f} times the best other ({rival}), "
        f"{100.0 * rates['ours'] * operations / (threads * peak):.0f} % of the peak, {peak / 1e9:.0f} Gflop/s a thread;  "
        + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items() if name != "ours"),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one turn, one size")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--turns", type=int, default=3, help="how often each contestant is called for each size")
    parser.add_argument("--without-jax", action="store_true")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a chart")
    parser.add_argument("--job", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(do(arguments.job)))
        return

    turns = 1 if arguments.quick else arguments.turns
    contestants = ["ours", "PyTorch"] if arguments.without_jax else ["ours", "PyTorch", "JAX"]
    table: dict[tuple[int, int, int], Rates] = {}
    peak, names = apart(__file__, who="peak", threads=1)
    print(f"{CLIENTS} clients, {STEPS} steps; kernels of the matrix products: {names}", flush=True)
    for hidden in [300] if arguments.quick else [50, 100, 300]:
        for batch in (10, 50):
            for threads in arguments.threads:
                peak = max(peak, apart(__file__, who="peak", threads=1)[0])
                table[threads, hidden, batch] = in_turns(
                    __file__, contestants, turns=turns, threads=threads, hidden=hidden, batch=batch
                )
                report((threads, hidden, batch), table[threads, hidden, batch], peak=peak)
    for threads in arguments.threads:
        cost = min(apart(__file__, who="overhead", threads=threads) for _ in range(turns))
        print(f"bookkeeping, {threads} threads: {cost:.4f} ms per client and round")
    if arguments.plot:
        draw(table, arguments.plot)


if __name__ == "__main__":
    main()
