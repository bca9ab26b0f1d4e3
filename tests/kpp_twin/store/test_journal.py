from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import StoreError
from kpp_twin.store.journal import JournalEntry, append, read, rewrite


def entry(number: int) -> JournalEntry:
    return JournalEntry(
        cycle_number=number, cycle_id=f"hourly-{number}", row_counts={"price": number}, digest=f"{number:x}"
    )


def test_what_is_appended_is_read(tmp_path: Path):
    path = tmp_path / "cycles.log"
    assert read(path) == {}
    for number in (1, 2, 3):
        append(path, entry(number))
    assert read(path) == {number: entry(number) for number in (1, 2, 3)}


@given(cut=st.integers(min_value=1, max_value=80))
def test_a_torn_last_line_is_left_out(tmp_path_factory: pytest.TempPathFactory, cut: int):
    path = tmp_path_factory.mktemp("journal") / "cycles.log"
    rewrite(path, [entry(1), entry(2)])
    text = path.read_bytes()
    path.write_bytes(text[: len(text) - min(cut, len(text) // 2 - 1)])
    assert entry(1) in read(path).values()


def test_damage_in_the_middle_is_told_with_its_line(tmp_path: Path):
    path = tmp_path / "cycles.log"
    rewrite(path, [entry(1), entry(2), entry(3)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "garbage", lines[2]]) + "\n")
    with pytest.raises(StoreError, match=r"line 2 of the journal is damaged.*Next: run `kpp-twin repair`"):
        read(path)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(StoreError, match="journal cannot be written"):
        append(tmp_path / "missing" / "cycles.log", entry(1))
