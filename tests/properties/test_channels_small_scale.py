"""Laws of fading: its power, its correlation, and what frequency and time do to it."""

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import (
    CorrelatedRayleigh,
    DiscretePaths,
    MovingRayleigh,
    Nakagami,
    Rayleigh,
    Rician,
    TappedDelayLine,
    TDLProfile,
    age,
    draw_jakes,
    exponential_correlation,
    jakes_autocorrelation,
    max_doppler_hz,
    one_ring_correlation,
    subcarrier_frequencies_hz,
)
from covered import law_of
from strategies import batches, complex_gains, counts, decade_arrays, decades, negative, permutations, refused, seeds

profiles = st.sampled_from(TDLProfile)
spreads_s = decades(1e-12, 1e-3)
k_factors_db = st.floats(-100.0, 100.0)
probabilities = st.floats(0.0, 1.0, exclude_max=True)


@st.composite
def lines(draw, *, sight=st.just(0.0) | decades(1e-10, 1e10)):
    """Tapped delay lines of any powers, with a line of sight or not."""
    num_taps = draw(counts)
    return TappedDelayLine(
        delay_s=draw(arrays(float, num_taps, elements=st.just(0.0) | decades(1e-12, 1e-3))),
        power=draw(decade_arrays(num_taps, 1e-20, 1e20)),
        k_factor=draw(sight),
    )


fadings = (
    st.just(Rayleigh())
    | k_factors_db.map(lambda k: Rician(k_factor_db=k))
    | decades(0.5, 1e6).map(lambda m: Nakagami(m=m))
    | lines()
    | st.just(MovingRayleigh(doppler_hz=5.0, interval_s=0.01))
)
of_fadings = law_of(Rayleigh, Rician, Nakagami, TappedDelayLine, MovingRayleigh)


@of_fadings
@given(fading=fadings, shape=batches.filter(len), seed=seeds)
def test_the_generator_decides_a_draw(fading, shape, seed):
    drawn, again = (fading.draw(shape, rng=np.random.default_rng(seed)) for _ in range(2))
    assert drawn.shape == shape
    assert drawn.dtype == complex
    assert np.isfinite(drawn).all()
    np.testing.assert_array_equal(drawn, again)


WEAK_SIGHT = TappedDelayLine(delay_s=np.zeros(2), power=np.ones(2), k_factor=1e-10)
"""A line of sight weaker than any that a Rician channel may have."""


@of_fadings
@given(fading=fadings, low=probabilities, high=probabilities)
@example(fading=WEAK_SIGHT, low=0.1, high=0.5)
@example(fading=Rician(k_factor_db=16.0), low=0.0, high=5e-324)
@example(fading=Rician(k_factor_db=100.0), low=1e-7, high=1e-6)
def test_quantiles_rise_with_the_probability(fading, low, high):
    low, high = sorted((low, high))
    lower, upper = fading.amplitude_quantile(low), fading.amplitude_quantile(high)
    assert 0.0 <= lower <= upper < np.inf
    for wrong in (-0.1, 1.0, np.nan):
        with refused("probability"):
            fading.amplitude_quantile(wrong)


@of_fadings
@given(fading=fadings)
def test_power_is_one_on_average(fading):
    """E|h|² = ∫ a(p)² dp, with p = 1 - e^(-t), by Gauss's rule in t, which is exact for Rayleigh fading."""
    node, weight = np.polynomial.laguerre.laggauss(11)
    square = np.array([fading.amplitude_quantile(-np.expm1(-t)) ** 2 for t in node])
    np.testing.assert_allclose(weight @ square, 1.0, atol=0.01)


@of_fadings
@given(fading=fadings, probability=st.floats(0.05, 0.95), seed=seeds)
def test_quantiles_are_those_of_the_draws(fading, probability, seed):
    """The share of 4000 draws below a quantile is within six standard errors, or the fading too narrow to tell."""
    shape = (256, 16) if isinstance(fading, MovingRayleigh) else (4096,)
    amplitude = np.abs(fading.draw(shape, rng=np.random.default_rng(seed)))
    if isinstance(fading, MovingRayleigh):
        amplitude = np.abs(MovingRayleigh(doppler_hz=500.0, interval_s=0.01).draw(shape, rng=np.random.default_rng(seed)))
    quantile = fading.amplitude_quantile(probability)
    slack = 1e-3  # of fading that hardly fades
    deviation = 6.0 * np.sqrt(probability * (1.0 - probability) / amplitude.size)
    assert np.mean(amplitude <= quantile * (1.0 - slack)) <= probability + deviation
    assert np.mean(amplitude <= quantile * (1.0 + slack)) >= probability - deviation


