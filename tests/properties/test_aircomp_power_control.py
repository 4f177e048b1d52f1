"""Laws of transceivers at a single antenna, of the prices of power, and of cells that plan together."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aircomp import (
    COTAF,
    ChannelInversion,
    FullPower,
    MulticellPlan,
    OptimalPowerControl,
    RegularizedInversion,
    TransceiverPlan,
    TruncatedInversion,
    plan_cells,
    power_prices,
    superpose,
)
from channels import Nakagami, Rayleigh, Rician
from covered import law_of
from links import plan_settings
from strategies import batches, complex_gains, counts, decade_arrays, decades, permutations, refused, rngs, seeds

TRUNCATED = [TruncatedInversion(threshold=threshold) for threshold in (1e-9, 1e-3, 1.0)]
LIMITED = [ChannelInversion(), FullPower(), OptimalPowerControl(), *TRUNCATED]
"""Nobody exceeds its limit in any draw."""
SINGLE = [*LIMITED, RegularizedInversion(price_per_w=0.3)]
EVERY = [*SINGLE, COTAF(threshold=1e-3, mean_square_update=2.0)]
of_every = law_of(ChannelInversion, FullPower, OptimalPowerControl, TruncatedInversion, RegularizedInversion, COTAF)
factors = decades(1.0, 1e6)
scales = st.sampled_from([2.0**-20, 2.0**20])


def name(transceiver):
    threshold = getattr(transceiver, "threshold", "")
    return f"{type(transceiver).__name__}{threshold}"


every = pytest.mark.parametrize("transceiver", EVERY, ids=name)
every_limited = pytest.mark.parametrize("transceiver", LIMITED, ids=name)


def usable(transceiver, setting):
    """Prices of power, and a target for the noise, need noise."""
    assume(setting.noise_power_w > 0.0 or not isinstance(transceiver, RegularizedInversion))
    return setting


@of_every
@law_of(TransceiverPlan)
@every
@given(setting=plan_settings())
def test_a_plan_is_numbers_and_its_error_their_sum(transceiver, setting):
    plan = usable(transceiver, setting).plan(transceiver)
    for array in (plan.transmit, plan.misalignment_mse, plan.noise_mse, plan.power_w):
        assert np.isfinite(array).all()
    assert not np.isnan(plan.eta).any()
    assert (plan.eta > 0.0).all()
    assert ((plan.misalignment_mse >= 0.0) & (plan.noise_mse >= 0.0)).all()
    assert (plan.transmit[~plan.active] == 0.0).all()
    assert not (plan.active & (setting.gain == 0.0)).any()
    np.testing.assert_array_equal(plan.mse, plan.misalignment_mse + plan.noise_mse)
    np.testing.assert_array_equal(plan.num_silent, (~plan.active).sum(axis=-1))
    total = np.sum(setting.weights**2)
    some = np.isfinite(plan.eta)
    on_air = plan.mse_on(setting.gain, noise_power_w=setting.noise_power_w)
    np.testing.assert_allclose(on_air[some], plan.mse[some], rtol=1e-9, atol=1e-12 * total)


@of_every
@every_limited
@given(setting=plan_settings())
def test_nobody_exceeds_its_limit(transceiver, setting):
    assert (setting.plan(transceiver).power_w <= setting.power_w * (1.0 + 1e-9)).all()


@of_every
@every
@given(setting=plan_settings(), data=st.data())
def test_order_of_clients_and_phases_do_not_matter(transceiver, setting, data):
    plan = usable(transceiver, setting).plan(transceiver)
    order = data.draw(permutations(setting.gain.shape[1]))
    turned = setting.but(gain=setting.gain[:, order] * 1j, power_w=setting.power_w[order], weights=setting.weights[order]).plan(
        transceiver
    )
    total = np.sum(setting.weights**2)
    np.testing.assert_allclose(turned.mse, plan.mse, rtol=1e-9, atol=1e-12 * total)
    np.testing.assert_allclose(turned.transmit * 1j, plan.transmit[:, order], rtol=1e-9)
    np.testing.assert_array_equal(turned.active, plan.active[:, order])


@of_every
@every
@given(setting=plan_settings())
def test_a_batch_is_its_draws(transceiver, setting):
    plan = usable(transceiver, setting).plan(transceiver)
    for draw, gain in enumerate(setting.gain):
        alone, one = setting.but(gain=gain).plan(transceiver), plan[draw]
        for attribute in ("transmit", "eta", "active", "weights", "misalignment_mse", "noise_mse"):
            np.testing.assert_allclose(getattr(one, attribute), getattr(alone, attribute), rtol=1e-12)


@of_every
@pytest.mark.parametrize("transceiver", [*SINGLE[:3], RegularizedInversion(price_per_w=0.3)], ids=name)
@given(setting=plan_settings(), factor=scales)
def test_units_do_not_matter(transceiver, setting, factor):
    """Gains in other units, with powers or noise in the same; weights scale the error."""
    plan = usable(transceiver, setting).plan(transceiver)
    if not isinstance(transceiver, RegularizedInversion):  # whose price is one of a watt
        louder = setting.but(gain=factor * setting.gain, power_w=setting.power_w / factor**2).plan(transceiver)
        np.testing.assert_allclose(louder.mse, plan.mse, rtol=1e-9)
        heavier = setting.but(weights=factor * setting.weights).plan(transceiver)
        np.testing.assert_allclose(heavier.mse, factor**2 * plan.mse, rtol=1e-9)
        louder = setting.but(power_w=setting.power_w * factor, noise_power_w=setting.noise_power_w * factor).plan(transceiver)
    else:
        louder = setting.but(gain=factor * setting.gain, noise_power_w=setting.noise_power_w * factor**2).plan(transceiver)
    np.testing.assert_allclose(louder.mse, plan.mse, rtol=1e-9)


@of_every
@every
@given(setting=plan_settings(), factor=factors)
def test_noise_never_helps(transceiver, setting, factor):
    quiet = usable(transceiver, setting).plan(transceiver)
    noisy = setting.but(noise_power_w=factor * setting.noise_power_w).plan(transceiver)
    total = np.sum(setting.weights**2)
    assert (noisy.mse >= quiet.mse * (1.0 - 1e-9) - 1e-12 * total).all()


@law_of(ChannelInversion, OptimalPowerControl, TruncatedInversion, COTAF)
@pytest.mark.parametrize("transceiver", [ChannelInversion(), OptimalPowerControl(), *TRUNCATED, EVERY[-1]], ids=name)
@given(setting=plan_settings(), more=counts.flatmap(lambda number: decade_arrays(number, 1.0, 1e6)))
def test_power_never_hurts(transceiver, setting, more):
    """Whoever gets it: not so for `FullPower`, whose strong clients then are too strong."""
    more = np.resize(more, setting.power_w.shape)
    before, after = (s.plan(transceiver) for s in (setting, setting.but(power_w=more * setting.power_w)))
    total = np.sum(setting.weights**2)
    assert (after.mse <= before.mse * (1.0 + 1e-9) + 1e-12 * total).all()


@law_of(OptimalPowerControl, ChannelInversion, FullPower, TruncatedInversion)
@given(setting=plan_settings())
def test_nobody_beats_optimal_power_control(setting):
    best = setting.plan(OptimalPowerControl()).mse
    total = np.sum(setting.weights**2)
    for transceiver in LIMITED:
        assert (best <= setting.plan(transceiver).mse * (1.0 + 1e-9) + 1e-12 * total).all()
    assert (best <= total * (1.0 + 1e-9)).all()


@law_of(OptimalPowerControl)
@given(setting=plan_settings(), step=decades(1e-6, 10.0), sign=st.sampled_from([-1.0, 1.0]))
def test_no_other_receive_scaling_is_better(setting, step, sign):
    plan = setting.plan(OptimalPowerControl())

    def error(scaling):
        short = np.maximum(setting.weights - setting.reach * scaling[:, None], 0.0)
        return np.sum(short**2, axis=-1) + setting.noise_power_w * scaling**2

    scaling = 1.0 / np.sqrt(plan.eta)
    total = np.sum(setting.weights**2)
    np.testing.assert_allclose(error(scaling), plan.mse, rtol=1e-9, atol=1e-12 * total)
    assert (plan.mse <= error(scaling * np.exp(sign * step)) * (1.0 + 1e-9) + 1e-12 * total).all()


@law_of(ChannelInversion, OptimalPowerControl, FullPower)
@pytest.mark.parametrize("transceiver", [ChannelInversion(), OptimalPowerControl(), FullPower()], ids=name)
@given(setting=plan_settings(deaf=False))
def test_who_has_no_channel_only_is_missing(transceiver, setting):
    plan = setting.plan(transceiver)
    joined = setting.but(
        gain=np.append(setting.gain, np.zeros((2, 1)), axis=1),
        power_w=np.append(setting.power_w, 1.0),
        weights=np.append(setting.weights, 3.0),
    ).plan(transceiver)
    np.testing.assert_allclose(joined.mse, plan.mse + 9.0, rtol=1e-9)
    assert not joined.active[:, -1].any()


@of_every
@given(reach=decades(1e-12, 1e3), noise=decades(1e-30, 1e3), number=counts)
def test_one_client_and_clients_alike_have_closed_forms(reach, noise, number):
    def error(transceiver):
        return transceiver.plan(np.full(number, reach), power_w=1.0, noise_power_w=noise).mse

    snr = reach**2 / noise
    np.testing.assert_allclose(error(ChannelInversion()), 1.0 / snr, rtol=1e-9)
    for transceiver in (FullPower(), OptimalPowerControl()):
        np.testing.assert_allclose(error(transceiver), number / (1.0 + number * snr), rtol=1e-6, atol=1e-12)


@law_of(TruncatedInversion)
@given(
    probability=st.floats(1e-3, 0.999),
    more=st.floats(1.0, 10.0),
    fading=st.sampled_from([Rayleigh(), Rician(k_factor_db=5.0), Nakagami(m=2.0)]),
)
def test_more_take_part_below_a_lower_threshold(probability, more, fading):
    few, many = (TruncatedInversion.for_participation(p, fading=fading) for p in (probability / more, probability))
    assert few.threshold >= many.threshold > 0.0
    assert np.isclose(fading.amplitude_quantile(1.0 - probability), many.threshold)
    for wrong in (0.0, 1.0, np.nan):
        with refused("participation"):
            TruncatedInversion.for_participation(wrong, fading=fading)


@law_of(TruncatedInversion)
@given(setting=plan_settings())
def test_an_infinite_threshold_silences_all(setting):
    plan = setting.plan(TruncatedInversion(threshold=np.inf))
    assert not plan.active.any()
    np.testing.assert_allclose(plan.mse, np.sum(setting.weights**2), rtol=1e-12)


@law_of(COTAF, TruncatedInversion)
@given(setting=plan_settings(), mean_square=decades(1e-12, 1e12))
def test_cotaf_is_truncated_inversion_of_scaled_updates(setting, mean_square):
    cotaf = COTAF(threshold=1e-3, mean_square_update=mean_square)
    ours = setting.plan(cotaf)
    theirs = setting.but(weights=setting.weights * np.sqrt(mean_square)).plan(TruncatedInversion(threshold=1e-3))
    np.testing.assert_allclose(ours.mse, theirs.mse, rtol=1e-9)
    np.testing.assert_allclose(ours.power_w, theirs.power_w, rtol=1e-9)
    precoding = cotaf.precoding(power_w=setting.power_w, weights=setting.weights)
    np.testing.assert_allclose(ours.eta, 1e-6 * precoding, rtol=1e-9)
    shrunk = COTAF(threshold=1e-3, mean_square_update=mean_square / 16.0).precoding(
        power_w=setting.power_w, weights=setting.weights
    )
    np.testing.assert_allclose(shrunk, 16.0 * precoding, rtol=1e-9)


@law_of(power_prices, RegularizedInversion)
@given(setting=plan_settings(deaf=False, num_draws=4, spread_db=40.0), noise=decades(1e-6, 1.0))
def test_prices_meet_the_conditions_of_optimality(setting, noise):
    setting = setting.but(noise_power_w=noise * float(np.min(setting.reach**2)))
    arguments = {"power_w": setting.power_w, "noise_power_w": setting.noise_power_w, "weights": setting.weights}
    prices = power_prices(setting.gain, **arguments)
    assert (prices.price_per_w >= 0.0).all()
    assert prices.kkt_residual <= 1e-10
    plan = RegularizedInversion().plan(setting.gain, **arguments)
    assert (plan.power_w.mean(axis=0) <= setting.power_w * (1.0 + 1e-6)).all()
    assert plan.mse.mean() == pytest.approx(prices.least_mean_mse, rel=1e-6)
    for limited in (ChannelInversion(), OptimalPowerControl(), FullPower()):
        assert prices.least_mean_mse <= setting.plan(limited).mse.mean() * (1.0 + 1e-6)


@law_of(power_prices, RegularizedInversion)
@given(setting=plan_settings(num_draws=3))
def test_prices_are_found_or_refused_whatever_the_channels(setting):
    """240 dB apart, with fades to nothing: an answer within its tolerance, or an error that says why not."""
    arguments = {"power_w": setting.power_w, "noise_power_w": setting.noise_power_w, "weights": setting.weights}
    try:
        prices = power_prices(setting.gain, **arguments)
    except ValueError as error:
        assert str(error).split(":")[0] in ("gain", "noise_power_w")  # noqa: PT017
    except ArithmeticError as error:
        assert str(error).startswith("power prices: got a residual")  # noqa: PT017
    else:
        assert prices.kkt_residual <= 1e-10
        assert np.isfinite(prices.price_per_w).all()


@law_of(RegularizedInversion)
@given(setting=plan_settings(deaf=False), price=decades(1e-9, 1e9), factor=factors)
def test_dear_power_is_saved(setting, price, factor):
    setting = usable(RegularizedInversion(), setting)
    cheap, dear = (setting.plan(RegularizedInversion(price_per_w=p)) for p in (price, factor * price))
    total = np.sum(setting.weights**2)

    def cost(plan, price):
        return plan.mse + price * plan.power_w.sum(axis=-1)

    assert (cost(cheap, price) <= cost(dear, price) * (1.0 + 1e-6)).all()
    assert (cost(dear, factor * price) <= cost(cheap, factor * price) * (1.0 + 1e-6)).all()
    assert (dear.mse >= cheap.mse * (1.0 - 1e-9) - 1e-9 * total).all()
    assert (dear.mse <= total * (1.0 + 1e-9)).all()


@law_of(superpose, TransceiverPlan)
@given(setting=plan_settings(), rng=rngs, data=st.data())
def test_what_is_combined_is_the_weighted_sum(setting, rng, data):
    plan = setting.plan(ChannelInversion())
    heard = plan.active
    symbols = data.draw(complex_gains((2, setting.gain.shape[1], 3)))
    received = superpose(symbols, gain=setting.gain, transmit=plan.transmit, noise_power_w=0.0, rng=rng)
    wanted = np.sum(np.where(heard, setting.weights, 0.0)[..., None] * symbols, axis=1)
    np.testing.assert_allclose(plan.combine(received), wanted, rtol=1e-9, atol=1e-9)


@law_of(superpose)
@given(
    batch=batches,
    num_clients=counts,
    num_antennas=st.none() | counts,
    noise=decades(1e-30, 1e3),
    seed=seeds,
    data=st.data(),
)
def test_the_air_adds_and_its_noise_is_its_own(batch, num_clients, num_antennas, noise, seed, data):
    antennas = () if num_antennas is None else (num_antennas,)
    gain = data.draw(complex_gains((*batch, num_clients, *antennas)))
    transmit = data.draw(complex_gains((*batch, num_clients)))
    symbols = data.draw(complex_gains((*batch, num_clients, 2)))

    def received(symbols, noise_power_w=noise):
        return superpose(symbols, gain=gain, transmit=transmit, noise_power_w=noise_power_w, rng=np.random.default_rng(seed))

    whole = received(symbols)
    assert whole.shape == (*batch, *antennas, 2)
    np.testing.assert_array_equal(whole, received(symbols))
    alone = sum(
        received(np.where(np.arange(num_clients)[:, None] == client, symbols, 0.0), 0.0) for client in range(num_clients)
    )
    silence = received(np.zeros_like(symbols))
    np.testing.assert_allclose(whole, alone + silence, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(received(np.zeros_like(symbols), 4.0 * noise), 2.0 * silence, rtol=1e-12)


@of_every
@every
@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("gain", [1.0, np.nan]),
        ("gain", [np.inf, 1.0]),
        ("gain", [0.0, 0.0]),
        ("gain", 1.0),
        ("gain", np.ones((3, 0))),
        ("power_w", 0.0),
        ("power_w", [1.0, -1.0]),
        ("power_w", np.nan),
        ("power_w", np.ones(3)),
        ("noise_power_w", -1.0),
        ("noise_power_w", np.nan),
        ("noise_power_w", 1j),
        ("weights", 0.0),
        ("weights", [1.0, np.inf]),
        ("weights", np.ones(3)),
    ],
)
def test_what_is_no_channel_is_refused(transceiver, argument, wrong):
    arguments = {"gain": [1.0, 0.5], "power_w": 1.0, "noise_power_w": 0.1, "weights": 1.0} | {argument: wrong}
    with refused(argument):
        transceiver.plan(arguments.pop("gain"), **arguments)


@st.composite
def cellular(draw):
    """Gains (N, K) to every station, each of which serves somebody, the own a little stronger than the others'."""
    num_cells = draw(st.integers(1, 3))
    serving = np.concatenate([np.arange(num_cells), draw(st.lists(st.integers(0, num_cells - 1), max_size=3))]).astype(int)
    gain = draw(complex_gains((num_cells, len(serving)), spread_db=60.0))
    return gain, serving


