import logging
from datetime import UTC, datetime, timedelta

import click
import pytest

from kpp_twin.console import LOG_FORMAT, configure_logging, print_json, print_table, told_on_stderr
from kpp_twin.errors import QualityBlockedError, StoreBusyError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StoreBusyError("held", place="store", next_step="wait"), 5, "kpp-twin: held [store]. Next: wait"),
        (QualityBlockedError("bad", place="feed", next_step="mend"), 4, "kpp-twin: bad [feed]. Next: mend"),
        (KeyboardInterrupt(), 130, "interrupted; finished cycles are kept"),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (ZeroDivisionError("oops"), 1, "unexpected ZeroDivisionError: oops [kpp-twin]. Next: run with --debug"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended, told_on_stderr():
        raise error
    told = capsys.readouterr()
    assert ended.value.code == code
    assert line in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


def test_debug_logs_the_traceback(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG), pytest.raises(SystemExit), told_on_stderr():
        raise ZeroDivisionError("oops")
    assert caplog.records[-1].exc_info is not None


def test_the_log_format_is_the_documented_one():
    assert LOG_FORMAT == "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
    configure_logging(debug=False)
    assert logging.getLogger("great_expectations").level == logging.WARNING


def test_data_goes_to_stdout(capsys: pytest.CaptureFixture[str]):
    print_json({"price": "9 €"})
    moment = datetime(2021, 10, 14, 6, 15, 59, tzinfo=UTC)
    row = (1, None, 90.36999999999999, moment, timedelta(hours=26, seconds=59), "[red]name")
    print_table("title", ("a", "b", "c", "d", "e", "f"), [row])
    out = capsys.readouterr().out
    assert out.startswith('{"price": "9 €"}\n')
    cells = [cell.strip() for cell in out.splitlines()[-2].split("│")][1:-1]
    assert cells == ["1", "", "90.37", "2021-10-14 06:15Z", "1 day, 2:00", "[red]name"]
