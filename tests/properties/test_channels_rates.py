"""Laws of rates: what more signal, more noise, more antennas and other units do to them."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import (
    FrequencyRange,
    Numerology,
    Shannon,
    ShortPackets,
    blocklength_stretch,
    effective_snr,
    equal_gain_snr,
    ergodic_rate,
    finite_blocklength_rate,
    maximum_ratio_snr,
    ofdm_rate_bps,
    outage_probability,
    outage_rate,
    selection_snr,
    shannon_rate_bps,
)
from covered import law_of
from strategies import (
    bandwidths_hz,
    batches,
    counts,
    decade_arrays,
    decades,
    noise_powers_w,
    not_positive,
    permutations,
    refused,
)

snrs = decades(1e-30, 1e30)
bits = decades(1e-12, 500.0)
factors = st.floats(1.0, 1e6)
COMBINERS = [maximum_ratio_snr, equal_gain_snr, selection_snr]
every_combiner = pytest.mark.parametrize("combine", COMBINERS)


@st.composite
def branches(draw):
    """SNRs (..., A) of antennas, some of them deaf."""
    shape = (*draw(batches), draw(counts))
    snr = draw(decade_arrays(shape, 1e-30, 1e30))
    return np.where(draw(arrays(bool, shape)), snr, 0.0)


@law_of(maximum_ratio_snr, equal_gain_snr, selection_snr)
@given(snr=branches())
def test_no_combiner_beats_maximum_ratio(snr):
    best, equal, selected = (combine(snr) for combine in COMBINERS)
    assert best.shape == equal.shape == selected.shape == snr.shape[:-1]
    num_antennas = snr.shape[-1]
    assert (selected <= best * (1.0 + 1e-12)).all()
    assert (equal <= best * (1.0 + 1e-12)).all()
    assert (best <= num_antennas * selected * (1.0 + 1e-12)).all()
    assert (best <= num_antennas * equal * (1.0 + 1e-12)).all()


@law_of(maximum_ratio_snr, equal_gain_snr, selection_snr)
@every_combiner
@given(snr=branches(), factor=factors, data=st.data())
def test_combining_knows_no_order_and_scales(combine, snr, factor, data):
    turned = snr[..., data.draw(permutations(snr.shape[-1]))]
    np.testing.assert_allclose(combine(turned), combine(snr), rtol=1e-12)
    np.testing.assert_allclose(combine(factor * snr), factor * combine(snr), rtol=1e-12)
    np.testing.assert_allclose(combine(snr[..., :1]), snr[..., 0], rtol=1e-12)


@law_of(maximum_ratio_snr, equal_gain_snr, selection_snr, effective_snr)
@pytest.mark.parametrize("function", [*COMBINERS, effective_snr])
@pytest.mark.parametrize("wrong", [1.0, [], np.ones((2, 0))], ids=["number", "nothing", "no branch"])
def test_snrs_without_an_axis_of_branches_are_refused(function, wrong):
    with refused("snr" if function is effective_snr else "branch_snr"):
        function(wrong)


@law_of(effective_snr)
@given(snr=branches(), factor=factors, data=st.data())
def test_effective_snr_lies_between_least_and_mean(snr, factor, data):
    effective = effective_snr(snr)
    assert (effective >= snr.min(axis=-1) * (1.0 - 1e-12)).all()
    assert (effective <= snr.mean(axis=-1) * (1.0 + 1e-12)).all()
    assert (effective_snr(factor * snr) >= effective * (1.0 - 1e-12)).all()
    turned = snr[..., data.draw(permutations(snr.shape[-1]))]
    np.testing.assert_allclose(effective_snr(turned), effective, rtol=1e-12)
    np.testing.assert_array_equal(effective_snr(np.moveaxis(snr, -1, 0), axis=0), effective)


@law_of(effective_snr, shannon_rate_bps)
@given(snr=branches(), bandwidth_hz=bandwidths_hz)
def test_effective_snr_carries_as_much_as_the_subcarriers(snr, bandwidth_hz):
    def rate(snr, band_hz):
        return shannon_rate_bps(band_hz, gain_power_w=snr * band_hz, noise_psd_w_per_hz=1.0)

    together = rate(snr, bandwidth_hz / snr.shape[-1]).sum(axis=-1)
    np.testing.assert_allclose(rate(effective_snr(snr), bandwidth_hz), together, rtol=1e-9)


@law_of(ergodic_rate)
@given(snr=snrs, factor=factors, num_antennas=counts)
def test_fading_costs_rate_and_antennas_bring_it(snr, factor, num_antennas):
    rate = ergodic_rate(snr, num_antennas=num_antennas)
    assert 0.0 < rate <= np.log1p(num_antennas * snr) / np.log(2.0) * (1.0 + 1e-12)
    assert ergodic_rate(factor * snr, num_antennas=num_antennas) >= rate * (1.0 - 1e-12)
    assert ergodic_rate(snr, num_antennas=num_antennas + 1) >= rate * (1.0 - 1e-12)


@law_of(ergodic_rate, outage_probability)
@given(snr=decades(1e-6, 1e6), num_antennas=counts)
def test_mean_rate_is_the_integral_of_what_is_not_in_outage(snr, num_antennas):
    """E[R] = ∫ P(R > r) dr, with r = log2(1 + γ e^t), by the trapezoid rule, which is exact to rounding for such integrands."""
    t = np.linspace(-40.0, 6.0, 2000)
    rate = np.log1p(snr * np.exp(t)) / np.log(2.0)
    density = snr * np.exp(t) / (1.0 + snr * np.exp(t)) / np.log(2.0)
    tail = 1.0 - outage_probability(snr, rate=rate, num_antennas=num_antennas)
    mean = np.sum(tail * density) * (t[1] - t[0])
    np.testing.assert_allclose(mean, ergodic_rate(snr, num_antennas=num_antennas), rtol=1e-6)


@law_of(outage_probability)
@given(snr=snrs, rate=bits, factor=factors, num_antennas=counts)
def test_outage_is_a_probability_that_falls_with_snr_and_antennas(snr, rate, factor, num_antennas):
    outage = outage_probability(snr, rate=rate, num_antennas=num_antennas)
    assert 0.0 <= outage <= 1.0
    assert outage_probability(factor * snr, rate=rate, num_antennas=num_antennas) <= outage
    assert outage_probability(snr, rate=factor * rate, num_antennas=num_antennas) >= outage
    assert outage_probability(snr, rate=rate, num_antennas=num_antennas + 1) <= outage
    assert outage_probability(snr, rate=0.0, num_antennas=num_antennas) == 0.0
    assert outage_probability(0.0, rate=rate, num_antennas=num_antennas) == 1.0


@law_of(outage_probability, outage_rate)
@given(snr=decades(1e-20, 1e20), outage=decades(1e-12, 0.9), num_antennas=counts)
def test_outage_rate_is_the_inverse_of_outage_probability(snr, outage, num_antennas):
    rate = outage_rate(snr, outage_probability=outage, num_antennas=num_antennas)
    again = outage_probability(snr, rate=rate, num_antennas=num_antennas)
    np.testing.assert_allclose(again, outage, rtol=1e-9)
    assert outage_rate(snr, outage_probability=0.0, num_antennas=num_antennas) == 0.0
    assert outage_rate(0.0, outage_probability=outage, num_antennas=num_antennas) == 0.0


@law_of(ergodic_rate, outage_probability, outage_rate, finite_blocklength_rate)
@given(snr=decade_arrays((3, 1), 1e-30, 1e30), other=decade_arrays(2, 1e-6, 0.5))
def test_rates_broadcast(snr, other):
    for function in (
        lambda s, x: ergodic_rate(s) + 0.0 * x,
        lambda s, x: outage_probability(s, rate=x),
        lambda s, x: outage_rate(s, outage_probability=x),
        lambda s, x: finite_blocklength_rate(s, blocklength=100, error_probability=x),
        lambda s, x: finite_blocklength_rate(s, blocklength=1.0 / x, error_probability=1e-3),
    ):
        whole = function(snr, other)
        assert whole.shape == (3, 2)
        np.testing.assert_array_equal(whole, [[function(s, x) for x in other] for s in snr[:, 0]])


@law_of(finite_blocklength_rate)
@given(snr=snrs, blocklength=decades(1.0, 1e12), error=decades(1e-300, 0.5), factor=factors)
def test_short_blocks_stay_below_capacity_and_long_ones_reach_it(snr, blocklength, error, factor):
    def rate(blocklength, error):
        return finite_blocklength_rate(snr, blocklength=blocklength, error_probability=error)

    capacity = np.log1p(snr) / np.log(2.0)
    assert 0.0 <= rate(blocklength, error) <= capacity * (1.0 + 1e-12)
    assert rate(factor * blocklength, error) >= rate(blocklength, error)
    assert rate(blocklength, min(factor * error, 0.5)) >= rate(blocklength, error)
    np.testing.assert_allclose(rate(blocklength, 0.5), capacity, rtol=1e-12)
    if snr > 1e-3:
        np.testing.assert_allclose(rate(1e300, error), capacity, rtol=1e-12)


# How near to Shannon's rate


lengths = decades(1.0, 1e9)
errors = decades(1e-300, 0.5)


@law_of(blocklength_stretch, finite_blocklength_rate)
@given(snr=decades(1e-6, 1e6), bits=lengths, error=decades(1e-30, 0.9))
def test_stretched_blocks_carry_their_bits(snr, bits, error):
    """The inverse of the rate, wherever there are channel uses for it."""
    blocklength = bits * np.log(2.0) / np.log1p(snr) * blocklength_stretch(bits, snr=snr, error_probability=error)
    assume(blocklength >= 1.0)
    rate = finite_blocklength_rate(snr, blocklength=blocklength, error_probability=error)
    np.testing.assert_allclose(blocklength * rate, bits, rtol=1e-6)


@law_of(blocklength_stretch)
@given(snr=st.just(0.0) | snrs, bits=lengths, error=errors, factor=factors)
def test_short_blocks_are_stretched_more_the_shorter_the_surer_and_the_weaker(snr, bits, error, factor):
    def stretch(bits=bits, snr=snr, error=error):
        return blocklength_stretch(bits, snr=snr, error_probability=error)

    least = 1.0 - 1e-12
    assert least <= stretch() < np.inf
    assert stretch(bits=factor * bits) <= stretch() / least
    assert stretch(error=min(factor * error, 0.5)) <= stretch() / least
    assert stretch(snr=factor * snr) <= stretch() / least
    np.testing.assert_allclose(stretch(error=0.5), 1.0, rtol=1e-12)
    np.testing.assert_allclose(stretch(bits=1e200), 1.0, rtol=1e-9)


@law_of(Shannon, ShortPackets)
@given(
    bits=decade_arrays((3, 1), 1.0, 1e9),
    snr=decade_arrays(2, 1e-30, 1e30),
    error=errors,
    packet_bits=st.integers(1, 10**6),
    count=st.integers(1, 1000),
)
def test_packets_take_longer_than_shannon_and_as_long_each_as_if_alone(bits, snr, error, packet_bits, count):
    packets = ShortPackets(error_probability=error, packet_bits=packet_bits)
    stretch = packets.stretch(bits, snr=snr)
    assert stretch.shape == Shannon().stretch(bits, snr=snr).shape == (3, 2)
    assert (Shannon().stretch(bits, snr=snr) == 1.0).all()
    assert (stretch * (1.0 - error) >= 1.0 - 1e-12).all()
    np.testing.assert_array_equal(stretch, [[packets.stretch(b, snr=s) for s in snr] for b in bits[:, 0]])
    full = packets.stretch(float(packet_bits), snr=snr)
    np.testing.assert_allclose(packets.stretch(float(count * packet_bits), snr=snr), full, rtol=1e-12)
    assert (full <= stretch * (1.0 + 1e-12)).all()  # no packet is longer
    assert Shannon().is_proportional
    assert not packets.is_proportional


@law_of(ShortPackets, blocklength_stretch)
@given(wrong=not_positive | st.floats(1.0, 1e9, exclude_min=True))
def test_packets_name_what_is_wrong(wrong):
    with refused("error_probability"):
        ShortPackets(error_probability=wrong)
    with refused("error_probability"):
        blocklength_stretch(100.0, snr=1.0, error_probability=wrong)
    if not wrong > 0.0 or wrong == np.inf:
        with refused("bits"):
            ShortPackets(error_probability=0.1).stretch(wrong, snr=1.0)
    for count in (0, 1.5, True):
        with refused("packet_bits"):
            ShortPackets(error_probability=0.1, packet_bits=count)


# Capacity


@law_of(shannon_rate_bps)
@given(bandwidth_hz=bandwidths_hz, power_w=decades(1e-30, 1e3), noise=noise_powers_w, factor=factors)
def test_capacity_grows_with_power_and_band_and_falls_with_noise(bandwidth_hz, power_w, noise, factor):
    def rate(bandwidth_hz, power_w, noise):
        return shannon_rate_bps(bandwidth_hz, gain_power_w=power_w, noise_psd_w_per_hz=noise)

    at = rate(bandwidth_hz, power_w, noise)
    tolerance = 1e-12 * at
    assert 0.0 < at <= power_w / (noise * np.log(2.0)) * (1.0 + 1e-12)  # what an unlimited band carries
    assert rate(bandwidth_hz, factor * power_w, noise) >= at - tolerance
    assert rate(factor * bandwidth_hz, power_w, noise) >= at - tolerance
    assert rate(bandwidth_hz, power_w, factor * noise) <= at + tolerance
    assert rate(bandwidth_hz, factor * power_w, noise) <= factor * at * (1.0 + 1e-12)  # concave, 0 at 0
    np.testing.assert_allclose(rate(bandwidth_hz, factor * power_w, factor * noise), at, rtol=1e-12)
    np.testing.assert_allclose(rate(factor * bandwidth_hz, power_w, noise / factor), factor * at, rtol=1e-12)


@law_of(shannon_rate_bps)
@given(
    band=decade_arrays((3, 1), 1e-3, 1e12),
    power_w=decade_arrays(4, 1e-30, 1e3),
    noise=noise_powers_w,
    silent=st.sampled_from(["band", "power"]),
)
def test_capacity_broadcasts_and_is_zero_without_band_or_power(band, power_w, noise, silent):
    (band if silent == "band" else power_w)[0] = 0.0
    rate = shannon_rate_bps(band, gain_power_w=power_w, noise_psd_w_per_hz=noise)
    assert rate.shape == (3, 4)
    alone = [[shannon_rate_bps(b, gain_power_w=p, noise_psd_w_per_hz=noise) for p in power_w] for b in band[:, 0]]
    np.testing.assert_array_equal(rate, alone)
    assert (rate[0] if silent == "band" else rate[:, 0]).tolist() == [0.0] * (4 if silent == "band" else 3)


@law_of(shannon_rate_bps)
@given(scale=decades(1e-320, 1e-300), snr=decades(1e-10, 1e10))
def test_capacity_knows_only_the_ratio_even_of_subnormal_numbers(scale, snr):
    """Subnormal numbers have few digits: the SNR is that of the numbers as they are."""
    power_w = scale * snr
    rate = shannon_rate_bps(1.0, gain_power_w=power_w, noise_psd_w_per_hz=scale)
    np.testing.assert_allclose(rate, np.log1p(power_w / scale) / np.log(2.0), rtol=1e-12)


@law_of(ofdm_rate_bps, Numerology, shannon_rate_bps)
@given(
    index=st.integers(0, 4),
    blocks=st.integers(0, 300),
    snr=snrs,
    overhead=st.floats(0.0, 0.9),
    factor=factors,
)
def test_ofdm_carries_less_than_its_band_could(index, blocks, snr, overhead, factor):
    numerology = Numerology(index=index)
    band_hz = numerology.occupied_bandwidth_hz(blocks)

    def rate(snr, overhead):
        return ofdm_rate_bps(snr, numerology=numerology, num_resource_blocks=blocks, overhead=overhead)

    capacity = shannon_rate_bps(band_hz, gain_power_w=snr * band_hz, noise_psd_w_per_hz=1.0)
    assert 0.0 <= rate(snr, overhead) <= rate(snr, 0.0) * (1.0 - overhead) * (1.0 + 1e-12)
    assert rate(snr, 0.0) <= capacity
    assert rate(factor * snr, overhead) >= rate(snr, overhead)


@law_of(Numerology)
@given(index=st.integers(0, 3))
def test_every_carrier_of_the_tables_has_room_for_its_blocks(index):
    numerology, twice = Numerology(index=index), Numerology(index=index + 1)
    assert numerology.slot_s == 2.0 * twice.slot_s
    assert numerology.mean_symbol_s > numerology.useful_symbol_s + numerology.cyclic_prefix_s
    for frequency_range in FrequencyRange:
        for bandwidth_hz in 1e6 * np.arange(1.0, 401.0):
            try:
                blocks = numerology.num_resource_blocks(bandwidth_hz, frequency_range=frequency_range)
            except ValueError as error:
                assert str(error).split(":")[0] in ("index", "bandwidth_hz")  # noqa: PT017
                continue
            assert 0.7 * bandwidth_hz < numerology.occupied_bandwidth_hz(blocks) < bandwidth_hz
