from datetime import timedelta

import numpy as np
import pandas as pd
from conftest import DAILY, DATA_START, FILLED_SLOTS, HOURLY, made_up_frames

from kpp_twin.records import ORIGIN
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import (
    committed_cycles,
    cycle_report,
    last_as_of_by_kind,
    predecessor,
    read_history,
    read_start,
    read_tables,
)

LOOKBACK = timedelta(days=8)


def test_history_is_the_data_that_was_known(filled: Settings):
    with open_live(filled) as connection:
        start = read_start(connection, HOURLY[3], filled.feeds, LOOKBACK)
        history = read_history(connection, start, filled.feeds, days=40)
    load = next(series for series in history.series if series.variable == "load")
    expected = made_up_frames()["load"]
    expected = expected[expected["interval_start"] + timedelta(minutes=30) <= pd.Timestamp(FILLED_SLOTS[-1].as_of)]
    np.testing.assert_array_equal(load.values, expected["load_kw"].to_numpy())
    assert load.grid.start == DATA_START
    assert load.known_at.max() <= np.datetime64(FILLED_SLOTS[-1].as_of.replace(tzinfo=None))
    assert {model.variable for model in history.models} == {"price", "load"}


def test_an_earlier_cycle_knows_less(filled: Settings):
    with open_live(filled) as connection:
        start = read_start(connection, DAILY, filled.feeds, LOOKBACK, before=1)
        history = read_history(connection, start, filled.feeds, days=40)
    assert start.predecessor == ORIGIN
    assert history.models == ()
    assert all(series.known_at.max() <= np.datetime64(DAILY.as_of.replace(tzinfo=None)) for series in history.series)
    assert start.seen["load"].since is None


def test_the_look_back_reaches_the_newest_interval_even_after_a_long_silence(filled: Settings):
    with open_live(filled) as connection:
        last = committed_cycles(connection)[4]
        later = HOURLY[3].as_of + timedelta(days=30)
        start = read_start(connection, type(DAILY)(kind="hourly", as_of=later), filled.feeds, LOOKBACK)
    assert start.predecessor.cycle_id == last.cycle_id
    assert start.seen["load"].since == FILLED_SLOTS[-1].as_of - timedelta(minutes=30)
    assert len(start.seen["load"].versions) == 1


def test_where_the_chains_stand(filled: Settings):
    with open_live(filled) as connection:
        assert last_as_of_by_kind(connection) == {"daily": DAILY.as_of, "hourly": HOURLY[2].as_of}
        assert predecessor(connection).cycle_number == 4
        assert predecessor(connection, before=2).cycle_id == DAILY.cycle_id
        assert cycle_report(connection, DAILY).already_done
        assert cycle_report(connection, HOURLY[3]) is None


def test_tables_gained_leave_out_the_cycle_itself(filled: Settings):
    with open_live(filled) as connection:
        start = read_start(connection, HOURLY[3], filled.feeds, LOOKBACK)
        gained = read_tables(connection, start)
    assert len(gained["cycle"]) == 4
    assert gained["forecast"]["cycle_number"].max() == 4
    assert "recorded_at" not in gained["price"]
