"""Laws of path loss, lines of sight, walls and shadowing."""

import functools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import (
    Building,
    Factory,
    FreeSpace,
    GivenSNR,
    IndoorFactory,
    IndoorOffice,
    LargeScale,
    LogDistance,
    RuralMacro,
    UrbanMacro,
    UrbanMicro,
    correlated_shadowing,
    db_to_linear,
    free_space_pathloss_db,
    gaussian_field,
    inf_los_probability,
    inf_pathloss_db,
    inh_los_probability,
    inh_pathloss_db,
    log_distance_pathloss_db,
    rma_los_probability,
    rma_pathloss_db,
    uma_los_probability,
    uma_pathloss_db,
    umi_los_probability,
    umi_pathloss_db,
    wall_loss_db,
)
from covered import law_of
from places import layouts, points
from strategies import counts, decade_arrays, decades, permutations, refused, rngs, seeds

carriers_hz = decades(0.5e9, 30e9)
distances_m = decades(10.0, 5000.0)
factors = decades(1.0, 1e3)
STEPS = [*Factory][:4]
TABLE = {
    uma_pathloss_db: (10.0, 5000.0),
    umi_pathloss_db: (10.0, 5000.0),
    rma_pathloss_db: (10.0, 5000.0),
    inh_pathloss_db: (10.0, 140.0),
    **{functools.partial(inf_pathloss_db, factory=factory): (10.0, 590.0) for factory in STEPS},
}
"""Path losses of TR 38.901 with the ground distances that all of them allow at their usual heights."""
PROBABILITIES = [
    uma_los_probability,
    umi_los_probability,
    rma_los_probability,
    inh_los_probability,
    functools.partial(inh_los_probability, open_office=False),
    *(
        functools.partial(
            inf_los_probability, factory=factory, clutter_size_m=3.0, clutter_density=0.3, clutter_height_m=6.0, bs_height_m=8.0
        )
        for factory in Factory
    ),
]
MODELS = [
    FreeSpace(),
    LogDistance(),
    UrbanMacro(extrapolate=True),
    UrbanMacro(building=Building.HIGH, extrapolate=True),
    UrbanMicro(extrapolate=True),
    RuralMacro(extrapolate=True),
    IndoorOffice(extrapolate=True),
    IndoorFactory(factory=Factory.DENSE_LOW, extrapolate=True),
]


def name(value):
    keywords = getattr(value, "keywords", {})
    return "-".join([getattr(value, "func", value).__name__, *(str(getattr(v, "name", v)) for v in keywords.values())])


every_pathloss = pytest.mark.parametrize("pathloss_db", TABLE, ids=name)
every_probability = pytest.mark.parametrize("probability", PROBABILITIES, ids=name)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
of_table = law_of(uma_pathloss_db, umi_pathloss_db, rma_pathloss_db, inh_pathloss_db, inf_pathloss_db)
of_probability = law_of(uma_los_probability, umi_los_probability, rma_los_probability, inh_los_probability, inf_los_probability)
of_models = law_of(FreeSpace, LogDistance, UrbanMacro, UrbanMicro, RuralMacro, IndoorOffice, IndoorFactory, LargeScale)


@law_of(free_space_pathloss_db)
@given(distance_m=decades(1e-3, 1e12), carrier_hz=decades(1.0, 1e15), factor=factors)
def test_free_space_knows_only_the_distance_in_wavelengths(distance_m, carrier_hz, factor):
    loss_db = free_space_pathloss_db(distance_m, carrier_hz=carrier_hz)
    for further_db in (
        free_space_pathloss_db(factor * distance_m, carrier_hz=carrier_hz),
        free_space_pathloss_db(distance_m, carrier_hz=factor * carrier_hz),
    ):
        np.testing.assert_allclose(further_db - loss_db, 20.0 * np.log10(factor), atol=1e-9)