@law_of(Rayleigh, Rician, Nakagami)
@given(probability=st.just(0.0) | decades(1e-30, 0.999))  # SciPy 1.15 knows no smaller ones
def test_rayleigh_is_a_case_of_the_others(probability):
    rayleigh = Rayleigh().amplitude_quantile(probability)
    for other in (Nakagami(m=1.0), Rician(k_factor_db=-100.0)):
        np.testing.assert_allclose(other.amplitude_quantile(probability), rayleigh, rtol=1e-6)


@law_of(exponential_correlation, one_ring_correlation, CorrelatedRayleigh)
@given(
    num_antennas=counts,
    size=st.floats(0.0, 1.0),
    angle=st.floats(-10.0, 10.0),
    spread=decades(1e-6, np.pi),
    spacing=decades(1e-6, 100.0),
    shape=batches,
    seed=seeds,
)
def test_correlations_are_covariances_of_unit_power(num_antennas, size, angle, spread, spacing, shape, seed):
    for correlation in (
        exponential_correlation(num_antennas, coefficient=size * np.exp(1j * angle)),
        one_ring_correlation(num_antennas, angle_rad=angle, angular_spread_rad=spread, spacing_wavelengths=spacing),
    ):
        np.testing.assert_allclose(np.diag(correlation), 1.0, atol=1e-12)
        np.testing.assert_allclose(correlation, correlation.conj().T, atol=1e-12)
        assert (np.abs(correlation) <= 1.0 + 1e-12).all()
        assert np.linalg.eigvalsh(correlation)[0] >= -1e-10 * num_antennas
        fading = CorrelatedRayleigh(correlation=correlation)
        drawn = fading.draw((*shape, num_antennas), rng=np.random.default_rng(seed))
        assert drawn.shape == (*shape, num_antennas)
        assert np.isfinite(drawn).all()
        assert fading.amplitude_quantile(0.5) == Rayleigh().amplitude_quantile(0.5)
        with refused("shape"):
            fading.draw((*shape, num_antennas + 1), rng=np.random.default_rng(seed))


@law_of(one_ring_correlation)
@given(num_antennas=counts, angle=st.floats(-3.0, 3.0), spread=decades(1e-3, np.pi), spacing=decades(1e-2, 10.0))
def test_a_mirrored_client_has_the_conjugate_correlation(num_antennas, angle, spread, spacing):
    left, right = (
        one_ring_correlation(num_antennas, angle_rad=a, angular_spread_rad=spread, spacing_wavelengths=spacing)
        for a in (angle, -angle)
    )
    np.testing.assert_allclose(left, right.conj(), atol=1e-9)


