"""What a convergence bound needs to know of a learning problem."""

from __future__ import annotations

from dataclasses import dataclass, fields

from channels.arrays import checked


@dataclass(frozen=True, kw_only=True)
class LearningConstants:
    """Constants of min_x f(x) = Σ_j w_j f_j(x), f_j being the mean of the losses F_i of the n_j clients of cell j.

    The divergences need hold only at the models x⁰ ... x^(T-1) that global rounds start from, the noise at all models on the
    way, with `fl_models.pilot_constants` as one way to estimate them all.

    Attributes:
        smoothness: L > 0, ‖∇F_i(x) - ∇F_i(y)‖ <= L‖x - y‖ for all clients.
        initial_gap: f(x⁰) - f* >= 0, f* being a lower bound on f.
        noise_variance: σ² >= 0. In every cell (1/n_j)Σ_i E‖g_i(x) - ∇F_i(x)‖² <= σ² for a client's stochastic gradient g_i.
        cell_divergence: δ₁² >= 0, ‖∇f_j - ∇f‖² <= δ₁² for every cell.
        client_divergence: δ₂² >= 0, (1/n_j)Σ_i ‖∇F_i - ∇f_j‖² <= δ₂² in every cell.

    >>> LearningConstants(smoothness=1.0, initial_gap=2.0, cell_divergence=0.5, client_divergence=0.25).divergence
    0.75
    """

    smoothness: float
    initial_gap: float
    noise_variance: float = 0.0
    cell_divergence: float = 0.0
    client_divergence: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            checked(field.name, getattr(self, field.name), low=0.0, open_low=field.name == "smoothness", shape=())

    @property
    def divergence(self) -> float:
        """δ₁² + δ₂², which bounds Σ_j (w_j/n_j) Σ_i ‖∇F_i - ∇f‖²: what a network without cells sees."""
        return self.cell_divergence + self.client_divergence
