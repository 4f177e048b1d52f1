"""Global rounds that come to nothing, and how that is noticed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np

from aircomp.result import InfeasibleProblem, UncertifiedSolution
from channels.arrays import FloatArray, IntArray
from fl_models.algorithms.training_state import TrainingState
from fl_models.history import History, RoundCost


class DivergedTraining(ArithmeticError):
    """The model left the range of numbers; the message names the round and the step size.

    Attributes:
        history: what was recorded before, where known.
    """

    def __init__(self, message: str, *, history: History | None = None) -> None:
        super().__init__(message)
        self.history = history


class EndlessRound(InfeasibleProblem):
    """A client's part of a round takes forever or cannot be, or what the round costs is no number.

    Attributes:
        cell: where; None if not known.
        client: who: from a clock its place among the clients of the cell that take part, from a training its number in the
            network; None if not known.
        history: what was recorded before, where known.
    """

    def __init__(
        self, message: str, *, cell: int | None = None, client: int | None = None, history: History | None = None
    ) -> None:
        super().__init__(message)
        self.cell, self.client, self.history = cell, client, history


def check_model(state: TrainingState, *, test_accuracy: float, test_loss: float, step_size: float) -> None:
    """A DivergedTraining that tells what is no finite number any more, if anything is; the train loss may be nan."""
    values = {"parameters": state.parameters} | {f"memory {name!r}": values for name, values in state.memory.items()}
    wrong = [name for name, array in values.items() if not _is_finite(array)]
    wrong += [name for name, value in (("accuracy", test_accuracy), ("test loss", test_loss)) if not math.isfinite(value)]
    wrong += ["train loss"] if math.isinf(state.train_loss) else []
    if wrong and state.round_index:
        raise DivergedTraining(
            f"training diverged in round {state.round_index} with step_size {step_size:g}, its {wrong[0]} not finite any more; "
            "take a smaller one or, if the noise of analog uplinks drives it, more power or a stronger truncation"
        )
    if wrong:
        raise DivergedTraining(f"the initial model, of round 0, is no good: its {wrong[0]} is not finite")


def check_cost(cost: RoundCost) -> None:
    """An EndlessRound unless what a round costs are finite numbers >= 0; the participation may be nan."""
    for name, value in asdict(cost).items():
        if not 0.0 <= value < math.inf and not (name == "participation" and math.isnan(value)):
            raise EndlessRound(f"the clock gave {name} = {value:g}; allowed is a finite number >= 0")


@contextmanager
def told(when: str, clients: Sequence[IntArray] | None = None) -> Iterator[None]:
    """Within it, what is raised of a round says when that was and, as far as known, which client of the network it is about.

    A problem without a solution makes the round endless.

    Args:
        when: such as "round 3".
        clients: of each cell, the numbers in the network of those who take part, if a clock's numbers are to become these.
    """
    try:
        yield
    except EndlessRound as error:
        if clients and error.cell is not None and error.client is not None:
            error.client = int(clients[error.cell][error.client])
            when += f", cell {error.cell}, client {error.client}"
        error.args = (f"{when}: {error}",)
        raise
    except InfeasibleProblem as error:
        raise EndlessRound(f"{when}: {error}") from error
    except UncertifiedSolution as error:
        error.args = (f"{when}: {error}",)
        raise


def _is_finite(array: FloatArray) -> bool:
    """Whether all numbers are, without room for as many truth values."""
    return not array.size or bool(np.isfinite(array.min()) and np.isfinite(array.max()))
