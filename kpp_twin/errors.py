"""Errors name the fault, the place and the next step, and carry their exit code."""

from collections.abc import Iterable
from typing import Any


class TwinError(Exception):
    """Something the twin cannot go on with.

    Parameters
    ----------
    fault
        What is wrong, with the figures that show it.
    place
        Where: a file and line, a table, a cycle.
    next_step
        What the reader can do about it.
    """

    exit_code = 1

    def __init__(self, fault: str, *, place: str, next_step: str) -> None:
        self.fault, self.place, self.next_step = fault, place, next_step
        super().__init__(f"{fault} [{place}]. Next: {next_step}")

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way to another process, whatever the arguments of a subclass."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[TwinError], arguments: tuple[object, ...], fields: dict[str, object]) -> TwinError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(fields)
    return error


class ConfigError(TwinError):
    """A setting is wrong; all faults of a file come in one message."""

    exit_code = 2


class IncompleteError(TwinError):
    """Data that is needed has not come, or has come to its end."""

    exit_code = 3


class QualityBlockedError(TwinError):
    """A delivery failed a blocking rule; nothing of its cycle was written."""

    exit_code = 4


class StoreBusyError(TwinError):
    """Another process holds the store."""

    exit_code = 5


class StoreError(TwinError):
    """The store cannot be read or written: damaged, full, read-only, or of another schema."""


class StoreDamagedError(StoreError):
    """The bytes of the store are not what was written; `kpp-twin repair` mends it."""


class SourceError(TwinError):
    """A source cannot be read."""


class HistoryError(TwinError):
    """The requested cycle does not fit the history that is stored."""


class QueryError(TwinError):
    """An ad-hoc query was refused or failed."""


def faults_of(errors: Iterable[Any], whole: str) -> list[str]:
    """Texts of the errors that a pydantic model found, each with its place; ``whole`` where that is all of it."""
    return [f"{'.'.join(map(str, error['loc'])) or whole}: {error['msg']}" for error in errors]
