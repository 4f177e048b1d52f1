"""What binds, and what one more unit of it would change: the table that every result explains itself with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd


class Price(NamedTuple):
    """One resource of a problem, over a batch of instances.

    Attributes:
        value: (...) how much of it there is.
        unit: of the value.
        binds: (...) whether more of it, or less, would change the optimum.
        per_unit: (...) by how much the optimum grows with one more unit; negative for what saves, nan where there is no slope.
    """

    value: ArrayLike
    unit: str
    binds: ArrayLike
    per_unit: ArrayLike


def price_table(prices: Mapping[str, Price], *, batch: tuple[int, ...], of: str = "s") -> pd.DataFrame:
    """One row an instance and resource: `value`, `unit`, `binds`, `price_s_per_unit`, and `one_percent_s`.

    The last is what one per cent more changes, value · price/100 (of what is given in decibels, 0.043 dB more): resources of
    different units can be compared by it.

    Args:
        prices: by name of the resource.
        batch: shape of the batch; instances are numbered along it, a single one is 0.
        of: unit of the optimum, in the names of the columns: "s" or "j".

    >>> price_table({"bandwidth_hz": Price(1e6, "Hz", True, -2e-7)}, batch=()).loc[0, "bandwidth_hz"].to_dict()
    {'value': 1000000.0, 'unit': 'Hz', 'binds': True, 'price_s_per_unit': -2e-07, 'one_percent_s': -0.002}
    """
    import pandas as pd

    size = int(np.prod(batch))
    columns = []
    for name, price in prices.items():
        value, binds, slope = (np.broadcast_to(part, batch).reshape(-1) for part in (price.value, price.binds, price.per_unit))
        # What has no price changes nothing, even if there is no end of it.
        priced = np.where(slope == 0.0, 0.0, value)
        one_percent = 10.0 * np.log10(1.01) if price.unit.startswith("dB") else 0.01 * priced
        columns.append(
            pd.DataFrame(
                {
                    "instance": np.arange(size),
                    "resource": name,
                    "value": value.astype(float),
                    "unit": price.unit,
                    "binds": binds.astype(bool),
                    f"price_{of}_per_unit": slope.astype(float),
                    f"one_percent_{of}": one_percent * slope,
                }
            )
        )
    table = pd.concat(columns, ignore_index=True).sort_values("instance", kind="stable")
    return table.set_index(["instance", "resource"])
