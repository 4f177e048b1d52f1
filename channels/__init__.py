"""Where nodes stand, what the channel does to a signal, what rate it carries."""

from channels.channel_state import CellChannel, ChannelState
from channels.devices import Devices, draw_cpu_hz
from channels.small_scale.fading import Fading
from channels.large_scale.free_space import FreeSpace, free_space_pathloss_db
from channels.large_scale.large_scale import LargeScale, Propagation
from channels.layouts.layout import Layout, hexagonal_layout, hexagonal_sites
from channels.large_scale.log_distance import LogDistance, log_distance_pathloss_db
from channels.network import Network
from channels.noise import thermal_noise_psd_w_per_hz
from channels.small_scale.rayleigh import Rayleigh
from channels.small_scale.rician import Rician
from channels.large_scale.shadowing import lognormal_shadowing_db
from channels.rates.shannon import shannon_rate_bps
from channels.large_scale.uma import UrbanMacro, uma_los_probability, uma_pathloss_db
from channels.units import db_to_linear, dbm_to_watt, linear_to_db, watt_to_dbm

__all__ = [
    "CellChannel",
    "ChannelState",
    "Devices",
    "Fading",
    "FreeSpace",
    "LargeScale",
    "Layout",
    "LogDistance",
    "Network",
    "Propagation",
    "Rayleigh",
    "Rician",
    "UrbanMacro",
    "db_to_linear",
    "dbm_to_watt",
    "draw_cpu_hz",
    "free_space_pathloss_db",
    "hexagonal_layout",
    "hexagonal_sites",
    "linear_to_db",
    "log_distance_pathloss_db",
    "lognormal_shadowing_db",
    "shannon_rate_bps",
    "thermal_noise_psd_w_per_hz",
    "uma_los_probability",
    "uma_pathloss_db",
    "watt_to_dbm",
]
