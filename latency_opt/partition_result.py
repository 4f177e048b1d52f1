"""An optimal partition with its certificate."""

from __future__ import annotations

from dataclasses import dataclass

from aircomp.result import Status
from channels.arrays import FloatArray
from latency_opt.partition_kkt import PartitionMultipliers


@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionResult:
    """Optimal shares of a batch of instances.

    Attributes:
        fraction: (..., N) shares α_j.
        round_latency_s: (...) max_j τ_j(α_j).
        imbalance: (...) χ²(α‖w).
        rounds: (...) global rounds T(α) that the bound asks for; None in round form.
        multipliers: prices of the constraints, which certify the optimum.
        kkt_residual: (...) largest dimensionless violation of the optimality conditions.
        status: OPTIMAL if that is within tolerance for the whole batch.
        iterations: of the root finding.
    """

    fraction: FloatArray
    round_latency_s: FloatArray
    imbalance: FloatArray
    rounds: FloatArray | None
    multipliers: PartitionMultipliers
    kkt_residual: FloatArray
    status: Status
    iterations: int

    @property
    def training_latency_s(self) -> FloatArray:
        """(...) rounds times round latency; only for the total form."""
        if self.rounds is None:
            raise ValueError("training_latency_s: the round form does not count rounds; use minimize_training_latency")
        return self.rounds * self.round_latency_s
