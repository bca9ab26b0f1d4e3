from datetime import date

from kpp_twin.reporting import report_day
from kpp_twin.settings import Settings


def test_the_report_of_a_day_is_written_beside_the_store(filled: Settings):
    path, tables = report_day(filled, date(2024, 3, 16))
    assert path == filled.reports_path / "2024-03-16.html"
    assert "2024" in path.read_text()
    assert tables
