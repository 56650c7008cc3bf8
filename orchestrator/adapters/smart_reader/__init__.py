"""smartctl's output, JSON or text, of versions 5.43 to 7.5, to a SmartReport: what cannot be read is absent.

    bytes ─ text.decode ─▶ text ─┬─ from_json ── one reader per key of the document ──┐
                                 └─ from_text ── text_ata · text_nvme · text_scsi ────┴▶ Findings ─▶ SmartReport

Told apart by content, never by a name. Nothing here raises for what an output holds, and nothing here judges.
"""

from dataclasses import replace

from orchestrator.adapters.smart_reader.from_json import read_json
from orchestrator.adapters.smart_reader.from_text import read_text
from orchestrator.adapters.smart_reader.text import LONGEST_DOCUMENT, decode
from orchestrator.model.report import SmartReport

__all__ = ["LONGEST_DOCUMENT", "read_report"]


def read_report(document: bytes | str, *, exit_status: int | None = None) -> SmartReport:
    """Read one smartctl output. Never raises; reads the first MiB of it and no more.

    Args:
        exit_status: how smartctl ended, where the caller knows; JSON carries its own, and both are kept (ORed);
            -N for a signal, whose output is never complete.
    """
    text, whole = decode(document)
    report = read_json(text) if _looks_like_json(text) else read_text(text)
    if exit_status is not None and exit_status >= 0:
        report = replace(report, exit_status=exit_status | (report.exit_status or 0))
    killed = exit_status is not None and exit_status < 0
    return replace(report, complete=False) if killed or not whole else report


def _looks_like_json(text: str) -> bool:
    """Also where something was printed before it."""
    return text.lstrip()[:1] in ("{", "[") or any(f'"{key}"' in text for key in ("json_format_version", "smart_status"))
