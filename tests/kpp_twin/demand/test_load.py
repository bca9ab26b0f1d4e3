"""The load keeps its books: what was not drawn is drawn later, as far as was said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.demand.load import LoadHour, load_hour, seconds_of
from kpp_twin.operation import DemandEvent
from kpp_twin.site import load_site

SITE = load_site()
RULES = SITE.demand_response.model_copy(update={"rebound_fraction": 0.3, "rebound_minutes": 60})
START = datetime(2021, 10, 14, 18, tzinfo=UTC)


def event(offset_minutes: float = 0, minutes: int = 60, target: float = 100.0) -> DemandEvent:
    return DemandEvent(
        event_id="e",
        start=START + timedelta(minutes=offset_minutes),
        duration_minutes=minutes,
        target_reduction_kw=target,
        ramp_kw_per_minute=10.0,
        forecast_peak_kw=1000.0,
    )


def run(*events: DemandEvent, load_kw: float = 800.0, hours_later: int = 0, **state: float) -> LoadHour:
    return load_hour(
        np.full(3600, load_kw),
        START + timedelta(hours=hours_later),
        events,
        settings=RULES,
        blocks=SITE.load_blocks,
        **({"rebound_kwh": 0.0, "rebound_minutes": 0.0} | state),
    )


def test_without_events_the_load_is_what_was_measured() -> None:
    hour = run()
    assert (hour.power_kw == 800.0).all()
    assert (hour.rebound_kwh, hour.rebound_minutes) == (0.0, 0.0)


def test_what_is_curtailed_comes_back_in_part() -> None:
    first = run(event())
    curtailed_kwh = first.reduction_kw.sum() / 3600
    assert curtailed_kwh == pytest.approx(100.0 * 50 / 60)
    assert first.rebound_kwh == pytest.approx(0.3 * curtailed_kwh)
    second = run(hours_later=1, rebound_kwh=first.rebound_kwh, rebound_minutes=first.rebound_minutes)
    assert second.rebound_kw == pytest.approx(np.full(3600, first.rebound_kwh))
    assert second.rebound_kwh == 0.0


def test_a_rebound_runs_over_the_end_of_the_hour() -> None:
    first = run(event(minutes=30))
    assert (first.rebound_kw[:1800] == 0).all()
    assert first.rebound_minutes == pytest.approx(30.0)
    second = run(hours_later=1, rebound_kwh=first.rebound_kwh, rebound_minutes=first.rebound_minutes)
    assert second.rebound_kw[0] == pytest.approx(first.rebound_kw[-1])
    assert (second.rebound_kw[1800:] == 0).all()


def test_an_event_goes_on_into_the_next_hour() -> None:
    hour = run(event(offset_minutes=-30, minutes=60))
    assert hour.reduction_kw[0] == pytest.approx(100.0)
    assert (hour.reduction_kw[1800:] == 0).all()


def test_no_more_is_shed_than_the_blocks_draw() -> None:
    hour = run(event(target=200.0), load_kw=100.0)
    assert hour.asked_kw.max() == pytest.approx(200.0)
    assert hour.reduction_kw.max() == pytest.approx(45.0)


@given(
    offset=st.integers(-120, 80),
    minutes=st.integers(1, 180),
    target=st.floats(0, 300),
    rebound_kwh=st.floats(0, 100),
    rebound_minutes=st.floats(0, 200),
)
def test_energy_that_is_owed_is_neither_lost_nor_made(
    offset: int, minutes: int, target: float, rebound_kwh: float, rebound_minutes: float
) -> None:
    hour = run(event(offset, minutes, target), rebound_kwh=rebound_kwh, rebound_minutes=rebound_minutes)
    owed = rebound_kwh + 0.3 * hour.reduction_kw.sum() / 3600
    assert hour.rebound_kwh + hour.rebound_kw.sum() / 3600 == pytest.approx(owed, abs=1e-9)
    assert hour.rebound_kwh >= 0
    assert hour.power_kw.min() >= 0


def test_quarters_and_minutes_become_seconds() -> None:
    assert seconds_of(np.arange(4.0))[[0, 899, 900, 3599]].tolist() == [0, 0, 1, 3]
    assert seconds_of(np.arange(60.0))[[59, 60, 3599]].tolist() == [0, 1, 59]
    wrong: Any = np.zeros(24)
    with pytest.raises(ValueError, match=r"\(24,\)"):
        seconds_of(wrong)
