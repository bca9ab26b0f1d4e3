"""How the twin talks to a terminal: log format, tables, and errors as one line with an exit code."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kpp_twin.errors import ConfigError, TwinError

LOG_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
INTERRUPTED = 130
WIDTH_WHEN_PIPED = 160

talk = Console(stderr=True)


def configure_logging(*, debug: bool) -> None:
    """Log in the twin's format; libraries that chatter only from warnings on."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format=LOG_FORMAT)
    for name in ("great_expectations", "matplotlib", "filelock", "asyncio", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # waiting for a lock is no news


@contextmanager
def told_on_stderr() -> Iterator[None]:
    """End the process with one line on stderr and the exit code of the error; the traceback is logged with --debug."""
    try:
        yield
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("kpp-twin: interrupted; finished cycles are kept", err=True)
        sys.exit(INTERRUPTED)
    except TwinError as error:
        _tell(str(error), error)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last line of defence: told, logged with --debug, and exit 1
        _tell(f"unexpected {type(error).__name__}: {error} [kpp-twin]. Next: run with --debug and report it", error)
        sys.exit(TwinError.exit_code)


def _tell(line: str, error: BaseException) -> None:
    click.echo(f"kpp-twin: {line}", err=True)
    logging.getLogger(__name__).debug("traceback", exc_info=error)


def print_json(value: object) -> None:
    """One line of JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout, for people: six digits of a number, minutes of an instant, an empty cell for none."""
    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*(Text(_cell(cell)) for cell in row))
    show(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime) and value.tzinfo:
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    if isinstance(value, timedelta):
        return str(value - value % timedelta(minutes=1)).removesuffix(":00")
    return str(value)


def show(table: Table) -> None:
    """Print a table, at a fixed width when piped."""
    Console(width=None if sys.stdout.isatty() else WIDTH_WHEN_PIPED).print(table)


def image_file(_context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a name of a figure whose form is not known."""
    if path is not None and path.suffix not in (".png", ".svg"):
        raise click.BadParameter(f"{path} must end in .png or .svg", param=parameter)
    return path


def write_image(path: Path, drawn: Callable[[Literal["svg", "png"]], bytes]) -> None:
    """Write a figure in the form that its name asks for, and say so on stderr.

    Raises
    ------
    ConfigError
        The file cannot be written.
    """
    try:
        path.write_bytes(drawn("png" if path.suffix == ".png" else "svg"))
    except OSError as error:
        raise ConfigError(str(error), place=str(path), next_step="name a file that can be written") from error
    click.echo(f"figure: {path}", err=True)
