import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from kpp_twin.errors import StoreBusyError, StoreError
from kpp_twin.settings import Settings
from kpp_twin.store.connection import explained, open_live, transaction


def test_open_live_makes_the_store_and_speaks_utc(twin_settings: Settings):
    with open_live(twin_settings) as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    assert twin_settings.store_path.exists()


def test_a_raised_error_rolls_back_and_is_told(filled: Settings):
    with open_live(filled) as connection:

        def half() -> None:
            with transaction(connection):
                connection.execute("DELETE FROM price")
                raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            half()
        assert connection.execute("SELECT count(*) > 0 FROM price").fetchone() == (True,)


def test_a_process_that_holds_the_file_makes_it_busy(filled: Settings):
    holder = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holder, str(filled.store_path)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"held\n"
            impatient = filled.model_copy(update={"lock_timeout_s": 0.3})
            with (
                pytest.raises(StoreBusyError, match=r"another process holds.*Next: close programs"),
                open_live(impatient),
            ):
                pass
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("IO Error: Could not write: No space left on device", "the disk is full"),
        ("IO Error: Cannot open file: Read-only file system", "cannot be written"),
        ("IO Error: Failure while replaying WAL file x: Corrupt WAL file: entry at byte position 7", "write-ahead log"),
        ("IO Error: Corrupt database file: computed checksum of the block at location 5", "cannot be used"),
        ("IO Error: not a valid DuckDB database file", "cannot be used"),
    ],
)
def test_errors_of_the_database_are_told_in_words(text: str, fault: str):
    error = explained(Path("home/store/twin.duckdb"), duckdb.IOException(text))
    assert isinstance(error, StoreError)
    assert fault in str(error)
    assert "home/store" in str(error)
    assert "Next: " in str(error)


def test_only_a_lock_makes_the_store_busy():
    held = 'IO Error: Could not set lock on file "twin.duckdb": Conflicting lock is held in python (PID 7)'
    assert isinstance(explained(Path("twin.duckdb"), duckdb.IOException(held)), StoreBusyError)
