"""Laws of signal, interference and noise among cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import downlink_interference_w, downlink_sinr, uplink_interference_w, uplink_sinr
from covered import law_of
from strategies import counts, decade_arrays, decades, permutations, power_gains, refused

factors = decades(1.0, 1e6)
every_way = pytest.mark.parametrize("way", ["down", "up"])
of_all = law_of(downlink_interference_w, downlink_sinr, uplink_interference_w, uplink_sinr)


class Radio:
    """A network's gains, and both directions as functions of what is changed."""

    def __init__(self, gain, serving_cell, station_power_w, client_power_w, noise_power_w, group, activity):
        self.gain, self.serving_cell, self.noise_power_w = gain, serving_cell, noise_power_w
        self.power = {"down": station_power_w, "up": client_power_w}
        self.group, self.activity = group, activity

    def sinr(self, way, **changed):
        return {"down": downlink_sinr, "up": uplink_sinr}[way](**self.arguments(way, changed))

    def interference_w(self, way, **changed):
        arguments = self.arguments(way, changed)
        del arguments["noise_power_w"]
        if way == "up" and np.ndim(arguments["activity"]):
            arguments["activity"] = arguments["activity"][arguments["serving_cell"]]
        return {"down": downlink_interference_w, "up": uplink_interference_w}[way](**arguments)

    def arguments(self, way, changed):
        names = {"power_gain": self.gain, "serving_cell": self.serving_cell, "power": self.power[way]}
        names |= {"noise_power_w": self.noise_power_w, "group": self.group, "activity": self.activity} | changed
        names["station_power_w" if way == "down" else "client_power_w"] = names.pop("power")
        return names


@st.composite
def radios(draw, *, cells=counts):
    num_cells, num_clients = draw(cells), draw(counts)
    return Radio(
        gain=draw(power_gains((2, num_cells, num_clients), zeros=True)),
        serving_cell=draw(arrays(int, num_clients, elements=st.integers(0, num_cells - 1))),
        station_power_w=draw(decade_arrays(num_cells, 1e-3, 1e3)),
        client_power_w=draw(decade_arrays(num_clients, 1e-6, 1e1)),
        noise_power_w=draw(decades(1e-30, 1.0)),
        group=draw(arrays(int, num_cells, elements=st.integers(0, 2))),
        activity=draw(arrays(float, num_cells, elements=st.floats(0.0, 1.0))),
    )


def signal_w(radio, way):
    clients = np.arange(len(radio.serving_cell))
    power = radio.power[way]
    return (power[radio.serving_cell] if way == "down" else power) * radio.gain[:, radio.serving_cell, clients]


@of_all
@every_way
@given(radio=radios(), factor=factors)
def test_sinr_is_between_nothing_and_snr(way, radio, factor):
    sinr, snr = radio.sinr(way), signal_w(radio, way) / radio.noise_power_w
    assert sinr.shape == (2, len(radio.serving_cell))
    assert ((sinr >= 0.0) & (sinr <= snr * (1.0 + 1e-12))).all()
    assert (radio.sinr(way, noise_power_w=factor * radio.noise_power_w) <= sinr).all()
    assert (radio.sinr(way, activity=0.5 * radio.activity) >= sinr * (1.0 - 1e-12)).all()
    assert (radio.sinr(way, group=None) <= sinr * (1.0 + 1e-12)).all()
    np.testing.assert_allclose(radio.sinr(way, activity=0.0), snr, rtol=1e-12)
    np.testing.assert_allclose(radio.sinr(way, group=np.arange(len(radio.activity))), snr, rtol=1e-12)


