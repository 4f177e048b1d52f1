import numpy as np
import pytest
from scipy import stats

from channels import DiscretePaths, FrequencySelective, Rayleigh, TappedDelayLine, TDLProfile, subcarrier_frequencies_hz

NUM = 20_000
FREQUENCY = subcarrier_frequencies_hz(5, bandwidth_hz=10e6)
LINES = [TappedDelayLine.tr38901(profile, delay_spread_s=100e-9) for profile in TDLProfile]


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(len(line.delay_s)))
def test_frequency_correlation_is_the_transform_of_the_power_delay_profile(line):
    h = line.frequency_response((NUM,), frequency_hz=FREQUENCY, rng=np.random.default_rng(0))
    assert h.shape == (NUM, 5)
    product = h * h[:, [0]].conj()
    expected = np.exp(-2j * np.pi * np.multiply.outer(FREQUENCY - FREQUENCY[0], line.delay_s)) @ line.power
    error = np.sqrt((product.real.var(axis=0) + product.imag.var(axis=0)) / NUM)
    assert (np.abs(product.mean(axis=0) - expected) < 4 * error).all()


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(len(line.delay_s)))
def test_taps_have_their_powers(line):
    power = np.abs(line.taps((NUM,), rng=np.random.default_rng(1))) ** 2
    assert (np.abs(power.mean(axis=0) - line.power) < 4 * power.std(axis=0) / np.sqrt(NUM)).all()


@pytest.mark.parametrize(("profile", "k_factor_db"), [(TDLProfile.D, 13.3), (TDLProfile.E, 22.0)])
def test_first_tap_is_rician_with_the_factor_of_the_table(profile, k_factor_db):
    line = TappedDelayLine.tr38901(profile, delay_spread_s=100e-9)
    assert 10 * np.log10(line.k_factor) == pytest.approx(k_factor_db, abs=0.01)
    envelope = np.abs(line.taps((NUM,), rng=np.random.default_rng(2))[:, 0]) / np.sqrt(line.power[0])
    law = stats.rice(np.sqrt(2 * line.k_factor), scale=np.sqrt(0.5 / (line.k_factor + 1)))
    assert stats.kstest(envelope, law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("profile", TDLProfile)
def test_delay_spread_scales(profile):
    """The tables are normalised to a spread of 1 to within their rounding."""
    line = TappedDelayLine.tr38901(profile, delay_spread_s=1e-6)
    assert line.rms_delay_spread_s == pytest.approx(1e-6, rel=0.02, abs=0.0)
    half = TappedDelayLine.tr38901(profile, delay_spread_s=5e-7)
    assert half.rms_delay_spread_s == pytest.approx(line.rms_delay_spread_s / 2, abs=0.0)


def test_a_single_tap_is_flat():
    line = TappedDelayLine(delay_s=np.zeros(1), power=np.ones(1))
    h = line.frequency_response((3,), frequency_hz=FREQUENCY, rng=np.random.default_rng(3))
    np.testing.assert_allclose(h, np.broadcast_to(h[:, :1], h.shape))
    assert isinstance(line, FrequencySelective)
    assert not isinstance(Rayleigh(), FrequencySelective)


def test_known_paths_have_their_frequency_correlation_for_each_client():
    amplitude = np.array([[3.0, 2.0, 1.0], [1.0, 0.0, 0.0]])
    paths = DiscretePaths(amplitude=amplitude, delay_s=np.array([0.0, 80e-9, 200e-9]))
    h = paths.frequency_response((NUM, 2, 1), frequency_hz=FREQUENCY, rng=np.random.default_rng(4))
    assert h.shape == (NUM, 2, 1, 5)
    h = h[:, :, 0]
    power = amplitude**2 / np.sum(amplitude**2, axis=1, keepdims=True)
    phase = np.exp(-2j * np.pi * np.multiply.outer(paths.delay_s[0], FREQUENCY - FREQUENCY[0]))
    product = h * h[:, :, [0]].conj()
    error = np.sqrt((product.real.var(axis=0) + product.imag.var(axis=0)) / NUM)
    assert (np.abs(product.mean(axis=0) - power @ phase) < 4 * error + 1e-12).all()
    np.testing.assert_allclose(np.abs(h[:, 1]), 1.0)  # a single path does not fade


def test_bad_values_say_what_is_wrong():
    with pytest.raises(ValueError, match="delay_s: got -1"):
        TappedDelayLine(delay_s=np.array([-1.0]), power=np.ones(1))
    with pytest.raises(ValueError, match="power: got 0 for all taps"):
        TappedDelayLine(delay_s=np.zeros(2), power=np.zeros(2))
    with pytest.raises(ValueError, match="amplitude: got no path for client 1"):
        DiscretePaths(amplitude=np.array([[1.0], [0.0]]), delay_s=np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"shape: got \(4, 2\); needed is \(..., 1, 1\)"):
        DiscretePaths(amplitude=np.ones((1, 1)), delay_s=np.zeros((1, 1))).draw((4, 2), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="profile: got 'A'; allowed is a member of TDLProfile"):
        TappedDelayLine.tr38901("A", delay_spread_s=1e-7)
    with pytest.raises(ValueError, match="k_factor: got a line of sight in a first tap of power 0"):
        TappedDelayLine(delay_s=np.zeros(2), power=np.array([0.0, 1.0]), k_factor=2.0)
    with pytest.raises(ValueError, match="num_subcarriers: got 0"):
        subcarrier_frequencies_hz(0, bandwidth_hz=1.0)
