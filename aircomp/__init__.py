"""Over-the-air computation: transceivers that let the channel add."""

from aircomp.channel_inversion import ChannelInversion
from aircomp.optimal_power_control import OptimalPowerControl
from aircomp.superposition import superpose
from aircomp.symbols import num_symbols, pack_symbols, unpack_symbols
from aircomp.transceiver import Transceiver, TransceiverPlan
from aircomp.truncated_inversion import TruncatedInversion

__all__ = [
    "ChannelInversion",
    "OptimalPowerControl",
    "Transceiver",
    "TransceiverPlan",
    "TruncatedInversion",
    "num_symbols",
    "pack_symbols",
    "superpose",
    "unpack_symbols",
]