@of_all
@every_way
@given(radio=radios(), factor=decades(1e-6, 1e6))
def test_units_of_power_do_not_matter(way, radio, factor):
    louder = {"power": factor * radio.power[way], "noise_power_w": factor * radio.noise_power_w}
    np.testing.assert_allclose(radio.sinr(way, **louder), radio.sinr(way), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(
        radio.interference_w(way, power=factor * radio.power[way]), factor * radio.interference_w(way), rtol=1e-9, atol=1e-300
    )


@of_all
@every_way
@given(radio=radios(), data=st.data())
def test_order_of_clients_and_names_of_cells_do_not_matter(way, radio, data):
    num_cells, num_clients = radio.gain.shape[-2:]
    order = data.draw(permutations(num_clients))
    turned = {"power_gain": radio.gain[..., order], "serving_cell": radio.serving_cell[order]}
    if way == "up":
        turned["power"] = radio.power["up"][order]
    np.testing.assert_allclose(radio.sinr(way, **turned), radio.sinr(way)[..., order], rtol=1e-9)
    cells = data.draw(permutations(num_cells))
    renamed = {
        "power_gain": radio.gain[:, cells],
        "serving_cell": np.argsort(cells)[radio.serving_cell],
        "group": radio.group[cells] + 5,
        "activity": radio.activity[cells],
    }
    if way == "down":
        renamed["power"] = radio.power["down"][cells]
    np.testing.assert_allclose(radio.sinr(way, **renamed), radio.sinr(way), rtol=1e-9)


@of_all
@every_way
@given(radio=radios())
def test_draws_are_a_batch(way, radio):
    for function in (radio.sinr, radio.interference_w):
        whole = function(way)
        for draw in range(2):
            np.testing.assert_allclose(function(way, power_gain=radio.gain[draw]), whole[draw], rtol=1e-12)


@of_all
@every_way
@given(radio=radios(cells=st.just(1)))
def test_a_single_cell_has_no_interference(way, radio):
    assert not radio.interference_w(way).any()
    np.testing.assert_allclose(radio.sinr(way), signal_w(radio, way) / radio.noise_power_w, rtol=1e-12)


@law_of(downlink_interference_w, downlink_sinr)
@given(radio=radios())
def test_downlink_sinr_is_signal_over_interference_and_noise(radio):
    total = radio.interference_w("down") + radio.noise_power_w
    np.testing.assert_allclose(radio.sinr("down"), signal_w(radio, "down") / total, rtol=1e-9)


@law_of(uplink_interference_w, uplink_sinr)
@given(radio=radios())
def test_clients_of_a_cell_take_turns(radio):
    """A cell of which only one client is left, at the mean of what its clients would cause, disturbs as much."""
    sizes = np.bincount(radio.serving_cell, minlength=len(radio.activity))
    turns = radio.activity[radio.serving_cell] / sizes[radio.serving_cell]
    interference_w = uplink_interference_w(
        radio.gain, serving_cell=radio.serving_cell, client_power_w=radio.power["up"], group=radio.group, activity=turns
    )
    total = interference_w[:, radio.serving_cell] + radio.noise_power_w
    np.testing.assert_allclose(radio.sinr("up"), signal_w(radio, "up") / total, rtol=1e-9)


@of_all
@every_way
@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("power_gain", np.array([[1.0, -1.0], [1.0, 1.0]])),
        ("power_gain", np.ones(2)),
        ("power_gain", np.full((2, 2), np.nan)),
        ("serving_cell", np.array([0, 2])),
        ("serving_cell", np.array([0.0, 0.5])),
        ("serving_cell", np.array([0, 1, 1])),
        ("group", np.zeros(3)),
        ("activity", 1.5),
        ("power", -1.0),
        ("power", np.nan),
        ("power", np.ones(3)),
        ("noise_power_w", 0.0),
        ("noise_power_w", np.nan),
        ("noise_power_w", np.ones(7)),
    ],
)
def test_what_is_no_network_is_refused(way, argument, wrong):
    radio = Radio(np.ones((2, 2)), np.array([0, 1]), np.ones(2), np.ones(2), 1.0, None, 1.0)
    power = "station_power_w" if way == "down" else "client_power_w"
    for function in (radio.sinr, radio.interference_w):
        if not (function == radio.interference_w and argument == "noise_power_w"):
            with refused(power if argument == "power" else argument):
                function(way, **{argument: wrong})
