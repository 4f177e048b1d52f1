"""The synthetic federated sets of the FedProx paper: clients with models and inputs of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, IntArray, check_count, checked
from fl_models.data.dataset import Dataset
from fl_models.data.splitter import checked_sizes

DECAY = 1.2
SMALLEST_CLIENT = 50
LOG_SIZE_MEAN, LOG_SIZE_DEVIATION = 4.0, 2.0


def synthetic_federated(
    num_clients: int,
    *,
    alpha: float,
    beta: float,
    num_inputs: int = 60,
    num_classes: int = 10,
    client_sizes: ArrayLike | None = None,
    rng: np.random.Generator,
) -> tuple[Dataset, list[IntArray]]:
    """Synthetic(α, β): all samples, and for each client which of them it holds.

    Client k labels its inputs by its own linear model:

        y = argmax softmax(Wx + b),  W and b ~ N(u_k, 1) by entry,  u_k ~ N(0, α²),
        x ~ N(v_k, Σ),  v_k ~ N(B_k, 1) by entry,  B_k ~ N(0, β²),  Σ = diag(j^-1.2), j = 1 ... p.

    α and β are standard deviations, as in the authors' code; read as variances, as the paper's notation may be, they are
    the same for 0 and 1. **α changes no label**: u_k adds the same u_k(1 + Σ_j x_j) to the scores of all classes, in the
    published generator too. Clients differ in their models for every α, and more in their inputs as β grows: the variance
    of their means is 1 + β².

    Deviations from the code: Σ's diagonal scales independent normals instead of a general multivariate draw, which has the
    same law; softmax, which keeps the order, is left out; x is rounded to single precision after labels are set.

    Source: Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith 2020, "Federated optimization in heterogeneous networks", section
    5.1, and its code.

    Args:
        num_clients: K.
        alpha: α >= 0.
        beta: β >= 0.
        num_inputs: p.
        num_classes: C.
        client_sizes: samples of each client, one number for all or (K,). None draws them as published: 50 and the whole
            part of exp(N(4, 2²)), which has mean 403 and a long tail.
        rng: source of everything.

    >>> data, client_samples = synthetic_federated(3, alpha=1.0, beta=1.0, client_sizes=20, rng=np.random.default_rng(0))
    >>> data.x.shape, [len(part) for part in client_samples]
    ((60, 60), [20, 20, 20])
    """
    alpha, beta = (float(checked(name, value, low=0.0)) for name, value in {"alpha": alpha, "beta": beta}.items())
    sizes = _sizes(num_clients, client_sizes, rng)
    check_count("num_inputs", num_inputs)
    check_count("num_classes", num_classes)
    shift = alpha * rng.standard_normal(num_clients)
    centre = rng.normal(beta * rng.standard_normal((num_clients, 1)), 1.0, (num_clients, num_inputs))
    weights = shift[:, None, None] + rng.standard_normal((num_clients, num_inputs, num_classes))
    bias = shift[:, None] + rng.standard_normal((num_clients, num_classes))
    return _labelled(sizes, centre, weights, bias, rng)


def synthetic_iid(
    num_clients: int,
    *,
    num_inputs: int = 60,
    num_classes: int = 10,
    client_sizes: ArrayLike | None = None,
    rng: np.random.Generator,
) -> tuple[Dataset, list[IntArray]]:
    """Synthetic-IID, to compare with: all clients share one W, b ~ N(0, 1), and inputs x ~ N(0, Σ).

    Source, arguments and sizes are those of `synthetic_federated`.

    >>> data, client_samples = synthetic_iid(3, client_sizes=[10, 20, 30], rng=np.random.default_rng(0))
    >>> len(data), [len(part) for part in client_samples]
    (60, [10, 20, 30])
    """
    sizes = _sizes(num_clients, client_sizes, rng)
    check_count("num_inputs", num_inputs)
    check_count("num_classes", num_classes)
    weights = np.broadcast_to(rng.standard_normal((num_inputs, num_classes)), (num_clients, num_inputs, num_classes))
    bias = np.broadcast_to(rng.standard_normal(num_classes), (num_clients, num_classes))
    return _labelled(sizes, np.zeros((num_clients, num_inputs)), weights, bias, rng)


def _sizes(num_clients: int, client_sizes: ArrayLike | None, rng: np.random.Generator) -> IntArray:
    check_count("num_clients", num_clients)
    if client_sizes is None:
        return rng.lognormal(LOG_SIZE_MEAN, LOG_SIZE_DEVIATION, num_clients).astype(int) + SMALLEST_CLIENT
    return checked_sizes(np.iinfo(np.int64).max, num_parts=num_clients, sizes=client_sizes, name="client_sizes")


def _labelled(
    sizes: IntArray, centre: FloatArray, weights: FloatArray, bias: FloatArray, rng: np.random.Generator
) -> tuple[Dataset, list[IntArray]]:
    """Inputs about each client's centre, labelled by its model; clients one after the other."""
    ends = np.cumsum(sizes)
    samples = [np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    deviation = np.arange(1.0, centre.shape[1] + 1.0) ** (-DECAY / 2.0)
    x = np.repeat(centre, sizes, axis=0) + deviation * rng.standard_normal((ends[-1], centre.shape[1]))
    scores = [x[held] @ w + b for held, w, b in zip(samples, weights, bias, strict=True)]
    labels = np.concatenate([score.argmax(axis=1) for score in scores])
    return Dataset(x=x.astype(np.float32), labels=labels), samples
