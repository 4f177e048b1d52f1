"""What no argument may be is refused by name: negative powers, distances of 0, shares above 1, numbers that are none."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aircomp import (
    COTAF,
    DifferenceOfConvex,
    DifferenceOfConvexSelection,
    DigitalAggregation,
    GaussianRandomization,
    GreedySelection,
    LeastError,
    OFDMGrid,
    RegularizedInversion,
    SelectiveForcing,
    SuccessiveConvexApproximation,
    TruncatedInversion,
    aligned_snr,
    best_threshold,
    bits_for_rounding_mse,
    channel_noise_multiplier,
    composed_noise_multiplier,
    full_power_mse,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_peak_to_rms,
    gaussian_rdp,
    inversion_mse_exceedance,
    inversion_mse_quantile,
    least_mean_error,
    least_mean_error_law,
    mean_inverse_participants,
    mean_square_shortfall,
    needed_noise_multiplier,
    noise_mse_of_mean,
    power_prices,
    rounding_mse,
    sampled_gaussian_rdp,
    sampled_taps,
    short_prefix_mse,
    silence_probability,
    subcarrier_gain,
    superpose,
    timing_error_mse,
    truncation_misalignment,
    truncation_mse,
    truncation_participation,
)
from channels import (
    Building,
    ChannelKnowledge,
    Devices,
    Factory,
    GivenSNR,
    IndoorFactory,
    LogDistance,
    MovingRayleigh,
    Nakagami,
    Rician,
    TappedDelayLine,
    TDLProfile,
    age,
    correlated_shadowing,
    disc_layout,
    draw_cpu_hz,
    draw_indoor,
    draw_jakes,
    effective_snr,
    equal_gain_snr,
    ergodic_rate,
    exponential_correlation,
    finite_blocklength_rate,
    floor_height_m,
    free_space_pathloss_db,
    gaussian_field,
    hall_layout,
    hexagonal_layout,
    hexagonal_sites,
    inf_los_probability,
    inf_pathloss_db,
    inh_los_probability,
    inh_pathloss_db,
    jakes_autocorrelation,
    least_squares_estimate,
    log_distance_pathloss_db,
    max_doppler_hz,
    maximum_ratio_snr,
    mmse_error_power,
    mmse_estimate,
    one_ring_correlation,
    outage_probability,
    outage_rate,
    phase_rotation,
    poisson_layout,
    reuse_groups,
    rma_los_probability,
    rma_pathloss_db,
    selection_snr,
    shannon_rate_bps,
    subcarrier_frequencies_hz,
    thermal_noise_psd_w_per_hz,
    timing_rotation,
    uma_los_probability,
    uma_pathloss_db,
    umi_los_probability,
    umi_pathloss_db,
    unplaced_layout,
    wall_loss_db,
)
from strategies import decades, negative, not_finite, not_positive, refused

POSITIVE, LEAST_0, REAL = not_positive, negative, not_finite
SHARE = negative | decades(1.0 + 1e-9, 1e300)
INSIDE = SHARE | st.sampled_from([0.0, 1.0])
BELOW_1 = SHARE | st.just(1.0)
COUNT = st.integers(-5, 0) | st.sampled_from([2.5, np.nan, "3"])
RNG = np.random.default_rng(0)
TWO = np.ones(2, dtype=complex)
snr = {"snr": (1.0, LEAST_0)}
FROM_1 = not_positive | st.just(0.5)
ratio = {"num_clients": (3, FROM_1), "snr": (1.0, POSITIVE)}
noise = {"noise_multiplier": (1.0, st.sampled_from([0.0, -1.0, np.nan, -np.inf]))}
link = {"gain": ([1.0, 0.5], REAL), "power_w": (1.0, POSITIVE), "noise_power_w": (0.1, POSITIVE)}
distance = {"distance_2d_m": (100.0, LEAST_0)}
table = {**distance, "carrier_hz": (2e9, POSITIVE), "los": True}
clutter = {"factory": Factory.DENSE_HIGH, "clutter_size_m": (2.0, POSITIVE), "clutter_density": (0.5, INSIDE)}
threshold = {"threshold": (0.5, st.sampled_from([0.0, -1.0, np.nan, -np.inf]))}
placed = {"rng": RNG, "min_distance_m": (1.0, LEAST_0)}

CALLS = [
    # channels
    (draw_cpu_hz, {"num_clients": (2, COUNT), "min_cpu_hz": (1.0, POSITIVE), "max_cpu_hz": (2.0, POSITIVE), "rng": RNG}),
    (
        Devices,
        {"cpu_hz": (1.0, POSITIVE), "flops_per_cycle": (1.0, POSITIVE), "effective_capacitance_w_per_hz3": (0.0, LEAST_0)},
    ),
    (thermal_noise_psd_w_per_hz, {"noise_figure_db": (3.0, LEAST_0), "temperature_k": (290.0, POSITIVE)}),
    (free_space_pathloss_db, {"distance_m": (9.0, POSITIVE), "carrier_hz": (1e9, POSITIVE)}),
    (
        log_distance_pathloss_db,
        {
            "distance_m": (9.0, POSITIVE),
            "carrier_hz": (1e9, POSITIVE),
            "exponent": (3.0, POSITIVE),
            "reference_distance_m": (1.0, POSITIVE),
        },
    ),
    (
        LogDistance,
        {
            "exponent": (3.0, POSITIVE),
            "reference_distance_m": (1.0, POSITIVE),
            "shadowing_deviation_db": (8.0, LEAST_0),
            "correlation_distance_m": (50.0, POSITIVE),
            "site_correlation": (0.5, SHARE),
        },
    ),
    (uma_pathloss_db, {**table, "bs_height_m": (25.0, POSITIVE), "ut_height_m": (1.5, POSITIVE)}),
    (umi_pathloss_db, {**table, "bs_height_m": (10.0, POSITIVE), "ut_height_m": (1.5, POSITIVE)}),
    (
        rma_pathloss_db,
        {**table, "ut_height_m": (1.5, POSITIVE), "street_width_m": (20.0, POSITIVE), "building_height_m": (5.0, POSITIVE)},
    ),
    (inh_pathloss_db, {**table, "bs_height_m": (3.0, POSITIVE), "ut_height_m": (1.5, POSITIVE)}),
    (inf_pathloss_db, {**table, "factory": Factory.DENSE_HIGH, "bs_height_m": (8.0, POSITIVE)}),
    *(
        (function, {**distance, "ut_height_m": (1.5, POSITIVE)})
        for function in (uma_los_probability, umi_los_probability, rma_los_probability, inh_los_probability)
    ),
    (inf_los_probability, {**distance, **clutter, "bs_height_m": (8.0, POSITIVE), "ut_height_m": (1.5, POSITIVE)}),
    (IndoorFactory, clutter),
    (wall_loss_db, {"carrier_hz": (1e9, POSITIVE), "building": Building.LOW}),
    (
        GivenSNR,
        {
            "mean_snr_db": (0.0, REAL | st.just(300.0)),
            "client_power_w": (1.0, POSITIVE),
            "noise_psd_w_per_hz": (1.0, POSITIVE),
            "bandwidth_hz": (1.0, POSITIVE),
        },
    ),
    (
        gaussian_field,
        {
            "xy_m": (np.zeros((2, 2)), REAL | st.just([1.0, 2.0])),
            "correlation_distance_m": (1.0, POSITIVE),
            "num_fields": (1, COUNT),
            "num_waves": (1, COUNT),
            "rng": RNG,
        },
    ),
    (
        correlated_shadowing,
        {
            "client_xy_m": np.zeros((2, 2)),
            "num_stations": (1, COUNT),
            "correlation_distance_m": (1.0, POSITIVE),
            "site_correlation": (0.5, SHARE),
            "rng": RNG,
        },
    ),
    (disc_layout, {**placed, "num_clients": (2, COUNT), "radius_m": (9.0, POSITIVE)}),
    (hexagonal_sites, {"num_cells": (3, COUNT), "radius_m": (9.0, POSITIVE)}),
    (hexagonal_layout, {**placed, "num_cells": (3, COUNT), "clients_per_cell": (2, COUNT), "radius_m": (9.0, POSITIVE)}),
    (
        hall_layout,
        {
            **placed,
            "num_clients": (2, COUNT),
            "stations_along": (1, COUNT),
            "stations_across": (1, COUNT),
            "length_m": (9.0, POSITIVE),
            "width_m": (9.0, POSITIVE),
        },
    ),
    (
        poisson_layout,
        {**placed, "stations_per_km2": (1.0, POSITIVE), "clients_per_km2": (1.0, POSITIVE), "width_m": (1e3, POSITIVE)},
    ),
    (unplaced_layout, {"cell_sizes": ([1, 2], COUNT | st.just([1.0, 1.5]))}),
    (draw_indoor, {"num_clients": (2, COUNT), "indoor_share": (0.5, SHARE), "rng": RNG}),
    (floor_height_m, {"indoor": np.ones(2, dtype=bool), "outdoor_height_m": (1.5, POSITIVE), "rng": RNG}),
    (
        reuse_groups,
        {
            "station_xy_m": (np.zeros((1, 2)), REAL),
            "radius_m": (9.0, POSITIVE),
            "reuse_factor": (3, st.sampled_from([0, 2, 2.5])),
        },
    ),
    *((f, {"branch_snr": ([1.0], LEAST_0.map(lambda x: [x]))}) for f in (maximum_ratio_snr, equal_gain_snr, selection_snr)),
    (effective_snr, {"snr": ([1.0], LEAST_0.map(lambda x: [x]))}),
    (ergodic_rate, {**snr, "num_antennas": (1, COUNT)}),
    (outage_probability, {**snr, "rate": (1.0, LEAST_0), "num_antennas": (1, COUNT)}),
    (outage_rate, {**snr, "outage_probability": (0.1, BELOW_1), "num_antennas": (1, COUNT)}),
    (
        finite_blocklength_rate,
        {**snr, "blocklength": (100, POSITIVE | st.just(0.5)), "error_probability": (0.1, INSIDE)},
    ),
    (
        shannon_rate_bps,
        {"bandwidth_hz": (1.0, LEAST_0), "gain_power_w": (1.0, LEAST_0), "noise_psd_w_per_hz": (1.0, POSITIVE)},
    ),
    (exponential_correlation, {"num_antennas": (2, COUNT), "coefficient": 0.5}),
    (
        one_ring_correlation,
        {
            "num_antennas": (2, COUNT),
            "angle_rad": (0.0, REAL),
            "angular_spread_rad": (1.0, POSITIVE | st.just(4.0)),
            "spacing_wavelengths": (0.5, POSITIVE),
        },
    ),
    (
        TappedDelayLine,
        {"delay_s": ([0.0, 1.0], LEAST_0), "power": ([1.0, 1.0], LEAST_0 | st.just(0.0)), "k_factor": (1.0, LEAST_0)},
    ),
    (
        functools.partial(TappedDelayLine.tr38901),
        {"profile": (TDLProfile.A, st.sampled_from(["A", 1, None])), "delay_spread_s": (1e-7, LEAST_0)},
    ),
    (Rician, {"k_factor_db": (0.0, REAL | st.just(200.0))}),
    (Nakagami, {"m": (1.0, POSITIVE | st.just(0.4))}),
    (MovingRayleigh, {"doppler_hz": (1.0, LEAST_0), "interval_s": (1.0, LEAST_0)}),
    (max_doppler_hz, {"speed_m_per_s": (1.0, LEAST_0), "carrier_hz": (1e9, POSITIVE)}),
    (jakes_autocorrelation, {"delay_s": (1.0, REAL), "doppler_hz": (1.0, LEAST_0)}),
    (age, {"fading": TWO, "fresh": TWO, "delay_s": (1.0, LEAST_0), "doppler_hz": (1.0, LEAST_0)}),
    (draw_jakes, {"shape": (2,), "time_s": ([0.0], REAL | st.just([])), "doppler_hz": (1.0, LEAST_0), "rng": RNG}),
    (subcarrier_frequencies_hz, {"num_subcarriers": (2, COUNT), "bandwidth_hz": (1.0, POSITIVE)}),
    (least_squares_estimate, {"channel": TWO, "pilot_snr": (1.0, POSITIVE), "rng": RNG}),
    (mmse_estimate, {"channel": TWO, "pilot_snr": (1.0, POSITIVE), "rng": RNG}),
    (mmse_error_power, {"pilot_snr": (1.0, POSITIVE)}),
    (phase_rotation, {"shape": (2,), "deviation_rad": (1.0, LEAST_0), "rng": RNG}),
    (timing_rotation, {"shape": (2,), "deviation_s": (1.0, LEAST_0), "frequency_hz": np.zeros(1), "rng": RNG}),
    (
        ChannelKnowledge,
        {
            "pilot_snr_db": (0.0, REAL | st.just(300.0)),
            "estimator": (ChannelKnowledge().estimator, st.sampled_from(["mmse", None])),
            "delay_s": (1.0, LEAST_0),
            "doppler_hz": (1.0, LEAST_0),
            "phase_deviation_rad": (1.0, LEAST_0),
            "timing_deviation_s": (1.0, LEAST_0),
        },
    ),
    # aircomp
    (TruncatedInversion, {"threshold": (1.0, st.sampled_from([0.0, -1.0, np.nan, -np.inf]))}),
    (COTAF, {"threshold": (1.0, POSITIVE), "mean_square_update": (1.0, POSITIVE)}),
    (COTAF(threshold=1.0, mean_square_update=1.0).precoding, {"power_w": ([1.0], POSITIVE), "weights": ([1.0], POSITIVE)}),
    (RegularizedInversion, {"price_per_w": (1.0, POSITIVE)}),
    (RegularizedInversion.for_average_power, link),
    (power_prices, link),
    (SelectiveForcing, {"max_noise_mse": (1.0, POSITIVE), "selection": (GreedySelection(), st.sampled_from(["greedy", None]))}),
    (LeastError, {"tolerance": (1e-9, LEAST_0), "max_iterations": (9, COUNT)}),
    (GaussianRandomization, {"num_candidates": (9, COUNT)}),
    (SuccessiveConvexApproximation, {"num_starts": (3, COUNT), "tolerance": (1e-6, POSITIVE), "max_iterations": (9, COUNT)}),
    (DifferenceOfConvex, {"penalty": (1.0, POSITIVE), "tolerance": (1e-4, POSITIVE), "max_iterations": (9, COUNT)}),
    (DifferenceOfConvexSelection, {"num_steps": (3, COUNT), "penalty": (1.0, LEAST_0), "tolerance": (1e-4, POSITIVE)}),
    (GreedySelection, {"tolerance": (1e-4, POSITIVE)}),
    (
        OFDMGrid,
        {"num_subcarriers": (4, COUNT), "subcarrier_spacing_hz": (1.0, POSITIVE), "cyclic_prefix_s": (0.0, LEAST_0)},
    ),
    (DigitalAggregation, {"bits_per_parameter": (8, POSITIVE | st.just(32.0)), "peak_to_rms": (3.0, POSITIVE | st.just(0.5))}),
    (
        rounding_mse,
        {"bits_per_parameter": (8, POSITIVE | st.just(1.0)), "weights": ([1.0], LEAST_0), "peak_to_rms": (3.0, LEAST_0)},
    ),
    (bits_for_rounding_mse, {"mse": (1.0, LEAST_0), "weights": ([1.0], LEAST_0), "peak_to_rms": (3.0, POSITIVE)}),
    (gaussian_peak_to_rms, {"num_values": (9, COUNT)}),
    (
        superpose,
        {
            "symbols": (np.ones((2, 3)), st.just(np.ones((3, 3))) | st.just(1.0)),
            "gain": (TWO, st.just(1.0) | not_finite.map(lambda x: [1.0, x])),
            "transmit": (TWO, not_finite.map(lambda x: [1.0, x])),
            "noise_power_w": (1.0, LEAST_0),
            "rng": RNG,
        },
    ),
    (sampled_taps, {"taps": TWO, "delay_s": (np.zeros(2), LEAST_0.map(lambda x: [0.0, x])), "sample_rate_hz": (1.0, POSITIVE)}),
    (subcarrier_gain, {"taps": TWO, "num_subcarriers": (4, COUNT), "offset_samples": (0, LEAST_0 | st.just(0.5))}),
    (timing_error_mse, {"offset_samples": ([1], LEAST_0), "num_subcarriers": (4, COUNT), "weights": (1.0, LEAST_0)}),
    (short_prefix_mse, {"taps": TWO, "prefix_samples": (1, COUNT.filter(bool)), "num_subcarriers": (4, COUNT)}),
    (inversion_mse_exceedance, {"mse": (1.0, POSITIVE), **ratio}),
    (inversion_mse_quantile, {"probability": (0.5, INSIDE), **ratio}),
    *((function, ratio) for function in (full_power_mse, least_mean_error, least_mean_error_law, best_threshold)),
    (mean_square_shortfall, {"receive_scaling": (1.0, POSITIVE)}),
    (truncation_participation, threshold),
    (silence_probability, {**threshold, "num_clients": (3, FROM_1)}),
    (aligned_snr, {**threshold, "snr": (1.0, POSITIVE)}),
    (truncation_misalignment, {**threshold, "num_clients": (3, FROM_1)}),
    (truncation_mse, {**threshold, **ratio}),
    (noise_mse_of_mean, {**threshold, **ratio, "num_clients": (3, COUNT)}),
    (mean_inverse_participants, {**threshold, "num_clients": (3, COUNT)}),
    (
        channel_noise_multiplier,
        {"received_amplitude": (1.0, LEAST_0), "clip": (1.0, POSITIVE), "noise_power_w": (1.0, POSITIVE)},
    ),
    (composed_noise_multiplier, {"noise_multiplier": ([1.0], st.sampled_from([[0.0], [-1.0], [np.nan], [-np.inf]]))}),
    (gaussian_delta, {"epsilon": (1.0, LEAST_0), **noise}),
    (gaussian_epsilon, {"delta": (0.1, INSIDE), **noise}),
    (needed_noise_multiplier, {"epsilon": (1.0, LEAST_0), "delta": (0.1, INSIDE)}),
    (gaussian_rdp, {"order": (2.0, POSITIVE | st.just(1.0)), **noise}),
    (sampled_gaussian_rdp, {"order": (2, COUNT | st.just(1)), **noise, "sampling_probability": (0.5, SHARE)}),
]
"""Functions with their arguments: a right value, or that and a strategy for wrong ones."""


def is_tried(value):
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], st.SearchStrategy)


def named(function):
    return getattr(function, "__qualname__", None) or function.func.__qualname__


CASES = [
    pytest.param(function, argument, arguments, id=f"{named(function)}-{argument}")
    for function, arguments in CALLS
    for argument, value in arguments.items()
    if is_tried(value)
]


@pytest.mark.parametrize(("function", "argument", "arguments"), CASES)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 5)
def test_wrong_values_are_named(function, argument, arguments, data):
    right = {name: value[0] if is_tried(value) else value for name, value in arguments.items()}
    function(**right)
    with refused(argument):
        function(**right | {argument: data.draw(arguments[argument][1])})
