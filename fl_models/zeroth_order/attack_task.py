"""A black-box attack as a federated task, and pictures of it."""

from __future__ import annotations

from typing import cast

import numpy as np

from channels.arrays import FloatArray, IntArray, check_count, checked
from fl_models.data.dataset import Dataset
from fl_models.data.iid import IID
from fl_models.models.model import Model
from fl_models.task import FederatedTask
from fl_models.zeroth_order.black_box_attack import BlackBoxAttack


def attack_task(
    attack: BlackBoxAttack, *, train: Dataset, test: Dataset, num_clients: int, rng: np.random.Generator
) -> FederatedTask:
    """The attack as a task: images of class t that the victim gets right, dealt out to clients of one cell at random.

    Args:
        attack: what is minimised.
        train: images with pixels in [0, 1] that the clients' are from.
        test: images that success is measured on.
        num_clients: K.
        rng: who gets which.
    """
    check_count("num_clients", num_clients)
    own, held_out = (_recognised(attack, data) for data in (train, test))
    if len(own) < num_clients or not len(held_out):
        raise ValueError(
            f"train: got {len(own)} images of class {attack.target} that the victim gets right, and {len(held_out)} to test on"
            f"; needed are one for each of {num_clients} clients, and one"
        )
    return FederatedTask(
        model=cast(Model, attack),
        train=own,
        test=held_out,
        client_samples=tuple(IID().split(own.labels, num_parts=num_clients, rng=rng)),
        serving_cell=np.zeros(num_clients, dtype=int),
    )


def attack_pictures(attack: BlackBoxAttack, parameters: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Images (b, p) before and after, with pixels in [0, 1], and the classes (b,) that the victim sees in them after.

    Args:
        attack: what was minimised.
        parameters: (p,) δ.
        x: (b, p) images of the task, with pixels in [-½, ½].
    """
    after = attack.perturbed(parameters, x) + 0.5
    return x + 0.5, after, attack.victim.logits(attack.victim_parameters, after).argmax(axis=-1)


def _recognised(attack: BlackBoxAttack, data: Dataset) -> Dataset:
    """Images of class t that the victim gets right, with pixels in [-½, ½]."""
    checked("x", data.x, low=0.0, high=1.0)
    right = attack.victim.logits(attack.victim_parameters, data.x).argmax(axis=-1) == attack.target
    own = data.subset(right & (data.labels == attack.target))
    return Dataset(x=own.x - own.x.dtype.type(0.5), labels=own.labels, image_shape=own.image_shape)
