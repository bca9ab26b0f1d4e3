from datetime import date

from kpp_twin.reporting import read_report, report_day
from kpp_twin.settings import Settings


def test_the_report_of_a_day_is_written_beside_the_store(filled: Settings):
    path, tables = report_day(filled, date(2024, 3, 16))
    assert path == filled.reports_path / "2024-03-16.html"
    assert "2024" in path.read_text()
    assert tables


def test_what_is_told_is_read_from_the_snapshot(filled: Settings):
    report = read_report(filled, date(2024, 3, 16))
    assert report.operation is not None
    assert report.operation.n_simulated > 0
    assert report.operation.n_settled == report.operation.n_simulated
    assert max(map(abs, report.operation.residual_kwh.values())) < 1e-6
    assert not filled.reports_path.exists()
