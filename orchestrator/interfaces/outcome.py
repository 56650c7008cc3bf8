"""What came of a job, in the form that every interface gives it: a verdict with reasons, JSON, an exit status.

A job without an answer judges nothing: it is shown as unknown, with its error as the reason.
"""

import dataclasses
from datetime import datetime
from enum import Enum
from typing import Any

from orchestrator.model.drive import Drive
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.slot import SlotInfo
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

LONGEST = 160
"""Characters of one reason in a table; --json gives all of it."""
GOOD = (VerdictStatus.PASS, VerdictStatus.WARN)


def verdict_of(job: AsyncJob) -> Verdict | None:
    """None while it is open, and for an operation that answers without judging."""
    if job.status is AsyncJobStatus.FAILED and job.error is not None:
        return Verdict(VerdictStatus.UNKNOWN, (Reason(job.error.code, sentence(job.error.text, job.error.remedy)),))
    return job.verdict


def exit_status(job: AsyncJob) -> int:
    """0 done (pass or warn), 1 fail, unknown or no answer."""
    verdict = verdict_of(job)
    if job.status is not AsyncJobStatus.COMPLETED:
        return 1
    return 0 if verdict is None or verdict.status in GOOD else 1


def sentence(text: str, remedy: str = "") -> str:
    """What is wrong and what to do about it."""
    return f"{text}; {remedy}" if remedy else text


def explain(error: OrchestratorError) -> str:
    return sentence(str(error), error.remedy)


def error_json(error: OrchestratorError) -> dict[str, Any]:
    """`code` is what a program looks at."""
    return {
        "code": error.code,
        "text": str(error),
        "remedy": error.remedy,
        "slot_id": error.slot_id,
        "serial": error.serial,
    }


def printable(text: str) -> str:
    """A drive's own words on one line, without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))


def clipped(text: str) -> str:
    """For a line of a table: a tool's output is cut in the middle, since its last words say most."""
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"


def reasons_text(verdict: Verdict | None) -> str:
    return "; ".join(clipped(reason.text) for reason in verdict.reasons) if verdict else ""


def drive_text(drive: Drive | None) -> str:
    return printable(f"{drive.model or 'no model named'} {drive.serial}") if drive else "-"


def size_text(capacity_bytes: int | None) -> str:
    """Decimal, as printed on drives."""
    if capacity_bytes is None:
        return "-"
    if capacity_bytes >= 10**12:
        return f"{capacity_bytes / 1e12:.2f} TB"
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if capacity_bytes >= least:
            return f"{capacity_bytes / least:.0f} {unit}"
    return f"{capacity_bytes} B"


def job_json(job: AsyncJob) -> dict[str, Any]:
    """Every field of the record; the status as its number, with its name beside it."""
    return {**plain(job), "status_name": job.status.name}


def slot_json(slot: SlotInfo, *, simulated: bool) -> dict[str, Any]:
    found = plain(slot)
    return {"slot_id": found.pop("id"), **found, "simulated": simulated}


def verdict_json(verdict: Verdict | None) -> dict[str, Any]:
    """The two keys `verdict` and `reasons`."""
    if verdict is None:
        return {"verdict": None, "reasons": []}
    return {"verdict": verdict.status.value, "reasons": plain(verdict.reasons)}


def plain(value: Any) -> Any:
    """A record or an answer as JSON knows it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value
