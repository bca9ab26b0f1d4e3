"""SQL text by name; the files under `sql/` are its only home."""

from functools import cache
from importlib.resources import files
from typing import Literal

Folder = Literal["migrations", "views", "queries", "analysis"]


@cache
def query(name: str, folder: Folder = "queries") -> str:
    """Text of ``sql/<folder>/<name>.sql``."""
    return (files("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")


@cache
def names(folder: Folder) -> tuple[str, ...]:
    """Names of the files of a folder, in order."""
    return tuple(sorted(entry.name[:-4] for entry in (files("sql") / folder).iterdir() if entry.name.endswith(".sql")))
