"""The attack on a black box: FedZO and its rivals against a victim that is trained here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from airfed.published.fedzo2022_runs import Run, scores
from airfed.published.image_data import ImageData
from airfed.specs.victim import trained_centrally
from channels.arrays import FloatArray
from fl_models import (
    DZOPA,
    MLP,
    ZONES,
    Algorithm,
    BlackBoxAttack,
    FederatedTask,
    FedZO,
    Schedule,
    Streams,
    attack_task,
)

TARGET = 4
"""The class of all images, as in the authors' code."""

FEDZO, DZOPA_NAME, ZONES_NAME = "FedZO", "DZOPA", "ZONE-S"
RIVAL_RUN = Run(local_steps=5, directions=20, participation=1.0)
RIVAL_STEPS = {FEDZO: 1.0, DZOPA_NAME: 5.0, ZONES_NAME: 1.0}
"""Step sizes over γ: those of DZOPA and FedZO are as in the authors' code, where ZONE-S has a smaller one."""

BEST_STEP = 1.6
"""The best of 0.1, 0.4, 1.6 and 6.4 for each of the three, by F over the rounds on digits, seeds 100 and 101."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What is run.

    Attributes:
        data: images that the victim is trained on, and that are attacked.
        num_clients: K of the sweeps; those against rivals have `num_rival_clients`.
        num_rival_clients: K against rivals.
        batch_size: b₁.
        step_size: γ of the sweeps.
        rounds: in each of which E = 1.
        distortion_price: a of the objective.
        victim_steps: of training.
    """

    data: ImageData
    num_clients: int = 50
    num_rival_clients: int = 10
    batch_size: int = 25
    step_size: float = 0.02
    rounds: int = 12
    distortion_price: float = 0.1
    victim_steps: int = 2500

    def task(self, *, num_clients: int, seed: int) -> FederatedTask:
        """Images of the target class that the victim gets right, dealt out at random."""
        train, test = self.data.load(seed=0)
        attack = BlackBoxAttack(
            victim=victim(self.data),
            victim_parameters=victim_parameters(self.data, self.victim_steps),
            target=TARGET,
            distortion_price=self.distortion_price,
        )
        rng = np.random.default_rng([seed, 89])
        return attack_task(attack, train=train, test=test, num_clients=num_clients, rng=rng)


def victim(data: ImageData) -> MLP:
    """The classifier that is attacked."""
    train, _ = data.load(seed=0)
    return MLP(num_inputs=train.x.shape[1], num_hidden=64, num_classes=10)


@lru_cache(maxsize=1)
def victim_parameters(data: ImageData, steps: int) -> FloatArray:
    """(d,) of it, trained by gradients on all training images, once a process."""
    train, _ = data.load(seed=0)
    return trained_centrally(victim(data), train, steps=steps, batch_size=20, step_size=0.2, streams=Streams(seed=0))


def swept(setting: Attack, run: Run, seed: int) -> FloatArray:
    """(2, rounds + 1) success in per cent and F on held-out images before the first round and after each."""
    task = setting.task(num_clients=setting.num_clients, seed=seed)
    return scores(algorithm(FEDZO, setting, run, setting.step_size), task, run=run, rounds=setting.rounds, seed=seed)


def rivalled(setting: Attack, name: str, step_size: float, seed: int) -> FloatArray:
    """As `swept`, of an algorithm by name that evaluates as many losses a round as the others."""
    task = setting.task(num_clients=setting.num_rival_clients, seed=seed)
    chosen = algorithm(name, setting, RIVAL_RUN, step_size)
    return scores(chosen, task, run=RIVAL_RUN, rounds=setting.rounds, seed=seed)


def algorithm(name: str, setting: Attack, run: Run, step_size: float) -> Algorithm:
    """With H local steps, or one step along the mean of H estimates for the rivals, which have no local steps."""
    schedule = Schedule(edge_rounds=1, local_steps=run.local_steps, batch_size=setting.batch_size, step_size=step_size)
    if name == DZOPA_NAME:
        return DZOPA(schedule=schedule, directions=run.directions, consensus_rate=0.1)
    if name == ZONES_NAME:
        return ZONES(schedule=schedule, directions=run.directions)
    return FedZO(schedule=schedule, directions=run.directions)
