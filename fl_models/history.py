"""What a training run leaves behind: one record a global round, with what the round cost."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import pandas as pd

from channels.summary import shown_by
from fl_models.task import TEST_ACCURACY


@dataclass(frozen=True, kw_only=True)
class RoundCost:
    """Time, energy and traffic of one global round, the times being those of the cell that was done last.

    Attributes:
        downlink_s: edge servers to clients, over the edge rounds.
        compute_s: local training, until the last client of each edge round is done with it.
        uplink_s: from then until the last update has arrived.
        backhaul_s: edge servers to the cloud and back.
        energy_j: mean over all clients.
        uplink_bits: mean over all clients; an analog value counts as the bits that it stands for.
        participation: share of the uplinks that took place.
    """

    downlink_s: float = 0.0
    compute_s: float = 0.0
    uplink_s: float = 0.0
    backhaul_s: float = 0.0
    energy_j: float = 0.0
    uplink_bits: float = 0.0
    participation: float = math.nan

    @property
    def latency_s(self) -> float:
        """Length of the round."""
        return self.downlink_s + self.compute_s + self.uplink_s + self.backhaul_s


@dataclass(frozen=True, kw_only=True)
class RoundRecord:
    """Where training stands after a global round, and what the round cost.

    Attributes:
        round: global rounds done.
        test_accuracy: of the global model, or what stands for it, see `History.accuracy_label`.
        test_loss: mean cross-entropy of the global model on the test set.
        train_loss: mean loss of the local steps of the round; nan before the first.
        time_s: network time since the start.
        energy_j: energy since the start, mean over all clients.
        uplink_bits: uplink traffic since the start, mean over all clients.
        cost: what the round itself cost.
    """

    round: int
    test_accuracy: float
    test_loss: float
    train_loss: float = math.nan
    time_s: float = 0.0
    energy_j: float = 0.0
    uplink_bits: float = 0.0
    cost: RoundCost = RoundCost()

    def to_row(self) -> dict[str, float]:
        """The record as a flat row; what the round itself cost has the prefix `round_`."""
        row = asdict(self)
        cost = row.pop("cost")
        return row | {"round_latency_s": self.cost.latency_s} | {f"round_{name}": value for name, value in cost.items()}


@shown_by(
    "scheme",
    num_rounds=lambda history: len(history.records) - 1,
    final_accuracy=lambda history: history.final_accuracy,
    best_accuracy=lambda history: max(record.test_accuracy for record in history.records),
    time_s=lambda history: history.records[-1].time_s,
    energy_j=lambda history: history.records[-1].energy_j,
    uplink_bits=lambda history: history.records[-1].uplink_bits,
    cell_parameters=lambda history: history.cell_parameters,
)
@dataclass(frozen=True, kw_only=True)
class History:
    """The records of one scheme, in order; the first, of round 0, is of the initial model.

    Attributes:
        scheme: name of the scheme.
        cell_parameters: how many parameters a client of each cell trains and sends.
        records: one a round.
        accuracy_label: what `test_accuracy` is a share of, in words, for axes and headings.
    """

    scheme: str
    cell_parameters: tuple[int, ...]
    records: tuple[RoundRecord, ...]
    accuracy_label: str = TEST_ACCURACY

    @property
    def final_accuracy(self) -> float:
        """Test accuracy after the last round."""
        return self.records[-1].test_accuracy

    def reaching(self, accuracy: float) -> RoundRecord | None:
        """The first record with at least the given test accuracy; None if there is none."""
        return next((record for record in self.records if record.test_accuracy >= accuracy), None)

    def to_frame(self) -> pd.DataFrame:
        """One row a round, the scheme in the first column."""
        frame = pd.DataFrame([record.to_row() for record in self.records])
        frame.insert(0, "scheme", self.scheme)
        return frame
