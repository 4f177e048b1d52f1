"""Laws of receivers with several antennas: how they combine, whom they select, and what is planned behind them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aircomp import (
    BeamformingResult,
    ChannelInversion,
    DifferenceOfConvex,
    DifferenceOfConvexSelection,
    FullPower,
    GaussianRandomization,
    GreedySelection,
    LeastError,
    MatchedFilters,
    OptimalPowerControl,
    ReceiveBeamforming,
    SelectionResult,
    SelectiveForcing,
    SuccessiveConvexApproximation,
    UniformForcing,
)
from covered import law_of
from links import plan_settings
from strategies import complex_gains, counts, decades, permutations, refused

BEAMFORMERS = [
    MatchedFilters(),
    GaussianRandomization(),
    SuccessiveConvexApproximation(),
    SuccessiveConvexApproximation(start=MatchedFilters(), num_starts=1),
    DifferenceOfConvex(),
]
BOUNDED = [GaussianRandomization(), SuccessiveConvexApproximation()]
SELECTIONS = [GreedySelection(), DifferenceOfConvexSelection()]
ANTENNAS = [
    UniformForcing(),
    ReceiveBeamforming(transceiver=ChannelInversion()),
    ReceiveBeamforming(transceiver=OptimalPowerControl()),
    LeastError(),
    SelectiveForcing(max_noise_mse=0.5),
    SelectiveForcing(max_noise_mse=0.5, selection=DifferenceOfConvexSelection()),
]


def name(value):
    inside = getattr(value, "start", None) or getattr(value, "transceiver", None) or getattr(value, "selection", None)
    return type(value).__name__ + (f"-{type(inside).__name__}" if inside else "")


every_beamformer = pytest.mark.parametrize("beamformer", BEAMFORMERS, ids=name)
every_selection = pytest.mark.parametrize("selection", SELECTIONS, ids=name)
every_transceiver = pytest.mark.parametrize("transceiver", ANTENNAS, ids=name)
of_beamformers = law_of(
    MatchedFilters, GaussianRandomization, SuccessiveConvexApproximation, DifferenceOfConvex, BeamformingResult
)
of_selections = law_of(GreedySelection, DifferenceOfConvexSelection, SelectionResult)
of_transceivers = law_of(UniformForcing, ReceiveBeamforming, LeastError, SelectiveForcing)
sizes = st.integers(1, 4)
fewer = settings(max_examples=settings.default.max_examples // 3)
"""Of the laws that solve semidefinite programs."""


@st.composite
def channels(draw, *, spread_db=240.0, num_clients=sizes, num_antennas=sizes):
    """(2, K, A) channels of which some are 0, but not all of a draw."""
    gain = draw(complex_gains((2, draw(num_clients), draw(num_antennas)), zeros=True, spread_db=spread_db))
    gain[:, 0, 0] = np.where(gain[:, 0].any(axis=-1), gain[:, 0, 0], 1.0)
    return gain


def received(channel, combiner):
    """(D, K) |mᴴg_i|."""
    return np.abs(np.matvec(channel, combiner.conj()))


@of_beamformers
@every_beamformer
@given(channel=channels())
@fewer
def test_the_weakest_arrives_at_one_and_the_bound_holds(beamformer, channel):
    result = beamformer.solve(channel)
    heard = channel.any(axis=-1)
    assert result.combiner.shape == (2, channel.shape[-1])
    least = np.min(np.where(heard, received(channel, result.combiner), np.inf), axis=-1)
    np.testing.assert_allclose(least, 1.0, rtol=1e-6)
    np.testing.assert_allclose(result.square_norm, np.sum(np.abs(result.combiner) ** 2, axis=-1), rtol=1e-9)
    if not np.isnan(result.bound).all():
        assert (result.bound > 0.0).all()
        assert (result.square_norm >= result.bound * (1.0 - 1e-6)).all()
        np.testing.assert_array_equal(result.gap, result.square_norm / result.bound - 1.0)
    assert (result.stationarity <= 1.0 + 1e-9).all()


@of_beamformers
@every_beamformer
@given(channel=channels(num_antennas=st.just(1)))
@fewer
def test_one_antenna_leaves_no_choice(beamformer, channel):
    least = np.min(np.where(channel != 0.0, np.abs(channel), np.inf), axis=(-2, -1))
    result = beamformer.solve(channel)
    np.testing.assert_allclose(result.square_norm, least**-2.0, rtol=1e-6)
    if not np.isnan(result.bound).all():
        np.testing.assert_allclose(result.bound, least**-2.0, rtol=1e-6)


@of_beamformers
@every_beamformer
@given(channel=channels(num_clients=st.just(1)), copies=counts)
@fewer
def test_clients_alike_are_served_as_one(beamformer, channel, copies):
    result = beamformer.solve(np.repeat(channel, copies, axis=1))
    np.testing.assert_allclose(result.square_norm, np.linalg.norm(channel[:, 0], axis=-1) ** -2.0, rtol=1e-6)


@law_of(GaussianRandomization, SuccessiveConvexApproximation, BeamformingResult)
@pytest.mark.parametrize("beamformer", BOUNDED, ids=name)
@given(channel=channels(spread_db=60.0), factor=st.sampled_from([2.0**-20, 2.0**20]), data=st.data())
@fewer
def test_the_bound_knows_neither_units_nor_orders(beamformer, channel, factor, data):
    plain = beamformer.solve(channel)
    scaled = beamformer.solve(factor * channel)
    np.testing.assert_allclose(scaled.bound * factor**2, plain.bound, rtol=1e-9)
    np.testing.assert_allclose(scaled.square_norm * factor**2, plain.square_norm, rtol=1e-6)
    clients, antennas = (data.draw(permutations(size)) for size in channel.shape[1:])
    turned = beamformer.solve(channel[:, clients][:, :, antennas] * 1j)
    np.testing.assert_allclose(turned.bound, plain.bound, rtol=1e-6)
    alone = beamformer.solve(channel[:, :1])
    assert (alone.bound <= plain.bound * (1.0 + 1e-6)).all()


@law_of(GaussianRandomization, SuccessiveConvexApproximation)
@pytest.mark.parametrize("beamformer", BOUNDED, ids=name)
@given(channel=channels(spread_db=60.0, num_clients=st.integers(1, 3)))
@fewer
def test_three_clients_are_served_at_the_bound(beamformer, channel):
    assert (np.abs(beamformer.solve(channel).gap) < 1e-5).all()


@law_of(SuccessiveConvexApproximation, DifferenceOfConvex, GaussianRandomization)
@given(channel=channels(spread_db=60.0))
@fewer
def test_going_on_never_lengthens_the_combiner(channel):
    start = GaussianRandomization().solve(channel).square_norm
    for beamformer in (SuccessiveConvexApproximation(), DifferenceOfConvex()):
        assert (beamformer.solve(channel).square_norm <= start * (1.0 + 1e-9)).all()


@of_selections
@every_selection
@given(channel=channels(), limit=decades(1e-3, 1e9), factor=st.sampled_from([2.0**-20, 2.0**20]))
@fewer
def test_whoever_is_selected_is_served_within_the_limit(selection, channel, limit, factor):
    result = selection.select(channel, max_square_norm=limit)
    assert (result.square_norm <= limit * (1.0 + 1e-9)).all()
    assert (result.num_selected <= result.bound).all()
    assert (result.bound <= channel.any(axis=-1).sum(axis=-1)).all()
    assert (received(channel, result.combiner)[result.selected] >= 1.0 - 1e-9).all()
    assert not (result.selected & ~channel.any(axis=-1)).any()
    possible = (np.linalg.norm(channel, axis=-1).max(axis=-1) ** 2 * limit) > 1.0 + 1e-9
    assert (result.num_selected[possible] >= 1).all()
    assert not result.combiner[result.num_selected == 0].any()
    scaled = selection.select(factor * channel, max_square_norm=limit / factor**2)
    np.testing.assert_array_equal(scaled.selected, result.selected)


@of_selections
@every_selection
@given(channel=channels(num_antennas=st.just(1)), limit=decades(1e-3, 1e9))
@fewer
def test_at_one_antenna_all_within_reach_are_selected(selection, channel, limit):
    result = selection.select(channel, max_square_norm=limit)
    power = np.abs(channel[..., 0]) ** 2 * limit
    assume((np.abs(power - 1.0) > 1e-9).all())
    np.testing.assert_array_equal(result.selected, power > 1.0)
    np.testing.assert_array_equal(result.bound, (power > 1.0).sum(axis=-1))


@of_transceivers
@every_transceiver
@given(setting=plan_settings(antennas=True))
@fewer
def test_plans_behind_antennas_are_within_the_limits_and_know_their_error(transceiver, setting):
    plan = setting.plan(transceiver)
    assert (plan.power_w <= setting.power_w * (1.0 + 1e-6)).all()
    np.testing.assert_allclose(np.linalg.norm(plan.receive, axis=-1), 1.0, rtol=1e-9)
    total = np.sum(setting.weights**2)
    some = np.isfinite(plan.eta)
    on_air = plan.mse_on(setting.gain, noise_power_w=setting.noise_power_w)
    np.testing.assert_allclose(on_air[some], plan.mse[some], rtol=1e-6, atol=1e-9 * total)
    assert np.isfinite(plan.mse).all()
    assert not (plan.active & ~setting.gain.any(axis=-1)).any()


@law_of(UniformForcing, ReceiveBeamforming)
@pytest.mark.parametrize("transceiver", ANTENNAS[:3], ids=name)
@given(setting=plan_settings(antennas=True), factor=decades(1.0, 1e6))
@fewer
def test_noise_never_helps_behind_the_same_combiner(transceiver, setting, factor):
    quiet = setting.plan(transceiver)
    noisy = setting.but(noise_power_w=factor * setting.noise_power_w).plan(transceiver)
    np.testing.assert_allclose(noisy.receive, quiet.receive, rtol=1e-9)
    assert (noisy.mse >= quiet.mse * (1.0 - 1e-9)).all()


@law_of(LeastError, UniformForcing, ReceiveBeamforming)
@given(setting=plan_settings(antennas=True))
@fewer
def test_more_freedom_never_costs_error(setting):
    forced, controlled, joint = (
        setting.plan(transceiver).mse
        for transceiver in (UniformForcing(), ReceiveBeamforming(transceiver=OptimalPowerControl()), LeastError())
    )
    slack = 1e-9 * np.sum(setting.weights**2)
    assert (controlled <= forced * (1.0 + 1e-9) + slack).all()
    assert (joint <= controlled * (1.0 + 1e-9) + slack).all()


@law_of(UniformForcing, BeamformingResult)
@given(setting=plan_settings(antennas=True))
@fewer
def test_the_certificate_is_of_the_plan(setting):
    plan = setting.plan(UniformForcing())
    search = UniformForcing().certificate(setting.gain, power_w=setting.power_w, weights=setting.weights)
    np.testing.assert_allclose(plan.eta * search.square_norm, 1.0, rtol=1e-6)
    np.testing.assert_allclose(plan.noise_mse, setting.noise_power_w * search.square_norm, rtol=1e-6)
    missing = np.sum(np.where(plan.active, 0.0, setting.weights**2), axis=-1)
    np.testing.assert_allclose(plan.misalignment_mse, missing, atol=1e-9 * np.sum(setting.weights**2))


@law_of(SelectiveForcing, SelectionResult)
@given(setting=plan_settings(antennas=True), target=decades(1e-6, 1e6))
@fewer
def test_who_is_selected_meets_the_target(setting, target):
    transceiver = SelectiveForcing(max_noise_mse=target)
    plan = setting.plan(transceiver)
    chosen = transceiver.certificate(
        setting.gain, power_w=setting.power_w, noise_power_w=setting.noise_power_w, weights=setting.weights
    )
    assert (plan.noise_mse <= target * (1.0 + 1e-9)).all()
    np.testing.assert_array_equal(plan.active, chosen.selected)
    np.testing.assert_allclose(plan.misalignment_mse, np.sum(np.where(plan.active, 0.0, setting.weights**2), axis=-1))


@law_of(UniformForcing, ReceiveBeamforming, LeastError)
@pytest.mark.parametrize(
    ("transceiver", "single"),
    [
        (UniformForcing(), ChannelInversion()),
        (ReceiveBeamforming(transceiver=FullPower()), FullPower()),
        (LeastError(), OptimalPowerControl()),
    ],
    ids=["uniform forcing", "full power", "least error"],
)
@given(setting=plan_settings())
@fewer
def test_one_antenna_is_planned_as_such(transceiver, single, setting):
    plan = setting.but(gain=setting.gain[..., None]).plan(transceiver)
    np.testing.assert_allclose(plan.mse, setting.plan(single).mse, rtol=1e-6, atol=1e-9 * np.sum(setting.weights**2))


@of_transceivers
@every_transceiver
@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("gain", [[1.0, np.nan], [1.0, 1.0]]),
        ("gain", np.zeros((2, 3))),
        ("gain", [1.0, 0.5]),
        ("power_w", -1.0),
        ("power_w", np.ones(3)),
        ("noise_power_w", np.nan),
        ("noise_power_w", -1.0),
        ("weights", 0.0),
        ("weights", np.ones(3)),
    ],
)
def test_what_is_no_channel_is_refused(transceiver, argument, wrong):
    arguments = {"gain": np.ones((2, 3)), "power_w": 1.0, "noise_power_w": 0.1, "weights": 1.0} | {argument: wrong}
    with refused(argument):
        transceiver.plan(arguments.pop("gain"), **arguments)


@of_beamformers
@of_selections
@pytest.mark.parametrize("wrong", [[[1.0, np.inf]], np.zeros((2, 2)), [1.0, 2.0], np.ones((2, 0))])
def test_what_is_no_channel_is_refused_by_solvers(wrong):
    for beamformer in BEAMFORMERS:
        with refused("channel"):
            beamformer.solve(wrong)
    for selection in SELECTIONS:
        with refused("channel"):
            selection.select(wrong, max_square_norm=1.0)
        for limit in (0.0, np.nan, np.ones(3)):
            with refused("max_square_norm"):
                selection.select(np.ones((2, 2)), max_square_norm=limit)
