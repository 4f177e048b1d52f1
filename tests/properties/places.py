"""Layouts at random: stations and clients within a kilometre, in any number, on top of each other now and then."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import layout_of
from strategies import counts

coordinates_m = st.floats(-500.0, 500.0).map(lambda value: round(value, 3))


def points(number):
    """(number, 2) places."""
    return arrays(float, (number, 2), elements=coordinates_m)


@st.composite
def layouts(draw, *, cells=counts, clients=counts, indoor=True):
    """Stations of 25 m and clients of 1.5 to 22 m, some of them in buildings."""
    num_cells, num_clients = draw(cells), draw(clients)
    return layout_of(
        station_xy_m=draw(points(num_cells)),
        client_xy_m=draw(points(num_clients)),
        client_height_m=draw(arrays(float, num_clients, elements=st.floats(1.5, 22.0))),
        indoor=draw(arrays(bool, num_clients)) if indoor else np.zeros(num_clients, dtype=bool),
    )
