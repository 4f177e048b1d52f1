import numpy as np
import pytest

from aircomp import num_symbols, pack_symbols, superpose, unpack_symbols


@pytest.mark.parametrize("num_values", [1, 2, 7, 100])
def test_packing_and_back(num_values):
    values = np.random.default_rng(0).standard_normal((3, num_values))
    symbols = pack_symbols(values)
    assert symbols.shape == (3, num_symbols(num_values))
    np.testing.assert_array_equal(unpack_symbols(symbols, num_values), values)
    # No energy is lost or made.
    np.testing.assert_allclose(np.sum(np.abs(symbols) ** 2, axis=-1), np.sum(values**2, axis=-1))


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
