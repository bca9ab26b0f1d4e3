from pathlib import Path

import pytest

from kpp_twin.atomic import write_text


def test_the_text_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    write_text(path, "first")
    write_text(path, "zweite Zeile: °C\n")
    assert path.read_text(encoding="utf-8") == "zweite Zeile: °C\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kpp_twin.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
