"""Where nodes stand, what the channel does to a signal, what rate it carries."""

from channels.channel_state import CellChannel, ChannelState
from channels.devices import Devices, draw_cpu_hz
from channels.knowledge.channel_knowledge import ChannelKnowledge, Estimator
from channels.knowledge.pilot_estimate import least_squares_estimate, mmse_error_power, mmse_estimate
from channels.knowledge.synchronisation import phase_rotation, timing_rotation
from channels.large_scale.free_space import FreeSpace, free_space_pathloss_db
from channels.large_scale.gaussian_field import gaussian_field
from channels.large_scale.given_snr import GivenSNR
from channels.large_scale.inf import Factory, IndoorFactory, inf_los_probability, inf_pathloss_db
from channels.large_scale.inh import IndoorOffice, inh_los_probability, inh_pathloss_db
from channels.large_scale.large_scale import LargeScale, Propagation
from channels.large_scale.log_distance import LogDistance, log_distance_pathloss_db
from channels.large_scale.penetration import Building, wall_loss_db
from channels.large_scale.rma import RuralMacro, rma_los_probability, rma_pathloss_db
from channels.large_scale.shadowing import correlated_shadowing
from channels.large_scale.uma import UrbanMacro, uma_los_probability, uma_pathloss_db
from channels.large_scale.umi import UrbanMicro, umi_los_probability, umi_pathloss_db
from channels.layouts.csv_layout import layout_from_csv
from channels.layouts.disc import disc_layout
from channels.layouts.hall import hall_layout
from channels.layouts.hexagonal import hexagonal_layout, hexagonal_sites, hexagonal_wrap
from channels.layouts.idle_stations import without_idle_stations
from channels.layouts.indoor import draw_indoor, floor_height_m
from channels.layouts.layout import Layout, layout_of, nearest_station, strongest_station
from channels.layouts.poisson import poisson_layout
from channels.layouts.unplaced import unplaced_layout
from channels.network import Network
from channels.noise import thermal_noise_psd_w_per_hz
from channels.rates.coding import Coding, Shannon, ShortPackets
from channels.rates.combining import equal_gain_snr, maximum_ratio_snr, selection_snr
from channels.rates.effective_snr import effective_snr
from channels.rates.finite_blocklength import blocklength_stretch, finite_blocklength_rate
from channels.rates.interference import downlink_interference_w, uplink_interference_w
from channels.rates.numerology import FrequencyRange, Numerology, ofdm_rate_bps
from channels.rates.rayleigh_capacity import ergodic_rate, outage_probability, outage_rate
from channels.rates.shannon import shannon_rate_bps
from channels.rates.sinr import downlink_sinr, reuse_groups, uplink_sinr
from channels.small_scale.antenna_correlation import CorrelatedRayleigh, exponential_correlation, one_ring_correlation
from channels.small_scale.discrete_paths import DiscretePaths
from channels.small_scale.doppler import age, draw_jakes, jakes_autocorrelation, max_doppler_hz
from channels.small_scale.fading import Fading, FadingProcess, FrequencySelective
from channels.small_scale.moving_rayleigh import MovingRayleigh
from channels.small_scale.nakagami import Nakagami
from channels.small_scale.rayleigh import Rayleigh
from channels.small_scale.rician import Rician
from channels.small_scale.tapped_delay_line import TappedDelayLine, subcarrier_frequencies_hz
from channels.small_scale.tdl_profiles import TDLProfile
from channels.units import db_to_linear, dbm_to_watt, linear_to_db, watt_to_dbm

__all__ = [
    "Building",
    "CellChannel",
    "ChannelKnowledge",
    "ChannelState",
    "Coding",
    "CorrelatedRayleigh",
    "Devices",
    "DiscretePaths",
    "Estimator",
    "Factory",
    "Fading",
    "FadingProcess",
    "FreeSpace",
    "FrequencyRange",
    "FrequencySelective",
    "GivenSNR",
    "IndoorFactory",
    "IndoorOffice",
    "LargeScale",
    "Layout",
    "LogDistance",
    "MovingRayleigh",
    "Nakagami",
    "Network",
    "Numerology",
    "Propagation",
    "Rayleigh",
    "Rician",
    "RuralMacro",
    "Shannon",
    "ShortPackets",
    "TDLProfile",
    "TappedDelayLine",
    "UrbanMacro",
    "UrbanMicro",
    "age",
    "blocklength_stretch",
    "correlated_shadowing",
    "db_to_linear",
    "dbm_to_watt",
    "disc_layout",
    "downlink_interference_w",
    "downlink_sinr",
    "draw_cpu_hz",
    "draw_indoor",
    "draw_jakes",
    "effective_snr",
    "equal_gain_snr",
    "ergodic_rate",
    "exponential_correlation",
    "finite_blocklength_rate",
    "floor_height_m",
    "free_space_pathloss_db",
    "gaussian_field",
    "hall_layout",
    "hexagonal_layout",
    "hexagonal_sites",
    "hexagonal_wrap",
    "inf_los_probability",
    "inf_pathloss_db",
    "inh_los_probability",
    "inh_pathloss_db",
    "jakes_autocorrelation",
    "layout_from_csv",
    "layout_of",
    "least_squares_estimate",
    "linear_to_db",
    "log_distance_pathloss_db",
    "max_doppler_hz",
    "maximum_ratio_snr",
    "mmse_error_power",
    "mmse_estimate",
    "nearest_station",
    "ofdm_rate_bps",
    "one_ring_correlation",
    "outage_probability",
    "outage_rate",
    "phase_rotation",
    "poisson_layout",
    "reuse_groups",
    "rma_los_probability",
    "rma_pathloss_db",
    "selection_snr",
    "shannon_rate_bps",
    "strongest_station",
    "subcarrier_frequencies_hz",
    "thermal_noise_psd_w_per_hz",
    "timing_rotation",
    "uma_los_probability",
    "uma_pathloss_db",
    "umi_los_probability",
    "umi_pathloss_db",
    "unplaced_layout",
    "uplink_interference_w",
    "uplink_sinr",
    "wall_loss_db",
    "watt_to_dbm",
    "without_idle_stations",
]
