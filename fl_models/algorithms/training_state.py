"""Where training stands between two rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from channels.arrays import FloatArray
from channels.summary import shown_by


@shown_by("round_index", "train_loss", "parameters", "memory")
@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingState:
    """Where training stands after some global rounds: arrays, so that it can be saved, looked into and gone on from.

    Attributes:
        round_index: global rounds done.
        parameters: (d,) of the global model.
        train_loss: mean loss of the local steps of the last round; nan before the first.
        memory: what the algorithm keeps from round to round, by name.
    """

    round_index: int
    parameters: FloatArray
    train_loss: float = float("nan")
    memory: Mapping[str, FloatArray] = field(default_factory=dict)

    def after(self, parameters: FloatArray, *, train_loss: float, **memory: FloatArray) -> TrainingState:
        """The state one global round later; what is not named of the memory stays as it was."""
        return replace(
            self,
            round_index=self.round_index + 1,
            parameters=parameters.astype(self.parameters.dtype, copy=False),
            train_loss=train_loss,
            memory={**self.memory, **memory},
        )
