"""Laws of sharing a cell's band: deadlines, least bands, blocks, turns, and whom to leave out."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aircomp.result import status_of
from channels.rates.shannon import shannon_rate_bps
from covered import law_of
from federated_strategies import (
    WILD,
    bandwidth_fields,
)
from latency_opt import (
    BandwidthProblem,
    BandwidthResult,
    ClientSelectionProblem,
    ClientSelectionResult,
    CvxpyProgram,
    EqualBandwidth,
    InfeasibleProblem,
    OptimalBandwidth,
    Price,
    ResourceBlocks,
    Status,
    UncertifiedSolution,
    aircomp_uplink_latency_s,
    backhaul_latency_s,
    certified,
    compute_energy_j,
    compute_latency_s,
    equal_bandwidth,
    min_bandwidth_hz,
    minimize_block_deadline,
    minimize_deadline,
    multicast_latency_s,
    price_table,
    select_clients,
    transmit_energy_j,
)
from strategies import batches, decade_arrays, decades, negative, not_positive, permutations, refused

SLOW = settings(max_examples=max(4, settings.default.max_examples // 50), phases=[Phase.explicit, Phase.generate])
"""For what calls CVXPY, which would take minutes to find the simplest example of what fails."""
ROUNDING = 1e-9


def needed_hz(problem, deadline_s):
    """(..., n) least bands for a deadline, from the closed form alone."""
    sends = problem.payload_bits > 0.0
    airtime_s = np.asarray(deadline_s)[..., None] - problem.compute_s
    rate = np.where(sends, problem.payload_bits / np.where(airtime_s > 0.0, airtime_s, 1.0), 0.0)
    band = min_bandwidth_hz(rate, gain_power_w=problem.gain_power_w, noise_psd_w_per_hz=problem.noise_psd_w_per_hz)
    return np.where(sends & (airtime_s <= 0.0), np.inf, np.maximum(band, problem.min_bandwidth_hz))


# Delays and energies


@law_of(compute_latency_s, aircomp_uplink_latency_s, backhaul_latency_s, compute_energy_j, transmit_energy_j)
@given(work=decades(1e-3, 1e15), pace=decades(1e-3, 1e12), factor=decades(1e-3, 1e3))
def test_delays_and_energies_are_in_proportion_to_the_work(work, pace, factor):
    devices = {"flops_per_cycle": 0.5, "effective_capacitance_w_per_hz3": 1e-28}
    of_work = [
        lambda load: compute_latency_s(load, cpu_hz=pace),
        lambda load: aircomp_uplink_latency_s(load, bandwidth_hz=pace),
        lambda load: backhaul_latency_s(load, rate_bps=pace, delay_s=0.0),
        lambda load: compute_energy_j(load, cpu_hz=pace, **devices),
        lambda load: transmit_energy_j(load, power_w=pace),
    ]
    for of in of_work:
        assert np.isclose(of(factor * work), factor * of(work), rtol=1e-12)
        assert of(0.0) == 0.0
    of_pace = [
        lambda fast: compute_latency_s(work, cpu_hz=fast),
        lambda fast: aircomp_uplink_latency_s(work, bandwidth_hz=fast),
        lambda fast: backhaul_latency_s(work, rate_bps=fast, delay_s=0.0),
    ]
    for of in of_pace:
        assert np.isclose(of(factor * pace), of(pace) / factor, rtol=1e-12)
    assert backhaul_latency_s(work, rate_bps=pace, delay_s=pace) == 2.0 * pace + backhaul_latency_s(
        work, rate_bps=pace, delay_s=0.0
    )


@law_of(compute_latency_s, aircomp_uplink_latency_s, backhaul_latency_s, multicast_latency_s)
@given(pace=not_positive, work=negative)
def test_delays_refuse_what_is_no_pace_and_no_work(pace, work):
    link = {"bandwidth_hz": 1e6, "station_power_w": 1.0, "power_gain": [1e-9], "noise_psd_w_per_hz": 4e-21}
    with refused("cpu_hz"):
        compute_latency_s(1e6, cpu_hz=pace)
    with refused("flops"):
        compute_latency_s(work, cpu_hz=1e9)
    with refused("bandwidth_hz"):
        aircomp_uplink_latency_s(1e6, bandwidth_hz=pace)
    with refused("num_parameters"):
        aircomp_uplink_latency_s(work, bandwidth_hz=1e6)
    with refused("rate_bps"):
        backhaul_latency_s(1e6, rate_bps=pace, delay_s=0.0)
    with refused("delay_s"):
        backhaul_latency_s(1e6, rate_bps=1e6, delay_s=work)
    with refused("payload_bits"):
        multicast_latency_s(work, **link)
    with refused("noise_psd_w_per_hz"):
        multicast_latency_s(1e6, **link | {"noise_psd_w_per_hz": pace})
    with refused("power_gain"):
        multicast_latency_s(1e6, **link | {"power_gain": [1.0, work]})


@law_of(compute_energy_j, transmit_energy_j)
@given(wrong=negative)
def test_energies_refuse_what_is_no_power_and_no_time(wrong):
    with refused("airtime_s"):
        transmit_energy_j(wrong, power_w=1.0)
    with refused("power_w"):
        transmit_energy_j(1.0, power_w=wrong)
    with refused("flops"):
        compute_energy_j(wrong, cpu_hz=1e9, flops_per_cycle=1.0, effective_capacitance_w_per_hz3=1e-28)
    with refused("effective_capacitance_w_per_hz3"):
        compute_energy_j(1.0, cpu_hz=1e9, flops_per_cycle=1.0, effective_capacitance_w_per_hz3=wrong)


@law_of(multicast_latency_s)
@given(batch=batches, data=st.data())
def test_a_multicast_takes_as_long_as_it_would_to_the_one_that_hears_worst(batch, data):
    gain = data.draw(decade_arrays((*batch, 4), 1e-15, 1e-5))
    link = {"bandwidth_hz": 1e6, "station_power_w": 2.0, "noise_psd_w_per_hz": 4e-21}
    both = multicast_latency_s(1e6, power_gain=gain, **link)
    alone = np.array([multicast_latency_s(1e6, power_gain=gain[..., i : i + 1], **link) for i in range(4)])
    assert both.shape == batch
    np.testing.assert_array_equal(both, alone.max(axis=0))
    order = data.draw(permutations(4))
    np.testing.assert_array_equal(both, multicast_latency_s(1e6, power_gain=gain[..., order], **link))


@law_of(multicast_latency_s)
def test_nothing_is_sent_at_once_and_something_to_nobody_never():
    deaf = {"bandwidth_hz": 1e6, "station_power_w": 2.0, "noise_psd_w_per_hz": 4e-21, "power_gain": [1e-9, 0.0]}
    assert multicast_latency_s(0.0, **deaf) == 0.0
    assert multicast_latency_s(1.0, **deaf) == np.inf


# Least bands


@law_of(min_bandwidth_hz)
@given(batch=batches, data=st.data())
def test_the_least_band_carries_the_rate_and_no_smaller_one_does(batch, data):
    limit = data.draw(decade_arrays(batch, 1e-3, 1e15))  # of the rate, as the band grows
    rate = limit * data.draw(arrays(float, batch, elements=st.floats(1e-9, 1.0 - 1e-3)))
    snr_hz = limit * np.log(2.0)
    band = min_bandwidth_hz(rate, gain_power_w=snr_hz, noise_psd_w_per_hz=1.0)
    assert band.shape == batch
    carried = shannon_rate_bps(band, gain_power_w=snr_hz, noise_psd_w_per_hz=1.0)
    np.testing.assert_allclose(carried, rate, rtol=1e-11)
    less = shannon_rate_bps(0.99 * band, gain_power_w=snr_hz, noise_psd_w_per_hz=1.0)
    assert (less < rate).all()


@law_of(min_bandwidth_hz)
@given(rate=decades(1e-300, 1e300), received=decades(1e-300, 1e300), noise=decades(5e-324, 1e300))
@example(rate=1e6, received=1e-12, noise=5e-324)
@example(rate=1e300, received=1e-300, noise=1e300)
@example(rate=1e-300, received=1e300, noise=1e-300)
@example(rate=1e300, received=np.log(2.0) * (1.0 + 1e-9), noise=1e-300)  # carried, but by no band that is a number
def test_the_least_band_carries_the_rate_or_is_infinite(rate, received, noise):
    """Whatever the magnitudes, subnormal numbers too; by logarithms, which stay within range."""
    band = float(min_bandwidth_hz(rate, gain_power_w=received, noise_psd_w_per_hz=noise))
    load = np.log(np.log(2.0)) + np.log(rate) + np.log(noise) - np.log(received)
    if abs(load) > 1e-8:
        assert (band == np.inf) == (load > 0.0)
    if load < -1e-8:
        log_snr = np.log(received) - np.log(noise) - np.log(band)
        nats = np.logaddexp(0.0, log_snr) if log_snr > -30.0 else np.exp(log_snr)
        carried = band * nats / np.log(2.0)
        assert carried >= rate * (1.0 - 1e-9)
        if load > np.log(1e-297):  # else the SNR would be no number, and the band is wider than it would need to be
            assert carried <= rate * (1.0 + 1e-6)
    assert min_bandwidth_hz(0.0, gain_power_w=received, noise_psd_w_per_hz=noise) == 0.0
    assert min_bandwidth_hz(rate, gain_power_w=0.0, noise_psd_w_per_hz=noise) == np.inf


@law_of(min_bandwidth_hz)
@given(wrong=negative)
def test_the_least_band_refuses_what_is_no_rate_power_or_noise(wrong):
    right = {"gain_power_w": 1.0, "noise_psd_w_per_hz": 1.0}
    with refused("rate_bps"):
        min_bandwidth_hz(wrong, **right)
    for name in right:
        with refused(name):
            min_bandwidth_hz(1.0, **right | {name: [1.0, wrong]})
    with refused("noise_psd_w_per_hz"):
        min_bandwidth_hz(1.0, gain_power_w=1.0, noise_psd_w_per_hz=0.0)


# Bands that minimise the deadline


def is_optimal(problem, result, *, rounding=ROUNDING):
    """Bands and deadline are what they should be, by formulas of their own."""
    band, deadline = result.bandwidth_hz, result.deadline_s
    sends = problem.payload_bits > 0.0
    assert (band[~sends] == 0.0).all()
    assert (band >= problem.min_bandwidth_hz * (1.0 - rounding)).all()
    assert (band.sum(axis=-1) <= problem.bandwidth_hz * (1.0 + rounding)).all()
    assert (problem.finish_s(band).max(axis=-1) <= deadline * (1.0 + rounding)).all()
    # Nothing sooner would do: the bands needed for it are more than there is.
    somebody = sends.any(axis=-1)
    sooner = needed_hz(problem, deadline * (1.0 - 1e-6)).sum(axis=-1)
    assert (sooner >= problem.bandwidth_hz * (1.0 - rounding))[somebody].all()
    assert (deadline == 0.0)[~somebody].all()


@law_of(BandwidthProblem, minimize_deadline, BandwidthResult)
@given(fields=batches.flatmap(lambda batch: bandwidth_fields(batch=batch)))
def test_optimal_bands_are_feasible_and_nothing_sooner_is(fields):
    problem = BandwidthProblem(**fields)
    result = certified(minimize_deadline(problem))
    is_optimal(problem, result)


@law_of(BandwidthProblem, minimize_deadline)
@given(fields=bandwidth_fields(ranges=WILD))
def test_gains_that_are_240_db_apart_are_solved_or_said_not_to_be(fields):
    problem = BandwidthProblem(**fields)
    result = minimize_deadline(problem)
    assert np.isfinite(result.deadline_s).all()
    assert np.isfinite(result.bandwidth_hz).all()
    assert result.status is Status.OPTIMAL
    is_optimal(problem, result, rounding=1e-7)


@law_of(BandwidthProblem)
@given(noise=decades(5e-324, 1e-80), gain=decades(1e-200, 1.0))
@example(noise=5e-324, gain=1e-250)
@example(noise=5e-324, gain=1e-12)
@example(noise=3e-308, gain=1e-205)
@example(noise=1e-110, gain=1e-12)
def test_noise_next_to_nothing_is_a_number_or_refused(noise, gain):
    fields = {"compute_s": [0.0, 1.0], "payload_bits": 1e6, "gain_power_w": gain, "bandwidth_hz": 1e6}
    if noise < np.finfo(float).tiny or np.log10(gain) - np.log10(noise) > 106.0:
        with refused("noise_psd_w_per_hz"):
            BandwidthProblem(**fields, noise_psd_w_per_hz=noise)
    else:
        problem = BandwidthProblem(**fields, noise_psd_w_per_hz=noise)
        is_optimal(problem, certified(minimize_deadline(problem)))


@law_of(BandwidthProblem, minimize_deadline)
@given(fields=batches.flatmap(lambda batch: bandwidth_fields(batch=(*batch, 2))))
def test_a_batch_of_bandwidth_problems_is_a_loop_over_them(fields):
    problem = BandwidthProblem(**fields)
    together = minimize_deadline(problem)
    for index in np.ndindex(problem.bandwidth_hz.shape):
        alone = minimize_deadline(problem[index])
        assert alone.deadline_s.shape == ()
        np.testing.assert_allclose(together.deadline_s[index], alone.deadline_s, rtol=ROUNDING)
        np.testing.assert_allclose(together.bandwidth_hz[index], alone.bandwidth_hz, rtol=1e-7)


@law_of(BandwidthProblem, minimize_deadline)
@given(fields=bandwidth_fields(), data=st.data())
def test_the_order_of_clients_does_not_matter_to_their_bands(fields, data):
    problem = BandwidthProblem(**fields)
    order = data.draw(permutations(problem.payload_bits.shape[-1]))
    names = ("compute_s", "payload_bits", "gain_power_w", "min_bandwidth_hz")
    turned = replace(problem, **{name: getattr(problem, name)[..., order] for name in names})
    before, after = minimize_deadline(problem), minimize_deadline(turned)
    np.testing.assert_allclose(after.deadline_s, before.deadline_s, rtol=ROUNDING)
    np.testing.assert_allclose(after.bandwidth_hz, before.bandwidth_hz[..., order], rtol=1e-6)


@law_of(BandwidthProblem, minimize_deadline)
@given(fields=bandwidth_fields(), factor=decades(1e-3, 1e3))
def test_bands_and_deadlines_scale_as_their_units_do(fields, factor):
    base = minimize_deadline(BandwidthProblem(**fields))

    def scaled(*names):
        return minimize_deadline(BandwidthProblem(**fields | {name: factor * fields[name] for name in names if name in fields}))

    in_time = scaled("compute_s", "payload_bits")  # seconds
    np.testing.assert_allclose(in_time.deadline_s, factor * base.deadline_s, rtol=ROUNDING)
    np.testing.assert_allclose(in_time.bandwidth_hz, base.bandwidth_hz, rtol=1e-6)
    in_band = scaled("payload_bits", "gain_power_w", "bandwidth_hz", "min_bandwidth_hz")  # hertz
    np.testing.assert_allclose(in_band.deadline_s, base.deadline_s, rtol=ROUNDING)
    np.testing.assert_allclose(in_band.bandwidth_hz, factor * base.bandwidth_hz, rtol=1e-6)
    in_watts = scaled("gain_power_w", "noise_psd_w_per_hz")
    np.testing.assert_allclose(in_watts.deadline_s, base.deadline_s, rtol=ROUNDING)


@law_of(BandwidthProblem, minimize_deadline)
@given(fields=bandwidth_fields(), factor=st.floats(1.0, 100.0))
def test_more_of_anything_is_never_later(fields, factor):
    before = minimize_deadline(BandwidthProblem(**fields)).deadline_s
    for name in ("gain_power_w", "bandwidth_hz"):
        more = minimize_deadline(BandwidthProblem(**fields | {name: factor * fields[name]})).deadline_s
        assert (more <= before * (1.0 + ROUNDING)).all()
    for name in ("compute_s", "payload_bits", "min_bandwidth_hz"):
        less = minimize_deadline(BandwidthProblem(**fields | {name: np.asarray(fields.get(name, 0.0)) / factor})).deadline_s
        assert (less <= before * (1.0 + ROUNDING)).all()


@law_of(BandwidthResult, minimize_deadline, price_table)
@given(fields=bandwidth_fields(), factor=st.floats(0.5, 2.0))
def test_prices_are_slopes_of_a_convex_deadline(fields, factor):
    """The deadline is convex in the band and in the times of computing: it is nowhere below its tangents."""
    problem = BandwidthProblem(**fields)
    result = minimize_deadline(problem)
    assume(factor * problem.bandwidth_hz >= problem.min_bandwidth_hz.sum())
    other = minimize_deadline(replace(problem, bandwidth_hz=factor * problem.bandwidth_hz)).deadline_s
    tangent = result.deadline_s - result.shadow_price_s_per_hz * (factor - 1.0) * problem.bandwidth_hz
    assert (other >= tangent - 1e-8 * result.deadline_s).all()
    table = result.explain()
    assert np.isclose(table.loc[(0, "bandwidth_hz"), "price_s_per_unit"], -result.shadow_price_s_per_hz)
    for client in range(problem.payload_bits.size):
        price = table.loc[(0, f"client {client} compute_s"), "price_s_per_unit"]
        assert price >= 0.0
        later = problem.compute_s + (np.arange(problem.payload_bits.size) == client) * factor
        moved = minimize_deadline(replace(problem, compute_s=later)).deadline_s
        assert moved >= (result.deadline_s + price * factor) * (1.0 - 1e-8)
        assert moved <= (result.deadline_s + factor) * (1.0 + ROUNDING)


@law_of(price_table, Price)
@given(batch=batches, data=st.data())
def test_a_table_of_prices_has_a_row_for_each_instance_and_resource(batch, data):
    value = data.draw(decade_arrays(batch, 1e-6, 1e6))
    slope = -data.draw(decade_arrays(batch, 1e-6, 1e6)) * data.draw(arrays(bool, batch))
    table = price_table(
        {"one": Price(value, "Hz", slope < 0.0, slope), "endless": Price(np.inf, "J", False, 0.0)}, batch=batch, of="j"
    )
    assert len(table) == 2 * value.size
    one = table.xs("one", level="resource")
    np.testing.assert_array_equal(one["price_j_per_unit"], slope.ravel())
    np.testing.assert_allclose(one["one_percent_j"], 0.01 * (value * slope).ravel())
    np.testing.assert_array_equal(one["binds"], (slope < 0.0).ravel())
    assert (table.xs("endless", level="resource")["one_percent_j"] == 0.0).all()


@law_of(certified)
@given(fields=bandwidth_fields(), residual=st.just(np.nan) | decades(1e-7, 1e3))
def test_only_what_is_optimal_is_certified(fields, residual):
    result = minimize_deadline(BandwidthProblem(**fields))
    assert certified(result) is result
    doubtful = replace(result, kkt_residual=residual, status=status_of(residual))
    with pytest.raises(UncertifiedSolution, match="BandwidthResult: the KKT residual is"):
        certified(doubtful)


@law_of(BandwidthProblem, CvxpyProgram)
@SLOW
@given(fields=bandwidth_fields(num_clients=st.integers(1, 3)), share=st.floats(0.2, 0.9))
def test_cvxpy_agrees_and_a_constraint_more_never_helps(fields, share):
    problem = BandwidthProblem(**fields)
    if not problem.payload_bits.any():
        with refused("payload_bits"):
            problem.to_cvxpy()
        return
    program = problem.to_cvxpy()
    found, best = program.solve(), float(minimize_deadline(problem).deadline_s)
    assert np.isclose(found, best, rtol=1e-6)
    program.extra.append(program.variables["share"][0] >= 1.0 - share * 0.5)
    assert program.solve() >= best * (1.0 - 1e-6)


@law_of(BandwidthProblem)
@given(fields=bandwidth_fields(), wrong=negative)
def test_a_bandwidth_problem_names_what_is_wrong_with_it(fields, wrong):
    for name in ("compute_s", "payload_bits", "gain_power_w", "noise_psd_w_per_hz", "bandwidth_hz", "min_bandwidth_hz"):
        with refused(name):
            BandwidthProblem(**fields | {name: wrong})
    for name in ("noise_psd_w_per_hz", "bandwidth_hz"):
        with refused(name):
            BandwidthProblem(**fields | {name: 0.0})


@law_of(BandwidthProblem)
@given(fields=bandwidth_fields(batch=(3,), floors=False), data=st.data())
def test_a_client_without_a_channel_is_named(fields, data):
    shape = fields["gain_power_w"].shape
    deaf = data.draw(arrays(bool, shape))
    fields["gain_power_w"] = np.where(deaf, 0.0, fields["gain_power_w"])
    cut_off = (deaf & (fields["payload_bits"] > 0.0)).any(axis=-1)
    if not cut_off.any():
        certified(minimize_deadline(BandwidthProblem(**fields)))
        return
    with pytest.raises(InfeasibleProblem, match=r"^gain_power_w: client") as raised:
        BandwidthProblem(**fields)
    np.testing.assert_array_equal(raised.value.infeasible, cut_off)


@law_of(BandwidthProblem)
@given(fields=bandwidth_fields(), factor=st.floats(1.01, 100.0))
def test_least_bands_that_do_not_fit_are_infeasible(fields, factor):
    sends = fields["payload_bits"] > 0.0
    assume(sends.any())
    least = factor * fields["bandwidth_hz"] / sends.sum()
    with pytest.raises(InfeasibleProblem, match=r"^min_bandwidth_hz"):
        BandwidthProblem(**fields | {"min_bandwidth_hz": least})


@law_of(equal_bandwidth, EqualBandwidth, OptimalBandwidth)
@given(fields=batches.flatmap(lambda batch: bandwidth_fields(batch=batch, floors=False)))
def test_equal_bands_are_equal_and_no_sooner_than_optimal_ones(fields):
    problem = BandwidthProblem(**fields)
    equal, best = EqualBandwidth().bandwidth_hz(problem), OptimalBandwidth().bandwidth_hz(problem)
    np.testing.assert_array_equal(equal, equal_bandwidth(problem))
    sends = problem.payload_bits > 0.0
    np.testing.assert_allclose(equal.sum(axis=-1), np.where(sends.any(axis=-1), problem.bandwidth_hz, 0.0), rtol=1e-12)
    assert (problem.finish_s(best).max(axis=-1) <= problem.finish_s(equal).max(axis=-1) * (1.0 + ROUNDING)).all()


@law_of(EqualBandwidth, OptimalBandwidth, equal_bandwidth)
@given(fields=bandwidth_fields(num_clients=st.just(1)), count=st.integers(1, 6))
def test_clients_that_are_alike_get_alike(fields, count):
    fields = fields | {name: np.repeat(fields[name], count, axis=-1) for name in ("compute_s", "payload_bits", "gain_power_w")}
    fields.pop("min_bandwidth_hz", None)
    problem = BandwidthProblem(**fields)
    equal, best = equal_bandwidth(problem), OptimalBandwidth().bandwidth_hz(problem)
    np.testing.assert_allclose(best, equal, rtol=1e-6)


# Blocks


@law_of(minimize_block_deadline, ResourceBlocks)
@given(fields=bandwidth_fields(num_clients=st.integers(1, 3)), num_blocks=st.integers(1, 7))
def test_whole_blocks_are_the_best_of_all_ways_to_deal_them_out(fields, num_blocks):
    problem = BandwidthProblem(**fields)
    block_hz = float(problem.bandwidth_hz) / num_blocks
    sends = problem.payload_bits > 0.0
    least = np.where(sends, np.maximum(np.ceil(problem.min_bandwidth_hz / block_hz * (1.0 - 1e-12)), 1.0), 0.0)
    if least.sum() > num_blocks:
        with pytest.raises(InfeasibleProblem, match=r"^num_resource_blocks"):
            minimize_block_deadline(problem, num_resource_blocks=num_blocks)
        return
    result = minimize_block_deadline(problem, num_resource_blocks=num_blocks)
    ways = product(*(range(int(low), num_blocks + 1) if some else [0] for low, some in zip(least, sends, strict=True)))
    best = min(problem.finish_s(np.array(way) * block_hz).max() for way in ways if sum(way) <= num_blocks)
    assert np.isclose(result.deadline_s, best, rtol=1e-12)
    assert result.num_blocks.sum() == (num_blocks if sends.any() else 0)
    assert result.bound_s <= result.deadline_s * (1.0 + ROUNDING)
    band = ResourceBlocks(num_resource_blocks=num_blocks).bandwidth_hz(problem)
    np.testing.assert_allclose(band, result.num_blocks * block_hz, rtol=1e-12)
    assert result.deadline_s >= minimize_deadline(problem).deadline_s * (1.0 - ROUNDING)


@law_of(minimize_block_deadline)
@given(fields=bandwidth_fields(batch=(3,), ranges=WILD, floors=False, num_clients=st.integers(1, 5)))
def test_a_batch_of_block_problems_is_a_loop_over_them(fields):
    problem = BandwidthProblem(**fields)
    together = minimize_block_deadline(problem, num_resource_blocks=12)
    for index in range(3):
        alone = minimize_block_deadline(problem[index], num_resource_blocks=12)
        np.testing.assert_allclose(together.deadline_s[index], alone.deadline_s, rtol=1e-12)


@law_of(minimize_block_deadline, ResourceBlocks)
@given(wrong=st.sampled_from([0, -1, 1.5, True, "3"]))
def test_a_number_of_blocks_is_a_count(wrong):
    with refused("num_resource_blocks"):
        ResourceBlocks(num_resource_blocks=wrong)


# Whom to leave out


@st.composite
def selections(draw, batch=()):
    fields = draw(bandwidth_fields(batch=batch, num_clients=st.integers(1, 5), floors=False))
    fields["payload_bits"] = np.maximum(fields["payload_bits"], 1e3)
    num_clients = fields["payload_bits"].shape[-1]
    target = draw(decades(1e-2, 1.0))
    return ClientSelectionProblem(
        bandwidth=BandwidthProblem(**fields),
        optimisation_error=draw(decades(1e-2, 1e2)),
        bias_price=draw(st.just(0.0) | decades(1e-4, 1.0)),
        variance_price=0.9 * target * num_clients * draw(st.floats(0.0, 1.0)),
        target=target,
        fixed_s=draw(st.just(0.0) | decades(1e-3, 1.0)),
        min_clients=draw(st.integers(1, num_clients)),
    )


@law_of(ClientSelectionProblem, select_clients, ClientSelectionResult)
@given(problem=selections())
def test_the_selection_is_the_best_of_all_sets(problem):
    result = certified(select_clients(problem))
    sets = [np.array(some) for some in product([False, True], repeat=problem.num_clients) if sum(some) >= problem.min_clients]
    deadlines = minimize_deadline(problem.only(np.array(sets))).deadline_s
    rounds = problem.rounds(np.array([some.sum() for some in sets]))
    possible = np.isfinite(rounds)
    best = np.min(rounds[possible] * (deadlines[possible] + problem.fixed_s))
    assert np.isclose(result.training_latency_s, best, rtol=1e-7)
    assert result.num_selected == result.selected.sum() >= problem.min_clients
    assert result.saved_s >= -1e-7 * best
    assert (np.diff(result.deadlines_s) >= -1e-7 * result.deadlines_s[-1]).all()
    assert result.bound_cost >= -1e-12
    assert (result.bandwidth_hz[~result.selected] == 0.0).all()
    assert len(result.explain()) == 6 + problem.num_clients


@law_of(ClientSelectionProblem, select_clients)
@given(problem=selections(batch=(2,)))
def test_a_batch_of_selections_is_a_loop_over_them(problem):
    together = select_clients(problem)
    for index in range(2):
        one = replace(problem, bandwidth=problem.bandwidth[index], fixed_s=problem.fixed_s[index])
        np.testing.assert_allclose(together.training_latency_s[index], select_clients(one).training_latency_s, rtol=1e-7)


@law_of(ClientSelectionProblem)
@given(wrong=not_positive)
def test_a_selection_names_what_is_wrong_with_it(wrong):
    band = BandwidthProblem(
        compute_s=0.0, payload_bits=[1e5, 1e5], gain_power_w=1e-12, noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6
    )
    right = {"bandwidth": band, "optimisation_error": 1.0, "bias_price": 0.1, "variance_price": 0.1, "target": 1.0}
    for name in ("optimisation_error", "target"):
        with refused(name):
            ClientSelectionProblem(**right | {name: wrong})
    if wrong != 0.0:
        for name in ("bias_price", "variance_price", "fixed_s"):
            with refused(name):
                ClientSelectionProblem(**right | {name: wrong})
    for count in (0, 3, 1.5):
        with refused("min_clients"):
            ClientSelectionProblem(**right, min_clients=count)
    with pytest.raises(InfeasibleProblem, match=r"^target"):
        select_clients(ClientSelectionProblem(**right | {"target": 0.05}))


@law_of(ClientSelectionProblem)
@SLOW
@given(problem=selections())
def test_cvxpy_agrees_on_a_selection(problem):
    result = select_clients(problem)
    assert np.isclose(problem.to_cvxpy(selected=result.selected).solve(), result.training_latency_s, rtol=1e-5)
