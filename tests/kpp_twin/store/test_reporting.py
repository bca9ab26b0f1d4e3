from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from conftest import DATA_START, made_up_frames, settings_of, write_csv

from kpp_twin.cycle import run_cycle
from kpp_twin.day_report import DayReport, DaySeries
from kpp_twin.errors import IncompleteError
from kpp_twin.records import Slot
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.reporting import MAX_QUARANTINED, read_day
from kpp_twin.store.snapshot import open_snapshot, publish
from kpp_twin.timegrid import local_day_bounds

CHICAGO = ZoneInfo("America/Chicago")
DAY = date(2024, 3, 16)
START, STOP = local_day_bounds(DAY, CHICAGO)
QUARTER = timedelta(minutes=15)
BAD_LOAD_AT = START + timedelta(hours=3)
LATE_WEATHER = timedelta(hours=3)


class Twin(NamedTuple):
    """A published twin, and its data as written to CSV."""

    settings: Settings
    frames: dict[str, pd.DataFrame]

    def report(self, day: date = DAY, as_of: datetime | None = None) -> DayReport:
        with open_snapshot(self.settings) as connection:
            return read_day(connection, day, self.settings.zone, self.settings.feeds, as_of)


def slots_of(day: date) -> list[Slot]:
    """The daily cycle of the day before, two hourly ones on the day, one when all of it is known."""
    start, stop = local_day_bounds(day, CHICAGO)
    issue = datetime.combine(day - timedelta(days=1), time(9, 30), tzinfo=CHICAGO).astimezone(UTC)
    hourly = (start + QUARTER, start + timedelta(hours=14, minutes=15), stop + QUARTER)
    return [Slot(kind="daily", as_of=issue), *(Slot(kind="hourly", as_of=as_of) for as_of in hourly)]


def built(root: Path, frames: dict[str, pd.DataFrame], day: date) -> Twin:
    settings = settings_of(root)
    settings.data_folder.mkdir(parents=True)
    for name, frame in frames.items():
        write_csv(frame, settings.data_folder / f"{name}.csv")
    for slot in slots_of(day):
        run_cycle(settings, slot)
    publish(settings)
    return Twin(settings, frames)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """A day with four missing loads, one out of range, 30 weather rows sent twice, and weather late at its end."""
    frames = made_up_frames()
    load, weather = frames["load"], frames["weather"]
    load.loc[load["interval_start"] == BAD_LOAD_AT, "load_kw"] = -7.0
    is_gap = load["interval_start"].between(START + timedelta(hours=6), START + timedelta(hours=7), inclusive="left")
    frames["load"] = load[~is_gap]
    weather = weather[weather["interval_start"] < STOP - LATE_WEATHER]
    is_double = weather["interval_start"].between(START + timedelta(hours=4), START + timedelta(hours=11.25))
    frames["weather"] = pd.concat([weather, weather[is_double]], ignore_index=True)
    return built(tmp_path_factory.mktemp("day"), frames, DAY)


@pytest.fixture(scope="module")
def report(twin: Twin) -> DayReport:
    return twin.report()


def of(report: DayReport, variable: str) -> DaySeries:
    (series,) = [series for series in report.series if series.variable == variable]
    return series


def raw(twin: Twin, feed: str) -> pd.Series:
    """Values of a feed's CSV by interval start."""
    frame = pd.read_csv(twin.settings.data_folder / f"{feed}.csv", parse_dates=["interval_start"])
    values = frame.drop_duplicates("interval_start").set_index("interval_start").iloc[:, -1]
    return values[values != -7.0]


def days_earlier(targets: pd.DatetimeIndex, days: int) -> pd.DatetimeIndex:
    """The same time by the local clock; a skipped one is an hour later."""
    naive = targets.tz_convert(CHICAGO).tz_localize(None) - pd.Timedelta(days=days)
    return naive.tz_localize(CHICAGO, nonexistent="shift_forward").tz_convert("UTC")


def test_prices_of_the_day_are_those_of_the_file(twin: Twin, report: DayReport):
    price = of(report, "price")
    expected = raw(twin, "price").loc[str(START) : str(STOP - timedelta(hours=1))]
    assert (price.n_known, price.unit, price.name) == (24, "USD/MWh", "HB_HOUSTON")
    np.testing.assert_array_equal(price.values, expected.to_numpy())
    published = datetime(2024, 3, 15, 13, 30, tzinfo=CHICAGO)
    assert price.known_from == price.known_until == published


def test_the_days_before_are_context(twin: Twin, report: DayReport):
    load = of(report, "load")
    first = datetime(2024, 3, 9, 6, tzinfo=UTC)  # seven local days before, one of them of 23 hours
    assert (load.context_grid.start, load.context_grid.stop) == (first, STOP)
    assert load.context_grid.n_steps == 7 * 96 - 4 + 96
    np.testing.assert_array_equal(load.context_values, raw(twin, "load").reindex(load.context_grid.index).to_numpy())
    np.testing.assert_array_equal(load.context_values[-96:], load.values)


