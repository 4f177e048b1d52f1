"""What a split is: disjoint parts of the samples, one for each cell or client."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import IntArray, check_count, check_object
from fl_models.data.sizes import proportional_sizes


class Splitter(Protocol):
    """A way of splitting labelled samples, such as IID(), Dirichlet(concentration=0.1) or Shards(per_part=2)."""

    def split(
        self,
        labels: IntArray,
        *,
        num_parts: int,
        sizes: ArrayLike | None = None,
        min_samples: ArrayLike = 1,
        rng: np.random.Generator,
    ) -> list[IntArray]:
        """Disjoint parts, each an ascending array of indices into `labels`.

        Args:
            labels: (n,) classes of the samples.
            num_parts: number of parts.
            sizes: exact number of samples of each part, one number for all or (num_parts,); samples beyond their sum are
                in no part. None leaves the sizes to the splitter, and the parts cover all samples.
            min_samples: every part has at least so many, one number for all or (num_parts,).
            rng: source of the split.
        """
        ...


def check_splitter(name: str, value: Any) -> None:
    """A ValueError unless `value` is a splitter: a text, which has a method split too, is not.

    >>> check_splitter("over_cells", "iid")
    Traceback (most recent call last):
        ...
    ValueError: over_cells: got 'iid'; needed is an object with a method split, such as IID()
    """
    example = "IID()"
    if isinstance(value, str):
        raise ValueError(f"{name}: got {value!r}; needed is an object with a method split, such as {example}")
    check_object(name, value, method="split", example=example)


def least_sizes(num_samples: int, *, num_parts: int, min_samples: ArrayLike) -> IntArray:
    """(num_parts,) the least numbers of samples, checked to fit into `num_samples`."""
    check_count("num_parts", num_parts)
    least = np.asarray(min_samples)
    if least.shape not in ((), (num_parts,)):
        raise ValueError(f"min_samples: got shape {least.shape}; needed is a number or shape ({num_parts},)")
    least = np.broadcast_to(least, num_parts)
    if least.sum() > num_samples:
        raise ValueError(
            f"min_samples: got {least.max()} for {num_parts} parts; {num_samples} samples allow at most "
            f"{num_samples // num_parts} for each"
        )
    return least


def checked_sizes(
    num_samples: int, *, num_parts: int, sizes: ArrayLike, min_samples: ArrayLike = 1, name: str = "sizes"
) -> IntArray:
    """(num_parts,) the wanted sizes, checked to be whole, no smaller than the least, and to fit into `num_samples`.

    Errors begin with `name`.

    >>> checked_sizes(100, num_parts=3, sizes=40)
    Traceback (most recent call last):
        ...
    ValueError: sizes: got 120 samples in 3 parts; there are 100 to split
    """
    least = least_sizes(num_samples, num_parts=num_parts, min_samples=min_samples)
    wanted = np.asarray(sizes)
    if wanted.shape not in ((), (num_parts,)):
        raise ValueError(f"{name}: got shape {wanted.shape}; needed is a number or shape ({num_parts},)")
    wanted = np.broadcast_to(wanted, num_parts)
    if not np.issubdtype(wanted.dtype, np.integer):
        raise ValueError(f"{name}: got {wanted[0]}; allowed are integers")
    small = np.flatnonzero(wanted < np.maximum(least, 0))
    if len(small):
        part = small[0]
        raise ValueError(
            f"{name}: got {wanted[part]} for part {part}; allowed is at least {max(least[part], 0)}, its min_samples"
        )
    if wanted.sum() > num_samples:
        raise ValueError(f"{name}: got {wanted.sum()} samples in {num_parts} parts; there are {num_samples} to split")
    return wanted


def part_sizes(num_samples: int, *, num_parts: int, sizes: ArrayLike | None, min_samples: ArrayLike) -> IntArray:
    """(num_parts,) the sizes if given; else all samples are shared out in proportion to `min_samples`.

    The least being one number, parts are equal up to one sample; a cell whose least is that of its clients gets as much as
    they need.
    """
    if sizes is not None:
        return checked_sizes(num_samples, num_parts=num_parts, sizes=sizes, min_samples=min_samples)
    least = least_sizes(num_samples, num_parts=num_parts, min_samples=min_samples)
    return proportional_sizes(num_samples, weights=least if least.any() else np.ones(num_parts))


def cut(order: IntArray, sizes: IntArray) -> list[IntArray]:
    """Consecutive pieces of an order with the given sizes, each in ascending order."""
    ends = np.cumsum(sizes)
    return [np.sort(order[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