@law_of(log_distance_pathloss_db, free_space_pathloss_db)
@given(
    distance_m=decades(1e-2, 1e6),
    carrier_hz=carriers_hz,
    reference_m=decades(1e-2, 1e3),
    exponent=st.floats(2.0, 8.0),
    factor=factors,
)
def test_log_distance_starts_as_free_space_and_falls_faster(distance_m, carrier_hz, reference_m, exponent, factor):
    def loss_db(distance_m, exponent=exponent):
        return log_distance_pathloss_db(distance_m, carrier_hz=carrier_hz, exponent=exponent, reference_distance_m=reference_m)

    free_db = free_space_pathloss_db(distance_m, carrier_hz=carrier_hz)
    np.testing.assert_allclose(loss_db(distance_m, exponent=2.0), free_db, atol=1e-9)
    assert loss_db(distance_m) >= free_db - 1e-9
    assert loss_db(factor * distance_m) >= loss_db(distance_m)
    beyond = loss_db(factor * reference_m) - loss_db(reference_m)
    np.testing.assert_allclose(beyond, 10.0 * exponent * np.log10(factor), atol=1e-9)


@of_table
@every_pathloss
@given(share=st.floats(0.0, 1.0), further=st.floats(0.0, 1.0), carrier_hz=carriers_hz, data=st.data())
def test_path_loss_rises_with_distance_and_obstacles(pathloss_db, share, further, carrier_hz, data):
    low, high = TABLE[pathloss_db]
    near, far = low * (high / low) ** (share * further), low * (high / low) ** share
    losses = pathloss_db([[near], [far]], carrier_hz=carrier_hz, los=[True, False])
    assert (losses > 0.0).all()
    assert (losses[0] <= losses[1] + 1e-9).all()
    assert (losses[:, 0] <= losses[:, 1]).all()
    alone = [[pathloss_db(d, carrier_hz=carrier_hz, los=los) for los in (True, False)] for d in (near, far)]
    np.testing.assert_array_equal(losses, alone)


@of_table
@every_pathloss
@given(share=st.floats(0.0, 1.0), carrier_hz=carriers_hz, factor=st.floats(1.0, 3.0), los=st.booleans())
def test_path_loss_rises_with_the_carrier(pathloss_db, share, carrier_hz, factor, los):
    low, high = TABLE[pathloss_db]
    distance_m = low * (high / low) ** share
    higher_hz = min(factor * carrier_hz, 30e9)
    lower_db, higher_db = (pathloss_db(distance_m, carrier_hz=f, los=los) for f in (carrier_hz, higher_hz))
    assert lower_db <= higher_db + 1e-9


@of_table
@every_pathloss
@given(distance_m=decades(1e-3, 1e7), carrier_hz=decades(1e6, 1e13), los=st.booleans())
def test_formulas_beyond_their_table_stay_numbers(pathloss_db, distance_m, carrier_hz, los):
    assert np.isfinite(pathloss_db(distance_m, carrier_hz=carrier_hz, los=los, extrapolate=True))
    _, high = TABLE[pathloss_db]
    with refused("(3-D distance of )?distance_2d_m"):
        pathloss_db(3.0 * high + distance_m, carrier_hz=1e9, los=los)
    with refused("carrier_hz"):
        pathloss_db(high, carrier_hz=200e9 + carrier_hz, los=los)


@law_of(inf_pathloss_db, inf_los_probability)
@given(distance_m=decades(1.0, 580.0), carrier_hz=carriers_hz)
def test_high_antennas_see_each_other(distance_m, carrier_hz):
    clutter = {"clutter_size_m": 2.0, "clutter_density": 0.5}
    assert inf_los_probability(distance_m, factory=Factory.HIGH_HIGH, **clutter) == 1.0
    high = {"carrier_hz": carrier_hz, "bs_height_m": 8.0, "ut_height_m": 7.0, "los": True}
    losses = [inf_pathloss_db(distance_m, factory=factory, **high) for factory in Factory]
    assert len(set(map(float, losses))) == 1
    with refused("los"):
        inf_pathloss_db(distance_m, factory=Factory.HIGH_HIGH, **{**high, "los": False})


