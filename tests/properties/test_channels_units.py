"""Laws of decibels and watts."""

import numpy as np
from hypothesis import given

from channels import db_to_linear, dbm_to_watt, linear_to_db, watt_to_dbm
from covered import law_of
from strategies import decades


@law_of(db_to_linear, linear_to_db, dbm_to_watt, watt_to_dbm)
@given(value=decades(1e-300, 1e300))
def test_decibels_and_ratios_are_inverse(value):
    assert np.isclose(db_to_linear(linear_to_db(value)), value, rtol=1e-12)
    assert np.isclose(dbm_to_watt(watt_to_dbm(value)), value, rtol=1e-12)
