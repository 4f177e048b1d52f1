"""How many samples each client gets, in a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict

from airfed.specs.spec import Spec
from channels.arrays import IntArray
from fl_models import equal_sizes, lognormal_sizes, power_law_sizes, proportional_sizes

Weight = Annotated[float, Field(ge=0.0, le=1e9)]


class AsTheyFallSpec(Spec):
    """as the split leaves them: all samples are dealt out"""

    kind: Literal["as_they_fall"] = "as_they_fall"

    def draw(self, num_samples: int, *, num_clients: int, min_samples: int, rng: np.random.Generator) -> IntArray | None:
        return None


class FixedSizesSpec(Spec):
    """a number of one's own, the same for every client; what is left over belongs to nobody"""

    kind: Literal["fixed"] = "fixed"
    samples: int = Field(60, ge=1, le=10_000_000, description="of each client")

    def draw(self, num_samples: int, *, num_clients: int, min_samples: int, rng: np.random.Generator) -> IntArray | None:
        return np.full(num_clients, self.samples)


class EqualSizesSpec(Spec):
    """the same number for every client, as many as there are"""

    kind: Literal["equal"] = "equal"

    def draw(self, num_samples: int, *, num_clients: int, min_samples: int, rng: np.random.Generator) -> IntArray | None:
        return equal_sizes(num_samples, num_parts=num_clients)


class LognormalSizesSpec(Spec):
    """min_samples for everybody, what is left in proportion to draws of exp(N(0, σ²))"""

    kind: Literal["lognormal"] = "lognormal"
    sigma: float = Field(0.5, ge=0.0, le=10.0, description="σ; 0 is equal")

    def draw(self, num_samples: int, *, num_clients: int, min_samples: int, rng: np.random.Generator) -> IntArray | None:
        return lognormal_sizes(num_samples, num_parts=num_clients, sigma=self.sigma, min_samples=min_samples, rng=rng)


class PowerLawSizesSpec(Spec):
    """min_samples for everybody, what is left by a power of the client's rank; ranks are random"""

    kind: Literal["power_law"] = "power_law"
    exponent: float = Field(1.0, ge=0.0, le=10.0, description="a share is in proportion to rank^-exponent; 0 is equal")

    def draw(self, num_samples: int, *, num_clients: int, min_samples: int, rng: np.random.Generator) -> IntArray | None:
        return power_law_sizes(num_samples, num_parts=num_clients, exponent=self.exponent, min_samples=min_samples, rng=rng)


class ProportionalSizesSpec(Spec):
    """in proportion to weights of one's own"""

    kind: Literal["proportional"] = "proportional"
    weights: Annotated[tuple[Weight, ...], Strict(False), Field(min_length=1, max_length=100_000)] = Field(
        (1.0,), description="of each client in turn, begun anew where there are fewer weights than clients"
    )

    def draw(self, num_samples: int, *, num_clients: int, min_samples: int, rng: np.random.Generator) -> IntArray | None:
        return proportional_sizes(num_samples, weights=np.resize(self.weights, num_clients))


ClientSizesSpec = (
    AsTheyFallSpec | FixedSizesSpec | EqualSizesSpec | LognormalSizesSpec | PowerLawSizesSpec | ProportionalSizesSpec
)