@of_probability
@every_probability
@given(near=decades(1e-3, 1e6), factor=factors)
def test_sight_is_a_probability_that_falls_with_distance(probability, near, factor):
    both = probability([near, factor * near])
    assert both.tolist() == [probability(near), probability(factor * near)]
    assert ((both >= 0.0) & (both <= 1.0)).all()
    assert both[1] <= both[0] * (1.0 + 1e-12)
    assert probability(0.0) == 1.0


@law_of(uma_los_probability)
@given(distance_m=decades(1.0, 1e5), height_m=st.floats(1.5, 23.0), higher_m=st.floats(0.0, 10.0))
def test_tall_users_see_no_less(distance_m, height_m, higher_m):
    above = min(height_m + higher_m, 23.0)
    low, high = uma_los_probability(distance_m, ut_height_m=[height_m, above])
    assert 0.0 <= low <= high <= 1.0


@law_of(inf_los_probability)
@given(distance_m=decades(0.1, 1e3), density=st.floats(0.01, 0.98), denser=st.floats(0.0, 1.0), factor=factors)
def test_machines_stand_in_the_way(distance_m, density, denser, factor):
    def sight(distance_m, size_m, density):
        return inf_los_probability(distance_m, factory=Factory.DENSE_LOW, clutter_size_m=size_m, clutter_density=density)

    assert sight(distance_m, 2.0, density + denser * (0.99 - density)) <= sight(distance_m, 2.0, density)
    np.testing.assert_allclose(sight(factor * distance_m, factor * 2.0, density), sight(distance_m, 2.0, density), rtol=1e-9)


@law_of(wall_loss_db)
@given(carrier_hz=decades(1e6, 1e12), factor=st.floats(1.0, 10.0))
def test_walls_take_more_of_high_frequencies(carrier_hz, factor):
    low, high = (wall_loss_db([carrier_hz, factor * carrier_hz], building=building) for building in Building)
    assert 5.0 < low[0] <= low[1]
    assert 5.0 < high[0] <= high[1]
    if carrier_hz < 100e9:
        assert low[0] < high[0]


@of_models
@every_model
@given(layout=layouts(), carrier_hz=carriers_hz, seed=seeds)
def test_every_link_is_drawn_and_the_generator_decides(model, layout, carrier_hz, seed):
    distance_m = layout.link_distance_2d_m
    assume((distance_m > 1e-2).all())
    drawn, again = (model.draw(layout, carrier_hz=carrier_hz, rng=np.random.default_rng(seed)) for _ in range(2))
    links = (layout.num_cells, layout.num_clients)
    for attribute in ("pathloss_db", "shadowing_db", "los", "power_gain"):
        assert getattr(drawn, attribute).shape == links
        np.testing.assert_array_equal(getattr(drawn, attribute), getattr(again, attribute))
    assert np.isfinite(drawn.power_gain).all()
    assert (drawn.power_gain > 0.0).all()
    gain = db_to_linear(-drawn.pathloss_db) * db_to_linear(-drawn.shadowing_db)
    np.testing.assert_allclose(drawn.power_gain, gain, rtol=1e-9)


@law_of(UrbanMacro, UrbanMicro, RuralMacro)
@pytest.mark.parametrize("kind", [UrbanMacro, UrbanMicro, RuralMacro])
@given(layout=layouts(), carrier_hz=carriers_hz, seed=seeds)
def test_nobody_sees_into_buildings(kind, layout, carrier_hz, seed):
    assume((layout.link_distance_2d_m > 0.0).all())
    drawn = kind(extrapolate=True).draw(layout, carrier_hz=carrier_hz, rng=np.random.default_rng(seed))
    assert not drawn.los[:, layout.indoor].any()