def test_a_missing_and_a_quarantined_value_stay_unknown(report: DayReport):
    load = of(report, "load")
    assert load.n_known == 96 - 4 - 1
    assert np.flatnonzero(np.isnan(load.values)).tolist() == [12, 24, 25, 26, 27]
    assert of(report, "weather").n_known == 96 - 12


LAGS = {"naive_daily": range(1, 15), "naive_weekly": (7, 14)}


@pytest.mark.parametrize(("variable", "known_after"), [("price", timedelta(0)), ("load", timedelta(minutes=30))])
def test_the_error_of_the_day_is_that_computed_from_the_file(twin, report, variable: str, known_after: timedelta):
    series = of(report, variable)
    issued_at = slots_of(DAY)[0].as_of
    values = raw(twin, variable)
    newest_known = pd.Timestamp(issued_at) - known_after if variable == "load" else values.index[-1]
    forecast = np.full(series.grid.n_steps, np.nan)
    for days in LAGS[series.forecast.judgement.method]:
        earlier = days_earlier(series.grid.index, days)
        found = np.where(earlier <= newest_known, values.reindex(earlier), np.nan)
        forecast = np.where(np.isnan(forecast), found, forecast)
    actual = values.reindex(series.grid.index).to_numpy()
    np.testing.assert_array_equal(series.forecast.values, forecast)
    assert series.forecast.issued_at == issued_at
    assert series.n_scored == np.isfinite(actual - forecast).sum()
    assert series.mean_absolute_error == pytest.approx(np.nanmean(np.abs(actual - forecast)), rel=1e-12)


def test_candidates_are_judged_over_the_days_before(twin: Twin, report: DayReport):
    price = of(report, "price")
    judgement = price.forecast.judgement
    values = raw(twin, "price")
    targets = [days_earlier(price.grid.index, days) for days in range(1, 11)]
    errors = {
        method: np.concatenate(
            [values.reindex(t).to_numpy() - values.reindex(days_earlier(t, days)).to_numpy() for t in targets]
        )
        for method, days in (("naive_daily", 1), ("naive_weekly", 7))
    }
    is_common = np.isfinite(errors["naive_daily"]) & np.isfinite(errors["naive_weekly"])
    assert (judgement.days, judgement.window_end) == (10, START)
    assert judgement.method == min(judgement.scores, key=judgement.scores.get)
    for method, score in judgement.scores.items():
        assert score == pytest.approx(np.mean(np.abs(errors[method][is_common])), rel=1e-12)


def test_the_band_is_the_5_and_95_percent_quantile_as_stored(twin: Twin, report: DayReport):
    price = of(report, "price")
    with open_snapshot(twin.settings) as connection:
        stored = connection.execute(
            "SELECT quantiles FROM forecast WHERE variable = 'price' ORDER BY valid_from"
        ).fetchall()
    assert price.forecast.low.tolist() == [quantiles[4] for (quantiles,) in stored]
    assert price.forecast.high.tolist() == [quantiles[94] for (quantiles,) in stored]
    inside = (price.values >= price.forecast.low) & (price.values <= price.forecast.high)
    assert price.n_inside_band == inside.sum()


def test_rows_are_counted_over_the_cycles_of_the_day(twin: Twin, report: DayReport):
    daily, first, second, _ = (slot.as_of for slot in slots_of(DAY))
    assert [cycle.as_of for cycle in report.cycles] == [first, second]
    frame = pd.read_csv(twin.settings.data_folder / "load.csv", parse_dates=["interval_start"])
    known_at = frame["interval_start"] + timedelta(minutes=30)
    n_load = int(((known_at > pd.Timestamp(daily)) & (known_at <= pd.Timestamp(second))).sum())
    quality = {row.feed: row for row in report.quality}
    assert (quality["load"].rows_checked, quality["load"].rows_quarantined) == (n_load, 1)
    assert quality["price"].rows_checked == quality["price"].rows_admitted == 48  # of the day, and of the next
    assert quality["weather"].rows_quarantined == 30
    assert all(row.rows_checked == row.rows_admitted + row.rows_quarantined for row in report.quality)
    assert sum(row.rows_checked for row in report.quality) == sum(cycle.rows_in for cycle in report.cycles)


def test_broken_rules_are_named_with_their_evidence(report: DayReport):
    broken = {(rule.subject, rule.rule): rule for rule in report.broken_rules}
    assert broken["load", "range"].action == "quarantine"
    assert (broken["load", "range"].rows_failed, broken["load", "range"].evidence) == (1, "-7")
    assert broken["weather", "identical_duplicate"].rows_failed == 30
    assert not [rule for rule in report.broken_rules if rule.rows_failed == 0]


