"""The report of a day as one HTML file that needs nothing but itself."""

from importlib.resources import files
from pathlib import Path

from kpp_twin.atomic import write_text
from kpp_twin.day_report import DayReport
from kpp_twin.errors import StoreError
from kpp_twin.report import wording
from kpp_twin.report.figures import day_figures
from kpp_twin.report.plain import NO_OPERATION, hour_rows

BUNDLED_SOURCE = "sample"


def write_report(report: DayReport, path: Path) -> Path:
    """Write the report, whole or not at all; an older one of the same name is replaced.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    text = html(report)
    try:
        write_text(path, text)
    except OSError as error:
        raise StoreError(
            f"the report could not be written: {error.strerror}",
            place=str(path),
            next_step="free space or make the folder writable, then run the same command again",
        ) from error
    return path


def html(report: DayReport) -> str:
    """Text of the report; the same report gives the same text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        local_time=lambda moment: wording.local_time(moment, report.zone),
        number=wording.number,
        time_span=wording.time_span,
        method_name=wording.method_name,
        service_name=wording.service_name,
        money_note=wording.money_note,
        share=wording.share,
        battery_lines=wording.battery_lines,
    )
    template = environment.from_string((files("kpp_twin.report") / "template.html").read_text(encoding="utf-8"))
    figures = {name: Markup(svg) for name, svg in day_figures(report).items()}  # noqa: S704 - matplotlib escapes texts
    is_bundled = any(source.startswith(BUNDLED_SOURCE) for source in report.sources)
    return template.render(
        report=report,
        figures=figures,
        is_bundled=is_bundled,
        assumption=wording.ASSUMPTION,
        no_operation=NO_OPERATION,
        hours=hour_rows(report),
    )
