import numpy as np
import pytest

from channels import layout_from_csv


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "sites.csv"
        path.write_text(text)
        return path

    return write


def test_everything_that_a_file_may_say(write):
    path = write(
        "kind,x_m,y_m,height_m,indoor,cell\nstation,0,0,30,,\nclient,10,0,4.5,1,1\nstation,100,0,,,\nclient,90,5,,,0\n"
    )
    layout = layout_from_csv(path)
    assert layout.station_xy_m.tolist() == [[0.0, 0.0], [100.0, 0.0]]
    assert layout.client_xy_m.tolist() == [[10.0, 0.0], [90.0, 5.0]]
    assert layout.station_height_m.tolist() == [30.0, 25.0]
    assert layout.client_height_m.tolist() == [4.5, 1.5]
    assert layout.indoor.tolist() == [True, False]
    assert layout.serving_cell.tolist() == [1, 0]


def test_the_least_that_a_file_must_say(write):
    layout = layout_from_csv(write("kind,x_m,y_m\nstation,0,0\nstation,100,0\nclient,70,0\n"))
    assert layout.serving_cell.tolist() == [1]
    assert not layout.indoor.any()
    np.testing.assert_allclose(layout.distance_2d_m, [30.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got columns none"),
        ("kind,x_m\nstation,0\n", "got columns kind, x_m; needed are kind, x_m, y_m"),
        ("kind,x_m,y_m,colour\nstation,0,0,red\n", "got columns kind, x_m, y_m, colour"),
        ("kind,x_m,y_m\nstation,0,0\n", "got no client"),
        ("kind,x_m,y_m\nclient,0,0\n", "got no station"),
        ("kind,x_m,y_m\nstation,0,0\nclient,1\n", "line 3: got another number of values"),
        ("kind,x_m,y_m\nstation,0,0\nclient,1,2,3\n", "line 3: got another number of values"),
        ("kind,x_m,y_m\nstation,0,zero\n", "line 2: y_m: got 'zero'; allowed is a number, -1e"),
        ("kind,x_m,y_m\nstation,0,inf\n", "line 2: y_m: got 'inf'"),
        ("kind,x_m,y_m\nmast,0,0\n", "line 2: kind: got 'mast'; allowed is station or client"),
        ("kind,x_m,y_m,indoor\nstation,0,0,\nclient,0,0,yes\n", "line 3: indoor: got 'yes'"),
        ("kind,x_m,y_m,cell\nstation,0,0,\nclient,0,0,-1\n", "line 3: cell: got '-1'"),
        ("kind,x_m,y_m,cell\nstation,0,0,\nclient,0,0,7\n", "sites.csv: cell: got 7; allowed is 0 to 0"),
        (f"kind,x_m,y_m,cell\nstation,0,0,\nclient,0,0,{'1' * 5000}\n", "line 3: cell: got '1111"),
        ("kind,x_m,y_m,x_m\nstation,0,0,1\nclient,0,0,1\n", "got columns kind, x_m, y_m, x_m; needed are .*, each once"),
        ("kind,x_m,y_m\nstation,1_000,0\n", "line 2: x_m: got '1_000'"),
        ("kind,x_m,y_m\nstation,1e308,0\n", "line 2: x_m: got '1e308'"),
        ("kind,x_m,y_m,height_m\nstation,0,0,-3\n", "line 2: height_m: got '-3'"),
        ("kind,x_m,y_m,indoor\nstation,0,0,1\n", "line 2: indoor: got 1 for a station"),
        (f"kind,x_m,y_m\nstation,0,{'9' * 200_000}\n", "sites.csv: not a CSV file: field larger"),
        ("kind,x_m,y_m,cell\nstation,0,0,\nclient,0,0,0\nclient,1,1,\n", "got a cell for 1 of 2 clients"),
    ],
)
def test_bad_files_say_where_and_what(write, text, message):
    with pytest.raises(ValueError, match=message):
        layout_from_csv(write(text))


def test_other_encodings_are_refused_by_name(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_bytes("kind,x_m,y_m\nstation,0,0\n".encode("utf-16"))
    with pytest.raises(ValueError, match="sites.csv: not UTF-8 text"):
        layout_from_csv(path)
