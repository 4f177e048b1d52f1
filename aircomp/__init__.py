"""Over-the-air computation: transceivers that let the channel add."""

from aircomp.air.multicell import MulticellPlan, plan_cells
from aircomp.air.ofdm_link import (
    delayed_taps,
    ofdm_demodulate,
    ofdm_modulate,
    ofdm_superpose,
    sampled_taps,
    short_prefix_mse,
    subcarrier_gain,
    timing_error_mse,
)
from aircomp.air.superposition import superpose
from aircomp.analysis.error_scaling import (
    LeastMeanError,
    full_power_mse,
    inversion_mse_exceedance,
    inversion_mse_quantile,
    least_mean_error,
    least_mean_error_law,
    mean_square_shortfall,
)
from aircomp.analysis.privacy import (
    channel_noise_multiplier,
    composed_noise_multiplier,
    gaussian_delta,
    gaussian_epsilon,
    needed_noise_multiplier,
)
from aircomp.analysis.renyi_accountant import RenyiAccountant, gaussian_rdp, sampled_gaussian_rdp
from aircomp.analysis.truncation import (
    aligned_snr,
    best_threshold,
    mean_inverse_participants,
    noise_mse_of_mean,
    silence_probability,
    truncation_misalignment,
    truncation_mse,
    truncation_participation,
)
from aircomp.beamforming.beamformer import Beamformer, BeamformingResult
from aircomp.beamforming.device_selection import DeviceSelection, SelectionResult
from aircomp.beamforming.difference_of_convex import DifferenceOfConvex
from aircomp.beamforming.difference_of_convex_selection import DifferenceOfConvexSelection
from aircomp.beamforming.greedy_selection import GreedySelection
from aircomp.beamforming.least_error import LeastError
from aircomp.beamforming.matched_filters import MatchedFilters
from aircomp.beamforming.randomization import GaussianRandomization
from aircomp.beamforming.receive_beamforming import ReceiveBeamforming
from aircomp.beamforming.selective_forcing import SelectiveForcing
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from aircomp.beamforming.uniform_forcing import UniformForcing
from aircomp.power_control.channel_inversion import ChannelInversion
from aircomp.power_control.cotaf import COTAF
from aircomp.power_control.full_power import FullPower
from aircomp.power_control.optimal_power_control import OptimalPowerControl
from aircomp.power_control.power_prices import PowerPrices, power_prices
from aircomp.power_control.regularized_inversion import RegularizedInversion
from aircomp.power_control.truncated_inversion import TruncatedInversion
from aircomp.transceiver import Transceiver, TransceiverPlan
from aircomp.updates.digital_aggregation import (
    DigitalAggregation,
    DigitalAggregationPlan,
    best_band_shares,
    bits_for_rounding_mse,
    equal_band_shares,
    rounding_mse,
)
from aircomp.updates.ofdm_grid import OFDMGrid
from aircomp.updates.scaling import LargestNorm, RootMeanSquareNorm, Scale, Standardized, UpdateScaling
from aircomp.updates.stochastic_quantization import gaussian_peak_to_rms, quantization_mse, stochastic_quantization
from aircomp.updates.symbols import num_symbols, pack_symbols, unpack_symbols

__all__ = [
    "COTAF",
    "Beamformer",
    "BeamformingResult",
    "ChannelInversion",
    "DeviceSelection",
    "DifferenceOfConvex",
    "DifferenceOfConvexSelection",
    "DigitalAggregation",
    "DigitalAggregationPlan",
    "FullPower",
    "GaussianRandomization",
    "GreedySelection",
    "LargestNorm",
    "LeastError",
    "LeastMeanError",
    "MatchedFilters",
    "MulticellPlan",
    "OFDMGrid",
    "OptimalPowerControl",
    "PowerPrices",
    "ReceiveBeamforming",
    "RegularizedInversion",
    "RenyiAccountant",
    "RootMeanSquareNorm",
    "Scale",
    "SelectionResult",
    "SelectiveForcing",
    "Standardized",
    "SuccessiveConvexApproximation",
    "Transceiver",
    "TransceiverPlan",
    "TruncatedInversion",
    "UniformForcing",
    "UpdateScaling",
    "aligned_snr",
    "best_band_shares",
    "best_threshold",
    "bits_for_rounding_mse",
    "channel_noise_multiplier",
    "composed_noise_multiplier",
    "delayed_taps",
    "equal_band_shares",
    "full_power_mse",
    "gaussian_delta",
    "gaussian_epsilon",
    "gaussian_peak_to_rms",
    "gaussian_rdp",
    "inversion_mse_exceedance",
    "inversion_mse_quantile",
    "least_mean_error",
    "least_mean_error_law",
    "mean_inverse_participants",
    "mean_square_shortfall",
    "needed_noise_multiplier",
    "noise_mse_of_mean",
    "num_symbols",
    "ofdm_demodulate",
    "ofdm_modulate",
    "ofdm_superpose",
    "pack_symbols",
    "plan_cells",
    "power_prices",
    "quantization_mse",
    "rounding_mse",
    "sampled_gaussian_rdp",
    "sampled_taps",
    "short_prefix_mse",
    "silence_probability",
    "stochastic_quantization",
    "subcarrier_gain",
    "superpose",
    "timing_error_mse",
    "truncation_misalignment",
    "truncation_mse",
    "truncation_participation",
    "unpack_symbols",
]
