"""FedZO by function values alone: softmax regression, with and without the air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp import TruncatedInversion
from airfed.published.fedzo2022_noise import THRESHOLD
from airfed.published.image_data import ImageData
from airfed.specs.given_snr_spec import GivenSNRNetworkSpec
from channels.arrays import FloatArray
from fl_models import (
    Algorithm,
    FederatedTask,
    FedZO,
    Ideal,
    NetworkClock,
    OverTheAir,
    Schedule,
    Shards,
    SoftmaxRegression,
    Streams,
    Training,
    UniformShare,
    Workers,
)
from latency_opt import AirComp

LOCAL_STEPS, PARTICIPATION, DIRECTIONS = (5, 10, 20, 50), (0.1, 0.2, 0.5, 1.0), (1, 5, 25, 125)
SNR_DB = (-10.0, -5.0, 0.0)
"""The paper's sweeps."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is run, the paper's numbers of everything where it says them.

    Attributes:
        data: images.
        num_clients: K, each with two shards of images sorted by class.
        batch_size: b₁.
        step_size: γ.
        smoothing: μ.
        rounds: in each of which E = 1.
    """

    data: ImageData
    num_clients: int = 50
    batch_size: int = 25
    step_size: float = 0.05
    smoothing: float = 1e-3
    rounds: int = 12

    def task(self, *, seed: int) -> FederatedTask:
        """Softmax regression; each client has two shards of images sorted by class."""
        train, test = self.data.load(seed=seed)
        parts = Shards(per_part=2).split(train.labels, num_parts=self.num_clients, rng=np.random.default_rng([seed, 83]))
        return FederatedTask(
            model=SoftmaxRegression(num_inputs=train.x.shape[1], num_classes=10),
            train=train,
            test=test,
            client_samples=tuple(parts),
            serving_cell=np.zeros(self.num_clients, dtype=int),
        )


@dataclass(frozen=True, kw_only=True)
class Run:
    """One line of a figure.

    Attributes:
        local_steps: H.
        directions: b₂.
        participation: share of the clients that is drawn each round.
        snr_db: over the air, where clients in a deep fade sit out, or inf for the same clients without noise; None for all
            that are drawn, without error.
    """

    local_steps: int = 20
    directions: int = 20
    participation: float = 0.5
    snr_db: float | None = None


def measured(setting: Setting, run: Run, seed: int) -> FloatArray:
    """(2, rounds + 1) test accuracy in per cent and test loss before the first round and after each."""
    algorithm = FedZO(
        schedule=Schedule(
            edge_rounds=1, local_steps=run.local_steps, batch_size=setting.batch_size, step_size=setting.step_size
        ),
        directions=run.directions,
        smoothing=setting.smoothing,
    )
    return scores(algorithm, setting.task(seed=seed), run=run, rounds=setting.rounds, seed=seed)


def scores(algorithm: Algorithm, task: FederatedTask, *, run: Run, rounds: int, seed: int) -> FloatArray:
    """(2, rounds + 1) what is called accuracy, in per cent, and loss, over the links of a run."""
    noisy = run.snr_db is not None and np.isfinite(run.snr_db)
    threshold = 0.0 if run.snr_db is None else THRESHOLD
    streams = Streams(seed=seed)
    snr_db = run.snr_db if run.snr_db is not None and noisy else 0.0
    network = GivenSNRNetworkSpec(clients_per_cell=len(task.serving_cell), mean_snr_db=snr_db)
    training = Training(
        algorithm=algorithm,
        task=task,
        network=network.build(streams),
        aggregator=OverTheAir(transceiver=TruncatedInversion(threshold=threshold)) if noisy else Ideal(threshold=threshold),
        clock=NetworkClock(access=AirComp()),
        streams=streams,
        selection=UniformShare(share=run.participation),
        workers=Workers(num_threads=1),
    )
    return np.array([(100.0 * record.test_accuracy, record.test_loss) for record in training.rounds(rounds)]).T
