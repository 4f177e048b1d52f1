import contextlib
import dataclasses

import cvxpy as cp
import numpy as np
import pytest

from channels import shannon_rate_bps
from latency_opt import (
    BandwidthProblem,
    EqualBandwidth,
    InfeasibleProblem,
    OptimalBandwidth,
    Status,
    equal_bandwidth,
    min_bandwidth_hz,
    minimize_deadline,
)
from latency_opt.monotone_root import monotone_root

NOISE = 2e-20
BAND = 10e6


def random_problem(shape, *, seed, decades=(8.0, 14.0)):
    """Clients whose SNR over the whole band spreads over 60 dB by default."""
    rng = np.random.default_rng(seed)
    return BandwidthProblem(
        compute_s=rng.uniform(0.0, 0.5, shape),
        payload_bits=rng.uniform(1e5, 2e6, shape),
        gain_power_w=10.0 ** -rng.uniform(*decades, shape),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=BAND,
    )


def instance(problem, index):
    return BandwidthProblem(
        compute_s=problem.compute_s[index],
        payload_bits=problem.payload_bits[index],
        gain_power_w=problem.gain_power_w[index],
        noise_psd_w_per_hz=problem.noise_psd_w_per_hz,
        bandwidth_hz=problem.bandwidth_hz[index],
    )


def test_least_band_check_value():
    assert min_bandwidth_hz(1.0, gain_power_w=10.0, noise_psd_w_per_hz=1.0) == pytest.approx(0.169231, abs=5e-7)


def test_least_band_inverts_the_rate():
    """Over 19 decades of SNR; near the largest rate the band is ill-conditioned by a factor 1/SNR."""
    snr = 10.0 ** np.arange(-7.0, 12.0, 0.05)
    gain_power = 3e-13
    band = gain_power / (NOISE * snr)
    rate = shannon_rate_bps(band, gain_power_w=gain_power, noise_psd_w_per_hz=NOISE)
    found = min_bandwidth_hz(rate, gain_power_w=gain_power, noise_psd_w_per_hz=NOISE)
    assert (np.abs(found / band - 1.0) * np.minimum(snr, 1.0)).max() < 1e-14
    served = shannon_rate_bps(found, gain_power_w=gain_power, noise_psd_w_per_hz=NOISE)
    np.testing.assert_allclose(served, rate, rtol=1e-12)


def test_least_band_beyond_the_largest_rate_is_infinite():
    limit = 10.0 / np.log(2.0)
    found = min_bandwidth_hz([0.0, 0.999 * limit, limit, 2 * limit], gain_power_w=10.0, noise_psd_w_per_hz=1.0)
    assert found[0] == 0.0
    assert np.isfinite(found[1])
    assert np.isinf(found[2:]).all()
    assert np.isinf(min_bandwidth_hz(1.0, gain_power_w=0.0, noise_psd_w_per_hz=1.0))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_deadline_against_cvxpy_on_200_instances():
    problem = random_problem((200, 6), seed=0)
    result = minimize_deadline(problem)
    assert result.status is Status.OPTIMAL
    assert result.kkt_residual < 1e-8
    vouched = []
    for index in range(200):
        with contextlib.suppress(cp.SolverError):
            assert instance(problem, index).to_cvxpy().solve() == pytest.approx(result.deadline_s[index], rel=1e-6)
            vouched.append(index)
    assert len(vouched) >= 198


