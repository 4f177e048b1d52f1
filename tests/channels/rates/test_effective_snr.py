import numpy as np
import pytest

from channels.rates.effective_snr import effective_snr


def test_carries_what_the_subcarriers_carry():
    snr = np.random.default_rng(0).exponential(10.0, size=(5, 64))
    np.testing.assert_allclose(64 * np.log2(1.0 + effective_snr(snr)), np.log2(1.0 + snr).sum(axis=1), rtol=1e-12)


def test_lies_between_the_smallest_and_the_mean():
    snr = np.random.default_rng(1).exponential(size=(1000, 16)) * np.logspace(-6, 6, 1000)[:, np.newaxis]
    effective = effective_snr(snr)
    assert (effective > snr.min(axis=1)).all()
    assert (effective < snr.mean(axis=1)).all()


def test_flat_channel_is_itself_however_weak():
    snr = np.logspace(-18, 12, 31)
    np.testing.assert_allclose(effective_snr(np.repeat(snr[:, np.newaxis], 12, axis=1)), snr, rtol=1e-13)


def test_axis():
    snr = np.random.default_rng(2).exponential(size=(8, 3))
    np.testing.assert_array_equal(effective_snr(snr, axis=0), effective_snr(snr.T))


def test_negative_snr_is_an_error():
    with pytest.raises(ValueError, match="snr: got -0.5 at index"):
        effective_snr([-0.5, 1.0])
