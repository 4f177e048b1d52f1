import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from channels.rates.rayleigh_capacity import ergodic_rate, outage_probability, outage_rate


def standard_error(sample):
    return sample.std(ddof=1) / np.sqrt(len(sample))


@pytest.mark.parametrize(
    ("snr", "num_antennas", "expected"),  # of mpmath, at 80 digits
    [
        (1e-8, 1, 1.4426950264620133e-8),
        (1e-8, 4, 5.7707800192863554e-8),
        (0.02, 1, 0.028298621822668586),
        (0.1, 4, 0.47158003004389154),
        (1.0, 1, 0.86034738227088595),
        (10.0, 2, 4.0585583684622879),
        (1e4, 16, 17.242168333270618),
        (1e12, 1, 39.030390961411954),
        (1e12, 64, 45.85183673265219),
    ],
)
def test_ergodic_rate_to_many_digits(snr, num_antennas, expected):
    assert ergodic_rate(snr, num_antennas=num_antennas) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("num_antennas", [1, 2, 7, 40])
def test_ergodic_rate_is_the_mean_over_the_gamma_law(num_antennas):
    snr = np.concatenate([np.logspace(-8, 12, 21), [0.0199999, 0.0200001]])  # both sides of the change of method
    high = num_antennas + 40.0 * np.sqrt(num_antennas) + 60.0
    breaks = [1e-12, 1e-9, 1e-6, 1e-3, 0.1, 1.0, num_antennas]

    def mean_rate(mean):
        def integrand(g):
            return np.log1p(mean * g) / np.log(2.0) * np.exp((num_antennas - 1) * np.log(g) - g - gammaln(num_antennas))

        return quad(integrand, 1e-300, high, points=breaks, limit=400, epsabs=0.0, epsrel=1e-12)[0]

    expected = [mean_rate(mean) for mean in snr]
    np.testing.assert_allclose(ergodic_rate(snr, num_antennas=num_antennas), expected, rtol=1e-10)


def test_ergodic_rate_without_power_and_with_next_to_none():
    assert ergodic_rate(0.0) == 0.0
    np.testing.assert_allclose(ergodic_rate([1e-300, 5e-310], num_antennas=3), [3e-300 / np.log(2.0), 15e-310 / np.log(2.0)])


def test_ergodic_rate_rises_with_power_and_antennas_and_stays_below_the_unfaded():
    snr = np.logspace(-6, 8, 50)
    rate = np.stack([ergodic_rate(snr, num_antennas=a) for a in (1, 2, 4, 8)])
    assert (np.diff(rate, axis=0) > 0.0).all()
    assert (np.diff(rate, axis=1) > 0.0).all()
    assert (rate < np.log2(1.0 + np.outer([1, 2, 4, 8], snr))).all()


@pytest.mark.parametrize("num_antennas", [1, 3])
def test_monte_carlo(num_antennas):
    branch_gain = np.random.default_rng(7).exponential(size=(200_000, num_antennas))
    rate = np.log2(1.0 + 2.0 * branch_gain.sum(axis=1))
    assert abs(rate.mean() - ergodic_rate(2.0, num_antennas=num_antennas)) < 4.0 * standard_error(rate)
    out = (rate < 1.0).astype(float)
    assert abs(out.mean() - outage_probability(2.0, rate=1.0, num_antennas=num_antennas)) < 4.0 * standard_error(out)


def test_outage_of_one_antenna_is_exponential():
    snr, rate = np.logspace(-3, 6, 10)[:, np.newaxis], np.array([1e-6, 0.5, 4.0, 20.0])
    np.testing.assert_allclose(outage_probability(snr, rate=rate), -np.expm1(-(2.0**rate - 1.0) / snr), rtol=1e-9)


def test_outage_at_the_ends():
    np.testing.assert_array_equal(outage_probability([0.0, 0.0, 1.0, 1.0], rate=[0.0, 1.0, 0.0, 2000.0]), [0.0, 1.0, 0.0, 1.0])
    assert outage_rate(10.0, outage_probability=0.0) == 0.0
    assert outage_rate(0.0, outage_probability=0.5) == 0.0


@pytest.mark.parametrize("num_antennas", [1, 2, 8])
def test_outage_rate_has_that_outage(num_antennas):
    snr, outage = np.logspace(-2, 4, 7)[:, np.newaxis], np.array([1e-9, 1e-5, 0.01, 0.5, 0.99])
    rate = outage_rate(snr, outage_probability=outage, num_antennas=num_antennas)
    back = outage_probability(snr, rate=rate, num_antennas=num_antennas)
    np.testing.assert_allclose(back, np.broadcast_to(outage, back.shape), rtol=1e-9)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="snr: got -1; allowed is a finite number >= 0"):
        ergodic_rate(-1.0)
    with pytest.raises(ValueError, match="num_antennas: got 0; allowed is an integer >= 1"):
        outage_probability(1.0, rate=1.0, num_antennas=0)
    with pytest.raises(ValueError, match="outage_probability: got 1; allowed is a finite number >= 0 and < 1"):
        outage_rate(1.0, outage_probability=1.0)