@pytest.mark.parametrize("num_clients", [1, 2, 50, 500])
def test_everybody_is_done_together_and_the_band_is_used_up(num_clients):
    problem = random_problem((20, num_clients), seed=1, decades=(7.0, 15.0))
    result = minimize_deadline(problem)
    finish = problem.finish_s(result.bandwidth_hz)
    np.testing.assert_allclose(finish, np.broadcast_to(result.deadline_s[:, None], finish.shape), rtol=1e-8)
    np.testing.assert_allclose(result.bandwidth_hz.sum(axis=-1), BAND, rtol=1e-8)
    assert (result.deadline_s <= problem.finish_s(equal_bandwidth(problem)).max(axis=-1) * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    ("decades", "slowest_s"),
    [((13, 17), 0.5), ((20, 30), 0.5), ((7, 30), 0.5), ((30, 60), 0.0), ((8, 14), 1e6), ((8, 14), 1e16)],
    ids=["weak", "very weak", "230 dB apart", "hardly there", "slow", "very slow"],
)
def test_links_without_power_and_processors_without_speed_are_solved_in_full_precision(decades, slowest_s):
    """Where the deadline hardly depends on the bands they must still add up, and nobody be late."""
    rng = np.random.default_rng(7)
    problem = BandwidthProblem(
        compute_s=rng.uniform(0.0, slowest_s, (100, 20)),
        payload_bits=rng.uniform(1e5, 2e6, (100, 20)),
        gain_power_w=10.0 ** -rng.uniform(*decades, (100, 20)),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=BAND,
    )
    result = minimize_deadline(problem)
    assert result.status is Status.OPTIMAL
    assert (result.bandwidth_hz > 0.0).all()
    np.testing.assert_allclose(result.bandwidth_hz.sum(axis=-1), BAND, rtol=1e-11)
    finish = problem.finish_s(result.bandwidth_hz)
    np.testing.assert_allclose(finish, np.broadcast_to(result.deadline_s[:, None], finish.shape), rtol=1e-11)


def test_one_instance_of_a_batch_is_the_instance_alone():
    problem = random_problem((5, 8), seed=2)
    batch = minimize_deadline(problem)
    for i in range(5):
        alone = minimize_deadline(instance(problem, i))
        assert alone.deadline_s == pytest.approx(batch.deadline_s[i], rel=1e-13)


def test_shadow_price_is_the_slope_of_the_optimum():
    problem = random_problem((10, 6), seed=3)
    step = 1e-4 * BAND
    more, less = (minimize_deadline(dataclasses.replace(problem, bandwidth_hz=BAND + s)).deadline_s for s in (step, -step))
    slope = (less - more) / (2 * step)
    np.testing.assert_allclose(minimize_deadline(problem).shadow_price_s_per_hz, slope, rtol=1e-5)


def test_scaling_units_scales_the_result():
    problem = random_problem((10, 6), seed=4)
    kilo = BandwidthProblem(
        compute_s=problem.compute_s,
        payload_bits=problem.payload_bits / 1e3,
        gain_power_w=problem.gain_power_w,
        noise_psd_w_per_hz=NOISE * 1e3,
        bandwidth_hz=BAND / 1e3,
    )
    np.testing.assert_allclose(minimize_deadline(kilo).deadline_s, minimize_deadline(problem).deadline_s, rtol=1e-10)


def test_who_sends_nothing_is_not_waited_for():
    problem = BandwidthProblem(
        compute_s=[0.1, 99.0],
        payload_bits=[[1e6, 0.0], [0.0, 0.0]],
        gain_power_w=[1e-12, 0.0],
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=BAND,
    )
    result = minimize_deadline(problem)
    alone = minimize_deadline(
        BandwidthProblem(compute_s=[0.1], payload_bits=[1e6], gain_power_w=[1e-12], noise_psd_w_per_hz=NOISE, bandwidth_hz=BAND)
    )
    assert result.deadline_s[0] == pytest.approx(float(alone.deadline_s))
    assert result.deadline_s[1] == 0.0
    assert result.bandwidth_hz[:, 1].tolist() == [0.0, 0.0]
    assert instance(problem, 0).to_cvxpy().solve() == pytest.approx(result.deadline_s[0], rel=1e-6)


def test_a_payload_without_channel_is_infeasible():
    one = {"compute_s": 0.0, "payload_bits": [1.0, 1.0], "noise_psd_w_per_hz": 1.0, "bandwidth_hz": 1.0}
    with pytest.raises(InfeasibleProblem, match=r"gain_power_w: client \(1,\) has a payload but no channel") as error:
        BandwidthProblem(gain_power_w=[1.0, 0.0], **one)
    assert error.value.infeasible.shape == ()
    with pytest.raises(InfeasibleProblem, match=r"gain_power_w: client \(1, 0\)") as error:
        BandwidthProblem(gain_power_w=[[1.0, 2.0], [0.0, 0.0], [1.0, 0.0]], **one)
    assert error.value.infeasible.tolist() == [False, True, True]