@law_of(CorrelatedRayleigh, exponential_correlation)
@given(num_antennas=counts, seed=seeds)
def test_antennas_are_alike_at_full_correlation_and_independent_at_none(num_antennas, seed):
    shape = (3, num_antennas)
    alike, independent = (
        CorrelatedRayleigh(correlation=exponential_correlation(num_antennas, coefficient=coefficient))
        for coefficient in (1.0, 0.0)
    )
    drawn = alike.draw(shape, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(drawn, np.broadcast_to(drawn[:, :1], shape), atol=1e-6)
    drawn = independent.draw(shape, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(np.abs(drawn), np.abs(Rayleigh().draw(shape, rng=np.random.default_rng(seed))), atol=1e-9)


@st.composite
def paths(draw):
    num_clients, num_paths = draw(counts), draw(counts)
    return (
        draw(decade_arrays((num_clients, num_paths), 1e-12, 1e12)),
        draw(arrays(float, (num_clients, num_paths), elements=st.just(0.0) | decades(1e-12, 1e-3))),
    )


@law_of(DiscretePaths)
@given(amplitude_and_delay=paths(), factor=decades(1e-100, 1e100), seed=seeds)
def test_paths_add_up_to_unit_power_in_any_unit(amplitude_and_delay, factor, seed):
    amplitude, delay_s = amplitude_and_delay
    fading, scaled = (DiscretePaths(amplitude=a, delay_s=delay_s) for a in (amplitude, factor * amplitude))
    shape = (3, len(amplitude), 1)
    drawn = fading.draw(shape, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(np.sum(fading.amplitude**2, axis=-1), 1.0, rtol=1e-12)
    assert (np.abs(drawn[..., 0]) <= fading.amplitude.sum(axis=-1) * (1.0 + 1e-12)).all()
    np.testing.assert_allclose(scaled.draw(shape, rng=np.random.default_rng(seed)), drawn, rtol=1e-9, atol=1e-12)
    at_carrier = fading.frequency_response(shape, frequency_hz=np.zeros(2), rng=np.random.default_rng(seed))
    np.testing.assert_allclose(at_carrier, np.broadcast_to(drawn[..., None], (*shape, 2)), rtol=1e-9, atol=1e-12)
    if amplitude.shape[1] == 1:
        np.testing.assert_allclose(np.abs(drawn), 1.0, rtol=1e-12)
    assert 0.0 <= fading.amplitude_quantile(0.1) <= fading.amplitude_quantile(0.9)


@law_of(TappedDelayLine)
@given(line=lines(), factor=decades(1e-6, 1e6), seed=seeds, shape=batches)
def test_taps_add_up_to_unit_power_at_every_frequency(line, factor, seed, shape):
    np.testing.assert_allclose(line.power.sum(), 1.0, rtol=1e-12)
    louder = TappedDelayLine(delay_s=line.delay_s, power=factor * line.power, k_factor=line.k_factor)
    np.testing.assert_allclose(louder.power, line.power, rtol=1e-12)
    taps, drawn, response = (
        draw(rng=np.random.default_rng(seed))
        for draw in (
            lambda rng: line.taps(shape, rng=rng),
            lambda rng: line.draw(shape, rng=rng),
            lambda rng: line.frequency_response(shape, frequency_hz=np.array([0.0, 1e6]), rng=rng),
        )
    )
    np.testing.assert_allclose(taps.sum(axis=-1), drawn, rtol=1e-12)
    np.testing.assert_allclose(response[..., 0], drawn, rtol=1e-9, atol=1e-12)
    assert (np.abs(response) <= np.abs(taps).sum(axis=-1)[..., None] * (1.0 + 1e-12)).all()


@law_of(TappedDelayLine)
@given(profile=profiles, spread_s=spreads_s, factor=decades(1e-6, 1.0))
def test_profiles_scale_with_the_delay_spread(profile, spread_s, factor):
    wide, narrow = (TappedDelayLine.tr38901(profile, delay_spread_s=spread) for spread in (spread_s, factor * spread_s))
    np.testing.assert_allclose(narrow.delay_s, factor * wide.delay_s, rtol=1e-9)
    np.testing.assert_array_equal(narrow.power, wide.power)
    np.testing.assert_allclose(wide.rms_delay_spread_s, spread_s, rtol=0.05)
    assert (wide.k_factor > 0.0) == (profile in (TDLProfile.D, TDLProfile.E))


@law_of(subcarrier_frequencies_hz)
@given(number=st.integers(1, 3000), bandwidth_hz=decades(1e-3, 1e15))
def test_subcarriers_fill_the_band_evenly_around_the_carrier(number, bandwidth_hz):
    frequency_hz = subcarrier_frequencies_hz(number, bandwidth_hz=bandwidth_hz)
    assert frequency_hz.shape == (number,)
    np.testing.assert_allclose(frequency_hz, -frequency_hz[::-1], atol=1e-12 * bandwidth_hz)
    np.testing.assert_allclose(np.diff(frequency_hz), bandwidth_hz / number, rtol=1e-6)
    assert (np.abs(frequency_hz) < 0.5 * bandwidth_hz).all()


@law_of(max_doppler_hz)
@given(speed=decades(1e-3, 1e8), carrier_hz=decades(1.0, 1e15), factor=decades(1.0, 1e6))
def test_doppler_is_proportional_to_speed_and_carrier(speed, carrier_hz, factor):
    shift_hz = max_doppler_hz(speed, carrier_hz=carrier_hz)
    np.testing.assert_allclose(max_doppler_hz([0.0, factor * speed], carrier_hz=carrier_hz), [0.0, factor * shift_hz])
    np.testing.assert_allclose(max_doppler_hz(speed, carrier_hz=factor * carrier_hz), factor * shift_hz)


@law_of(jakes_autocorrelation, age)
@given(delay_s=decades(1e-9, 1e3), doppler_hz=decades(1e-3, 1e5), factor=decades(1e-3, 1e3))
def test_correlation_in_time_knows_only_the_turns(delay_s, doppler_hz, factor):
    correlation = jakes_autocorrelation(delay_s, doppler_hz=doppler_hz)
    assert abs(correlation) <= 1.0
    assert jakes_autocorrelation(-delay_s, doppler_hz=doppler_hz) == correlation
    assert jakes_autocorrelation(0.0, doppler_hz=doppler_hz) == jakes_autocorrelation(delay_s, doppler_hz=0.0) == 1.0
    assume(delay_s * doppler_hz < 1e3)
    other = jakes_autocorrelation(factor * delay_s, doppler_hz=doppler_hz / factor)
    np.testing.assert_allclose(other, correlation, atol=1e-9)


@law_of(age, jakes_autocorrelation)
@given(
    fading=complex_gains((3, 2)),
    fresh=complex_gains((3, 2)),
    delay_s=decade_arrays(2, 1e-9, 1e3),
    doppler_hz=decades(1e-3, 1e4),
)
def test_what_is_old_is_part_what_it_was_and_part_something_else(fading, fresh, delay_s, doppler_hz):
    known = age(fading, fresh=fresh, delay_s=delay_s, doppler_hz=doppler_hz)
    np.testing.assert_array_equal(age(fading, fresh=fresh, delay_s=0.0, doppler_hz=doppler_hz), fading)
    correlation = jakes_autocorrelation(delay_s, doppler_hz=doppler_hz)
    np.testing.assert_allclose(known - correlation * fading, np.sqrt(1.0 - correlation**2) * fresh, atol=1e-12)
    with refused("delay_s"):
        age(fading, fresh=fresh, delay_s=-1.0, doppler_hz=doppler_hz)


@law_of(draw_jakes)
@given(
    time_s=counts.flatmap(lambda number: arrays(float, number, elements=st.floats(0.0, 1.0))),
    doppler_hz=st.just(0.0) | decades(1e-3, 1e2),
    factor=st.sampled_from([0.25, 4.0, 64.0]),
    shape=batches,
    seed=seeds,
    data=st.data(),
)
def test_fading_in_time_knows_neither_clock_nor_unit(time_s, doppler_hz, factor, shape, seed, data):
    def drawn(time_s, doppler_hz=doppler_hz):
        return draw_jakes(shape, time_s=time_s, doppler_hz=doppler_hz, rng=np.random.default_rng(seed))

    fading = drawn(time_s)
    assert fading.shape == (*shape, len(time_s))
    order = data.draw(permutations(len(time_s)))
    np.testing.assert_allclose(drawn(time_s[order]), fading[..., order], atol=1e-9)
    np.testing.assert_allclose(drawn(factor * time_s, doppler_hz / factor), fading, atol=1e-9)
    still = drawn(time_s, doppler_hz=0.0)
    np.testing.assert_allclose(still, np.broadcast_to(still[..., :1], still.shape), atol=1e-9)


# From draw to draw


@law_of(MovingRayleigh)
@given(
    number=st.integers(1, 6),
    first=st.integers(0, 10**6),
    links=batches,
    doppler_hz=st.just(0.0) | decades(1e-3, 1e4),
    interval_s=st.just(0.0) | decades(1e-9, 1e3),
    factor=st.sampled_from([0.25, 4.0, 64.0]),
    seed=seeds,
    data=st.data(),
)
def test_any_stretch_of_a_course_is_that_of_the_whole(number, first, links, doppler_hz, interval_s, factor, seed, data):
    def course(number, first, fading=None, links=links, seed=seed):
        fading = fading or MovingRayleigh(doppler_hz=doppler_hz, interval_s=interval_s)
        return fading.course((number, *links), first=first, rng=np.random.default_rng(seed))

    whole = course(number, first)
    assert whole.shape == (number, *links)
    assert np.isfinite(whole).all()
    begin = data.draw(st.integers(0, number - 1))
    end = data.draw(st.integers(begin, number))
    np.testing.assert_array_equal(course(end - begin, first + begin), whole[begin:end])
    other_clock = MovingRayleigh(doppler_hz=factor * doppler_hz, interval_s=interval_s / factor)
    np.testing.assert_array_equal(course(number, first, other_clock), whole)
    np.testing.assert_array_equal(course(number, first, links=(whole[0].size,)), whole.reshape(number, -1))
    assert (course(number, first, seed=seed + 1) != whole).all()
    if doppler_hz * interval_s == 0.0:
        np.testing.assert_array_equal(whole, np.broadcast_to(whole[0], whole.shape))


@law_of(MovingRayleigh, jakes_autocorrelation)
@given(turns=st.just(0.0) | decades(1e-3, 1e3), first=st.integers(0, 1000), lag=st.integers(0, 1000), seed=seeds)
def test_draws_follow_each_other_as_jakes_has_it(turns, first, lag, seed):
    """E|h(n) h*(m)|² <= E|h|⁴ = 2, so that eight deviations of a mean over L links are no more than 8 √(2/L)."""
    links, fading = 2000, MovingRayleigh(doppler_hz=turns, interval_s=1.0)
    now, later = (fading.course((1, links), first=n, rng=np.random.default_rng(seed))[0] for n in (first, first + lag))
    expected = jakes_autocorrelation(lag, doppler_hz=turns)
    np.testing.assert_allclose(np.mean(later * now.conj()), expected, atol=8.0 * np.sqrt(2.0 / links))


@law_of(MovingRayleigh)
@given(wrong=negative)
def test_moving_clients_name_what_is_wrong(wrong):
    for name in ("doppler_hz", "interval_s"):
        with refused(name):
            MovingRayleigh(**{"doppler_hz": 1.0, "interval_s": 1.0, name: wrong})
    fading = MovingRayleigh(doppler_hz=1.0, interval_s=1.0)
    with refused("shape"):
        fading.course((), first=0, rng=np.random.default_rng(0))
    with refused("first"):
        fading.course((1, 1), first=wrong, rng=np.random.default_rng(0))
