"""Laws over every transceiver, and signal-level Monte Carlo against each plan's closed form."""

import functools
import itertools

import numpy as np
import pytest

from aircomp import (
    COTAF,
    ChannelInversion,
    DifferenceOfConvex,
    FullPower,
    GaussianRandomization,
    LeastError,
    MatchedFilters,
    OptimalPowerControl,
    ReceiveBeamforming,
    RegularizedInversion,
    SelectiveForcing,
    SuccessiveConvexApproximation,
    TruncatedInversion,
    UniformForcing,
    superpose,
)
from aircomp.transceiver import takes_antennas
from channels import Rayleigh, Rician

INVERTING = [ChannelInversion(), TruncatedInversion(threshold=0.3), TruncatedInversion(threshold=0.8)]
UNIFORM_FORCING = [
    UniformForcing(),
    UniformForcing(beamformer=GaussianRandomization()),
    UniformForcing(beamformer=DifferenceOfConvex()),
    UniformForcing(beamformer=SuccessiveConvexApproximation(start=MatchedFilters())),
]
SINGLE = [*INVERTING, FullPower(), OptimalPowerControl(), RegularizedInversion(price_per_w=0.2)]
"""Each plans a draw by itself."""
LIMITED = [*INVERTING, FullPower(), OptimalPowerControl(), COTAF(threshold=0.5, mean_square_update=2.0)]
"""Nobody exceeds its limit in any draw."""
ANTENNAS = [
    *UNIFORM_FORCING,
    *(ReceiveBeamforming(transceiver=transceiver) for transceiver in SINGLE),
    SelectiveForcing(max_noise_mse=0.2),
    LeastError(),
]
EVERY = [*SINGLE, COTAF(threshold=0.5, mean_square_update=2.0), *ANTENNAS]


def name(transceiver):
    """Short and unique: the transceiver, and what is inside of it."""
    inside = [getattr(transceiver, part) for part in ("transceiver", "beamformer", "start") if hasattr(transceiver, part)]
    own = [str(transceiver.threshold)] if hasattr(transceiver, "threshold") else []
    return " ".join([type(transceiver).__name__, *own, *map(name, inside)])


each = pytest.mark.parametrize("transceiver", EVERY, ids=name)
POWER = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 3.0])
WEIGHTS = np.array([0.5, 1.0, 2.0, 1.0, 1.0, 0.1])


def draws(num_draws=50, num_clients=6, seed=0):
    return Rayleigh().draw((num_draws, num_clients), rng=np.random.default_rng(seed))


def gains(transceiver, num_draws=50, num_clients=6, num_antennas=3):
    """Draws of the shape that the transceiver takes."""
    antennas = (num_antennas,) if takes_antennas(transceiver) else ()
    return Rayleigh().draw((num_draws, num_clients, *antennas), rng=np.random.default_rng(0))


@pytest.mark.parametrize("transceiver", [*EVERY, RegularizedInversion()], ids=name)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["sum", "weighted"])
def test_signal_level_error_meets_the_closed_form(transceiver, weights):
    """Mean squared error over random symbols and noise, within four standard errors, draw by draw."""
    rng = np.random.default_rng(1)
    num_symbols = 20_000
    gain = gains(transceiver, 8)
    plan = transceiver.plan(gain, power_w=POWER, noise_power_w=0.2, weights=weights)
    shape = (8, 6, num_symbols)
    symbols = (rng.choice([-1.0, 1.0], shape) + 1j * rng.choice([-1.0, 1.0], shape)) / np.sqrt(2.0)
    received = superpose(symbols, gain=gain, transmit=plan.transmit, noise_power_w=0.2, rng=rng)
    wanted = np.sum(plan.weights[..., None] * symbols, axis=-2)
    error = np.abs(plan.combine(received) - wanted) ** 2
    standard_error = error.std(axis=-1) / np.sqrt(num_symbols)
    assert (np.abs(error.mean(axis=-1) - plan.mse) < 4 * standard_error).all()


@each
def test_the_error_on_the_planned_channel_is_that_of_the_plan(transceiver):
    gain = gains(transceiver)
    plan = transceiver.plan(gain, power_w=POWER, noise_power_w=0.2)
    np.testing.assert_allclose(plan.mse_on(gain, noise_power_w=0.2), plan.mse)
    np.testing.assert_allclose(plan.mse_on(gain, noise_power_w=0.5), plan.misalignment_mse + 2.5 * plan.noise_mse)
    # One plan, several realisations of the channel.
    turned = np.stack([gain, gain * np.exp(0.3j)])
    assert plan.mse_on(turned, noise_power_w=0.2).shape == (2, 50)
    with pytest.raises(ValueError, match="gain: got shape"):
        plan.mse_on(gain[0], noise_power_w=0.2)
    with pytest.raises(ValueError, match="noise_power_w: got -1"):
        plan.mse_on(gain, noise_power_w=-1.0)