def test_bad_input_names_the_argument():
    good = {
        "compute_s": [0.0],
        "payload_bits": [1.0],
        "gain_power_w": [1.0],
        "noise_psd_w_per_hz": 1.0,
        "bandwidth_hz": 1.0,
    }
    for name, value in (("compute_s", [-1.0]), ("bandwidth_hz", 0.0), ("noise_psd_w_per_hz", 0.0), ("payload_bits", [np.nan])):
        with pytest.raises(ValueError, match=f"{name}: got"):
            BandwidthProblem(**good | {name: value})
    with pytest.raises(ValueError, match="shapes do not match"):
        BandwidthProblem(**good | {"compute_s": [0.0, 0.0], "payload_bits": [1.0, 1.0, 1.0]})


def test_policies():
    problem = random_problem((3, 4), seed=5)
    equal, best = EqualBandwidth().bandwidth_hz(problem), OptimalBandwidth().bandwidth_hz(problem)
    np.testing.assert_allclose(equal, BAND / 4)
    assert (problem.finish_s(best).max(axis=-1) < problem.finish_s(equal).max(axis=-1)).all()


@pytest.mark.parametrize("cap", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("num_clients", [2, 6, 20])
@pytest.mark.parametrize("who", ["weakest", "strongest"])
def test_a_user_caps_the_band_of_a_client(cap, num_clients, who):
    """He is then done with all he may have, or the others share the rest out: whichever is later. Gains over 80 dB."""
    problem = instance(random_problem((1, num_clients), seed=num_clients, decades=(7.0, 15.0)), 0)
    client = int(problem.gain_power_w.argmin() if who == "weakest" else problem.gain_power_w.argmax())
    program = problem.to_cvxpy()
    program.extra.append(program.variables["share"][client] <= cap)
    capped = cap * minimize_deadline(problem).bandwidth_hz[client]
    others = np.arange(num_clients) != client
    rest = dataclasses.replace(problem, payload_bits=problem.payload_bits * others, bandwidth_hz=BAND - capped)
    own = problem.finish_s(np.where(others, BAND, capped))[client]
    expected = max(own, minimize_deadline(rest).deadline_s)
    assert program.solve() == pytest.approx(expected, rel=1e-6)
    assert expected > minimize_deadline(problem).deadline_s
    assert program.variables["share"].value[client] <= cap * (1 + 1e-6)


def test_a_constraint_that_cannot_be_met_is_infeasible_for_cvxpy_too():
    program = instance(random_problem((1, 4), seed=6), 0).to_cvxpy()
    program.extra.append(cp.sum(program.variables["share"]) <= -1.0)
    with pytest.raises(cp.SolverError, match="infeasible"):
        program.solve()
    with pytest.raises(ValueError, match="to_cvxpy: got a batch"):
        random_problem((2, 4), seed=6).to_cvxpy()
    with pytest.raises(ValueError, match="payload_bits: got only zeros"):
        dataclasses.replace(instance(random_problem((1, 4), seed=6), 0), payload_bits=0.0).to_cvxpy()


def test_monotone_root_finds_roots_of_every_kind():
    root = np.array([0.1, 0.5, 2.0, 3.0])

    def cube(x):  # flat at its root
        return (x - root) ** 3, 3 * (x - root) ** 2

    found, _ = monotone_root(cube, low=np.zeros(4), high=np.full(4, 3.0))
    np.testing.assert_allclose(found, root, atol=1e-4)  # |f| <= 1e-14 is all that can be seen

    def kink(x):
        return np.where(x < root, x - root, 100 * (x - root)), np.where(x < root, 1.0, 100.0)

    found, iterations = monotone_root(kink, low=np.zeros(4), high=np.full(4, 3.0))
    np.testing.assert_allclose(found, root, rtol=1e-13)
    assert iterations < 20


def test_monotone_root_stays_in_its_bracket():
    found, _ = monotone_root(lambda x: (x - 5.0, np.ones_like(x)), low=np.array([0.0, 6.0]), high=np.array([1.0, 7.0]))
    np.testing.assert_allclose(found, [1.0, 6.0])