@law_of(plan_cells, MulticellPlan)
@pytest.mark.parametrize("transceiver", [ChannelInversion(), OptimalPowerControl(), FullPower()], ids=name)
@given(network=cellular(), power_w=decades(1e-3, 1e1), noise=decades(1e-9, 1.0), data=st.data())
def test_cells_plan_for_what_the_others_cause(transceiver, network, power_w, noise, data):
    gain, serving = network
    cells = plan_cells(transceiver, gain, serving_cell=serving, power_w=power_w, noise_power_w=noise)
    assert isinstance(cells, MulticellPlan)
    assert cells.converged
    for cell, (plan, clients) in enumerate(zip(cells.plans, cells.clients, strict=True)):
        others = [
            np.sum(np.abs(gain[cell, theirs]) ** 2 * other.power_w)
            for number, (other, theirs) in enumerate(zip(cells.plans, cells.clients, strict=True))
            if number != cell
        ]
        np.testing.assert_allclose(cells.interference_power_w[cell], sum(others), rtol=1e-6, atol=1e-9 * noise)
        alone = transceiver.plan(gain[cell, clients], power_w=power_w, noise_power_w=noise + cells.interference_power_w[cell])
        np.testing.assert_allclose(plan.mse, alone.mse, rtol=1e-6)
        silent = transceiver.plan(gain[cell, clients], power_w=power_w, noise_power_w=noise)
        assert plan.mse >= silent.mse * (1.0 - 1e-9)
    order = data.draw(permutations(len(serving)))
    turned = plan_cells(transceiver, gain[:, order], serving_cell=serving[order], power_w=power_w, noise_power_w=noise)
    np.testing.assert_allclose(turned.interference_power_w, cells.interference_power_w, rtol=1e-6, atol=1e-9 * noise)


@law_of(plan_cells)
@given(setting=plan_settings(deaf=False))
def test_a_single_cell_plans_as_if_it_were_alone(setting):
    assume(setting.noise_power_w > 0.0)
    number = setting.gain.shape[1]
    cells = plan_cells(
        OptimalPowerControl(),
        setting.gain[:, None],
        serving_cell=np.zeros(number),
        power_w=setting.power_w,
        noise_power_w=setting.noise_power_w,
        weights=setting.weights,
    )
    assert not cells.interference_power_w.any()
    np.testing.assert_allclose(cells.plans[0].mse, setting.plan(OptimalPowerControl()).mse, rtol=1e-12)
