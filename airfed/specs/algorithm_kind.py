"""What all algorithms of a scenario have in common."""

from __future__ import annotations

from typing import ClassVar

from airfed.specs.planning import Planning
from airfed.specs.spec import Spec
from fl_models import Algorithm


class AlgorithmKind(Spec):
    """An algorithm, and what it cannot do without.

    Attributes:
        by_gradients: whether it trains by gradients, which a task with function values alone does not have.
        in_one_cell: whether it is made for one cell.
        by_bits: whether the server has to hear each client by itself.
        arrays_per_client: of the model's size that are kept for every client from round to round.
    """

    by_gradients: ClassVar[bool] = True
    in_one_cell: ClassVar[bool] = False
    by_bits: ClassVar[bool] = False
    arrays_per_client: ClassVar[int] = 0

    def build(self, planning: Planning) -> Algorithm:
        """The algorithm itself."""
        raise NotImplementedError