@law_of(FreeSpace)
@given(layout=layouts(), carrier_hz=carriers_hz, rng=rngs, data=st.data())
def test_free_space_follows_the_clients(layout, carrier_hz, rng, data):
    order = data.draw(permutations(layout.num_clients))
    drawn = FreeSpace().draw(layout, carrier_hz=carrier_hz, rng=rng)
    heights_m = layout.station_height_m[:, None] - layout.client_height_m
    xyz_m = np.hypot(layout.link_distance_2d_m, heights_m)
    np.testing.assert_allclose(
        drawn.pathloss_db[:, order], free_space_pathloss_db(xyz_m[:, order], carrier_hz=carrier_hz), rtol=1e-12
    )


@law_of(GivenSNR)
@given(
    layout=layouts(),
    power_w=decades(1e-6, 1e3),
    noise=decades(1e-30, 1e-10),
    bandwidth_hz=decades(1.0, 1e12),
    rng=rngs,
    data=st.data(),
)
def test_given_snrs_arrive(layout, power_w, noise, bandwidth_hz, rng, data):
    snr_db = data.draw(arrays(float, layout.num_clients, elements=st.floats(-200.0, 200.0)))
    given_snr = GivenSNR(mean_snr_db=snr_db, client_power_w=power_w, noise_psd_w_per_hz=noise, bandwidth_hz=bandwidth_hz)
    gain = given_snr.draw(layout, carrier_hz=1e9, rng=rng).power_gain
    np.testing.assert_allclose(power_w * layout.serving(gain) / (noise * bandwidth_hz), db_to_linear(snr_db), rtol=1e-9)
    own = np.arange(layout.num_cells)[:, None] == layout.serving_cell
    assert (gain[~own] == 0.0).all()


@law_of(LargeScale)
@given(gain=decade_arrays((2, 3), 1e-30, 1e3), deaf=arrays(bool, (2, 3)))
def test_gain_is_what_losses_leave(gain, deaf):
    loss_db = np.where(deaf, np.inf, -10.0 * np.log10(gain))
    links = LargeScale(pathloss_db=loss_db, shadowing_db=np.zeros((2, 3)), los=~deaf)
    np.testing.assert_allclose(links.power_gain, np.where(deaf, 0.0, gain), rtol=1e-12)
    for wrong in (np.nan, -np.inf):
        with refused("pathloss_db"):
            LargeScale(
                pathloss_db=np.append(loss_db, [[wrong]] * 2, axis=1), shadowing_db=np.zeros((2, 4)), los=np.zeros((2, 4))
            )
    with refused("pathloss_db, shadowing_db, los"):
        LargeScale(pathloss_db=loss_db, shadowing_db=np.zeros((2, 2)), los=deaf)


@law_of(gaussian_field, correlated_shadowing)
@given(
    xy_m=counts.flatmap(points),
    distance_m=decades(1e-3, 1e9),
    factor=st.sampled_from([0.25, 2.0, 1024.0]),
    number=counts,
    seed=seeds,
)
def test_fields_know_distances_only_in_units_of_their_own(xy_m, distance_m, factor, number, seed):
    def field(xy_m, distance_m):
        return gaussian_field(xy_m, correlation_distance_m=distance_m, num_fields=number, rng=np.random.default_rng(seed))

    whole = field(xy_m, distance_m)
    assert whole.shape == (number, len(xy_m))
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(field(factor * xy_m, factor * distance_m), whole)
    both = field(np.concatenate([xy_m, xy_m]), distance_m)
    np.testing.assert_allclose(both, np.tile(whole, 2), atol=1e-5)


@law_of(correlated_shadowing)
@given(xy_m=counts.flatmap(points), num_stations=counts, seed=seeds)
def test_shadowing_is_common_to_all_stations_or_each_one_s_own(xy_m, num_stations, seed):
    def shadowing(site_correlation):
        return correlated_shadowing(
            xy_m,
            num_stations=num_stations,
            correlation_distance_m=50.0,
            site_correlation=site_correlation,
            rng=np.random.default_rng(seed),
        )

    common, own, mixed = shadowing(1.0), shadowing(0.0), shadowing(0.36)
    assert common.shape == own.shape == (num_stations, len(xy_m))
    assert (common == common[0]).all()
    np.testing.assert_allclose(mixed, 0.6 * common + 0.8 * own, atol=1e-12)
