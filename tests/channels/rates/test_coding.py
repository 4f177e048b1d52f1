import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import ncx2, norm

from channels import Shannon, ShortPackets, blocklength_stretch, finite_blocklength_rate


@pytest.mark.parametrize("error", [1e-9, 1e-3, 0.1, 0.5])
@pytest.mark.parametrize("snr", [1e-3, 0.5, 10.0, 1e5])
def test_the_blocklength_is_the_root_of_the_rate(snr, error):
    """k = n R(n), with the rate as published and a root finder that knows nothing of the closed form."""
    for bits in (50.0, 700.0, 8448.0, 1e7):
        ratio = blocklength_stretch(bits, snr=snr, error_probability=error)
        capacity = np.log1p(snr) / np.log(2.0)

        def missing(uses, bits=bits):
            return uses * finite_blocklength_rate(snr, blocklength=uses, error_probability=error) - bits

        shortest = max(bits / capacity, 1.0)
        if missing(shortest) > 0.0:
            continue  # less than a channel use
        found = brentq(missing, shortest * (1.0 - 1e-12), 1e3 * shortest + 1e6, xtol=1e-12, rtol=1e-14)
        assert ratio * bits / capacity == pytest.approx(found, rel=1e-9)


def test_stretch_tends_to_one_with_the_bits_and_to_a_limit_at_no_snr():
    bits = np.logspace(1.0, 14.0, 40)
    stretch = blocklength_stretch(bits, snr=3.0, error_probability=1e-4)
    assert (np.diff(stretch) < 0.0).all()
    assert stretch[-1] == pytest.approx(1.0, abs=2e-6)
    faint = blocklength_stretch(300.0, snr=[0.0, 1e-12, 1e-6], error_probability=1e-4)
    np.testing.assert_allclose(faint, faint[0], rtol=1e-6)
    assert faint[0] == pytest.approx(np.exp(2.0 * np.arcsinh(0.5 * norm.isf(1e-4) * np.sqrt(2.0 / (300.0 * np.log(2.0))))))
    assert blocklength_stretch(300.0, snr=3.0, error_probability=0.5) == pytest.approx(1.0)


@pytest.mark.parametrize("snr", [0.2, 3.0, 100.0])
@pytest.mark.parametrize("error", [0.01, 0.1])
def test_packets_are_lost_as_often_as_said(snr, error):
    """The information that n uses of the channel carry with inputs of constant power is, in law, n ln(1 + γ) plus γ/(2(1 + γ))
    times what a noncentral chi-square variable falls short of its mean. It is below k bits with the probability ε, but for what
    Berry and Esseen allow a sum of n to be off a Gaussian.
    """
    coding = ShortPackets(error_probability=error, packet_bits=10**9)
    share = snr / (1.0 + snr)
    z, weight = np.polynomial.hermite_e.hermegauss(100)
    density = 0.5 * share * (1.0 + 2.0 * z / np.sqrt(snr) - z**2)  # of a real use of the channel, less its mean
    weight = weight / weight.sum()
    moments = (weight @ np.abs(density) ** 3) / (weight @ density**2) ** 1.5
    for bits in (500.0, 5e4, 5e6):
        uses = bits * np.log(2.0) / np.log1p(snr) * coding.stretch(bits, snr=snr) * (1.0 - error)
        spare = uses * np.log1p(snr) - bits * np.log(2.0)
        lost = ncx2.sf(2.0 * uses * (1.0 + 1.0 / snr) + 2.0 * spare / share, 2.0 * uses, 2.0 * uses / snr)
        assert lost == pytest.approx(error, abs=0.56 * moments / np.sqrt(2.0 * uses))
    assert lost == pytest.approx(error, rel=0.01)


def test_a_packet_is_sent_until_it_has_arrived():
    error, rng = 0.2, np.random.default_rng(7)
    times = rng.geometric(1.0 - error, 100_000)
    once = blocklength_stretch(300.0, snr=2.0, error_probability=error)
    took = once * times
    mean = ShortPackets(error_probability=error).stretch(300.0, snr=2.0)
    assert took.mean() == pytest.approx(mean, abs=4.0 * took.std() / np.sqrt(len(took)))


def test_the_best_error_probability_is_neither_small_nor_large():
    errors = np.logspace(-9.0, np.log10(0.5), 200)
    took = [float(ShortPackets(error_probability=error).stretch(400.0, snr=2.0)) for error in errors]
    best = int(np.argmin(took))
    assert 1e-3 < errors[best] < 0.1
    assert (np.diff(took[: best + 1]) < 0.0).all()
    assert (np.diff(took[best:]) > 0.0).all()


def test_an_update_is_cut_into_equal_packets():
    coding = ShortPackets(error_probability=0.01, packet_bits=1000)
    alone = ShortPackets(error_probability=0.01, packet_bits=10**9)
    assert coding.stretch(800.0, snr=1.0) == alone.stretch(800.0, snr=1.0)
    assert coding.stretch(2400.0, snr=1.0) == alone.stretch(800.0, snr=1.0)
    assert coding.stretch(2400.0, snr=1.0) > alone.stretch(2400.0, snr=1.0)


def test_shannons_rate_is_the_limit():
    snr = np.array([[0.0, 1.0], [3.0, 1e6]])
    np.testing.assert_array_equal(Shannon().stretch(100.0, snr=snr), np.ones((2, 2)))
    nearly = ShortPackets(error_probability=1e-6, packet_bits=10**15).stretch(1e15, snr=snr)
    np.testing.assert_allclose(nearly, 1.0, rtol=2e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"error_probability": 0.0}, "error_probability: got 0; allowed is a finite number > 0 and <= 0.5"),
        ({"error_probability": 0.6}, "error_probability: got 0.6"),
        ({"error_probability": 0.1, "packet_bits": 0}, "packet_bits: got 0; allowed is an integer >= 1"),
    ],
)
def test_errors_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        ShortPackets(**options)
