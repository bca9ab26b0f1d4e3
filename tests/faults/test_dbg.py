import pandas as pd

from tests.faults.conftest import *
from tests.faults.test_replay import *
from tests.faults.test_replay import _history_tables, _place_of, _poison


def test_dbg(copy):
    number, as_of = _place_of(copy, NEXT_ID)
    with open_live(copy.settings) as c:
        for table in _history_tables(c):
            for by in (1, number - 1, number + 1):
                c.begin()
                for later in LATER:
                    _poison(c, table, as_of + pd.Timedelta(later), by, ABSURD)
                print(table, by, replay(copy.settings, c, NEXT_ID).is_identical)
                c.rollback()
