import numpy as np
import pytest
from scipy.integrate import quad

from latency_opt.cell import bandwidth_form
from latency_opt.joint.convex_form import NODES
from latency_opt.joint.energy_per_bit import efficiency_of_energy, efficiency_of_price, energy_excess, energy_slope
from latency_opt.joint.tilted_rule import tilted_rule

EFFICIENCY = 10.0 ** np.arange(-12.0, 2.5, 0.05)


@pytest.mark.parametrize("q", [0.0, 1e-3, 0.1, 0.49999, 0.50001, 3.0, 20.0])
def test_energy_is_the_mean_of_exponentials(q):
    assert 1.0 + energy_excess(np.array(q)) == pytest.approx(quad(lambda u: np.exp(u * q), 0.0, 1.0)[0], rel=1e-12)
    assert energy_slope(np.array(q)) == pytest.approx(quad(lambda u: u * np.exp(u * q), 0.0, 1.0)[0], rel=1e-12)


def test_energy_keeps_its_digits_at_low_efficiency():
    q = EFFICIENCY[EFFICIENCY < 1e-4]
    np.testing.assert_allclose(energy_excess(q), q / 2.0 * (1.0 + q / 3.0 * (1.0 + q / 4.0)), rtol=1e-12)
    np.testing.assert_allclose(energy_slope(q), 0.5 + q / 3.0 + q**2 / 8.0, rtol=1e-12)


def test_inverses_over_14_decades():
    np.testing.assert_allclose(efficiency_of_energy(energy_excess(EFFICIENCY)), EFFICIENCY, rtol=1e-12)
    np.testing.assert_allclose(efficiency_of_price(EFFICIENCY**2 * energy_slope(EFFICIENCY)), EFFICIENCY, rtol=1e-12)
    assert efficiency_of_energy(np.array(0.0)) == 0.0
    assert efficiency_of_price(np.array(0.0)) == 0.0


def test_the_energy_of_a_band_and_an_airtime_is_jointly_convex():
    """Along random straight lines through (b, t) the energy b t (e^(1/(b t)) - 1) is never above its chord."""
    rng = np.random.default_rng(0)
    first, second = 10.0 ** rng.uniform(-1.5, 2.0, (2, 2, 10_000))
    middle = 0.5 * (first + second)
    ends, between = (1.0 + energy_excess(1.0 / (b * t)) for b, t in (np.stack([first, second], axis=1), middle))
    assert (between <= ends.mean(axis=0) * (1 + 1e-13)).all()


@pytest.mark.parametrize(("times", "tolerance"), [(1.0, 1e-13), (0.7, 3e-8), (1.3, 1e-9), (1.5, 2e-7), (2.0, 1e-4)])
def test_the_rule_that_cvxpy_is_given_is_exact_at_an_efficiency_and_good_around_it(times, tolerance):
    q = 10.0 ** np.linspace(-9.0, 2.0, 100)
    node, weight = tilted_rule(q, num_nodes=NODES)
    assert node.shape == weight.shape == (NODES, 100)
    assert (weight > 0.0).all()
    assert ((node > 0.0) & (node < 1.0)).all()
    ratio = np.sum(weight * np.exp(node * (times - 1.0) * q), axis=0)
    np.testing.assert_allclose(ratio, energy_excess(times * q) / (times * energy_excess(q)), rtol=tolerance)


def test_the_rule_for_bandwidth_is_good_up_to_9_nats():
    node, weight = np.polynomial.legendre.leggauss(bandwidth_form.NODES)
    node, weight = 0.5 * (node[:, None] + 1.0), 0.5 * weight[:, None]
    for most, tolerance in ((4.0, 1e-12), (9.0, 1e-7)):
        q = np.linspace(1e-3, most, 100)
        rule = np.sum(weight * (1.0 - node) * q * np.exp(node * q), axis=0)
        np.testing.assert_allclose(rule, energy_excess(q), rtol=tolerance)
