"""Laws of decibels and watts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from channels import db_to_linear, dbm_to_watt, linear_to_db, watt_to_dbm
from covered import law_of
from strategies import batches, decade_arrays, decades, refused

ratios = decades(1e-290, 1e290)


@law_of(db_to_linear, linear_to_db, dbm_to_watt, watt_to_dbm)
@given(value=ratios)
def test_decibels_and_ratios_are_inverse(value):
    assert np.isclose(db_to_linear(linear_to_db(value)), value, rtol=1e-12)
    assert np.isclose(dbm_to_watt(watt_to_dbm(value)), value, rtol=1e-12)


@law_of(db_to_linear, linear_to_db)
@given(first_db=st.floats(-1500.0, 1500.0), second_db=st.floats(-1500.0, 1500.0))
def test_decibels_add_where_ratios_multiply(first_db, second_db):
    product = db_to_linear(first_db) * db_to_linear(second_db)
    assert np.isclose(db_to_linear(first_db + second_db), product, rtol=1e-12)
    assert np.isclose(linear_to_db(product), first_db + second_db, rtol=1e-12, atol=1e-12)


@law_of(dbm_to_watt, watt_to_dbm)
@given(power_w=ratios)
def test_a_watt_is_thirty_decibels_over_a_milliwatt(power_w):
    assert np.isclose(watt_to_dbm(power_w), linear_to_db(power_w) + 30.0, atol=1e-9)
    assert np.isclose(dbm_to_watt(linear_to_db(power_w) + 30.0), power_w, rtol=1e-9)


@law_of(db_to_linear, linear_to_db, dbm_to_watt, watt_to_dbm)
@given(values=batches.flatmap(lambda shape: decade_arrays(shape, 1e-290, 1e290)))
def test_arrays_are_converted_entry_by_entry(values):
    for there, back in ((linear_to_db, db_to_linear), (watt_to_dbm, dbm_to_watt)):
        decibels = there(values)
        assert decibels.shape == back(decibels).shape == values.shape
        assert decibels.ravel().tolist() == [float(there(value)) for value in values.ravel()]


@law_of(linear_to_db, watt_to_dbm, db_to_linear, dbm_to_watt)
@given(value=decades(1e-290, 1e150), more=st.floats(1.0, 1e3))
def test_more_is_more(value, more):
    assert linear_to_db(value * more) >= linear_to_db(value)
    assert watt_to_dbm(value * more) >= watt_to_dbm(value)
    assert db_to_linear(linear_to_db(value) + more) > db_to_linear(linear_to_db(value))
    assert dbm_to_watt(watt_to_dbm(value) + more) > dbm_to_watt(watt_to_dbm(value))


@law_of(linear_to_db, db_to_linear, watt_to_dbm, dbm_to_watt)
def test_nothing_is_minus_infinity():
    assert linear_to_db(0.0) == watt_to_dbm(0.0) == -np.inf
    assert db_to_linear(-np.inf) == dbm_to_watt(-np.inf) == 0.0


@law_of(linear_to_db, db_to_linear, watt_to_dbm, dbm_to_watt)
@given(wrong=ratios.map(lambda ratio: -ratio) | st.just(np.nan))
def test_what_is_no_ratio_is_refused(wrong):
    for function, argument in ((linear_to_db, "ratio"), (watt_to_dbm, "power_w")):
        with refused(argument):
            function([1.0, wrong])
    for function, argument in ((db_to_linear, "value_db"), (dbm_to_watt, "power_dbm")):
        for value in (np.nan, 4000.0, np.inf):
            with refused(argument):
                function([1.0, value])