def test_the_first_quarantined_rows_come_with_reason_and_origin(report: DayReport):
    assert len(report.quarantined) == MAX_QUARANTINED < 31
    first = report.quarantined[0]
    assert (first.feed, first.reason, first.valid_from) == ("load", "range", BAD_LOAD_AT)
    assert first.origin.startswith("load.csv:")
    assert "-7.0" in first.raw
    assert first.cycle_id == slots_of(DAY)[2].cycle_id
    weather = [row.valid_from for row in report.quarantined[1:]]
    assert weather == [START + timedelta(hours=4) + n * QUARTER for n in range(19)]


def test_freshness_is_as_of_the_newest_cycle(report: DayReport):
    assert report.as_of == slots_of(DAY)[-1].as_of
    assert report.last_cycle_id == slots_of(DAY)[-1].cycle_id
    reach = {item.feed: item for item in report.freshness}
    assert (reach["load"].known_until, reach["load"].behind) == (STOP, timedelta(0))
    assert reach["weather"].behind == LATE_WEATHER
    assert reach["price"].known_until == STOP + timedelta(days=1)


def test_sources_are_named(report: DayReport):
    assert report.sources == ("data/price.csv", "data/load.csv", "data/weather.csv")


def test_a_report_as_of_earlier_knows_only_what_was_known(twin: Twin, report: DayReport):
    noon = slots_of(DAY)[2].as_of
    earlier = twin.report(as_of=noon + timedelta(minutes=59))
    assert earlier.as_of == noon
    load, whole = of(earlier, "load"), of(report, "load")
    n = int((noon - timedelta(minutes=15) - START) / QUARTER)
    np.testing.assert_array_equal(load.values[:n], whole.values[:n])
    assert np.isnan(load.values[n:]).all()
    assert len(earlier.cycles) == 2


def test_before_the_day_there_is_only_its_forecast(twin: Twin):
    ahead = twin.report(as_of=slots_of(DAY)[0].as_of)
    assert ahead.cycles == ()
    for variable in ("price", "load"):
        series = of(ahead, variable)
        assert (series.n_known, series.n_scored, series.mean_absolute_error) == (0, 0, None)
        assert np.isfinite(series.forecast.values).all()
        assert series.known_from is None


def test_a_forecast_made_on_the_day_itself_is_not_its_day_ahead_forecast(twin: Twin):
    tomorrow = twin.report(DAY + timedelta(days=1))
    assert of(tomorrow, "price").n_known == 24
    assert tomorrow.forecasts == ()  # the hourly cycles forecast load, but no daily one has run


def test_a_day_of_which_nothing_is_known_is_refused_with_what_is_known(twin: Twin):
    with pytest.raises(IncompleteError, match="nothing is known of 2024-04-20") as caught:
        twin.report(date(2024, 4, 20))
    assert "days from 2024-03-01 to 2024-03-17" in caught.value.fault
    assert caught.value.next_step


def test_before_the_first_cycle_there_is_no_report(twin: Twin, twin_settings: Settings):
    with pytest.raises(IncompleteError, match="no cycle has run by 2024-03-10T00:00Z"):
        twin.report(as_of=datetime(2024, 3, 10, tzinfo=UTC))
    with open_live(twin_settings) as connection, pytest.raises(IncompleteError, match="no cycle has run yet"):
        read_day(connection, DAY, CHICAGO, twin_settings.feeds)
    with pytest.raises(ValueError, match="no time zone"):
        twin.report(as_of=datetime(2024, 3, 17))  # noqa: DTZ001


@pytest.fixture(scope="module", params=[(date(2024, 3, 10), 23), (date(2024, 11, 3), 25)], ids=["23 h", "25 h"])
def changed(request, tmp_path_factory: pytest.TempPathFactory) -> tuple[DayReport, int]:
    """The report of a day on which clocks change: the sixteenth of the made-up data, moved; without weather."""
    day, hours = request.param
    start, _ = local_day_bounds(day - timedelta(days=15), CHICAGO)
    frames = {
        name: frame.assign(interval_start=frame["interval_start"] + (start - DATA_START))
        for name, frame in made_up_frames().items()
        if name != "weather"
    }
    return built(tmp_path_factory.mktemp("changed"), frames, day).report(day), hours


@pytest.mark.full
def test_a_day_on_which_clocks_change_is_counted_whole(changed: tuple[DayReport, int]):
    report, hours = changed
    price, load = of(report, "price"), of(report, "load")
    assert report.hours == hours
    assert (price.n_known, price.n_scored) == (hours, hours)
    assert (load.n_known, load.n_scored) == (4 * hours, 4 * hours)
    assert load.forecast.judgement.days == 10


def test_a_feed_that_never_brought_a_row_is_told(changed: tuple[DayReport, int]):
    report, _ = changed
    *_, reach = report.freshness
    assert (reach.feed, reach.series, reach.known_until, reach.behind) == ("weather", "", None, None)
    (quality,) = [row for row in report.quality if row.feed == "weather"]
    assert (quality.rows_checked, quality.rows_admitted, quality.rows_quarantined) == (0, 0, 0)
