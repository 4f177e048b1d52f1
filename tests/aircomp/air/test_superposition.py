import numpy as np
import pytest

from aircomp import superpose


def test_noise_has_the_power_asked_for():
    num = 50_000
    noise = superpose(np.zeros((1, num)), gain=[1.0], transmit=[1.0], noise_power_w=0.7, rng=np.random.default_rng(1))
    power = np.abs(noise) ** 2
    assert abs(power.mean() - 0.7) < 4 * power.std() / np.sqrt(num)
    assert abs(np.mean(noise**2)) < 4 * 0.7 / np.sqrt(num) * np.sqrt(2.0)  # circular


def test_batches_add_draw_by_draw():
    rng = np.random.default_rng(2)
    symbols, gain, transmit = rng.standard_normal((4, 3, 5)), rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    received = superpose(symbols, gain=gain, transmit=transmit, noise_power_w=0.0, rng=rng)
    np.testing.assert_allclose(received, np.einsum("bk,bk,bks->bs", gain, transmit, symbols))


def test_negative_noise_is_refused():
    with pytest.raises(ValueError, match="noise_power_w: got -1"):
        superpose([[1.0]], gain=[1.0], transmit=[1.0], noise_power_w=-1.0, rng=np.random.default_rng(0))


def test_every_antenna_hears_the_same_symbols_over_its_own_channel():
    rng = np.random.default_rng(3)
    symbols, gain = rng.standard_normal((4, 3, 5)), rng.standard_normal((4, 3, 2)) + 1j * rng.standard_normal((4, 3, 2))
    transmit = rng.standard_normal((4, 3))
    received = superpose(symbols, gain=gain, transmit=transmit, noise_power_w=0.0, rng=rng)
    np.testing.assert_allclose(received, np.einsum("bka,bk,bks->bas", gain, transmit, symbols))


def test_each_draw_may_have_a_noise_of_its_own():
    num = 20_000
    noise = superpose(
        np.zeros((2, 1, num)),
        gain=np.ones((2, 1, 3)),
        transmit=np.ones((2, 1)),
        noise_power_w=[0.5, 8.0],
        rng=np.random.default_rng(4),
    )
    power = np.abs(noise) ** 2
    standard_error = power.std(axis=-1) / np.sqrt(num)
    assert (np.abs(power.mean(axis=-1) - np.array([[0.5], [8.0]])) < 4 * standard_error).all()
