"""Where nodes stand, what the channel does to a signal, what rate it carries."""

from channels.channel_state import CellChannel, ChannelState
from channels.devices import Devices, draw_cpu_hz
from channels.fading import Fading
from channels.free_space import FreeSpace, free_space_pathloss_db
from channels.large_scale import LargeScale, Propagation
from channels.layout import Layout, hexagonal_layout, hexagonal_sites
from channels.log_distance import LogDistance, log_distance_pathloss_db
from channels.network import Network
from channels.noise import thermal_noise_psd_w_per_hz
from channels.rayleigh import Rayleigh
from channels.rician import Rician
from channels.shadowing import lognormal_shadowing_db
from channels.shannon import shannon_rate_bps
from channels.uma import UrbanMacro, uma_los_probability, uma_pathloss_db
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