@pytest.mark.parametrize("transceiver", [one for one in EVERY if not isinstance(one, COTAF)], ids=name)
def test_turning_the_channel_costs_what_the_angle_says(transceiver):
    """Everybody's phase off by φ: Σ|r_i e^{jφ} - 1|² with r_i real, so 2(1 - cos φ) Σ r_i more. (COTAF's weights are not 1.)"""
    gain, angle = gains(transceiver), 0.3
    plan = transceiver.plan(gain, power_w=POWER, noise_power_w=0.2)
    arrived = plan.combine(
        superpose(np.ones((50, 6, 1)), gain=gain, transmit=plan.transmit, noise_power_w=0.0, rng=np.random.default_rng(0))
    )[..., 0]
    np.testing.assert_allclose(arrived.imag, 0.0, atol=1e-9)
    turned = plan.mse_on(gain * np.exp(1j * angle), noise_power_w=0.2)
    np.testing.assert_allclose(turned - plan.mse, 2 * (1 - np.cos(angle)) * arrived.real, atol=1e-9)


@pytest.mark.parametrize(
    "transceiver",
    [*LIMITED, *UNIFORM_FORCING, *(ReceiveBeamforming(transceiver=inner) for inner in LIMITED[:-1]), *ANTENNAS[-2:]],
    ids=name,
)
def test_nobody_exceeds_the_power_limit(transceiver):
    plan = transceiver.plan(gains(transceiver), power_w=POWER, noise_power_w=0.1, weights=np.arange(1.0, 7.0))
    assert (plan.power_w <= POWER * (1 + 1e-12)).all()
    assert (plan.power_w[~plan.active] == 0.0).all()
    np.testing.assert_array_equal(plan.num_silent, np.sum(plan.power_w == 0.0, axis=-1))


@pytest.mark.parametrize("transceiver", [*INVERTING, *UNIFORM_FORCING, SelectiveForcing(max_noise_mse=0.2)], ids=name)
def test_active_signals_arrive_aligned(transceiver):
    gain = gains(transceiver)
    plan = transceiver.plan(gain, power_w=1.0, noise_power_w=0.1)
    heard = gain if plan.receive is None else np.einsum("da,dka->dk", plan.receive.conj(), gain)
    received = heard * plan.transmit / np.sqrt(plan.eta)[:, None]
    np.testing.assert_allclose(received, plan.active.astype(complex), atol=1e-12)
    np.testing.assert_allclose(plan.misalignment_mse, (~plan.active).sum(axis=-1), atol=1e-12)


@pytest.mark.parametrize(
    "transceiver",
    [one for one in EVERY if not isinstance(one, LeastError | SelectiveForcing) and "Regularized" not in name(one)],
    ids=name,
)
def test_more_power_never_raises_the_error(transceiver):
    """All limits by the same factor. (Some find a local optimum, another one at another power; a price knows no limit.)"""
    gain = gains(transceiver)
    errors = [transceiver.plan(gain, power_w=p, noise_power_w=0.1).mse for p in (0.1, 0.2, 1.0, 50.0)]
    assert all((later <= earlier * (1 + 1e-6)).all() for earlier, later in itertools.pairwise(errors))


@pytest.mark.parametrize("transceiver", [one for one in EVERY if one not in UNIFORM_FORCING[:3]], ids=name)
def test_permuting_clients_permutes_the_plan(transceiver):
    """(Which local optimum is found from random candidates may depend on the last digit, and so on the order of clients.)"""
    gain, order = gains(transceiver), np.random.default_rng(2).permutation(6)
    plan = transceiver.plan(gain, power_w=POWER, noise_power_w=0.1)
    other = transceiver.plan(gain[:, order], power_w=POWER[order], noise_power_w=0.1)
    np.testing.assert_array_equal(other.active, plan.active[:, order])
    np.testing.assert_allclose(other.mse, plan.mse, rtol=1e-4)
    if not takes_antennas(transceiver):
        np.testing.assert_allclose(other.transmit, plan.transmit[:, order])


