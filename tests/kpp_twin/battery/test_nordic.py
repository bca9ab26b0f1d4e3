"""What the Nordic reserves ask of a store."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.nordic import FCR_D, FCR_N, provision_periods
from kpp_twin.errors import TwinError


def test_fr_11_energy_is_needed_anew_where_the_volume_rises() -> None:
    volume_kw = np.zeros(24)
    volume_kw[5:12], volume_kw[12:14], volume_kw[14:18] = 10_000, 5_000, 10_000
    periods = provision_periods(volume_kw)
    assert [(period.start, period.end) for period in periods] == [(5, 14), (14, 18)]
    assert [FCR_D.energy_kwh(period.volume_kw) for period in periods] == pytest.approx([3333.3, 3333.3], abs=0.1)


def test_fr_12_volume_and_energy_of_fcr_n() -> None:
    assert FCR_N.largest_volume_kw(power_kw=10_000, opposite_power_kw=10_000) == pytest.approx(7460, abs=5)
    assert FCR_N.energy_kwh(5000) == 5000


def test_fcr_d_needs_a_fifth_of_its_power_the_other_way() -> None:
    assert FCR_D.largest_volume_kw(power_kw=500, opposite_power_kw=500) == 500
    assert FCR_D.largest_volume_kw(power_kw=500, opposite_power_kw=50) == pytest.approx(250)


@given(st.lists(st.sampled_from([0.0, 100.0, 200.0, 500.0]), min_size=1, max_size=30).map(np.array))
def test_periods_cover_what_is_sold_once_and_never_rise(volume_kw: np.ndarray) -> None:
    covered = np.zeros(len(volume_kw), dtype=int)
    for period in provision_periods(volume_kw):
        within = volume_kw[period.start : period.end]
        covered[period.start : period.end] += 1
        assert within[0] == period.volume_kw
        assert (np.diff(within) <= 0).all()
    assert (covered == (volume_kw > 0)).all()


def test_impossible_volumes_are_refused() -> None:
    with pytest.raises(TwinError, match="a volume is negative; volume_kw holds 1"):
        provision_periods(np.array([-1.0, math.nan]))
    with pytest.raises(TwinError, match="power_kw must be positive"):
        FCR_N.largest_volume_kw(power_kw=math.nan, opposite_power_kw=1.0)
    with pytest.raises(TwinError, match="volume_kw must be positive"):
        FCR_N.energy_kwh(0.0)
