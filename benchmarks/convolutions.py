"""Local training of convolutional networks side by side: this package and PyTorch, on the same work in one run.

    pip install -e ".[bench]"               a build of PyTorch for CPUs first
    python benchmarks/convolutions.py       some two minutes

12 clients take local steps of SGD with batches of 50, in single precision: LeNet-5 on 28x28 pictures in grey, and 16, 32 and 64
kernels of 3x3 on 32x32 pictures in colour. Prints local steps a second of each on one and on two threads. PyTorch is a module
with its optimiser, client by client. Processes, turns and threads are as in training.py.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from training import STEP_SIZE, Rates, Work, best_seconds, edge_round, in_turns, made_up

from fl_models import CNN, cifar_cnn, lenet5

CLIENTS, BATCH, SAMPLES = 12, 50, 3_000
NETWORKS = {"LeNet-5": (lenet5(), 10), "CIFAR": (cifar_cnn(), 5)}
"""Each with its local steps."""


def torch_module(model: CNN) -> Any:
    from torch import nn

    layers: list[Any] = []
    channels = model.image_shape[0]
    for convolution in model.convolutions:
        layers.append(nn.Conv2d(channels, convolution.channels, convolution.kernel, padding=convolution.padding))
        layers += [nn.ReLU(), nn.MaxPool2d(convolution.pool)]
        channels = convolution.channels
    layers.append(nn.Flatten())
    below = model.head.num_inputs
    for size in model.hidden:
        layers += [nn.Linear(below, size), nn.ReLU()]
        below = size
    return nn.Sequential(*layers, nn.Linear(below, model.num_classes))


def module_loop(model: CNN, *, steps: int, threads: int) -> Work:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    task = made_up(model, clients=CLIENTS, samples=SAMPLES)
    x = torch.from_numpy(task.train.x).reshape(-1, *model.image_shape)
    labels = torch.from_numpy(task.train.labels)
    samples = torch.from_numpy(np.random.default_rng(0).integers(SAMPLES, size=(CLIENTS, steps, BATCH)))
    start = torch_module(model).state_dict()

    def run() -> None:
        for client in range(CLIENTS):
            module = torch_module(model)
            module.load_state_dict(start)
            optimiser = torch.optim.SGD(module.parameters(), lr=STEP_SIZE)
            for chosen in samples[client]:
                optimiser.zero_grad()
                functional.cross_entropy(module(x[chosen]), labels[chosen]).backward()
                optimiser.step()

    return run


def rates_of(who: str, *, threads: int, network: str) -> Rates:
    """Local steps a second, in this process."""
    model, steps = NETWORKS[network]
    if who == "ours":
        task = made_up(model, clients=CLIENTS, samples=SAMPLES)
        run = edge_round(task, steps=steps, batch=BATCH, threads=threads)
    else:
        run = module_loop(model, steps=steps, threads=threads)
    return {who: CLIENTS * steps / best_seconds(run)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--turns", type=int, default=3, help="how often each contestant is called for each network")
    parser.add_argument("--job", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(rates_of(**arguments.job)))
        return

    print(f"{CLIENTS} clients, batches of {BATCH}")
    for network in NETWORKS:
        for threads in arguments.threads:
            rates = in_turns(__file__, ["ours", "PyTorch"], turns=arguments.turns, threads=threads, network=network)
            print(
                f"{network:<8} {threads} threads: ours {rates['ours']:>5.0f} steps/s, PyTorch {rates['PyTorch']:>5.0f}, "
                f"{rates['ours'] / rates['PyTorch']:.2f} times as many",
                flush=True,
            )


if __name__ == "__main__":
    main()