@each
def test_units_do_not_matter(transceiver):
    """Powers and noise in milliwatts give the same error; so does fading with received powers in place of gains."""
    if isinstance(transceiver, RegularizedInversion) or isinstance(
        getattr(transceiver, "transceiver", None), RegularizedInversion
    ):
        pytest.skip("its price is per watt")
    gain = gains(transceiver)
    plan = transceiver.plan(gain, power_w=2.0, noise_power_w=0.1)
    milli = transceiver.plan(gain, power_w=2000.0, noise_power_w=100.0)
    np.testing.assert_allclose(milli.mse, plan.mse, rtol=1e-6)
    np.testing.assert_allclose(milli.power_w, 1000.0 * plan.power_w, rtol=1e-4)


@pytest.mark.parametrize("transceiver", EVERY[:-1], ids=name)
def test_one_draw_of_a_batch_is_the_draw_alone(transceiver):
    """(`LeastError` ends when the last draw of its batch is done.)"""
    gain = gains(transceiver)
    batch = transceiver.plan(gain, power_w=1.0, noise_power_w=0.1)
    alone = transceiver.plan(gain[3], power_w=1.0, noise_power_w=0.1)
    with pytest.raises(IndexError, match="got index 0 of a plan of one draw"):
        alone[0]
    np.testing.assert_allclose(batch[3].transmit, alone.transmit, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(batch[3].mse, alone.mse, rtol=1e-9)


@each
def test_leading_axes_are_a_batch(transceiver):
    """And what is given once holds for all: (2, 5, K) draws, limits of each client, a noise for each draw."""
    gain = gains(transceiver, 10)
    noise = np.linspace(0.1, 1.0, 10)
    flat = transceiver.plan(gain, power_w=POWER, noise_power_w=noise, weights=WEIGHTS)
    batch = transceiver.plan(
        gain.reshape(2, 5, *gain.shape[1:]), power_w=POWER, noise_power_w=noise.reshape(2, 5), weights=WEIGHTS
    )
    np.testing.assert_allclose(batch.mse.ravel(), flat.mse)
    np.testing.assert_allclose(batch.transmit.reshape(10, 6), flat.transmit)


@each
def test_noise_may_have_more_axes_than_gains(transceiver):
    """A sweep over SNRs in one call."""
    gain = gains(transceiver, 10)
    sweep = transceiver.plan(gain, power_w=POWER, noise_power_w=[[0.1], [1.0]], weights=WEIGHTS)
    assert sweep.mse.shape == (2, 10)
    for noise, row in zip((0.1, 1.0), sweep.mse, strict=True):
        one = transceiver.plan(gain, power_w=POWER, noise_power_w=noise, weights=WEIGHTS)
        np.testing.assert_allclose(row, one.mse, rtol=1e-6)


@each
def test_received_symbols_of_another_shape_are_refused(transceiver):
    gain = gains(transceiver)
    plan = transceiver.plan(gain, power_w=POWER, noise_power_w=0.2)
    with pytest.raises(ValueError, match=r"received: got shape \(50,\)"):
        plan.combine(np.ones(50, dtype=complex))
    with pytest.raises(ValueError, match="symbols: got shape"):
        superpose(np.ones((50, 5, 1)), gain=gain, transmit=plan.transmit, noise_power_w=0.2, rng=np.random.default_rng(0))


@each
def test_who_has_no_channel_is_left_out_and_counted(transceiver):
    gain = gains(transceiver)
    gain[:, 3] = 0.0
    plan = transceiver.plan(gain, power_w=POWER, noise_power_w=0.1, weights=WEIGHTS)
    others = np.delete(np.arange(6), 3)  # the third, not the fourth, sets the truncated η
    without = transceiver.plan(gain[:, others], power_w=POWER[others], noise_power_w=0.1, weights=WEIGHTS[others])
    assert not plan.active[:, 3].any()
    assert (plan.transmit[:, 3] == 0.0).all()
    missing = plan.weights[:, 3] ** 2
    np.testing.assert_array_equal(plan.num_silent, without.num_silent + 1)
    np.testing.assert_allclose(plan.mse, without.mse + missing, rtol=1e-4)
    with pytest.raises(ValueError, match="gain: got a draw in which every client's channel is 0"):
        transceiver.plan(np.zeros_like(gain), power_w=1.0, noise_power_w=0.1)


@pytest.mark.parametrize("rival", [*UNIFORM_FORCING, *ANTENNAS[4:-2]], ids=name)
def test_choosing_powers_and_combining_together_is_never_worse(rival):
    """Than any power-limited transceiver behind the beamformer that it starts from."""
    if isinstance(getattr(rival, "transceiver", None), RegularizedInversion):
        pytest.skip("its limit is on average")
    gain = gains(rival, 200)
    start = getattr(rival, "beamformer", SuccessiveConvexApproximation())
    arguments = {"power_w": POWER, "noise_power_w": 0.3, "weights": WEIGHTS}
    best, other = LeastError(beamformer=start).plan(gain, **arguments), rival.plan(gain, **arguments)
    assert (best.mse <= other.mse * (1 + 1e-9)).all()
    assert np.mean(best.mse < 0.99 * other.mse) > 0.5


@pytest.mark.parametrize("start", [SuccessiveConvexApproximation(), MatchedFilters()], ids=name)
@pytest.mark.parametrize("noise", [1e-3, 0.1, 3.0])
def test_what_least_error_finds_is_stationary(start, noise):
    """σ²c = Σ (w - a)u over those who fall short, u being √P h in the phase in which it arrives."""
    gain = Rayleigh().draw((100, 10, 4), rng=np.random.default_rng(7))
    plan = LeastError(beamformer=start).plan(gain, power_w=1.0, noise_power_w=noise)
    combiner = plan.receive / np.sqrt(plan.eta)[:, None]
    arriving = np.einsum("da,dka->dk", combiner.conj(), gain)
    strength = np.abs(arriving)
    aligned = gain * (arriving / strength).conj()[..., None]
    gradient = noise * combiner - np.sum(np.maximum(1.0 - strength, 0.0)[..., None] * aligned, axis=1)
    assert (np.linalg.norm(gradient, axis=-1) < 1e-3 * noise * np.linalg.norm(combiner, axis=-1)).all()


def test_at_a_single_antenna_combining_changes_nothing():
    gain = draws()
    for plain, combined in (
        (ChannelInversion(), UniformForcing()),
        (FullPower(), ReceiveBeamforming(transceiver=FullPower())),
        (OptimalPowerControl(), LeastError()),
    ):
        one = plain.plan(gain, power_w=POWER, noise_power_w=0.1)
        other = combined.plan(gain[..., None], power_w=POWER, noise_power_w=0.1)
        np.testing.assert_allclose(other.mse, one.mse, rtol=1e-9)


def test_every_antenna_more_lowers_the_error_of_uniform_forcing():
    gain = Rayleigh().draw((100, 8, 8), rng=np.random.default_rng(4))
    errors = [UniformForcing().plan(gain[..., :a], power_w=1.0, noise_power_w=0.1).mse for a in (1, 2, 4, 8)]
    medians = [np.median(error) for error in errors]
    assert all(later < 0.7 * earlier for earlier, later in itertools.pairwise(medians))


def test_the_certificate_of_uniform_forcing_bounds_the_receive_scaling():
    gain = Rayleigh().draw((50, 10, 4), rng=np.random.default_rng(5))
    plan = UniformForcing().plan(gain, power_w=POWER[:1], noise_power_w=0.1)
    certificate = UniformForcing().certificate(gain, power_w=POWER[:1])
    np.testing.assert_allclose(1.0 / plan.eta, certificate.square_norm)
    assert (certificate.bound <= certificate.square_norm * (1 + 1e-9)).all()
    assert np.median(certificate.gap) < 0.5


@pytest.mark.parametrize("target", [1e-4, 0.01, 0.1, 10.0])
def test_selection_keeps_the_noise_within_the_target_and_the_number_within_its_bound(target):
    gain = Rayleigh().draw((50, 10, 3), rng=np.random.default_rng(6))
    transceiver = SelectiveForcing(max_noise_mse=target)
    plan = transceiver.plan(gain, power_w=1.0, noise_power_w=0.1)
    certificate = transceiver.certificate(gain, power_w=1.0, noise_power_w=0.1)
    assert (plan.noise_mse <= target * (1 + 1e-9)).all()
    np.testing.assert_array_equal(plan.active, certificate.selected)
    assert (certificate.num_selected <= certificate.bound).all()
    everybody = UniformForcing().plan(gain, power_w=1.0, noise_power_w=0.1).noise_mse <= target
    assert plan.active[everybody].all()
    if target == 1e-4:
        assert not plan.active.any()
        np.testing.assert_array_equal(plan.mse, 10.0)


def test_a_beamformed_transceiver_is_not_beamformed_again():
    with pytest.raises(ValueError, match="transceiver: got UniformForcing"):
        ReceiveBeamforming(transceiver=UniformForcing())


def test_full_inversion_is_set_by_the_weakest():
    plan = ChannelInversion().plan([1.0, 0.5j, -2.0], power_w=[1.0, 2.0, 0.1], noise_power_w=0.05)
    assert plan.eta == pytest.approx(0.4)  # min(1, 2·0.25, 0.1·4)
    assert plan.mse == pytest.approx(0.05 / 0.4)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_no_receive_scaling_serves_full_power_better(weights):
    gain = draws()
    plan = FullPower().plan(gain, power_w=POWER, noise_power_w=0.2, weights=weights)
    np.testing.assert_allclose(plan.power_w, np.broadcast_to(POWER, (50, 6)))
    for factor in np.geomspace(0.2, 5.0, 81):
        received = gain * plan.transmit / (np.sqrt(plan.eta) * factor)[:, None]
        error = np.sum(np.abs(received - plan.weights) ** 2, axis=-1) + 0.2 / (plan.eta * factor**2)
        assert (plan.mse <= error * (1 + 1e-12)).all()


@pytest.mark.parametrize("fading", [Rayleigh(), Rician(k_factor_db=5.0)], ids=str)
def test_truncation_at_a_target_participation(fading):
    num = 40_000
    transceiver = TruncatedInversion.for_participation(0.8, fading=fading)
    plan = transceiver.plan(fading.draw((num, 1), rng=np.random.default_rng(3)), power_w=1.0, noise_power_w=0.1)
    assert abs(plan.active.mean() - 0.8) < 4 * np.sqrt(0.16 / num)


def test_truncation_under_rayleigh_keeps_exp_minus_h_squared():
    num, threshold = 40_000, 0.9
    plan = TruncatedInversion(threshold=threshold).plan(draws(num, 1), power_w=1.0, noise_power_w=0.1)
    expected = np.exp(-(threshold**2))
    assert abs(plan.active.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / num)


@pytest.mark.parametrize("transceiver", [*EVERY, RegularizedInversion()], ids=name)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gain": [[1.0, 1.0], [1.0, np.inf]]}, r"gain: got inf at index \(1, 1\)"),
        ({"gain": [[np.nan, 1.0], [1.0, 1.0]]}, "gain: got nan"),
        ({"gain": [[0.0, 0.0], [0.0, 0.0]]}, "gain: got a draw in which every client's channel is 0"),
        ({"gain": 1.0}, "gain: got shape"),
        ({"gain": np.ones((0, 2))}, "gain: got shape"),
        ({"power_w": -1.0}, "power_w: got -1"),
        ({"power_w": 0.0}, "power_w: got 0"),
        ({"power_w": [1.0, 1.0, 1.0]}, "power_w: got shape"),
        ({"noise_power_w": -0.1}, "noise_power_w: got -0.1"),
        ({"noise_power_w": np.nan}, "noise_power_w: got nan"),
        ({"weights": [1.0, 0.0]}, "weights: got 0"),
        ({"weights": [1.0, -1.0]}, "weights: got -1"),
        ({"weights": [1.0, 1.0, 1.0]}, "weights: got shape"),
        ({"weights": [1.0, np.inf]}, "weights: got inf"),
    ],
)
def test_bad_input_names_the_argument(transceiver, arguments, message):
    """Gains of two clients, at two antennas where the transceiver takes them, else in two draws."""
    good = {"gain": [[1.0, 1.0], [1.0, 2.0]], "power_w": 1.0, "noise_power_w": 0.1} | arguments
    with pytest.raises(ValueError, match=message):
        transceiver.plan(good.pop("gain"), **good)


def test_a_threshold_beyond_all_fading_silences_all():
    plan = TruncatedInversion(threshold=np.inf).plan(draws(), power_w=1.0, noise_power_w=0.1)
    np.testing.assert_array_equal(plan.mse, 6.0)
    np.testing.assert_array_equal(plan.transmit, 0.0)


@pytest.mark.parametrize("wrong", ["sca", SuccessiveConvexApproximation, None])
def test_what_is_not_a_beamformer_is_told(wrong):
    for make in (UniformForcing, LeastError, functools.partial(ReceiveBeamforming, transceiver=FullPower())):
        with pytest.raises(ValueError, match="beamformer: got .* needed is an object with a method solve"):
            make(beamformer=wrong)
    with pytest.raises(ValueError, match="transceiver: got .* needed is an object with a method plan"):
        ReceiveBeamforming(transceiver=FullPower)


def test_bad_thresholds():
    with pytest.raises(ValueError, match="threshold: got 0"):
        TruncatedInversion(threshold=0.0)
    with pytest.raises(ValueError, match="participation: got 1.2"):
        TruncatedInversion.for_participation(1.2, fading=Rayleigh())
