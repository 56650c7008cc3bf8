"""The forms that a report has, and the one call that writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from orchestrator.interfaces.report.record import Report

Format = Literal["html", "json", "junit", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True, slots=True)
class Form:
    media_type: str
    suffix: str


FORMS: dict[Format, Form] = {
    "html": Form("text/html; charset=utf-8", "html"),
    "json": Form("application/json", "json"),
    "junit": Form("application/xml", "xml"),
    "csv": Form("text/csv; charset=utf-8", "csv"),
}


def file_name(job_id: int, form: Format) -> str:
    return f"job-{job_id}.{FORMS[form].suffix}"


def write(report: Report, form: Format) -> bytes:
    return _writer(form)(report)


def _writer(form: Format) -> Callable[[Report], bytes]:
    """Imported when it is asked for: jinja2 takes longer than the rest together."""
    match form:
        case "html":
            from orchestrator.interfaces.report.as_html import to_html

            return to_html
        case "json":
            from orchestrator.interfaces.report.as_json import to_json

            return to_json
        case "junit":
            from orchestrator.interfaces.report.as_junit import to_junit

            return to_junit
        case "csv":
            from orchestrator.interfaces.report.as_csv import to_csv

            return to_csv
