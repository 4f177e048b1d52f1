"""How near to Shannon's rate bits are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, check_count, checked
from channels.rates.finite_blocklength import blocklength_stretch


class Coding(Protocol):
    """A way of turning bits into symbols."""

    @property
    def is_proportional(self) -> bool:
        """Whether twice the bits take twice as long."""
        ...

    def stretch(self, bits: ArrayLike, *, snr: ArrayLike) -> FloatArray:
        """How many times as long as at Shannon's rate it takes to send so many bits at a linear SNR; both broadcast."""
        ...


@dataclass(frozen=True, kw_only=True)
class Shannon:
    """Codes as long as it takes to send at Shannon's rate without errors."""

    is_proportional: ClassVar[bool] = True

    def stretch(self, bits: ArrayLike, *, snr: ArrayLike) -> FloatArray:
        return np.ones(np.broadcast_shapes(np.shape(bits), np.shape(snr)))


SHANNON = Shannon()


@dataclass(frozen=True, kw_only=True)
class ShortPackets:
    """Packets of finite length, each sent again until it has arrived.

    Bits are cut into the fewest packets of at most `packet_bits`, all of the same length k. A packet takes the n channel uses
    with k = n R(n, ε), R being the rate of `finite_blocklength_rate`, and arrives with probability 1 - ε, each time anew, so
    that on average it is sent 1/(1 - ε) times. The word that it has arrived takes no time. So it takes

        exp(2 asinh(½ Q⁻¹(ε) √(V/(C k))))/(1 - ε)

    times as long as at Shannon's rate. A small ε makes packets long, a large one makes them many: the best is in between.

    Attributes:
        error_probability: ε of a packet, above 0 and at most 1/2.
        packet_bits: most that a packet carries; 8448 is the longest code block of 5G NR (3GPP TS 38.212, section 5.2.2).

    Source: Polyanskiy, Poor and Verdú 2010, "Channel coding rate in the finite blocklength regime", Theorem 54, solved for the
    blocklength.

    >>> ShortPackets(error_probability=0.01).stretch([320, 32e5], snr=3.0).round(4).tolist()
    [1.1485, 1.0357]
    """

    is_proportional: ClassVar[bool] = False

    error_probability: float
    packet_bits: int = 8448

    def __post_init__(self) -> None:
        checked("error_probability", self.error_probability, low=0.0, high=0.5, open_low=True)
        check_count("packet_bits", self.packet_bits)

    def stretch(self, bits: ArrayLike, *, snr: ArrayLike) -> FloatArray:
        bits = checked("bits", bits, low=0.0, open_low=True)
        each = bits / np.ceil(bits / self.packet_bits)
        once = blocklength_stretch(each, snr=snr, error_probability=self.error_probability)
        return once / (1.0 - self.error_probability)
